"""The store's side of callbacks: small functions of a connection, each bounded in what it reads and writes.

Nothing here looks at more rows than it returns: a million owed callbacks cost a dead
receiver's company its index entries, and nobody anything else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, insert, or_, select, update

from playvoice.callbacks.history import line_of
from playvoice.callbacks.order import Failure
from playvoice.callbacks.payloads import to_text
from playvoice.callbacks.sweeps import Cursor
from playvoice.callbacks.tables import MAX_HISTORY, CallbackKind, State, callbacks
from playvoice.clock import wall_clock
from playvoice.store import Prepared

KEEP_GIVEN_UP = timedelta(days=30)
"""For which one that was never delivered is kept at least."""

MOST_READ = 5_000
"""Callbacks, beyond the due ones, after which no further call is read for a company at once."""
CALLS_AT_ONCE = 50
ENDED_AFTER = timedelta(days=1)
"""A call has ended so long after a state of it: its record may not be kept any more."""
LOOKED_AT = 500
"""Due callbacks of a company that are looked at by one read."""
DUE_LAST = 10
"""Callbacks of a company by which is judged, at the start, whether its receiver answers."""

_c = callbacks.c


@dataclass(frozen=True, slots=True)
class Owed:
    """A callback that is not done, as the store has it."""

    id: int
    company_code: str
    call_uuid: str
    kind: CallbackKind
    payload: str
    attempts: int
    """Failed attempts that count towards the schedule."""
    early: bool
    """Brought forward when its address came back: this attempt costs none of the schedule."""
    failure: Failure | None
    attempted_at: datetime | None
    due: datetime
    call_ended_at: datetime
    """Where that is not known, when it has ended at the latest."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of one callback."""

    id: int
    state: State
    attempts: int
    early: bool
    failure: Failure | None
    last_status: int | None
    last_error: str | None
    attempted_at: datetime | None
    next_attempt: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Postponement:
    """A callback that is held back, and when to look at it again."""

    id: int
    next_attempt: datetime


_insert = Prepared(
    insert(callbacks).values(
        {
            "state": State.PENDING,
            "attempts": 0,
            "early": False,
            **{
                name: bindparam(name)
                for name in (
                    "company_code",
                    "call_uuid",
                    "kind",
                    "payload",
                    "created_at",
                    "next_attempt",
                    "call_ended_at",
                )
            },
        }
    )
)
_end_of_call = update(callbacks).where(_c.call_uuid == bindparam("uuid")).values(call_ended_at=bindparam("ended_at"))
_owed = (
    _c.id,
    _c.company_code,
    _c.call_uuid,
    _c.kind,
    _c.payload,
    _c.attempts,
    _c.early,
    _c.failure,
    _c.attempted_at,
    _c.next_attempt,
    _c.call_ended_at,
    _c.created_at,
)
_last_id = select(func.coalesce(func.max(_c.id), 0))
_new = callbacks.alias("new")
_fresh_ids = Prepared(
    select(_new.c.id, _new.c.call_uuid)
    .where(_new.c.id > bindparam("after"), _new.c.next_attempt.is_not(None))
    .order_by(_new.c.id)
    .limit(bindparam("most"))
)
_of_new = Prepared(
    select(*_owed)
    .where(
        _c.call_uuid.in_(
            select(_new.c.call_uuid).where(
                _new.c.id > bindparam("after"), _new.c.id <= bindparam("last"), _new.c.next_attempt.is_not(None)
            )
        ),
        _c.next_attempt.is_not(None),
    )
    .order_by(_c.id)
)
_of_calls = (
    select(*_owed)
    .where(_c.call_uuid.in_(bindparam("uuids", expanding=True)), _c.next_attempt.is_not(None))
    .order_by(_c.id)
)
_ends_of_calls = (
    select(_c.call_uuid, func.max(_c.call_ended_at))
    .where(_c.call_uuid.in_(bindparam("uuids", expanding=True)), _c.call_ended_at.is_not(None))
    .group_by(_c.call_uuid)
)
_due = (
    select(_c.id, _c.call_uuid, _c.kind, _c.next_attempt)
    .where(
        _c.company_code == bindparam("company"),
        _c.next_attempt <= bindparam("at"),
        _c.next_attempt >= bindparam("due"),
        or_(_c.next_attempt > bindparam("due"), _c.id > bindparam("last")),
    )
    .order_by(_c.next_attempt, _c.id)
    .limit(bindparam("most"))
)
_next_due = select(func.min(_c.next_attempt)).where(
    _c.company_code == bindparam("company"), _c.next_attempt > bindparam("at")
)
_due_last = (
    select(_c.kind, _c.failure)
    .where(_c.company_code == bindparam("company"), _c.next_attempt.is_not(None))
    .order_by(_c.next_attempt.desc())
    .limit(bindparam("most"))
)
_next_company = select(func.min(_c.company_code)).where(
    _c.company_code > bindparam("after"), _c.next_attempt.is_not(None)
)
_so_far = func.coalesce(_c.history, "")
_record = Prepared(
    update(callbacks)
    .where(_c.id == bindparam("row"))
    .values(
        {
            "history": case(
                (func.length(_so_far) < MAX_HISTORY, _so_far.concat(bindparam("line", type_=_c.history.type))),
                else_=_so_far,
            ),
        }
        | {
            name: bindparam(f"new_{name}", type_=_c[name].type)
            for name in (
                "state",
                "attempts",
                "early",
                "failure",
                "last_status",
                "last_error",
                "attempted_at",
                "next_attempt",
                "done_at",
            )
        }
    )
)
_postpone = (
    update(callbacks)
    .where(_c.id == bindparam("row"), _c.next_attempt.is_not(None))
    .values(next_attempt=bindparam("new_next_attempt", type_=_c.next_attempt.type))
)
_old = (
    select(_c.id)
    .where(_c.state == bindparam("in_state"), _c.done_at < bindparam("before"))
    .order_by(_c.done_at)
    .limit(bindparam("most"))
)
_delete = delete(callbacks).where(_c.id.in_(bindparam("ids", expanding=True)))


