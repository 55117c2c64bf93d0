"""How long calls have waited since they were accepted, whatever somebody does to the wall clock meanwhile.

The store has the time of acceptance by the wall clock. The ids of calls are in the order of acceptance, so that a clock
that is set is noted with the last id before it.
"""

from datetime import timedelta

from playvoice.calls.ledger import StoredCall
from playvoice.clock import ClockSettings, wall_clock

MOST_STEPS = 100
"""Settings of the clock that are remembered; past it the oldest is forgotten, and calls from before it are too old."""


class Ages:
    """The ages of the calls of one process; those from before its start are told by the wall clock."""

    def __init__(self) -> None:
        self._settings = ClockSettings()
        self._last = 0
        self._steps: list[tuple[int, timedelta]] = []
        """The last call before the clock was set, and by how much it was."""

    def __repr__(self) -> str:
        return f"<Ages of calls to {self._last}, the clock was set {len(self._steps)} times>"

    def accepted(self, stored: StoredCall) -> None:
        """The call was accepted, and has just been stored."""
        self._look()
        self._last = max(self._last, stored.id)
        if self._steps:
            step = self._steps[-1][1]
            age = wall_clock() - stored.accepted_at
            if abs(age - step) < abs(age):  # the clock was set while the call was being stored
                self._steps[-1] = (self._last, step)

    def of(self, stored: StoredCall) -> timedelta:
        """How long ago it was accepted."""
        self._look()
        steps = (step for last, step in self._steps if stored.id <= last)
        return wall_clock() - stored.accepted_at - sum(steps, timedelta())

    def _look(self) -> None:
        step = self._settings.step()
        if step:
            self._steps = [*self._steps, (self._last, step)][-MOST_STEPS:]
