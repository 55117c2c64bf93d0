"""What the conductor needs of the rooms below, as small as it is: the real parts fit, and a test brings its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Protocol

from playvoice.companies import Company
from playvoice.lines.trunk import Trunk
from playvoice.media.client import MediaEvent, Stream
from playvoice.sip import URI, Address, Flow, UserAgent
from playvoice.voices import Voice


@dataclass(frozen=True, slots=True)
class Phone:
    """Where a registered phone of an extension is reached."""

    extension: str
    uri: URI
    flow: Flow
    route: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Extensions that share incoming transfers. Times in seconds."""

    members: tuple[str, ...]
    ring_time: float
    max_wait: float


class Routes(Protocol):
    """Trunks and their capacity."""

    def take(self, names: Sequence[str] | None, tried: frozenset[str], now: float) -> tuple[Trunk, Flow] | None:
        """Take a place on the first trunk that has one and was not tried; None if none has."""
        ...

    def give_back(self, trunk: Trunk) -> None: ...


class Groups(Protocol):
    """Groups and the phones of their members."""

    def group(self, company_code: str, name: str) -> Group | None: ...

    def phone(self, extension: str) -> Phone | None:
        """The extension's phone, None if none is registered."""
        ...


class Media(Protocol):
    """The media worker."""

    async def reserve(self, on_event: Callable[[MediaEvent], None]) -> Stream: ...


class Sip(Protocol):
    """The SIP endpoint."""

    @property
    def agent(self) -> UserAgent: ...

    def flush(self) -> None: ...


class Recordings(Protocol):
    """Where recordings are made and what becomes of them."""

    def path(self, uuid: str, at: datetime) -> Path:
        """Where the raw recording of a call goes."""
        ...

    def name(self, uuid: str, company: Company) -> str:
        """The name that the record gives the recording, decided now."""
        ...

    def encode(self, raw: Path, name: str) -> None:
        """Make the recording of the raw one, some time soon."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What every call needs to know of the server."""

    media_address: str
    """Where RTP is received, as it stands in session descriptions."""
    public_ip: str
    """In callbacks: `ip`, `downloadip`."""
    zone: tzinfo
    hold_music: Voice
