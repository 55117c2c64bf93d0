"""PostgreSQL: the one-server lock is an advisory lock of the writer's own session.

Whoever writes therefore holds the lock: a server that lost its connection takes the lock anew with the next
one, and if another server was quicker, it can't write any more. PostgreSQL may not know yet that the connection is
lost, and hold the lock for it, for hours where nothing tells it: then the server has it end that session.

Every statement of the store is a short one, and nobody waits for ever:

- PostgreSQL itself ends a statement after 15 s, one that waits for a lock after 5.
- The kernel gives up a connection whose packets nobody acknowledges, after about 15 s.
- Where PostgreSQL stands still, or a proxy acknowledges what it swallows, neither helps: after 16 s without an answer
  the connection is closed on this side. A new one has 5 s to be there.
"""

import secrets
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from playvoice.store.errors import StoreError, StoreTaken, StoreUnavailable

LOCK_KEY = 0x706C6179766F6963  # "playvoic"
LOCK_HOLDER = text(
    "SELECT l.pid, a.client_addr, a.application_name FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    f" AND l.classid = {LOCK_KEY >> 32} AND l.objid = {LOCK_KEY & 0xFFFFFFFF}"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Whose session has the one-server lock; no row where nobody's has."""
SCHEMA_LOCK_KEY = LOCK_KEY + 1
"""Of who changes the tables: a killed server's session has no LOCK_KEY, and may commit when that is another's."""
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 15
ANSWER_TIMEOUT_S = STATEMENT_TIMEOUT_S + 1.0
"""Later than PostgreSQL's own end of a statement, which keeps the connection."""
MIGRATION_TIMEOUT_S = 600.0
"""For one statement of a migration: some of a large database take minutes; systemd has 15 for all of them."""
WITH_ITS_TOOLS = (
    "a PostgreSQL database is copied by PostgreSQL's own tools, also while the server runs: pg_dump -Fc, and pg_restore"
    " into an empty database while it does not"
)
_TAKEN = (
    "another PlayVoice server works on this database (it holds the advisory lock);"
    " stop it first, or give this one a database of its own"
)
_CONNECTION_BOUNDS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_SILENCE_BOUNDS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3 -c tcp_user_timeout=15s"
)
"""PostgreSQL's own: a machine that lost its power would else have the lock for two hours."""
_STATEMENT_BOUNDS = f"-c statement_timeout={STATEMENT_TIMEOUT_S}s -c lock_timeout=5s"
_READER_BOUNDS = r"-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\ read"
"""Only a transaction that is repeatable sees one state in all its statements, as each does on SQLite."""

# SQLSTATE classes: connection lost, transaction rolled back by the database, no resources (disk, memory,
# connections), operator's intervention, system error, internal error.
_UNAVAILABLE_CLASSES = frozenset({"08", "40", "53", "57", "58", "XX"})

_WHICH = "target_session_attrs"

T = TypeVar("T")