def owe(
    conn: Connection,
    *,
    company_code: str,
    call_uuid: str,
    kind: CallbackKind,
    payload: Mapping[str, object],
    at: datetime,
) -> None:
    """Owe a callback, in the transaction of the fact that it reports; `Sender.wake` is called after the commit.

    The caller asks first whether the company has an address of that kind: one that isn't set is owed nothing. A
    call's callbacks are owed in the order in which they are to arrive; its record is the last, and marks its end.
    """
    _insert.change(
        conn,
        {
            "company_code": company_code,
            "call_uuid": call_uuid,
            "kind": kind,
            "payload": to_text(payload),
            "created_at": at,
            "next_attempt": min(at, wall_clock()),  # a call that runs knows nothing of a clock that was set back
            "call_ended_at": at if kind is CallbackKind.CDR else None,
        },
    )


def end_of_call(conn: Connection, *, call_uuid: str, at: datetime) -> None:
    """Mark the end of a call whose record is owed to nobody, so that states need not wait for each other forever."""
    conn.execute(_end_of_call, {"uuid": call_uuid, "ended_at": at})


def last_id(conn: Connection) -> int:
    """Return the largest id given so far; what is owed later has a larger one."""
    return int(conn.execute(_last_id).scalar_one())


def fresh(conn: Connection, after: int, most: int) -> tuple[list[Owed], int]:
    """Return all that is pending of the calls that have new callbacks, and the new end of what has been seen."""
    new = _fresh_ids.rows(conn, {"after": after, "most": most})
    if not new:
        return [], after
    last = new[-1][0]
    rows = _of_new.rows(conn, {"after": after, "last": last})
    return _with_ends(conn, [_Row(*row) for row in rows], {uuid for _, uuid in new}), last


def due(
    conn: Connection, company_code: str, kind: CallbackKind, at: datetime, after: Cursor, most: int
) -> tuple[list[Owed], Cursor | None]:
    """Return all that is pending of the calls that have a callback of a kind due, and from where on to ask again.

    At most `LOOKED_AT` due callbacks behind `after` are looked at, at most `most` calls are read, and no further one
    past `MOST_READ` callbacks more. None: there is nothing more, now or later.
    """
    found = {"company": company_code, "at": at, "due": after.due, "last": after.id, "most": LOOKED_AT}
    looked_at = conn.execute(_due, found).all()
    before: dict[str, Cursor] = {}
    end = after
    for row in looked_at:
        if row.kind == kind and row.call_uuid not in before:
            before[row.call_uuid] = end
            if len(before) > most:
                break
        end = Cursor(row.next_attempt, row.id)
    uuids = list(before)
    rows: list[_Row] = []
    read = 0
    while read < min(most, len(uuids)) and len(rows) < MOST_READ + most:
        some = uuids[read : min(read + CALLS_AT_ONCE, most)]
        rows += map(_Row._make, conn.execute(_of_calls, {"uuids": some}))
        read += len(some)
    owed = _with_ends(conn, rows, set(uuids[:read]))
    if read < len(uuids):
        return owed, before[uuids[read]]
    if len(looked_at) == LOOKED_AT:
        return owed, end
    later = conn.execute(_next_due, {"company": company_code, "at": at}).scalar_one()
    return owed, None if later is None else Cursor(later, 0)


