"""The tables of companies, their caller numbers and their tokens."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from playvoice.store import Instant, RowId, metadata

companies = Table(
    "companies",
    metadata,
    Column("code", String(9), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("appid", String(64), nullable=False, unique=True),
    Column("accesskey_hash", String(128), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("licensed_until", Instant),
    Column("ipwhite", String(8192), nullable=False),
    Column("cdr_callback", String(1024)),
    Column("status_callback", String(1024)),
    Column("callback_format", String(8), nullable=False),
    Column("callback_fields", String(255), nullable=False),
    Column("signing_secret", String(128), nullable=False),
    Column("record", String(16), nullable=False),
    Column("record_format", String(8), nullable=False),
    Column("expire_after", Integer, nullable=False),
    Column("key_time", Integer, nullable=False),
    Column("trunks", String(8192)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

caller_numbers = Table(
    "caller_numbers",
    metadata,
    Column("number", String(33), primary_key=True),
    Column("company_code", String(9), ForeignKey("companies.code"), nullable=False, index=True),
    Column("enabled", Boolean, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("company_code", String(9), ForeignKey("companies.code"), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

Index("ix_tokens_company_code_id", tokens.c.company_code, tokens.c.id)
