"""The time of one call: two clocks are read together once, so that no jump of the wall clock changes a duration."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Monotonic seconds for what is waited for, instants for what a person reads."""

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
