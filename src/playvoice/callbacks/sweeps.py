"""A sweep: a company's pending callbacks are gone through in the store, because they may be due sooner than they say.

It goes by the times at which they are due, in steps that are bounded, so that nothing waits for a backlog's end.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TypeAlias

from sqlalchemy import Connection

from playvoice.callbacks.outbox import Cursor, bring_back, bring_forward
from playvoice.callbacks.tables import CallbackKind

SweepKey: TypeAlias = tuple[str, str, CallbackKind | None]
"""Company, address, and the kind that goes to another one: of each the last sweep counts."""


class Reason(Enum):
    """Why they may be due sooner."""

    RECOVERED = auto()
    """Their address answers again."""
    MOVED = auto()
    """It is another one now: what was answered at the old one, but not with 2xx, is due as well."""
    SET_BACK = auto()
    """The clock was set back."""


@dataclass(slots=True)
class Sweep:
    """How far one has come."""

    reason: Reason
    company_code: str
    url: str
    """Empty where no address is the reason."""
    kinds: tuple[CallbackKind, ...]
    at: datetime
    """When the reason arose: what was tried since then keeps its time."""
    changed: int
    """Changes and postponements of callbacks until then, which are to be in the store before."""
    cursor: Cursor

    @property
    def key(self) -> SweepKey:
        return self.company_code, self.url, self.kinds[0] if self.reason is Reason.MOVED else None


def take_step(conn: Connection, sweep: Sweep, at: datetime, most: int) -> Cursor | None:
    """Go through the next `most` callbacks; returns where to go on, None at the end."""
    if sweep.reason is Reason.SET_BACK:
        return bring_back(conn, sweep.company_code, sweep.at, sweep.cursor, most, now=at)
    moved = sweep.reason is Reason.MOVED
    return bring_forward(conn, sweep.company_code, sweep.kinds, sweep.at, sweep.cursor, most, moved=moved)
