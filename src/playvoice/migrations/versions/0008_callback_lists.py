"""Indexes for lists of callbacks and for those that have been kept long enough."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.drop_index("ix_callbacks_done")
        batch_op.create_index("ix_callbacks_listed", ["company_code", "state", "id"], unique=False)
        batch_op.create_index(
            "ix_callbacks_done",
            ["state", "done_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NOT NULL"),
            postgresql_where=sa.text("done_at IS NOT NULL"),
        )
