"""What is done to a server's database: locked, or brought back to an older revision for a start to migrate."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from alembic import command

from playvoice.migrations.due import alembic_config
from playvoice.store import schema_connection

REVISION = "0006"
"""Of the version that it is brought back to: the last one without traces of calls."""
LOOK = 0.002


def bring_back(database: Path, revision: str = REVISION) -> None:
    """Put the database of a dead server in the shape of this revision; what that has no place for is lost."""
    older = database.with_name("older.db")
    with schema_connection(f"sqlite:///{older}") as conn:
        command.upgrade(alembic_config(conn), revision)
    with closing(sqlite3.connect(older, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("ATTACH ? AS newer", (str(database),))
        conn.execute("BEGIN")
        for table in _tables(conn, "main"):
            names = ", ".join(sorted(_columns(conn, "main", table) & _columns(conn, "newer", table)))
            conn.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
        conn.execute("DELETE FROM main.sqlite_sequence")
        conn.execute("INSERT INTO main.sqlite_sequence SELECT * FROM newer.sqlite_sequence")
        conn.execute("COMMIT")
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    older.replace(database)


def revision_of(database: Path) -> str:
    """Which revision the database is at."""
    with closing(sqlite3.connect(database)) as conn:
        return str(conn.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def lock(database: Path) -> sqlite3.Connection:
    """Take the database, so that nobody else can write in it until this is closed."""
    conn = sqlite3.connect(database, isolation_level=None)
    conn.execute("BEGIN IMMEDIATE")
    return conn


def wait_for_writer(database: Path, seconds: float) -> bool:
    """Wait until somebody has taken the database to write in it; False if nobody does in so many seconds."""
    until = time.monotonic() + seconds
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as conn:
        while time.monotonic() < until:
            try:
                conn.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            conn.execute("ROLLBACK")
            time.sleep(LOOK)
    return False


def _tables(conn: sqlite3.Connection, schema: str) -> list[str]:
    rows = conn.execute(
        f"SELECT name FROM {schema}.sqlite_master"
        " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name != 'alembic_version'"
    )
    return [str(name) for (name,) in rows]


def _columns(conn: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {str(row[1]) for row in conn.execute(f"PRAGMA {schema}.table_info({table})")}
