"""A 2xx to an INVITE until its ACK comes: RFC 3261 section 13.3.1.4."""

from collections.abc import Callable

from playvoice.sip.core import Core, Entry
from playvoice.sip.transaction import T1, T2


class RepeatedAnswer:
    """A 2xx that was sent: it is sent again until it is acknowledged, on a reliable transport too.

    The intervals are T1, doubled up to T2. After 64*T1 without an ACK it is given up, and `give_up` is called.
    """

    def __init__(self, core: Core, data: bytes, entry: Entry, now: float, give_up: Callable[[float], None]) -> None:
        self._core = core
        self._data = data
        self._transaction = entry.transaction
        self._give_up = give_up
        self._interval = T1
        self._end = now + 64 * T1
        self._at: float | None = now + T1
        core.schedule(self)

    def __repr__(self) -> str:
        return f"<RepeatedAnswer {'done' if self._at is None else f'again at {self._at:g}'}>"

    def stop(self) -> None:
        """Its ACK came, or nobody wants it any more."""
        self._at = None

    def next_deadline(self) -> float | None:
        return self._at

    def on_deadline(self, now: float) -> None:
        if self._at is None:
            return
        if now >= self._end:
            self._at = None
            self._give_up(now)
            return
        self._core.send(self._data, self._transaction.flow)
        self._interval = min(2 * self._interval, T2)
        self._at = min(now + self._interval, self._end)
