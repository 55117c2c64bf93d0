"""Calls that were given up without a final response: what comes late after all is still ended, and not a word told.

A far end that was out of reach for 32 s, or whose connection was lost with our INVITE on it, may ring and answer later:
a proxy waits for its phones for 3 minutes and more (Timer C, RFC 3261 section 16.6). Nobody would ever end what it has
begun.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playvoice.sip.core import Core
    from playvoice.sip.outgoing import OutgoingCall

LATE = 300.0
"""Seconds that a call is remembered."""
MAX_LATE = 5_000
"""Calls that are remembered; the oldest makes room."""


class LateCalls:
    """The calls that were given up, in that order. `forget` is told when nothing is to be expected of one any more."""

    def __init__(self, core: Core, forget: Callable[[OutgoingCall], None]) -> None:
        self._core = core
        self._forget = forget
        self._until: OrderedDict[OutgoingCall, float] = OrderedDict()

    def __repr__(self) -> str:
        return f"<LateCalls {len(self._until)}>"

    def add(self, call: OutgoingCall, now: float) -> None:
        """Remember a call that gets no final response."""
        if len(self._until) >= MAX_LATE:
            self._forget_first()
        self._until[call] = now + LATE
        self._core.schedule(self)

    def next_deadline(self) -> float | None:
        return next(iter(self._until.values()), None)

    def on_deadline(self, now: float) -> None:
        while self._until and next(iter(self._until.values())) <= now:
            self._forget_first()

    def _forget_first(self) -> None:
        call, _ = self._until.popitem(last=False)
        self._forget(call)
