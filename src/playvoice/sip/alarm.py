"""A deadline that can be moved and stopped, for what has its deadlines long before and seldom meets them."""

from collections.abc import Callable

from playvoice.sip.core import Core


class Alarm:
    """Calls `ring` at a time. Once stopped it holds nothing: its place in the heap stays until its time has come."""

    __slots__ = ("_at", "_core", "_ring")

    def __init__(self, core: Core, ring: Callable[[float], None]) -> None:
        self._core = core
        self._ring: Callable[[float], None] | None = ring
        self._at: float | None = None

    def __repr__(self) -> str:
        return f"<Alarm {'off' if self._at is None else f'at {self._at:g}'}>"

    def set(self, at: float | None) -> None:
        """Have it ring then, and not at the time before; None for never."""
        if self._ring is not None:
            self._at = at
            self._core.schedule(self)

    def stop(self) -> None:
        """It rings no more."""
        self._at = self._ring = None

    def next_deadline(self) -> float | None:
        return self._at

    def on_deadline(self, now: float) -> None:
        self._at = None
        if self._ring is not None:
            self._ring(now)
