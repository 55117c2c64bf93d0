"""What a phone looks like from outside, at one moment."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where the phone is; `telephone` has the drawing."""

    IDLE = "idle"
    RINGING = "ringing"
    """A call came in."""
    CALLING = "calling"
    """A call went out."""
    TALKING = "talking"
    HOLDING = "holding"
    """By us: the far end is not heard."""
    ENDING = "ending"
    """A call that went out is being cancelled."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the audio of a call came to so far."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    """Packets."""
    jitter: float = 0.0
    """Seconds (RFC 3550 section 6.4.1)."""
    level: float | None = None
    """dBm0 of what is heard now; None while nothing comes."""


@dataclass(frozen=True, slots=True)
class Status:
    """The phone now."""

    state: State
    peer: str = ""
    """The other side's number and name."""
    seconds: float = 0.0
    """Since the answer, or since it rings."""
    codec: str = ""
    is_held: bool = False
    """The far end holds the call."""
    registered: bool = False
    account: str = ""
    """The address that is registered, or is to be."""
    figures: Figures = Figures()