def companies_owed(conn: Connection) -> list[str]:
    """Return the codes of the companies that are owed anything, by one look into the index for each."""
    codes: list[str] = []
    code: str | None = ""
    while code := conn.execute(_next_company, {"after": codes[-1] if codes else ""}).scalar_one():
        codes.append(code)
    return codes


def unanswered(conn: Connection, company_codes: Iterable[str]) -> list[tuple[str, CallbackKind]]:
    """Return of which kinds nobody took callbacks of these companies, going by the few that are due last.

    What was tried in vain is due later than what was not tried yet.
    """
    found: dict[tuple[str, CallbackKind], None] = {}
    for code in company_codes:
        for kind, failure in conn.execute(_due_last, {"company": code, "most": DUE_LAST}):
            if failure == Failure.UNREACHABLE:
                found[code, CallbackKind(kind)] = None
    return list(found)


def record(conn: Connection, changes: Iterable[Change], postponements: Iterable[Postponement]) -> None:
    """Write down what became of attempts, and when held callbacks are looked at again."""
    for change in changes:
        _record.change(conn, _parameters(change))
    if rows := [{"row": item.id, "new_next_attempt": item.next_attempt} for item in postponements]:
        conn.execute(_postpone, rows)


def remove_delivered(conn: Connection, before: datetime, most: int) -> int:
    """Remove up to so many callbacks that were delivered before then; return how many."""
    return _remove(conn, State.DELIVERED, before, most)


def remove_given_up(conn: Connection, before: datetime, most: int) -> int:
    """Remove up to so many callbacks that were given up before then, for whatever reason; return how many."""
    count = 0
    for state in (State.EXHAUSTED, State.GONE, State.WITHDRAWN):
        count += _remove(conn, state, before, most - count)
    return count


def _remove(conn: Connection, state: State, before: datetime, most: int) -> int:
    ids = conn.execute(_old, {"in_state": state, "before": before, "most": most}).scalars().all()
    if ids:
        conn.execute(_delete, {"ids": ids})
    return len(ids)


class _Row(NamedTuple):
    """What `_owed` selects."""

    id: int
    company_code: str
    call_uuid: str
    kind: str
    payload: str
    attempts: int
    early: bool
    failure: str | None
    attempted_at: datetime | None
    next_attempt: datetime
    call_ended_at: datetime | None
    created_at: datetime


def _with_ends(conn: Connection, rows: Sequence[_Row], uuids: set[str]) -> list[Owed]:
    ends = {row.call_uuid: row.call_ended_at for row in rows if row.call_ended_at is not None}
    if unknown := uuids - ends.keys():  # its record may be delivered already
        ends |= {row[0]: row[1] for row in conn.execute(_ends_of_calls, {"uuids": sorted(unknown)})}
    return [_owed_of(row, ends) for row in rows]


def _owed_of(row: _Row, ends: Mapping[str, datetime]) -> Owed:
    return Owed(
        id=row.id,
        company_code=row.company_code,
        call_uuid=row.call_uuid,
        kind=CallbackKind(row.kind),
        payload=row.payload,
        attempts=row.attempts,
        early=row.early,
        failure=None if row.failure is None else Failure(row.failure),
        attempted_at=row.attempted_at,
        due=row.next_attempt,
        call_ended_at=ends.get(row.call_uuid, row.created_at + ENDED_AFTER),
    )


def _parameters(change: Change) -> dict[str, Any]:
    at = None if change.state is State.WITHDRAWN else change.attempted_at
    return {
        "row": change.id,
        "line": "" if at is None else line_of(at, change.last_status, change.last_error),
        "new_state": change.state,
        "new_attempts": change.attempts,
        "new_early": change.early,
        "new_failure": change.failure,
        "new_last_status": change.last_status,
        "new_last_error": change.last_error,
        "new_attempted_at": change.attempted_at,
        "new_next_attempt": change.next_attempt,
        "new_done_at": change.done_at,
    }
