"""Synthesised audio for tests, and how to look at what became of it."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

Wave = NDArray[np.float64]


def tone(frequency: float, seconds: float, rate: int, level: float = 0.25) -> Wave:
    """A sine of full scale 1."""
    return level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def frequency_of(samples: NDArray[Any], rate: int = 8000) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * rate / samples.size)


def level_of(samples: NDArray[Any]) -> float:
    """The amplitude of a sine that fills the middle of the samples, of full scale 1."""
    middle = samples[samples.size // 4 : samples.size * 3 // 4].astype(np.float64)
    return float(np.sqrt(2 * np.mean(middle**2)) / 32768)


def write_with_ffmpeg(path: Path, codec: str, wave: Wave, rate: int, channels: int = 1) -> None:
    """Encode with FFmpeg into the container that the path's suffix names."""
    samples = np.repeat(wave[np.newaxis, :], channels, axis=0).astype(np.float32)
    layout = {1: "mono", 2: "stereo"}[channels]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        context = stream.codec_context
        resampler = av.AudioResampler(
            format=context.format, layout=layout, rate=rate, frame_size=context.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def write_wav(path: Path, samples: NDArray[Any], rate: int = 8000, subtype: str = "PCM_16") -> None:
    soundfile.write(path, samples, rate, subtype=subtype, format="WAV")


def correlation(heard: NDArray[Any], reference: NDArray[Any]) -> tuple[int, float]:
    """By how many samples ``heard`` is late, and how alike the two are then (1: the same)."""
    size = 1 << (heard.size + reference.size).bit_length()
    left, right = heard.astype(np.float64), reference.astype(np.float64)
    product = np.fft.irfft(np.fft.rfft(left, size) * np.conj(np.fft.rfft(right, size)), size)
    lag = int(np.argmax(product))
    likeness = float(product[lag] / np.sqrt((left**2).sum() * (right**2).sum()))
    return (lag if lag < size // 2 else lag - size), likeness
