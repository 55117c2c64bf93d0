"""A sweep: a company's pending callbacks are gone through in the store, because they may be due sooner than they say.

It goes by the times at which they are due, in steps that are bounded, so that nothing waits for a backlog's end.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from playvoice.callbacks.order import Failure
from playvoice.callbacks.schedule import DELAYS
from playvoice.callbacks.tables import CallbackKind, callbacks

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


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in a company's pending callbacks, by the time they are due."""

    due: datetime
    id: int


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


class Sweeps:
    """Those that are not done yet, in turn."""

    def __init__(self) -> None:
        self._waiting: deque[Sweep] = deque()
        self._last: dict[SweepKey, Sweep] = {}
        """Of each key: it takes the place of one before that is not done."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def begin(self, sweep: Sweep) -> None:
        """Take one more."""
        self._last[sweep.key] = sweep
        self._put(sweep)

    def next(self, committed: int) -> Sweep | None:
        """Return the one whose turn it is, if what it waits for is in the store: that many changes are."""
        while self._waiting and self._last.get(self._waiting[0].key) is not self._waiting[0]:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting and self._waiting[0].changed <= committed else None

    def stepped(self, sweep: Sweep, cursor: Cursor | None) -> None:
        """Say how far the one whose turn it was has come; None: it is done."""
        self._waiting.popleft()
        if cursor is not None:
            sweep.cursor = cursor
            self._put(sweep)
        elif self._last.get(sweep.key) is sweep:
            del self._last[sweep.key]

    def will_meet(self, company_code: str, url: str, attempted_at: datetime | None) -> bool:
        """Whether one that is under way may bring a callback for this address forward which was tried then."""
        sweeps = (self._last.get((company_code, url, kind)) for kind in (None, *CallbackKind))
        return any(each and (attempted_at is None or attempted_at < each.at) for each in sweeps)

    def _put(self, sweep: Sweep) -> None:
        """In turn; but the others ask what was tried since they began, so times of the future go first."""
        if sweep.reason is Reason.SET_BACK:
            self._waiting.appendleft(sweep)
        else:
            self._waiting.append(sweep)


_c = callbacks.c
_scheduled = (
    select(_c.id, _c.kind, _c.attempts, _c.failure, _c.created_at, _c.attempted_at, _c.next_attempt)
    .where(
        _c.company_code == bindparam("company"),
        or_(
            _c.next_attempt > bindparam("due"),
            (_c.next_attempt == bindparam("due")) & (_c.id > bindparam("last")),
        ),
        _c.next_attempt >= bindparam("due"),
    )
    .order_by(_c.next_attempt, _c.id)
    .limit(bindparam("most"))
)
_bring_forward = (
    update(callbacks)
    .where(_c.id == bindparam("row"), _c.next_attempt.is_not(None))
    .values(next_attempt=bindparam("new_next_attempt", type_=_c.next_attempt.type), early=bindparam("new_early"))
)
_of_the_future = (
    select(_c.id)
    .where(
        _c.company_code == bindparam("company"),
        _c.next_attempt > bindparam("at"),
        func.coalesce(_c.attempted_at, _c.created_at) > bindparam("at", type_=_c.created_at.type),
    )
    .limit(1)
)
_now = bindparam("at", type_=_c.created_at.type)
_bring_back = (
    update(callbacks)
    .where(_c.id == bindparam("row"), _c.next_attempt.is_not(None))
    .values(
        {
            name: case((_c[name] > _now, _now), else_=_c[name])
            for name in ("created_at", "attempted_at", "call_ended_at")
        }
        | {"next_attempt": bindparam("new_next_attempt", type_=_c.next_attempt.type)}
    )
)


def take_step(conn: Connection, sweep: Sweep, at: datetime, most: int) -> Cursor | None:
    """Go through the next `most` callbacks; returns where to go on, None at the end."""
    if sweep.reason is Reason.SET_BACK:
        return bring_back(conn, sweep.company_code, sweep.at, sweep.cursor, most, now=at)
    moved = sweep.reason is Reason.MOVED
    return bring_forward(conn, sweep.company_code, sweep.kinds, sweep.at, sweep.cursor, most, moved=moved)


def bring_forward(
    conn: Connection,
    company_code: str,
    kinds: Sequence[CallbackKind],
    at: datetime,
    after: Cursor,
    most: int,
    *,
    moved: bool = False,
) -> Cursor | None:
    """Make due now what waits only because an address was down; returns where to go on, None at the end.

    At most `most` callbacks are looked at. One that was answered, unless the address is another one now (`moved`),
    and one that has been tried since `at`, keeps its time; and never is one tried again sooner than after the first
    delay.
    """
    rows = conn.execute(_scheduled, {"company": company_code, "due": after.due, "last": after.id, "most": most}).all()
    changes: list[dict[str, Any]] = []
    for row in rows:
        if row.kind not in kinds or not _waits_for_address(row, at, moved=moved):
            continue
        soonest = at if row.attempted_at is None else max(at, row.attempted_at + DELAYS[0])
        if soonest < row.next_attempt:
            changes.append({"row": row.id, "new_next_attempt": soonest, "new_early": row.failure is not None})
    if changes:
        conn.execute(_bring_forward, changes)
    return Cursor(rows[-1].next_attempt, rows[-1].id) if len(rows) == most else None


def owed_of_the_future(conn: Connection, company_codes: Iterable[str], at: datetime) -> list[str]:
    """Return which companies are owed what was tried, or arose, later than now: before the clock was set back.

    Where nothing is, it looks at all that waits, which takes a second for a million: once at the start.
    """
    return [code for code in company_codes if conn.execute(_of_the_future, {"company": code, "at": at}).first()]


def bring_back(
    conn: Connection, company_code: str, at: datetime, after: Cursor, most: int, *, now: datetime
) -> Cursor | None:
    """Have what is of the future wait from `at` on as long as it had to wait then, or not at all if it was not tried.

    At most `most` callbacks are looked at; returns where to go on, None at the end.
    """
    rows = conn.execute(_scheduled, {"company": company_code, "due": after.due, "last": after.id, "most": most}).all()
    changes = [
        {"row": row.id, "at": at, "new_next_attempt": at + _wait_of(row)}
        for row in rows
        if (row.attempted_at or row.created_at) > now
    ]
    if changes:
        conn.execute(_bring_back, changes)
    return Cursor(rows[-1].next_attempt, rows[-1].id) if len(rows) == most else None


def _wait_of(row: Any) -> timedelta:
    """Between its last attempt and the next: none where it is sent again by a clock that was set back since."""
    return timedelta() if row.attempted_at is None else max(timedelta(), row.next_attempt - row.attempted_at)


def _waits_for_address(row: Any, at: datetime, *, moved: bool) -> bool:
    if row.attempted_at is not None and row.attempted_at >= at:
        return False
    return bool(moved or row.failure == Failure.UNREACHABLE or row.attempts == 0)
