"""The 20 ms clock as arithmetic: which tick is due, which are late, which are given up. Without I/O.

A tick is one phase, 5 ms; four phases make the 20 ms of a packet, and streams are spread over them, so that packets do
not leave in one burst. Tick n is due at start + n * 5 ms whatever the ticks before took: pacing that sleeps 20 ms each
time drifts. A process that was stopped for longer than `MAX_BEHIND` skips whole rounds of four, so that each phase
loses as much as the others: a burst of old audio helps nobody.
"""

from dataclasses import dataclass
from math import ceil

PHASES = 4
TICK = 0.005
"""Seconds between two phases; each comes every 20 ms."""
MAX_BEHIND = 0.1
"""Seconds of ticks that are made up for at once, which is what a phone's jitter buffer takes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the time was kept since the last look."""

    ticks: int
    longest: float
    """Seconds that the longest of them took."""
    late: int
    """Ticks that began more than their own length late."""
    skipped: int
    """Ticks that were given up."""
    worst: float
    """Seconds by which the latest one was late."""


class Metronome:
    """Numbers ticks from `start` on. Times are monotonic seconds."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._next = 0
        self._ticks = self._late = self._skipped = 0
        self._longest = self._worst = 0.0

    def __repr__(self) -> str:
        return f"<Metronome at tick {self._next}, {self._late} late, {self._skipped} skipped>"

    @property
    def due(self) -> float:
        """When the next tick is to begin."""
        return self._start + self._next * TICK

    def begin(self, now: float) -> int | None:
        """The number of the tick that begins now, None if none is due yet."""
        behind = now - self.due
        if behind < 0:
            return None
        if behind > TICK:
            self._late += 1
            self._worst = max(self._worst, behind)
        if behind > MAX_BEHIND:
            skipped = int(behind / (TICK * PHASES)) * PHASES
            self._skipped += skipped
            self._next += skipped
        number = self._next
        self._next += 1
        self._ticks += 1
        return number

    def end(self, began: float, now: float) -> None:
        """The tick that began then is over."""
        self._longest = max(self._longest, now - began)

    def resume(self, now: float) -> None:
        """Go on after a rest in which nothing had to be done: what passed was not missed."""
        self._next = max(self._next, ceil((now - self._start) / TICK))

    def take_pace(self) -> Pace:
        """What became of the ticks since this was last asked."""
        pace = Pace(self._ticks, self._longest, self._late, self._skipped, self._worst)
        self._ticks = self._late = self._skipped = 0
        self._longest = self._worst = 0.0
        return pace