class _Connection(psycopg.Connection[Any]):
    """One that is closed, and of no more use, where an answer does not come in time."""

    def _answer_timeout(self) -> float:
        return ANSWER_TIMEOUT_S

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer: all that is sent and received goes through here, but for the first hand-shake."""
        longest = self._answer_timeout() if timeout is None else timeout
        try:
            return super().wait(gen, interval, longest)
        except errors._WaitTimeout:
            self.close()
            raise psycopg.OperationalError(f"it has given no answer for {longest:g} s") from None


class _MigratingConnection(_Connection):
    def _answer_timeout(self) -> float:
        return MIGRATION_TIMEOUT_S


class PostgresqlDatabase:
    """A database of a PostgreSQL server."""

    def __init__(self, url: URL) -> None:
        self._name = f"playvoice {secrets.token_hex(8)}"
        """By which PostgreSQL knows the sessions that write for this server."""
        self._reader_engine = _make_engine(_for_reading(url), _STATEMENT_BOUNDS, _READER_BOUNDS)
        self._writer_engine = _make_engine(url, _STATEMENT_BOUNDS, name=self._name)

    def connect_writer(self) -> Connection:
        conn = self._writer_engine.connect()
        try:
            if not conn.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK_KEY})").scalar_one():
                self._take_lock_from_lost_session(conn)
            conn.commit()
        except BaseException:
            conn.close()
            raise
        return conn

    def _take_lock_from_lost_session(self, conn: Connection) -> None:
        """Have the session ended that this server had before, if it has the lock, and take the lock.

        StoreTaken where it is another server's; StoreUnavailable where PostgreSQL does not end the session in time.
        """
        holder = conn.execute(LOCK_HOLDER).first()
        if holder is not None and holder.application_name != self._name:
            raise StoreTaken(_TAKEN)
        if holder is not None:
            conn.exec_driver_sql(f"SELECT pg_terminate_backend({holder.pid})")
        try:
            conn.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_KEY})")
        except DBAPIError as error:
            if not isinstance(error.orig, errors.LockNotAvailable):
                raise
            if holder is None:  # it has just ended, and another server was quicker
                raise StoreTaken(_TAKEN) from error
            raise StoreUnavailable(
                f"PostgreSQL's process {holder.pid}, of a connection that was lost, does not end and keeps the lock"
            ) from error

    def connect_reader(self) -> Connection:
        return self._reader_engine.connect()

    def begin(self, conn: Connection, *, reading: bool = False) -> None:
        conn.begin()

    def savepoint(self, conn: Connection) -> None:
        _driver(conn).execute("SAVEPOINT fact")

    def keep(self, conn: Connection) -> None:
        _driver(conn).execute("RELEASE SAVEPOINT fact")

    def undo(self, conn: Connection) -> None:
        _driver(conn).execute("ROLLBACK TO SAVEPOINT fact")
        _driver(conn).execute("RELEASE SAVEPOINT fact")

    def is_unavailable(self, error: BaseException, *, reading: bool = False) -> bool:
        return is_unavailable(error, reading=reading)

    def after_error(self, conn: Connection, error: Exception) -> bool:
        return conn.invalidated or _driver(conn).closed

    def has_changed(self, conn: Connection) -> bool:
        return True  # it answered, at least

    def after_commit(self) -> None:
        """PostgreSQL keeps its own house."""

    def copy_to(self, path: Path) -> None:
        raise StoreError(WITH_ITS_TOOLS)

    def close(self) -> None:
        self._writer_engine.dispose()
        self._reader_engine.dispose()


def is_unavailable(error: BaseException, *, reading: bool = False) -> bool:
    """What :meth:`Database.is_unavailable` tells; it takes no open database."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    original = getattr(error, "orig", None) or error
    if not isinstance(original, psycopg.Error):
        return False
    if original.sqlstate is None:
        return isinstance(original, psycopg.OperationalError | psycopg.InterfaceError)
    if isinstance(original, errors.ReadOnlySqlTransaction):
        return not reading
    if isinstance(original, errors.LockNotAvailable | errors.InsufficientPrivilege):  # a table is somebody else's now
        return True
    return original.sqlstate[:2] in _UNAVAILABLE_CLASSES


def connect_for_schema(url: URL) -> Connection:
    """Open a connection for migrations; these may take their time. It waits for those that are under way."""
    conn = _make_engine(url, kind=_MigratingConnection).connect()
    try:
        conn.exec_driver_sql(f"SELECT pg_advisory_lock({SCHEMA_LOCK_KEY})")
        conn.commit()
    except BaseException:
        conn.close()
        raise
    return conn


def connect_for_reading(url: URL) -> Connection:
    """Open a connection that only reads."""
    return _make_engine(_for_reading(url), _STATEMENT_BOUNDS, _READER_BOUNDS).connect()


def _for_reading(url: URL) -> URL:
    """The address for sessions that can only read, which `read-write` would refuse: the same server, of several."""
    if url.query.get(_WHICH) != "read-write":
        return url
    return url.update_query_dict({_WHICH: "primary"})


def _make_engine(url: URL, *options: str, name: str = "playvoice", kind: type[_Connection] = _Connection) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,  # there are secrets among them, and errors go into logs
        connect_args={
            **_CONNECTION_BOUNDS,
            "application_name": name,
            "options": " ".join((_SILENCE_BOUNDS, *options)),
        },
    )

    def connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> psycopg.Connection:
        return kind.connect(*arguments, **named)

    event.listen(engine, "do_connect", connect)
    return engine


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
