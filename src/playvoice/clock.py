"""Two clocks read together: the monotonic one for what is waited for, the wall clock for what a person reads.

A wall clock is set by people and programs, an hour forth or back. No duration follows it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SMALLEST_STEP = timedelta(seconds=1)
"""A smaller one changes nothing that anybody notices."""


def wall_clock() -> datetime:
    """What people call the time."""
    return datetime.now(UTC)


class Clock:
    """Monotonic seconds for what is waited for, and instants that follow them from what the wall clock said then."""

    def __init__(self) -> None:
        self._wall = datetime.now(UTC)
        self._monotonic = time.monotonic()

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def at(self) -> datetime:
        """The instant that is now."""
        return self.instant(time.monotonic())

    def instant(self, now: float) -> datetime:
        """The instant of a monotonic time."""
        return self._wall + timedelta(seconds=now - self._monotonic)

    def set_by(self) -> timedelta:
        """How far the wall clock was set forward since this clock was made, or back if less than nothing."""
        return wall_clock() - self.at()


class ClockSettings:
    """Notices that somebody has set the wall clock, which the monotonic one does not follow."""

    def __init__(
        self, wall: Callable[[], datetime] | None = None, monotonic: Callable[[], float] | None = None
    ) -> None:
        """By default the clocks of this machine."""
        self._wall = wall or wall_clock
        self._monotonic = monotonic or (lambda: time.monotonic())
        self._ahead = self._look()

    def step(self) -> timedelta:
        """How far it was set forward, or back if less than nothing, since this was asked last; small steps are none."""
        ahead = self._look()
        step = ahead - self._ahead
        if abs(step) < SMALLEST_STEP:
            return timedelta()
        self._ahead = ahead
        return step

    def _look(self) -> timedelta:
        """By how much the wall clock is ahead of the monotonic one."""
        return self._wall() - EPOCH - timedelta(seconds=self._monotonic())
