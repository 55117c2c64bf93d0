"""What other rooms hold of a voice, and what this room needs of others."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from playvoice.media.decoded import Sound
from playvoice.media.g711 import Codec
from playvoice.media.transcoder import Decoded
from playvoice.web import Download

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)


class VoicesError(Exception):
    """Base of what this room raises."""


class VoiceUnavailable(VoicesError):
    """A voice can't be had.

    :ivar reason: why, in words for the operator; without the query string of a URL.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VoiceKind(IntEnum):
    """Where a voice comes from, numbered as ``voicetype`` is."""

    LIBRARY = 1
    URL = 2


@dataclass(frozen=True, slots=True)
class VoiceRef:
    """A voice as a request names it."""

    kind: VoiceKind
    name: str
    """The name of a library file, or a URL as the customer wrote it."""


def _nothing() -> None:
    """What is there for ever need not be given back."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be played. Its files stay until it is given back, though another version takes their place."""

    files: Mapping[Codec, Path]
    """Octets of one law each, 8 kHz, one channel."""
    seconds: float
    give_back: Callable[[], None] = field(default=_nothing, compare=False, repr=False)
    """To be called once, when nobody will play it any more."""


@dataclass(frozen=True, slots=True)
class LibraryVoice:
    """A voice file of a company's library, as whoever lists them sees it."""

    name: str
    is_uploaded: bool
    """By the company; else the operator's, in the ``voice_dir``, where the API changes nothing."""
    octets: int
    """Of the file as it came."""
    changed_at: datetime
    """When it was uploaded; of an operator's file, its time of change."""
    sound: Sound | None
    """Format, length and level; None for an operator's file that nobody has played yet."""


class Decoder(Protocol):
    """Makes a voice of an audio file: :class:`playvoice.media.transcoder.Transcoder`."""

    async def decode(self, source: Path, to: Path, *, max_seconds: float) -> Decoded: ...


class Fetcher(Protocol):
    """Downloads: :class:`playvoice.web.WebClient`."""

    def check_url(self, url: str) -> object: ...

    async def download(
        self,
        url: str,
        to: Path,
        *,
        max_bytes: int,
        timeout: float,  # noqa: ASYNC109
        etag: str | None,
        last_modified: str | None,
    ) -> Download: ...


def full_url(text: str) -> str:
    """The URL that a customer means: one that names no scheme is of ``http``."""
    text = text.strip()
    return text if _SCHEME.match(text) else f"http://{text}"
