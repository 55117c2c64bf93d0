"""The tables of calls, their legs, the server's heartbeat and its keys.

A call's row is its request, its state and, once it has ended, its record: the three are written one after the other and
never apart. A leg's row holds what ends it after a crash.
"""

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)

from playvoice.store import Instant, RowId, metadata

SERVER_ID = "1"
"""Today one server works on a database."""


class CallState(StrEnum):
    """How far a call is, as far as a restart has to know."""

    WAITING = "waiting"
    """Nothing was dialled: it is dialled after a restart."""
    DIALLED = "dialled"
    """An INVITE may have left: it is never dialled again."""
    ANSWERED = "answered"
    ENDED = "ended"


class LegKind(StrEnum):
    """Whose leg it is."""

    CUSTOMER = "a"
    AGENT = "b"


class LegState(StrEnum):
    """How far a leg is."""

    DIALLED = "dialled"
    ANSWERED = "answered"
    ENDING = "ending"
    """We have ended it, and reported that; its far end has not confirmed it yet."""
    ENDED = "ended"


calls = Table(
    "calls",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("server_id", String(32), nullable=False),
    Column("company_code", String(9), nullable=False),
    Column("state", String(8), nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("destnumber", String(33), nullable=False),
    Column("voice_kind", Integer, nullable=False),
    Column("voice_name", String(2048), nullable=False),
    Column("userid", String(1000), nullable=False),
    Column("disnumber", String(33), nullable=False),
    Column("chengshudu", String(255), nullable=False),
    Column("customuuid", String(255), nullable=False),
    Column("memberid", String(255), nullable=False),
    Column("ext", String(255), nullable=False),
    Column("waittime", Integer, nullable=False),
    Column("conntime", Integer, nullable=False),
    Column("idempotency_key", String(255)),
    Column("fingerprint", String(64)),
    Column("started_at", Instant),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("hangupcause", Integer),
    Column("hangupdirection", Integer),
    Column("userkey", String(1), nullable=False),
    Column("extnumber", String(32), nullable=False),
    Column("crmid", String(64), nullable=False),
    Column("recordfilename", String(64), nullable=False),
    Column("fetched_at", Instant),
    UniqueConstraint("company_code", "idempotency_key"),
    sqlite_autoincrement=True,
)
IS_OPEN = calls.c.state != literal_column("'ended'")
"""Of a call. A query that asks for this too finds the few open rows by their index: a parameter would hide them."""
Index("ix_calls_open", calls.c.id, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
IS_BILL = calls.c.state == literal_column("'ended'")
"""Of a call that has its record; found by its start, of which an index holds none of the others."""
IS_UNFETCHED = and_(calls.c.ended_at.is_not(None), calls.c.fetched_at.is_(None))
"""Of a bill that its company has not fetched yet; in words of its own, or SQLite would take the index of all bills."""
_BY_START = (calls.c.company_code, calls.c.started_at, calls.c.id)
Index("ix_calls_bills", *_BY_START, sqlite_where=IS_BILL, postgresql_where=IS_BILL)
Index("ix_calls_unfetched", *_BY_START, sqlite_where=IS_UNFETCHED, postgresql_where=IS_UNFETCHED)
Index("ix_calls_ended", calls.c.ended_at, sqlite_where=IS_BILL, postgresql_where=IS_BILL)
HAS_KEY = calls.c.idempotency_key.is_not(None)
"""Of a call whose idempotency key is known."""
Index("ix_calls_keys", calls.c.accepted_at, sqlite_where=HAS_KEY, postgresql_where=HAS_KEY)

legs = Table(
    "legs",
    metadata,
    Column("uuid", String(36), primary_key=True),
    Column("call_uuid", String(36), ForeignKey("calls.uuid"), nullable=False, index=True),
    Column("kind", String(1), nullable=False),
    Column("state", String(8), nullable=False),
    Column("trunk", String(64), nullable=False),
    Column("extension", String(32), nullable=False),
    Column("offer_uuid", String(36)),
    Column("invite", Text, nullable=False),
    Column("dialog", Text, nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("rang_at", Instant),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("packets_sent", Integer),
    Column("packets_received", Integer),
    Column("packets_lost", Integer),
    Column("jitter_ms", Integer),
    Column("sampled", Boolean),
    Column("far_packets_lost", Integer),
    Column("far_jitter_ms", Integer),
    Column("round_trip_ms", Integer),
)
"""`offer_uuid` is one for all phones of an agent that ring at once, null with customers; `rang_at` stands with the
first of them that did. The last eight are of its RTP, `media.leg.StreamStats`: null where none ran, the last three
where no RTCP came."""
IS_OPEN_LEG = legs.c.state != literal_column("'ended'")
Index("ix_legs_open", legs.c.call_uuid, sqlite_where=IS_OPEN_LEG, postgresql_where=IS_OPEN_LEG)

traces = Table(
    "traces",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("call_uuid", String(36), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("octets", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
"""What calls leave for those who ask why (`trace_parts`), oldest first; `octets` is the length of `body`, and its index
tells the sum of all without reading them."""

servers = Table(
    "servers",
    metadata,
    Column("server_id", String(32), primary_key=True),
    Column("heartbeat_at", Instant, nullable=False),
)
"""One row for each server: when it was last known to live, written each second while calls run."""

keys = Table(
    "keys",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(64), nullable=False),
)
"""Secrets of the server's own, each made once: 32 random octets in hexadecimal digits."""
