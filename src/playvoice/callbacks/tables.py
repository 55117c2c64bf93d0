"""The table of owed, delivered and given-up callbacks.

A callback is pending exactly while `next_attempt` is set, and done exactly while `done_at` is set: both indexes hold
only the rows that their reader looks for. What operators look for is found by company and state, one of few each.
Callbacks of one call go in the order of `id`; `webhook_id` is made of the
call and `id`, so that every attempt, also one after a crash, has the same. `history` has a line for each attempt
(`playvoice.callbacks.history`).
"""

from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text

from playvoice.store import Instant, RowId, metadata

MAX_ERROR = 200
MAX_PAYLOAD = 16_384
MAX_HISTORY = 8_192
"""Characters of `history` from which on no further attempt is added: many more than the schedule has attempts."""


class CallbackKind(StrEnum):
    """What a callback reports; each kind has an address of its own."""

    STATUS = "status"
    CDR = "cdr"


class State(StrEnum):
    """What has become of a callback."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    """The attempt after the last delay failed."""
    GONE = "gone"
    """The receiver answered 410."""
    WITHDRAWN = "withdrawn"
    """At the attempt no address was set: nothing is owed."""


callbacks = Table(
    "callbacks",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("company_code", String(9), nullable=False),
    Column("call_uuid", String(36), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(10), nullable=False, default=State.PENDING),
    Column("attempts", Integer, nullable=False, default=0),
    Column("early", Boolean, nullable=False, default=False),
    Column("failure", String(12)),
    Column("last_status", Integer),
    Column("last_error", String(MAX_ERROR)),
    Column("created_at", Instant, nullable=False),
    Column("attempted_at", Instant),
    Column("next_attempt", Instant),
    Column("done_at", Instant),
    Column("call_ended_at", Instant),
    Column("history", Text),
    CheckConstraint(f"length(payload) <= {MAX_PAYLOAD}", name="payload_length"),
    CheckConstraint("(next_attempt IS NULL) = (done_at IS NOT NULL)", name="pending_or_done"),
    sqlite_autoincrement=True,
)

Index("ix_callbacks_call_uuid", callbacks.c.call_uuid)
Index(
    "ix_callbacks_due",
    callbacks.c.company_code,
    callbacks.c.next_attempt,
    sqlite_where=callbacks.c.next_attempt.is_not(None),
    postgresql_where=callbacks.c.next_attempt.is_not(None),
)
Index("ix_callbacks_listed", callbacks.c.company_code, callbacks.c.state, callbacks.c.id)
Index(
    "ix_callbacks_done",
    callbacks.c.state,
    callbacks.c.done_at,
    sqlite_where=callbacks.c.done_at.is_not(None),
    postgresql_where=callbacks.c.done_at.is_not(None),
)


def webhook_id(call_uuid: str, callback_id: int) -> str:
    """Return the `webhook-id`: the same for every attempt, and never that of another callback."""
    return f"{call_uuid}-{callback_id}"
