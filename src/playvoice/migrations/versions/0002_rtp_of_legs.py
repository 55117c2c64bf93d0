"""RTP of legs."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("packets_sent", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("packets_received", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("packets_lost", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("jitter_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("sampled", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("far_packets_lost", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("far_jitter_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("round_trip_ms", sa.Integer(), nullable=True))
