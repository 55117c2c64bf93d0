"""What operators do with callbacks: look at them, and have them sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from playvoice.callbacks.errors import CallbacksError
from playvoice.callbacks.outbox import companies_owed
from playvoice.callbacks.tables import State, callbacks, webhook_id

MOST = 1_000
"""Callbacks that are listed or sent again by one command."""
COUNTED = 10_000
"""A company's owed callbacks are counted up to here."""

STEP = 500
"""Callbacks that one step of sending again looks at."""

_c = callbacks.c
_behind = (
    select(_c.id, _c.created_at)
    .where(_c.company_code == bindparam("code"), _c.state == bindparam("state"), _c.id > bindparam("after"))
    .order_by(_c.id)
    .limit(bindparam("most"))
)
_latest_ids = (
    select(_c.id)
    .where(_c.company_code == bindparam("code"), _c.state == bindparam("state"), _c.id > bindparam("after"))
    .order_by(_c.id.desc())
    .limit(bindparam("most"))
)
_first_company = select(func.min(_c.company_code)).where(_c.company_code > bindparam("after"))
_again = update(callbacks).values(
    state=State.PENDING.value,
    attempts=0,
    early=False,
    failure=None,
    next_attempt=bindparam("at", type_=_c.next_attempt.type),
    done_at=None,
)


def list_callbacks(
    conn: Connection,
    *,
    company_code: str | None = None,
    state: State | None = None,
    call_uuid: str | None = None,
    most: int = 50,
) -> list[dict[str, Any]]:
    """Return the latest callbacks of these kinds, the last one first."""
    most = min(most, MOST)
    wanted = select(callbacks).order_by(_c.id.desc()).limit(most)
    if call_uuid is not None:
        wanted = wanted.where(_c.call_uuid == call_uuid)
        if company_code is not None:
            wanted = wanted.where(_c.company_code == company_code)
        if state is not None:
            wanted = wanted.where(_c.state == state.value)
    elif company_code is not None or state is not None:
        wanted = wanted.where(_c.id.in_(_latest(conn, company_code, state, most)))
    rows = conn.execute(wanted).all()
    first = _first_pending(conn, {row.call_uuid for row in rows if row.state == State.PENDING.value})
    return [_listed(row, first) for row in rows]


def show_callback(conn: Connection, number: int) -> dict[str, Any]:
    """Return all that is known of a callback; CallbacksError if there is none of this number."""
    row = conn.execute(select(callbacks).where(_c.id == number)).first()
    if row is None:
        raise CallbacksError(f"there is no callback {number}; [retention] callbacks says how long they are kept")
    return _listed(row, _first_pending(conn, {row.call_uuid})) | {
        "webhook_id": webhook_id(row.call_uuid, row.id),
        "attempted_at": _text(row.attempted_at),
        "done_at": _text(row.done_at),
        "payload": row.payload,
    }


def send_again(conn: Connection, numbers: Sequence[int], at: datetime) -> list[str]:
    """Owe these callbacks anew, with the whole schedule before them; return the codes of their companies.

    They go out under the same `webhook-id`. CallbacksError names those that there are not, and nothing is changed.
    """
    if len(numbers) > MOST:
        raise CallbacksError(f"{len(numbers)} callbacks are more than the {MOST} of one command")
    found = {row.id: row.company_code for row in conn.execute(select(_c.id, _c.company_code).where(_c.id.in_(numbers)))}
    if missing := sorted(set(numbers) - found.keys()):
        raise CallbacksError(f"there is no callback {', '.join(map(str, missing))}")
    conn.execute(_again.where(_c.id.in_(numbers)), {"at": at})
    return sorted(set(found.values()))


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Which of the callbacks that were given up are meant: of one company or all, and by when they arose."""

    company_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""

    def has(self, created_at: datetime) -> bool:
        return (self.since is None or created_at >= self.since) and (self.until is None or created_at < self.until)


@dataclass(frozen=True, slots=True)
class Place:
    """A place among the callbacks that were given up."""

    company_code: str = ""
    state: State = State.EXHAUSTED
    id: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of sending again came to."""

    count: int
    company_code: str | None
    """Whose callbacks were looked at."""
    place: Place | None
    """Where the next step goes on; None: there are no more."""


