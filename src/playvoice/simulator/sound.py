"""Audio as the far ends and the checks handle it: G.711 at 8 kHz, files, and how alike two sounds are."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from playvoice.media.decoded import voice_files
from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, encode
from playvoice.media.tones import COLUMNS, KEYPAD, ROWS

ASSETS = Path(__file__).parent / "assets"

KEY_LEVEL = -10.0
"""dBm0 of a key's tones, as phones send them."""
KEY_SECONDS, KEY_PAUSE = 0.1, 0.1

Speech = Mapping[Codec, bytes]
"""One sound in both laws."""


def load(path: Path) -> Speech:
    """Read any audio file that the server reads, as G.711; `media.decoded.DecodeError` for what is none."""
    from playvoice.media.decoding import decode_file  # FFmpeg, which a phone that says nothing doesn't need

    with tempfile.TemporaryDirectory() as directory:
        stem = Path(directory, "speech")
        decode_file(path, stem)
        return {codec: file.read_bytes() for codec, file in voice_files(stem).items()}


def write_g711(path: Path, octets: bytes, codec: Codec) -> None:
    """Write a wav whose samples are these octets, so that nothing is lost and any player plays it."""
    subtype = "ALAW" if codec is Codec.PCMA else "ULAW"
    block_align = 1
    header = b"".join(
        (
            b"RIFF",
            (50 + len(octets) + len(octets) % 2).to_bytes(4, "little"),
            b"WAVEfmt ",
            (18).to_bytes(4, "little"),
            (6 if subtype == "ALAW" else 7).to_bytes(2, "little"),
            (1).to_bytes(2, "little"),
            SAMPLE_RATE.to_bytes(4, "little"),
            (SAMPLE_RATE * block_align).to_bytes(4, "little"),
            block_align.to_bytes(2, "little"),
            (8).to_bytes(2, "little"),
            (0).to_bytes(2, "little"),
            b"fact",
            (4).to_bytes(4, "little"),
            len(octets).to_bytes(4, "little"),
            b"data",
            len(octets).to_bytes(4, "little"),
        )
    )
    path.write_bytes(header + octets + b"\0" * (len(octets) % 2))


def read_channels(path: Path) -> tuple[int, list[Samples]]:
    """The sample rate of a wav or mp3, and its channels as 16-bit samples."""
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    return int(rate), [np.ascontiguousarray(samples[:, index]) for index in range(samples.shape[1])]


@dataclass(frozen=True, slots=True)
class Match:
    """Where a sound was found in another."""

    offset: int
    """Sample of the longer one at which the shorter begins."""
    likeness: float
    """Normalised correlation at that place: 1 is the same but for the level, 0 has nothing in common."""


def find(sound: Samples, within: Samples) -> Match:
    """Look for a sound in a longer one, by normalised correlation at each place."""
    short = sound[: within.size].astype(np.float64)
    long = within.astype(np.float64)
    energy = float((short**2).sum())
    if short.size == 0 or energy == 0:
        return Match(0, 0.0)
    size = 1 << int(long.size + short.size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size)), size)
    product = product[: long.size - short.size + 1]
    summed = np.concatenate(([0.0], np.cumsum(long**2)))
    local = summed[short.size :] - summed[: summed.size - short.size]
    floor = energy * 1e-4  # next to silence anything looks alike
    likeness: NDArray[np.float64] = product / np.sqrt(np.maximum(local, floor) * energy)
    offset = int(np.argmax(likeness))
    return Match(offset, float(likeness[offset]))


def same_from_start(heard: Samples, expected: Samples) -> int:
    """How many samples the two have in common from their beginning."""
    length = min(heard.size, expected.size)
    differs = np.flatnonzero(heard[:length] != expected[:length])
    return int(differs[0]) if differs.size else length


def key_tones(
    key: str,
    seconds: float,
    *,
    level: float = KEY_LEVEL,
    twist: float = 0.0,
    off: float = 0.0,
    phases: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """The two tones of a key (ITU-T Q.23) in the scale of 16-bit samples; ValueError for what is no key.

    `level` is dBm0 of both together, `twist` the dB by which the upper one is louder, `off` how far both are from their
    frequencies.
    """
    row, column = divmod(KEYPAD.index(key.upper()), len(COLUMNS))
    time = 2 * np.pi * (1 + off) * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    low, high = 1.0, 10 ** (twist / 20)
    sound = low * np.sin(ROWS[row] * time + phases[0]) + high * np.sin(COLUMNS[column] * time + phases[1])
    scaled: NDArray[np.float64] = sound * (rms_of(level) * np.sqrt(2 / (low**2 + high**2)))
    return scaled


def spoken_keys(keys: str, codec: Codec) -> bytes:
    """The tones of keys that are pressed one after the other, as G.711."""
    pause = np.zeros(round(KEY_PAUSE * SAMPLE_RATE))
    parts = [part for key in keys for part in (key_tones(key, KEY_SECONDS), pause)]
    return encode(codec, np.rint(np.concatenate([pause, *parts])).astype(np.int16))


def rms_of(level: float) -> float:
    """The root of the mean square of 16-bit samples whose level is so many dBm0: a sine of A-law's peak has +3.14."""
    return float(10 ** ((level - 3.14) / 20) * 32_256 / np.sqrt(2))
