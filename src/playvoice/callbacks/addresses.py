"""One address and what it bears: how many attempts at once, how soon the next, and whether it is down.

    new      one attempt at a time until the first one has ended: nobody knows yet how long it keeps its place
    well     at most 20 attempts at once
    failing  10 failures in a row: one attempt at a time, a second apart; the first success makes it well again
    down     nobody was answered since the last two or more attempts; the first answer is its recovery, and so is
             the first one of all: what was before is not known

Beside that it has a standing among the others, by how long it keeps an attempt that all could use (`Standing`).
Sans-IO: the time is passed in.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

MAX_AT_ONCE = 20
FAILING_AT = 10
PACE = timedelta(seconds=1)
"""Between the attempts at a failing address: a million callbacks owed to a closed port must not spin."""
DOWN_AT = 2
BRISK = timedelta(seconds=1)
"""An attempt that takes longer is a slow one."""


class Standing(IntEnum):
    """How an address treated its last attempt."""

    PROVEN = 0
    """It answered within a second."""
    NEW = 1
    """There was none yet."""
    SLOW = 2
    """It took longer, or did not answer at all; or one that runs has taken longer already."""


@dataclass(slots=True)
class Address:
    """The state of one URL; what waits for it stands in `queue`."""

    url: str
    queue: deque[int] = field(default_factory=deque)
    """Ids of callbacks, first come, first served."""
    waiting: Counter[str] = field(default_factory=Counter)
    """How many of them each company has."""
    under_way: dict[int, datetime] = field(default_factory=dict)
    """The attempts that run, by the callback, and when each began: the oldest first."""
    last: Standing = Standing.NEW
    """By the last attempt that ended."""
    failures: int = 0
    """In a row, of either kind."""
    unanswered: int = 0
    """Attempts in a row that were not answered."""
    answered_at: datetime | None = None
    not_before: datetime | None = None
    companies: set[str] = field(default_factory=set)
    """Whose callbacks may wait for it: they came here, or were owed before the start, since it last recovered."""

    @property
    def failing(self) -> bool:
        return self.failures >= FAILING_AT

    @property
    def down(self) -> bool:
        return self.unanswered >= DOWN_AT

    @property
    def in_flight(self) -> int:
        return len(self.under_way)

    def standing(self, at: datetime) -> Standing:
        """Return how it treats attempts, as far as is known at this moment."""
        oldest = next(iter(self.under_way.values()), at)
        return Standing.SLOW if at - oldest > BRISK else self.last

    def began(self, number: int, at: datetime) -> None:
        """Note that the attempt of a callback begins."""
        self.under_way[number] = at

    def ended(self, number: int, at: datetime, *, answered: bool) -> None:
        """Note that the attempt of a callback is over."""
        began = self.under_way.pop(number)
        self.last = Standing.PROVEN if answered and at - began <= BRISK else Standing.SLOW

    @property
    def idle(self) -> bool:
        return not self.queue and not self.in_flight

    def has_room(self, at: datetime) -> bool:
        """Tell whether one more attempt may begin now."""
        if self.failing:
            return self.in_flight == 0 and (self.not_before is None or at >= self.not_before)
        return self.in_flight < (1 if self.last is Standing.NEW else MAX_AT_ONCE)

    def was_silent_since(self, instant: datetime | None) -> bool:
        """Tell whether nobody was answered after `instant`."""
        return self.answered_at is None or (instant is not None and self.answered_at <= instant)

    def succeeded(self, at: datetime) -> bool:
        """Note a 2xx answer; returns whether the address has thereby recovered from being down."""
        self.failures = 0
        self.not_before = None
        return self._answered(at)

    def refused(self, at: datetime) -> bool:
        """Note an answer that was not 2xx; returns whether the address has thereby recovered from being down."""
        self._failed(at)
        return self._answered(at)

    def silent(self, at: datetime) -> None:
        """Note an attempt without an answer."""
        self._failed(at)
        self.unanswered += 1

    def _failed(self, at: datetime) -> None:
        self.failures += 1
        self.not_before = at + PACE if self.failing else None

    def _answered(self, at: datetime) -> bool:
        recovered = self.down or self.answered_at is None
        self.unanswered = 0
        self.answered_at = at
        return recovered
