"""What decoding leaves: two files, or the reason why there are none.

Apart from :mod:`playvoice.media.decoding`, so that the server, which only asks for it, has none of its libraries.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from playvoice.media.g711 import SAMPLE_RATE, Codec

MAX_SECONDS = 3600.0
"""Length of a voice where the caller doesn't say otherwise."""


class DecodeReason(StrEnum):
    """Why a file could not be made a voice."""

    MISSING = "missing"
    """There is no such file."""
    EMPTY = "empty"
    """It has no audio in it."""
    NOT_AUDIO = "not audio"
    """Nothing that we can read."""
    TOO_LONG = "too long"
    """As a voice, or in the decoding."""
    TOO_BIG = "too big"
    BUSY = "busy"
    """Too many files wait to be decoded."""
    FAILED = "failed"
    """Our fault: the process died, the disk is full, it took too long."""


OUR_FAULTS = frozenset({DecodeReason.BUSY, DecodeReason.FAILED})
"""What says nothing of the file: it may be decoded the next time."""


class DecodeError(Exception):
    """A file could not be made a voice."""

    def __init__(self, reason: DecodeReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sound:
    """What an audio file turned out to be."""

    format: str
    """By its octets, whatever it is called: ``wav``, ``mp3``, ``ogg``, ``flac``, ``m4a``, ``aac``, ``amr``, ``webm``
    (Matroska too), or another that the libraries read."""
    samples: int
    """At 8 kHz, one channel."""
    rms: float
    """Level of the whole in dBFS, of those samples (:mod:`playvoice.media.level`)."""
    peak: float
    """The loudest sample in dBFS."""

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE


def voice_files(stem: Path) -> dict[Codec, Path]:
    """The two files of a voice, by law."""
    return {codec: stem.with_name(f"{stem.name}.{codec.name.lower()}") for codec in Codec}


def part_files(stem: Path) -> dict[Codec, Path]:
    """The same while they are not whole."""
    return {codec: path.with_name(f"{path.name}.part") for codec, path in voice_files(stem).items()}
