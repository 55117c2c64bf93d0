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
        "calls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.String(length=32), nullable=False),
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("destnumber", sa.String(length=33), nullable=False),
        sa.Column("voice_kind", sa.Integer(), nullable=False),
        sa.Column("voice_name", sa.String(length=2048), nullable=False),
        sa.Column("userid", sa.String(length=1000), nullable=False),
        sa.Column("disnumber", sa.String(length=33), nullable=False),
        sa.Column("chengshudu", sa.String(length=255), nullable=False),
        sa.Column("customuuid", sa.String(length=255), nullable=False),
        sa.Column("memberid", sa.String(length=255), nullable=False),
        sa.Column("ext", sa.String(length=255), nullable=False),
        sa.Column("waittime", sa.Integer(), nullable=False),
        sa.Column("conntime", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("hangupcause", sa.Integer(), nullable=True),
        sa.Column("hangupdirection", sa.Integer(), nullable=True),
        sa.Column("userkey", sa.String(length=1), nullable=False),
        sa.Column("extnumber", sa.String(length=32), nullable=False),
        sa.Column("crmid", sa.String(length=64), nullable=False),
        sa.Column("recordfilename", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("company_code", "idempotency_key", name=op.f("uq_calls_company_code_idempotency_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_calls_uuid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index(
            "ix_calls_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state != 'ended'"),
            postgresql_where=sa.text("state != 'ended'"),
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
        "downloads",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("stem", sa.String(length=255), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.String(length=1024), nullable=True),
        sa.Column("last_modified", sa.String(length=1024), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_downloads")),
    )
    op.create_table(
        "extensions",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_extensions")),
    )
    with op.batch_alter_table("extensions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extensions_company_code"), ["company_code"], unique=False)

    op.create_table(
        "groups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("strategy", sa.String(length=32), nullable=False),
        sa.Column("ring_time", sa.Integer(), nullable=False),
        sa.Column("max_wait", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("company_code", "name", name=op.f("uq_groups_company_code_name")),
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("contact", sa.String(length=600), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("remote_host", sa.String(length=45), nullable=False),
        sa.Column("remote_port", sa.Integer(), nullable=False),
        sa.Column("local_host", sa.String(length=45), nullable=False),
        sa.Column("local_port", sa.Integer(), nullable=False),
        sa.Column("source_host", sa.String(length=45), nullable=False),
        sa.Column("source_port", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=8192), nullable=False),
        sa.Column("call_id", sa.String(length=512), nullable=False),
        sa.Column("cseq", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
    )
    with op.batch_alter_table("registrations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registrations_number"), ["number"], unique=False)

    op.create_table(
        "servers",
        sa.Column("server_id", sa.String(length=32), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_servers")),
    )
    op.create_table(
        "trunks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("register", sa.Boolean(), nullable=False),
        sa.Column("codecs", sa.String(length=32), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("calls_per_second", sa.Float(), nullable=False),
        sa.Column("hosts", sa.String(length=8192), nullable=False),
        sa.Column("proxy", sa.String(length=255), nullable=True),
        sa.Column("strip", sa.String(length=33), nullable=False),
        sa.Column("prefix", sa.String(length=33), nullable=False),
        sa.Column("from_user", sa.String(length=64), nullable=True),
        sa.Column("from_domain", sa.String(length=255), nullable=True),
        sa.Column("caller_id", sa.String(length=8), nullable=False),
        sa.Column("dtmf", sa.String(length=16), nullable=False),
        sa.Column("keepalive", sa.Integer(), nullable=False),
        sa.Column("trunk_timeout", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trunks")),
    )
    op.create_table(
        "voice_files",
        sa.Column("company_code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=4096), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_code", "name", name=op.f("pk_voice_files")),
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
        "group_members",
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id_groups")),
        sa.ForeignKeyConstraint(["number"], ["extensions.number"], name=op.f("fk_group_members_number_extensions")),
        sa.PrimaryKeyConstraint("group_id", "number", name=op.f("pk_group_members")),
    )
    with op.batch_alter_table("group_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_members_number"), ["number"], unique=False)

    op.create_table(
        "legs",
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("call_uuid", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=1), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column("extension", sa.String(length=32), nullable=False),
        sa.Column("invite", sa.Text(), nullable=False),
        sa.Column("dialog", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("rang_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_uuid"], ["calls.uuid"], name=op.f("fk_legs_call_uuid_calls")),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_legs")),
    )
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_legs_call_uuid"), ["call_uuid"], unique=False)
        batch_op.create_index(
            "ix_legs_open",
            ["call_uuid"],
            unique=False,
            sqlite_where=sa.text("state != 'ended'"),
            postgresql_where=sa.text("state != 'ended'"),
        )

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
