"""Initial."""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("call_uuid", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("failure", sa.String(length=12), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("call_ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(next_attempt IS NULL) = (done_at IS NOT NULL)", name=op.f("ck_callbacks_pending_or_done")),
        sa.CheckConstraint("length(payload) <= 16384", name=op.f("ck_callbacks_payload_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.create_index("ix_callbacks_call_uuid", ["call_uuid"], unique=False)
        batch_op.create_index(
            "ix_callbacks_done",
            ["done_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NOT NULL"),
            postgresql_where=sa.text("done_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_callbacks_due",
            ["company_code", "next_attempt"],
            unique=False,
            sqlite_where=sa.text("next_attempt IS NOT NULL"),
            postgresql_where=sa.text("next_attempt IS NOT NULL"),
        )

    op.create_table(
        "companies",
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("appid", sa.String(length=64), nullable=False),
        sa.Column("accesskey_hash", sa.String(length=128), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("licensed_until", sa.BigInteger(), nullable=True),
        sa.Column("ipwhite", sa.String(length=8192), nullable=False),
        sa.Column("cdr_callback", sa.String(length=1024), nullable=True),
        sa.Column("status_callback", sa.String(length=1024), nullable=True),
        sa.Column("callback_format", sa.String(length=8), nullable=False),
        sa.Column("callback_fields", sa.String(length=255), nullable=False),
        sa.Column("signing_secret", sa.String(length=128), nullable=False),
        sa.Column("record", sa.String(length=16), nullable=False),
        sa.Column("record_format", sa.String(length=8), nullable=False),
        sa.Column("expire_after", sa.Integer(), nullable=False),
        sa.Column("key_time", sa.Integer(), nullable=False),
        sa.Column("trunks", sa.String(length=8192), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_companies")),
        sa.UniqueConstraint("appid", name=op.f("uq_companies_appid")),
    )
    op.create_table(
        "caller_numbers",
        sa.Column("number", sa.String(length=33), nullable=False),
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_code"], ["companies.code"], name=op.f("fk_caller_numbers_company_code_companies")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_caller_numbers")),
    )
    with op.batch_alter_table("caller_numbers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_caller_numbers_company_code"), ["company_code"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company_code"], ["companies.code"], name=op.f("fk_tokens_company_code_companies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index("ix_tokens_company_code_id", ["company_code", "id"], unique=False)
