"""What is looked at of each room, as small as it is: the real parts fit, and a test brings its own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from playvoice.lines.trunks import TrunkView
from playvoice.store import Store


class Calls(Protocol):
    """The calls that run."""

    def states(self) -> Mapping[str, int]:
        """How many are in each state."""
        ...


class Waits(Protocol):
    """The calls that wait to be dialled."""

    def counts(self) -> Mapping[str, int]:
        """How many wait, by company."""
        ...


class Trunks(Protocol):
    """The trunks. Time is in seconds of a monotonic clock."""

    def views(self, now: float) -> list[TrunkView]: ...


class Extension(Protocol):
    """An agent's SIP account."""

    @property
    def number(self) -> str: ...

    @property
    def company_code(self) -> str: ...

    @property
    def enabled(self) -> bool: ...


class Phones(Protocol):
    """The extensions and their registered phones."""

    @property
    def extensions(self) -> Sequence[Extension]: ...

    def contacts(self, number: str) -> Sequence[object]:
        """The registered phones of an extension."""
        ...


class Agents(Protocol):
    """The agents of all groups."""

    @property
    def taken(self) -> Collection[str]:
        """The extensions that ring or talk."""
        ...

    @property
    def customers(self) -> Mapping[tuple[str, str], int]:
        """How many customers wait for an agent, by company and group."""
        ...


class Media(Protocol):
    """The media worker."""

    capacity: int

    @property
    def streams(self) -> int: ...

    @property
    def pid(self) -> int | None:
        """Its process id, None while there is none."""
        ...

    @property
    def workers_started(self) -> int: ...


class Transcodes(Protocol):
    """The processes that decode voices and encode recordings."""

    @property
    def waiting(self) -> Mapping[str, int]:
        """Files that wait for theirs, by the kind of work."""
        ...

    @property
    def failures(self) -> Mapping[str, int]:
        """Times that one died, got stuck or could not be started, by the kind of work."""
        ...


class Sends(Protocol):
    """The sender of callbacks."""

    @property
    def under_way(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Watched:
    """A running server, as far as it is watched."""

    store: Store
    calls: Calls
    waiting: Waits
    trunks: Trunks
    phones: Phones
    agents: Agents
    media: Media
    transcoder: Transcodes
    companies: Callable[[], Collection[str]]
    """The codes of all companies."""
    sender: Sends
    sends: Callable[[], bool]
    """Whether the sender runs: a fault of ours ends it."""
    stops: Callable[[], bool]
    """Whether the server is about to end, and takes no more calls."""
    folders: Mapping[str, Path]
    """Whose disks are looked at, by what is in them."""
    rtp_address: str
    """The IP address that RTP is spoken from."""
