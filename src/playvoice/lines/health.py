"""A trunk's health, told by OPTIONS::

                any response                       3 misses in a row
    UNKNOWN ─────────────────────> UP ────────────────────────────────> DOWN
       │ misses change nothing      ^                                     │
       └ it never answered          └──────────── any response ───────────┘

Any response means up, a refusal too: somebody is there. A trunk that never answered OPTIONS may be one that does not
know the method, so silence says nothing about it. A miss is an OPTIONS that nothing has answered when the next one is
due, or that could not be sent. A keepalive of 0 sends nothing, and the trunk stays what it is.
"""

from enum import Enum, auto

MISSES = 3
"""Misses in a row that bring a trunk down."""


class State(Enum):
    """What OPTIONS tells of a trunk."""

    UNKNOWN = auto()
    UP = auto()
    DOWN = auto()


class Health:
    """The health of one trunk; time is in seconds of a monotonic clock."""

    def __init__(self, keepalive: float) -> None:
        self._keepalive = keepalive
        self._due: float | None = None
        self._sent = 0
        self._waiting = False
        self._misses = 0
        self.state = State.UNKNOWN

    def __repr__(self) -> str:
        return f"<Health {self.state.name} misses={self._misses}>"

    def start(self, now: float, after: float = 0.0) -> None:
        """Begin to send OPTIONS, the first one in `after` seconds."""
        self._due = now + after if self._keepalive > 0 else None

    def set_keepalive(self, keepalive: float, now: float) -> None:
        """Send at another pace from now on."""
        if keepalive != self._keepalive:
            self._keepalive = keepalive
            self._waiting = False
            self.start(now)

    def next_deadline(self) -> float | None:
        """When the next OPTIONS is due."""
        return self._due

    def handle_deadline(self, now: float) -> int | None:
        """The number of the OPTIONS that is to be sent now, if one is; the one before missed if it is unanswered."""
        if self._due is None or now < self._due:
            return None
        if self._waiting:
            self._miss()
        self._sent += 1
        self._waiting = True
        self._due = now + self._keepalive
        return self._sent

    def answered(self) -> None:
        """A response to OPTIONS came, whatever it says and however late."""
        self._waiting = False
        self._misses = 0
        self.state = State.UP

    def failed(self, number: int) -> None:
        """The OPTIONS of this number could not be sent, or has timed out; an earlier one's miss is counted already."""
        if self._waiting and number == self._sent:
            self._waiting = False
            self._miss()

    def _miss(self) -> None:
        self._misses = min(self._misses + 1, MISSES)
        if self._misses >= MISSES and self.state is State.UP:
            self.state = State.DOWN
