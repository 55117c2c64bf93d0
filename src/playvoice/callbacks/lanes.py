"""Lanes: how much of what each company is owed stands in memory, and when the store is asked for more.

A lane takes a bounded number of calls; together they have a bound as well, shared among the companies that are owed
anything. A call is taken whole, and most have a handful of callbacks; where some have hundreds, the bound on callbacks
says how many calls.

The two kinds of a company's callbacks may go to different addresses. So each has a part of the lane, and a place of its
own in the store from where on it is asked: what waits for a slow or dead address is gone past by the other kind.
Sans-IO: the time is passed in.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from playvoice.callbacks.sweeps import Cursor
from playvoice.callbacks.tables import CallbackKind

MAX_CALLS = 20_000
"""In memory, of all lanes; a lane may have `FEWEST_CALLS` whatever the others have."""
MAX_CALLS_OF_LANE = 1_000
MAX_CALLBACKS = 50_000
"""In memory, of all lanes; past it a lane may have one call and no more."""
REFILL_BELOW = 50
"""Callbacks of a kind that wait for their address; half as many as may, where that is less."""
FEWEST_CALLS = 2 * REFILL_BELOW
REFILL_CALLS = 200
WAITING_FOR_FAILING = 5
"""Callbacks of a company that wait in memory for an address that fails; further ones wait in the store."""

Waiting: TypeAlias = tuple[int, bool]
"""How many callbacks of a company and kind wait in memory for their address, and whether it fails."""


@dataclass(frozen=True, slots=True)
class Refill:
    """A company of which `most` calls are to be read at once that have a due callback of a kind behind a place."""

    company_code: str
    kind: CallbackKind
    after: Cursor
    most: int


@dataclass(slots=True)
class _Ask:
    """Behind `after`, and not before it, the store has something of a kind; it is asked at `when`."""

    after: Cursor
    when: datetime
    waits: bool = False
    """For room."""


@dataclass(slots=True)
class _Lane:
    calls: int = 0
    callbacks: int = 0
    asks: dict[CallbackKind, _Ask] = field(default_factory=dict)
    """Kinds of which the store has something, beside what is here."""


class Lanes:
    """All lanes."""

    def __init__(self, waiting: Callable[[str, CallbackKind], Waiting]) -> None:
        self._waiting = waiting
        self._lanes: dict[str, _Lane] = {}
        self._asks: list[tuple[datetime, str, CallbackKind]] = []
        self._callbacks = 0

    def __len__(self) -> int:
        return len(self._lanes)

    def ask(self, code: str, kind: CallbackKind, due: datetime) -> None:
        """Have the store asked for what a company is owed of a kind and is due at `due` or later."""
        self._ask(code, kind, Cursor(due, 0), due)

    def next_ask(self) -> datetime | None:
        """Return when `next_refill` has something to give without anything having happened."""
        return self._asks[0][0] if self._asks else None

    def next_refill(self, at: datetime) -> Refill | None:
        """Return a lane that has something due in the store and room for it; it is not asked for again by itself."""
        while self._asks and self._asks[0][0] <= at:
            when, code, kind = heapq.heappop(self._asks)
            lane = self._lanes.get(code)
            ask = None if lane is None else lane.asks.get(kind)
            if lane is None or ask is None or ask.waits or ask.when != when:
                continue
            waiting, fails = self._waiting(code, kind)
            most = self._most_waiting(fails)
            below = most if fails else min(REFILL_BELOW, most // 2)
            if waiting >= below or lane.calls >= self._most_calls():
                ask.waits = True
                continue
            del lane.asks[kind]
            share = min(REFILL_CALLS, max(WAITING_FOR_FAILING, MAX_CALLS // len(self._lanes)))
            return Refill(code, kind, ask.after, min(share, most - waiting))
        return None

    def refilled(self, refill: Refill, again: Cursor | None, at: datetime) -> None:
        """Say from where on a lane is to be asked for again, None for nowhere."""
        if again is not None:
            self._ask(refill.company_code, refill.kind, again, max(again.due, at))
        else:
            self._forget(refill.company_code)

    def has_room(self, code: str, kinds: Iterable[CallbackKind], at: datetime) -> bool:
        """Tell whether a fresh call with callbacks of these kinds may come in, or waits in the store behind others."""
        lane = self._lanes.setdefault(code, _Lane())
        if not any(self._is_open(lane, code, kind, at) for kind in kinds):
            return False
        return lane.calls < self._most_calls()

    def is_full(self, code: str, kind: CallbackKind) -> bool:
        """Tell whether as many callbacks as may wait for the address of a kind do so."""
        waiting, fails = self._waiting(code, kind)
        return waiting >= self._most_waiting(fails)

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

    def call_left(self, code: str, due: list[tuple[CallbackKind, datetime]]) -> None:
        """Count a call that is left to the store, with what it has left: the kinds, and when they are due."""
        lane = self._lanes[code]
        lane.calls -= 1
        lane.callbacks -= len(due)
        self._callbacks -= len(due)
        for kind, instant in due:
            self.ask(code, kind, instant)
        self.made_room(code)
        self._forget(code)

    def made_room(self, code: str) -> None:
        """Say that a company may have room again."""
        lane = self._lanes.get(code)
        for kind, ask in lane.asks.items() if lane is not None else ():
            if ask.waits:
                ask.waits = False
                self._push(ask.when, code, kind)

    def _ask(self, code: str, kind: CallbackKind, after: Cursor, when: datetime) -> None:
        lane = self._lanes.setdefault(code, _Lane())
        ask = lane.asks.get(kind)
        if ask is None:
            ask = lane.asks[kind] = _Ask(after, when)
        elif when < ask.when or ask.waits:
            ask.after, ask.when, ask.waits = min(after, ask.after), min(when, ask.when), False
        else:
            ask.after = min(after, ask.after)
            return
        self._push(ask.when, code, kind)

    def _is_open(self, lane: _Lane, code: str, kind: CallbackKind, at: datetime) -> bool:
        ask = lane.asks.get(kind)
        return (ask is None or ask.when > at) and not self.is_full(code, kind)

    def _most_waiting(self, fails: bool) -> int:
        return WAITING_FOR_FAILING if fails else self._share() // 2

    def _share(self) -> int:
        return min(MAX_CALLS_OF_LANE, max(FEWEST_CALLS, MAX_CALLS // max(1, len(self._lanes))))

    def _most_calls(self) -> int:
        return self._share() if self._callbacks < MAX_CALLBACKS else 1

    def _push(self, when: datetime, code: str, kind: CallbackKind) -> None:
        """Note a time; those that do not count any more go when there are more of them than of the others."""
        heapq.heappush(self._asks, (when, code, kind))
        if len(self._asks) > 4 * len(self._lanes) + 100:
            self._asks = [
                (ask.when, code, kind)
                for code, lane in self._lanes.items()
                for kind, ask in lane.asks.items()
                if not ask.waits
            ]
            heapq.heapify(self._asks)

    def _forget(self, code: str) -> None:
        lane = self._lanes.get(code)
        if lane is not None and not lane.calls and not lane.asks:
            del self._lanes[code]
