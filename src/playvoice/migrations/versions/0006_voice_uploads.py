"""Uploaded voice files, and what voice files turned out to be."""

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "voice_uploads",
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("octets", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=32), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("rms", sa.Float(), nullable=False),
        sa.Column("peak", sa.Float(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_code", "name", name=op.f("pk_voice_uploads")),
    )
    with op.batch_alter_table("voice_files", schema=None) as batch_op:
        batch_op.add_column(sa.Column("measured", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("format", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("samples", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rms", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("peak", sa.Float(), nullable=True))
