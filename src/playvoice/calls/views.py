"""What can be seen of calls and agents while they last."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallView:
    """A call that runs."""

    uuid: str
    company_code: str
    destnumber: str
    disnumber: str
    state: str
    """`dialling`, `ringing`, `playing`, `waiting` (for a key), `transferring`, `talking`, `ended`."""
    accepted_at: datetime
    started_at: datetime | None
    answered_at: datetime | None
    trunk: str
    key: str
    """The key that decided, empty if none did yet."""
    agents: tuple[str, ...]
    """The extensions that are rung, or the one that talks."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """An extension."""

    extension: str
    company_code: str
    state: str
    """`offline`, `disabled`, `idle`, `ringing`, `talking`."""
    phones: int
    """How many are registered."""
    call: str
    """The call's uuid, empty without one."""
