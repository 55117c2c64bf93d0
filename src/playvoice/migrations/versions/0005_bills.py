"""Bills: calls by their start, which were fetched, and the keys of the server."""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_IS_BILL = sa.text("state = 'ended'")
_IS_UNFETCHED = sa.text("ended_at IS NOT NULL AND fetched_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "keys",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fetched_at", sa.BigInteger(), nullable=True))
        for name, where in (("ix_calls_bills", _IS_BILL), ("ix_calls_unfetched", _IS_UNFETCHED)):
            batch_op.create_index(
                name, ["company_code", "started_at", "id"], unique=False, sqlite_where=where, postgresql_where=where
            )
