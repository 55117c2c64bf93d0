"""One press counts once, whichever ways report it. Without I/O; times in seconds of one clock.

A gateway may send INFO for a key whose tones stay in the audio. So a report is of a press that another way has told
already if it names the same key and comes soon after; what a way reports twice are two presses.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

SAME_PRESS = 2.0
"""Seconds between the two reports of a press: an INFO that is lost comes again after 0.5 s, and after 1.5 s."""
REMEMBERED = 16
"""Presses of which another report may come; nobody presses more in that time."""


class Way(Enum):
    """How a key comes."""

    RTP = "rtp"
    """Telephone-events, or tones in the audio where there are none: a stream has only one of the two."""
    INFO = "info"


@dataclass(slots=True)
class _Press:
    key: str
    at: float
    told_by: set[Way]


@dataclass(slots=True)
class Presses:
    """The presses of one far end."""

    _recent: deque[_Press] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """In their order."""

    def counts(self, key: str, way: Way, now: float, lasted: float = 0.0) -> bool:
        """Whether this report is of a press that no other way has told; `lasted` is how long the key was down."""
        for press in self._recent:
            if press.key == key and way not in press.told_by and now - press.at <= SAME_PRESS + lasted:
                press.told_by.add(way)
                return False
        self._recent.append(_Press(key, now, {way}))
        return True
