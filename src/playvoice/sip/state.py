"""Where a call is, whoever made it."""

from enum import Enum, auto


class CallState(Enum):
    """Where a call is, made or received."""

    PREPARED = auto()
    CALLING = auto()
    EARLY = auto()
    ANSWERED = auto()
    CONFIRMED = auto()
    ENDING = auto()
    """Our BYE is on its way."""
    ENDED = auto()