def send_given_up_again(conn: Connection, wanted: GivenUp, after: Place, at: datetime, most: int = STEP) -> Step:
    """Owe anew what was given up, as `send_again` does, of at most `most` callbacks behind a place."""
    code = after.company_code or wanted.company_code or _next_company(conn, "")
    if code is None:
        return Step(0, None, None)
    behind = {"code": code, "state": after.state.value, "after": after.id, "most": most}
    rows = conn.execute(_behind, behind).all()
    numbers = [row.id for row in rows if wanted.has(row.created_at)]
    if numbers:
        conn.execute(_again.where(_c.id.in_(numbers)), {"at": at})
    if len(rows) == most:
        place: Place | None = Place(code, after.state, rows[-1].id)
    elif after.state is State.EXHAUSTED:
        place = Place(code, State.GONE)
    else:
        following = None if wanted.company_code is not None else _next_company(conn, code)
        place = None if following is None else Place(following)
    return Step(len(numbers), code, place)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a company is owed, as far as it was looked at: the `COUNTED` callbacks that are due first."""

    count: int
    oldest: datetime
    """When the oldest of them arose."""


def backlogs(conn: Connection) -> dict[str, Backlog]:
    """Return what each company is owed that is owed anything."""
    some = (
        select(_c.id)
        .where(_c.company_code == bindparam("code"), _c.next_attempt.is_not(None))
        .order_by(_c.next_attempt)
        .limit(COUNTED)
        .subquery()
    )
    # By the first id, and not by the first time, which SQLite would have to read 10,000 rows for, beside the index.
    counted = select(func.count(), func.min(some.c.id))
    born = select(_c.created_at).where(_c.id == bindparam("first"))
    found = {}
    for code in companies_owed(conn):
        count, first = conn.execute(counted, {"code": code}).one()
        if count:
            found[code] = Backlog(count, conn.execute(born, {"first": first}).scalar_one())
    return found


def _next_company(conn: Connection, after: str) -> str | None:
    """The company behind this one that has callbacks, whatever has become of them."""
    code: str | None = conn.execute(_first_company, {"after": after}).scalar_one()
    return code


def _latest(conn: Connection, company_code: str | None, state: State | None, most: int) -> list[int]:
    """The latest callbacks of a company, a state, or both, by looking at the latest of each company and state."""
    latest: list[int] = []
    code = _next_company(conn, "") if company_code is None else company_code
    while code is not None:
        for each in State if state is None else (state,):
            after = latest[-1] if len(latest) == most else 0
            found = {"code": code, "state": each.value, "after": after, "most": most}
            latest = nlargest(most, [*latest, *conn.execute(_latest_ids, found).scalars()])
        code = _next_company(conn, code) if company_code is None else None
    return latest


def _first_pending(conn: Connection, uuids: set[str]) -> dict[str, int]:
    """The first callback of each of these calls that is not done, which may hold the later ones back."""
    first = (
        select(_c.call_uuid, func.min(_c.id).label("first"))
        .where(_c.call_uuid.in_(uuids), _c.state == State.PENDING.value)
        .group_by(_c.call_uuid)
    )
    return {row.call_uuid: row.first for row in conn.execute(first)}


def _listed(row: Row[Any], first: dict[str, int]) -> dict[str, Any]:
    before = first.get(row.call_uuid, row.id)
    waits = row.state == State.PENDING.value and not row.attempts and before < row.id
    return {
        "id": row.id,
        "company": row.company_code,
        "call": row.call_uuid,
        "kind": row.kind,
        "state": row.state,
        "failed_attempts": row.attempts,
        "waits_behind": before if waits else None,
        "last_status": row.last_status,
        "last_error": row.last_error,
        "created_at": _text(row.created_at),
        "next_attempt": _text(row.next_attempt),
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")
