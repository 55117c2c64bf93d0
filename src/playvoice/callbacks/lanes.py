"""Lanes: how much of what each company is owed stands in memory, and when the store is asked for more.

A lane takes a bounded number of calls, fewer while an address of its company fails; together they have a bound as
well, shared among the companies that are owed anything. A call is taken whole, and most have a handful of callbacks;
where some have hundreds, the bound on callbacks says how many calls. Sans-IO: the time is passed in.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

MAX_CALLS = 20_000
"""In memory, of all lanes; a lane may have `REFILL_BELOW` whatever the others have."""
MAX_CALLS_OF_LANE = 1_000
MAX_CALLBACKS = 50_000
"""In memory, of all lanes; past it a lane may have one call and no more."""
REFILL_BELOW = 50
REFILL_CALLS = 200
FAILING_LANE_CALLS = 5


@dataclass(frozen=True, slots=True)
class Refill:
    """A company whose due callbacks are to be read from the store, `most` of them at once."""

    company_code: str
    most: int


@dataclass(slots=True)
class _Lane:
    calls: int = 0
    callbacks: int = 0
    ask_at: datetime | None = None
    """When the store has something for it; None: nothing but what is here."""
    wants_room: bool = False
    swept_at: datetime | None = None


class Lanes:
    """All lanes; `fails` tells whether an address of a company fails just now."""

    def __init__(self, fails: Callable[[str], bool]) -> None:
        self._fails = fails
        self._lanes: dict[str, _Lane] = {}
        self._asks: list[tuple[datetime, str]] = []
        self._callbacks = 0

    def __len__(self) -> int:
        return len(self._lanes)

    def ask(self, code: str, when: datetime) -> None:
        """Have the store asked for a company, at `when` or sooner."""
        lane = self._lanes.setdefault(code, _Lane())
        if lane.ask_at is None or when < lane.ask_at:
            lane.ask_at = when
            lane.wants_room = False
            self._push(when, code)

    def next_ask(self) -> datetime | None:
        """Return when `next_refill` has something to give without anything having happened."""
        return self._asks[0][0] if self._asks else None

    def next_refill(self, at: datetime) -> Refill | None:
        """Return a lane that has something due in the store and room for it; it is not asked for again by itself."""
        while self._asks and self._asks[0][0] <= at:
            when, code = heapq.heappop(self._asks)
            lane = self._lanes.get(code)
            if lane is None or lane.ask_at != when:
                continue
            failing = self._fails(code)
            if lane.calls >= self._most_calls(FAILING_LANE_CALLS if failing else REFILL_BELOW):
                lane.wants_room = True
                continue
            lane.ask_at = None
            share = min(REFILL_CALLS, max(FAILING_LANE_CALLS, MAX_CALLS // len(self._lanes)))
            # What is here already is due as well and comes first: it is asked for in addition.
            return Refill(code, lane.callbacks + (FAILING_LANE_CALLS if failing else share))
        return None

    def refilled(self, code: str, again: datetime | None) -> None:
        """Say when a lane is to be asked for again, None for never."""
        if again is not None:
            self.ask(code, again)
        else:
            self._forget(code)

    def has_room(self, code: str, at: datetime) -> bool:
        """Tell whether a fresh call of a company may come in, or waits in the store behind older ones."""
        lane = self._lanes.setdefault(code, _Lane())
        if lane.ask_at is not None and lane.ask_at <= at:
            return False
        if lane.calls < self._most_calls(FAILING_LANE_CALLS):
            return True
        if self._callbacks >= MAX_CALLBACKS:
            return False
        share = max(REFILL_BELOW, MAX_CALLS // len(self._lanes))
        return lane.calls < min(share, MAX_CALLS_OF_LANE) and not self._fails(code)

    def call_entered(self, code: str) -> None:
        """Count a call that is in memory now."""
        self._lanes.setdefault(code, _Lane()).calls += 1

    def callback_entered(self, code: str) -> None:
        """Count a callback that is in memory now."""
        self._lanes[code].callbacks += 1
        self._callbacks += 1

    def callback_left(self, code: str) -> None:
        """Count a callback that is done."""
        self._lanes[code].callbacks -= 1
        self._callbacks -= 1

    def call_left(self, code: str, *, loaded_at: datetime, due: list[datetime], at: datetime) -> None:
        """Count a call that is left to the store, with the times at which its callbacks, if it has any left, are due.

        Where a sweep went through the store since it was loaded, they may be due sooner than it knows.
        """
        lane = self._lanes[code]
        lane.calls -= 1
        lane.callbacks -= len(due)
        self._callbacks -= len(due)
        if due:
            stale = lane.swept_at is not None and loaded_at <= lane.swept_at
            self.ask(code, at if stale else min(due))
        if lane.wants_room and lane.calls < self._most_calls(REFILL_BELOW) and lane.ask_at is not None:
            lane.wants_room = False
            self._push(lane.ask_at, code)
        self._forget(code)

    def swept(self, code: str, at: datetime) -> None:
        """Say that callbacks of a company have been brought forward in the store."""
        self.ask(code, at)
        self._lanes[code].swept_at = at

    def _most_calls(self, usual: int) -> int:
        return usual if self._callbacks < MAX_CALLBACKS else 1

    def _push(self, when: datetime, code: str) -> None:
        """Note a time; those that do not count any more go when there are more of them than of the others."""
        heapq.heappush(self._asks, (when, code))
        if len(self._asks) > 2 * len(self._lanes) + 100:
            self._asks = [
                (lane.ask_at, code)
                for code, lane in self._lanes.items()
                if lane.ask_at is not None and not lane.wants_room
            ]
            heapq.heapify(self._asks)

    def _forget(self, code: str) -> None:
        lane = self._lanes.get(code)
        if lane is not None and not lane.calls and lane.ask_at is None:
            del self._lanes[code]
