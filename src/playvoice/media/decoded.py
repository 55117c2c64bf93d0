"""What decoding leaves: two files, or the reason why there are none.

Apart from :mod:`playvoice.media.decoding`, so that the server, which only asks for it, has none of its libraries.
"""

from enum import StrEnum
from pathlib import Path

from playvoice.media.g711 import Codec

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


def voice_files(stem: Path) -> dict[Codec, Path]:
    """The two files of a voice, by law."""
    return {codec: stem.with_name(f"{stem.name}.{codec.name.lower()}") for codec in Codec}
