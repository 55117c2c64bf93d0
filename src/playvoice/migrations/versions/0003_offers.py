"""Offers to agents: the legs of all phones of one."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("offer_uuid", sa.String(length=36), nullable=True))
    op.execute("UPDATE legs SET offer_uuid = uuid WHERE kind = 'b'")  # so far each was a leg
