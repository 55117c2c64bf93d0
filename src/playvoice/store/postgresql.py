"""PostgreSQL: the one-server lock is an advisory lock of the writer's own session.

Whoever writes therefore holds the lock: a server that lost its connection takes the lock anew with the next
one, and if another server was quicker, it can't write any more. A network that swallows packets is found
out within about 15 s by the timeouts below; they bound one statement too, for every statement of the store
is a short one.
"""

from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from playvoice.store.errors import StoreError, StoreTaken

LOCK_KEY = 0x706C6179766F6963  # "playvoic"
CONNECT_TIMEOUT_S = 5
WITH_ITS_TOOLS = (
    "a PostgreSQL database is copied by PostgreSQL's own tools, also while the server runs: pg_dump -Fc, and pg_restore"
    " into an empty database while it does not"
)
_CONNECTION_BOUNDS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "playvoice",
}
_STATEMENT_BOUNDS = "-c statement_timeout=15s -c lock_timeout=5s"
_READER_BOUNDS = r"-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\ read"
"""Only a transaction that is repeatable sees one state in all its statements, as each does on SQLite."""

# SQLSTATE classes: connection lost, transaction rolled back by the database, no resources (disk, memory,
# connections), operator's intervention, system error, internal error.
_UNAVAILABLE_CLASSES = frozenset({"08", "40", "53", "57", "58", "XX"})


class PostgresqlDatabase:
    """A database of a PostgreSQL server."""

    def __init__(self, url: URL) -> None:
        self._reader_engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=_connect_args(_READER_BOUNDS),
        )
        self._writer_engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=_connect_args(),
        )

    def connect_writer(self) -> Connection:
        conn = self._writer_engine.connect()
        try:
            locked = conn.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK_KEY})").scalar_one()
            conn.commit()
        except BaseException:
            conn.close()
            raise
        if not locked:
            conn.close()
            raise StoreTaken(
                "another PlayVoice server works on this database (it holds the advisory lock);"
                " stop it first, or give this one a database of its own"
            )
        return conn

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

    def is_lost(self, conn: Connection, error: Exception) -> bool:
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
    return original.sqlstate[:2] in _UNAVAILABLE_CLASSES


def connect_for_schema(url: URL) -> Connection:
    """Open a connection for migrations; these may take their time."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=_CONNECTION_BOUNDS,
    )
    return engine.connect()


def connect_for_reading(url: URL) -> Connection:
    """Open a connection that only reads."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=_connect_args(_READER_BOUNDS),
    )
    return engine.connect()


def _connect_args(options: str = "") -> dict[str, Any]:
    return {**_CONNECTION_BOUNDS, "options": f"{_STATEMENT_BOUNDS} {options}".strip()}


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
