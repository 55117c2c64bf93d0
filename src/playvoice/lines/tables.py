"""The tables of trunks, extensions, groups, and of the phones that are registered.

Passwords stand here as they are: both directions of digest authentication need them.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Table, UniqueConstraint

from playvoice.store import Instant, RowId, metadata

SERVER_ID = "1"
"""Today one server works on a database."""
NUMBER = String(32)

trunks = Table(
    "trunks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("address", String(255), nullable=False),
    Column("username", String(255)),
    Column("password", String(255)),
    Column("register", Boolean, nullable=False),
    Column("codecs", String(32), nullable=False),
    Column("max_calls", Integer, nullable=False),
    Column("calls_per_second", Float, nullable=False),
    Column("hosts", String(8192), nullable=False),
    Column("proxy", String(255)),
    Column("strip", String(33), nullable=False),
    Column("prefix", String(33), nullable=False),
    Column("from_user", String(64)),
    Column("from_domain", String(255)),
    Column("caller_id", String(8), nullable=False),
    Column("dtmf", String(16), nullable=False),
    Column("keepalive", Integer, nullable=False),
    Column("trunk_timeout", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

extensions = Table(
    "extensions",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("company_code", String(9), nullable=False, index=True),
    Column("password", String(255), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("company_code", String(9), nullable=False),
    Column("name", String(64), nullable=False),
    Column("strategy", String(32), nullable=False),
    Column("ring_time", Integer, nullable=False),
    Column("max_wait", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("company_code", "name"),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", RowId, ForeignKey("groups.id"), primary_key=True),
    Column("number", NUMBER, ForeignKey("extensions.number"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

registrations = Table(
    "registrations",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("server_id", String(36), nullable=False),
    Column("number", NUMBER, nullable=False, index=True),
    Column("contact", String(600), nullable=False),
    Column("transport", String(8), nullable=False),
    Column("remote_host", String(45), nullable=False),
    Column("remote_port", Integer, nullable=False),
    Column("local_host", String(45), nullable=False),
    Column("local_port", Integer, nullable=False),
    Column("source_host", String(45), nullable=False),
    Column("source_port", Integer, nullable=False),
    Column("path", String(8192), nullable=False),
    Column("call_id", String(512), nullable=False),
    Column("cseq", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
