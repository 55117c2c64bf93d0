"""What became of a call's callbacks, attempt by attempt, for somebody who looks."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from playvoice.callbacks.tables import CallbackKind, State, callbacks

_OF_CALL = select(callbacks).where(callbacks.c.call_uuid == bindparam("uuid")).order_by(callbacks.c.id)


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One delivery that was tried."""

    at: datetime
    """When its answer came, or was given up."""
    status: int | None
    """The HTTP status; None: no answer."""
    error: str | None


@dataclass(frozen=True, slots=True)
class PastCallback:
    """A callback of a call, and what became of it."""

    id: int
    kind: CallbackKind
    state: State
    payload: str
    created_at: datetime
    next_attempt: datetime | None
    attempts: tuple[PastAttempt, ...]


def line_of(at: datetime, status: int | None, error: str | None) -> str:
    """An attempt as a line of the column `history`."""
    return json.dumps([at.isoformat(), status, error], separators=(",", ":")) + "\n"


def of_call(conn: Connection, uuid: str) -> tuple[PastCallback, ...]:
    """The callbacks of a call, in their order."""
    return tuple(
        PastCallback(
            id=row.id,
            kind=CallbackKind(row.kind),
            state=State(row.state),
            payload=row.payload,
            created_at=row.created_at,
            next_attempt=row.next_attempt,
            attempts=_attempts(row.history or ""),
        )
        for row in conn.execute(_OF_CALL, {"uuid": uuid})
    )


def _attempts(history: str) -> tuple[PastAttempt, ...]:
    lines = [json.loads(line) for line in history.split("\n") if line]
    return tuple(PastAttempt(datetime.fromisoformat(at), status, error) for at, status, error in lines)
