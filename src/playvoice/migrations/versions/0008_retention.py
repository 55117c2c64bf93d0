"""What is old, and what is listed, is found by an index: ended calls, idempotency keys, callbacks by their state."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

_IS_BILL = sa.text("state = 'ended'")
_HAS_KEY = sa.text("idempotency_key IS NOT NULL")
_IS_DONE = sa.text("done_at IS NOT NULL")


def upgrade() -> None:
    for name, column, where in (("ix_calls_ended", "ended_at", _IS_BILL), ("ix_calls_keys", "accepted_at", _HAS_KEY)):
        op.create_index(name, "calls", [column], unique=False, sqlite_where=where, postgresql_where=where)
    op.drop_index("ix_callbacks_done", "callbacks")
    op.create_index(
        "ix_callbacks_done",
        "callbacks",
        ["state", "done_at"],
        unique=False,
        sqlite_where=_IS_DONE,
        postgresql_where=_IS_DONE,
    )
    op.create_index("ix_callbacks_listed", "callbacks", ["company_code", "state", "id"], unique=False)
