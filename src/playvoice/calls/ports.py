"""What the conductor needs of the rooms below, as small as it is: the real parts fit, and a test brings its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from playvoice.calls.links import RecordingLinks
from playvoice.companies import Company
from playvoice.config import Strategy
from playvoice.lines.targets import Tried
from playvoice.lines.trunk import Trunk
from playvoice.media.client import MediaEvent, Stream
from playvoice.sip import URI, Address, Credentials, Flow, UserAgent
from playvoice.voices import Voice, VoiceRef


@dataclass(frozen=True, slots=True)
class Phone:
    """Where a registered phone is reached."""

    uri: URI
    flow: Flow
    route: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Agent:
    """An extension with its phones, at least one."""

    extension: str
    phones: tuple[Phone, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Extensions that share incoming transfers. Times in seconds."""

    members: tuple[str, ...]
    ring_time: float
    max_wait: float
    strategy: Strategy = Strategy.RING_ALL


class Routes(Protocol):
    """Trunks and their capacity. Times are monotonic seconds."""

    def exist(self, names: Sequence[str] | None) -> bool:
        """Whether there is any trunk of these names, None for any name, free or not."""
        ...

    def credentials(self, name: str) -> Credentials | None:
        """What answers the challenges of this trunk; None where it has none, or there is no such trunk."""
        ...

    def take(self, names: Sequence[str] | None, tried: Tried, now: float) -> tuple[Trunk, Flow] | None:
        """Take a place on the first trunk that has one, and an address that was not tried; None if none has."""
        ...

    def obstacle(self, names: Sequence[str] | None, now: float) -> str:
        """Why `take` finds nothing for a call that was tried nowhere, in words."""
        ...

    def remain(self, names: Sequence[str] | None, tried: Tried, now: float) -> bool:
        """Whether there is an address that was not tried, free or not."""
        ...

    def begin_again(self, trunk: Trunk, now: float) -> None:
        """A call that has a place there goes to another target."""
        ...

    def give_back(self, trunk: Trunk) -> None: ...

    def heard(self, trunk: Trunk, flow: Flow, now: float) -> None:
        """A response to a call came from this address of the trunk."""
        ...

    def failed(self, trunk: Trunk, flow: Flow, now: float, retry_after: float = 0.0) -> None:
        """This address of the trunk is of no use now, and wants no call for so many seconds."""
        ...

    def may_have_forgotten(self, trunk: Trunk, now: float) -> None:
        """The trunk forbids a call (403), as one does with whom we are not registered any more."""

    def is_silent(self, trunk: Trunk, flow: Flow, now: float) -> bool:
        """Whether it has answered nothing for so long that a call leaves it after its `trunk_timeout`."""
        ...


class Groups(Protocol):
    """Groups and their members."""

    def group(self, company_code: str, name: str) -> Group | None: ...

    def member(self, extension: str) -> Agent | None:
        """The extension with all its phones, the most preferred first; None if none is registered."""
        ...


class Media(Protocol):
    """The media worker."""

    @property
    def has_room(self) -> bool:
        """Whether one more stream can be reserved now."""
        ...

    async def reserve(self, on_event: Callable[[MediaEvent], None]) -> Stream: ...


class Sip(Protocol):
    """The SIP endpoint."""

    @property
    def agent(self) -> UserAgent: ...

    def flow_to(self, transport: str, host: str, port: int) -> Flow: ...

    def flush(self) -> None: ...


class FindsCompanies(Protocol):
    """The companies."""

    def get(self, code: str) -> Company | None: ...


class PreparesVoices(Protocol):
    """The voices."""

    async def prepare(self, company_code: str, ref: VoiceRef, at: datetime) -> Voice: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What every call needs to know of the server."""

    media_address: Callable[[Flow], str]
    """Where RTP is received, as the far end of a flow is told in session descriptions."""
    domain: str
    """The host of From towards agents."""
    public_ip: str
    """In callbacks: `ip`, `downloadip`."""
    zone: tzinfo
    hold_music: Voice
    links: RecordingLinks
