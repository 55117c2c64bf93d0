"""From an audio file to G.711: what runs inside the transcoder's process.

libsndfile reads wav, mp3, ogg, flac and their like, soxr resamples, and FFmpeg (PyAV) reads what libsndfile can't:
m4a, aac, amr, webm, an mp3 that begins in the midst of a frame, and files whose writer never learned their length (a
wav or flac that went through a pipe). All go in blocks, so that memory does not grow with the file, and come out as
two files, one of each law, 8 kHz, one channel, nothing but octets: what the media process maps.

The level is left as it is. Several channels become one by their mean. A file that is 8 kHz and one channel already is
not touched by any filter: its 16-bit, A-law or μ-law samples come out exactly as G.711 has them.

A customer's file is nobody's friend: FFmpeg may only use demuxers that read this one file, since a playlist would
make it open other files and addresses."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from playvoice.media.decoded import MAX_SECONDS, DecodeError, DecodeReason, Sound, part_files, voice_files
from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, encode
from playvoice.media.level import Meter

MAX_OCTETS = 256 * 1024 * 1024
"""Size of a file that is decoded."""
MAX_CHANNELS = 8
SAMPLE_RATES = range(1_000, 192_001)
MAX_PROCESSOR = 90.0
"""Seconds of processor time for one file, of which an hour of m4a takes 40; small files may stand for hours."""
BLOCK = 65_536
"""Frames that are decoded at a time."""
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,amr,ogg,wav,asf,mp3,aac,flac"
UNKNOWN = 1 << 62
"""Frames from which on libsndfile says that it does not know how many there are."""

_FORMATS = {"WAVEX": "wav", "MPEG": "mp3", "MP3": "mp3", "mov": "m4a", "matroska": "webm"}
"""Formats as libsndfile and FFmpeg call them, where people call them otherwise than in lower case."""

Frames = NDArray[np.float32]
"""Samples of full scale 1, one channel."""


class _SoundFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """Reads on and never seeks. The class above it seeks after each block to where it is already, and in mp3 and opus
    libsndfile (1.2.2) then goes on some milliseconds beside: a click at each block."""

    def seekable(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class _Source:
    """An opened file: its format and rate, and its samples block by block."""

    format: str
    rate: int
    blocks: Iterable[Frames]


def decode_file(source: Path, stem: Path, max_seconds: float = MAX_SECONDS) -> Sound:
    """Decode ``source`` into :func:`voice_files` of ``stem``, which appear when both are whole.

    :raises DecodeError: there are no new files.
    """
    try:
        size = source.stat().st_size
    except OSError as error:
        raise DecodeError(DecodeReason.MISSING, f"{source.name}: {error.strerror}") from None
    if size == 0:
        raise DecodeError(DecodeReason.EMPTY, f"{source.name} is empty")
    if size > MAX_OCTETS:
        raise DecodeError(DecodeReason.TOO_BIG, f"{source.name} has {size} octets, more than {MAX_OCTETS}")
    try:
        return _decode(source, stem, int(max_seconds * SAMPLE_RATE))
    except OSError as error:
        raise DecodeError(DecodeReason.FAILED, f"{source.name} could not be decoded: {error}") from error


def _decode(path: Path, stem: Path, max_samples: int) -> Sound:
    finals, asides = voice_files(stem), part_files(stem)
    outputs: dict[Codec, BinaryIO] = {}
    meter = Meter()
    began = time.process_time()
    try:
        for codec, aside in asides.items():
            outputs[codec] = aside.open("wb")
        source = _open(path)
        for block in _telephone_samples(path, source):
            meter.add(block)
            if meter.samples > max_samples:
                raise DecodeError(DecodeReason.TOO_LONG, f"{path.name} is longer than {max_samples / SAMPLE_RATE:g} s")
            if time.process_time() - began > MAX_PROCESSOR:
                raise DecodeError(DecodeReason.TOO_LONG, f"{path.name} is not decoded after {MAX_PROCESSOR:g} s")
            for codec, output in outputs.items():
                output.write(encode(codec, block))
        if meter.samples == 0:
            raise DecodeError(DecodeReason.EMPTY, f"{path.name} has no audio in it")
        for output in outputs.values():
            output.flush()
            os.fsync(output.fileno())
        for codec, aside in asides.items():
            aside.replace(finals[codec])
    finally:
        for codec, output in outputs.items():
            with contextlib.suppress(OSError):  # a full disk refuses what is left in the buffer once more
                output.close()
            asides[codec].unlink(missing_ok=True)
    return Sound(source.format, meter.samples, meter.rms, meter.peak)


def _telephone_samples(path: Path, source: _Source) -> Iterator[Samples]:
    """The file as 16-bit samples at 8 kHz, block by block."""
    if source.rate not in SAMPLE_RATES:
        raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} has a sample rate of {source.rate} Hz")
    if source.rate == SAMPLE_RATE:
        for block in source.blocks:
            yield _sixteen_bits(block)
        return
    resampler = soxr.ResampleStream(source.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in source.blocks:
        yield _sixteen_bits(resampler.resample_chunk(block))
    yield _sixteen_bits(resampler.resample_chunk(np.zeros(0, np.float32), last=True))


def _sixteen_bits(block: Frames) -> Samples:
    scaled = np.rint(np.clip(np.nan_to_num(block), -1, 1) * np.float32(32768))
    samples: Samples = np.minimum(scaled, 32767).astype(np.int16)
    return samples


def _open(path: Path) -> _Source:
    try:
        # By descriptor, so that libsndfile goes by what is in the file and not by what it is called.
        file = _SoundFile(os.open(path, os.O_RDONLY), closefd=True)
    except soundfile.LibsndfileError:
        return _open_with_ffmpeg(path)
    if not 0 < file.frames < UNKNOWN:
        file.close()
        return _open_with_ffmpeg(path)
    if file.channels > MAX_CHANNELS:
        file.close()
        raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} has {file.channels} channels")
    return _Source(_FORMATS.get(file.format, file.format.lower()), file.samplerate, _sndfile_blocks(path, file))


def _sndfile_blocks(path: Path, file: soundfile.SoundFile) -> Iterator[Frames]:
    with file:
        try:
            while (block := file.read(BLOCK, dtype="float32", always_2d=True)).size:
                yield block.mean(axis=1, dtype=np.float32)
        except soundfile.LibsndfileError as error:
            raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} can't be read: {error}") from None


def _open_with_ffmpeg(path: Path) -> _Source:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # By descriptor here, too: to FFmpeg, octets of any kind are an mp3 if that is what they are called.
        container = av.open(
            f"/proc/self/fd/{descriptor}",
            options={"protocol_whitelist": "file", "format_whitelist": DEMUXERS},
            metadata_errors="ignore",
        )
    except (av.error.FFmpegError, ValueError):
        raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} is no audio that can be read") from None
    finally:
        os.close(descriptor)
    stream = next(iter(container.streams.audio), None)
    if stream is None or not stream.codec_context.sample_rate:
        container.close()
        raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} has no audio stream")
    if stream.codec_context.channels > MAX_CHANNELS:
        container.close()
        raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} has {stream.codec_context.channels} channels")
    name = container.format.name.partition(",")[0]
    return _Source(_FORMATS.get(name, name), stream.codec_context.sample_rate, _ffmpeg_blocks(path, container, stream))


def _ffmpeg_blocks(path: Path, container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[Frames]:
    # To floats in planes, nothing else: rate and channels stay, since FFmpeg's own mix to one channel is louder.
    planes = av.AudioResampler(format="fltp", rate=stream.codec_context.sample_rate)
    with container:
        try:
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    continue  # a damaged packet is a gap, as every player has it
                for frame in frames:
                    for plane in planes.resample(frame):
                        yield plane.to_ndarray().mean(axis=0, dtype=np.float32)
        except (av.error.FFmpegError, ValueError) as error:
            raise DecodeError(DecodeReason.NOT_AUDIO, f"{path.name} can't be read: {error}") from None
