"""An SQLite file in a run: locked by another connection, or brought back to an older revision."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from alembic import command
from tests.chaos.database import REVISION, Outage

from playvoice.migrations.due import alembic_config
from playvoice.store import schema_connection

LOOK = 0.002


class SqliteFile:
    """The file at a path; the first server makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"

    def begin_outage(self) -> Outage:
        conn = sqlite3.connect(self._path, isolation_level=None)
        conn.execute("BEGIN IMMEDIATE")
        return Outage("locked", conn.close)

    def bring_back(self, revision: str = REVISION) -> None:
        older = self._path.with_name("older.db")
        with schema_connection(f"sqlite:///{older}") as conn:
            command.upgrade(alembic_config(conn), revision)
        with closing(sqlite3.connect(older, isolation_level=None)) as conn:
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute("ATTACH ? AS newer", (str(self._path),))
            conn.execute("BEGIN")
            for table in _tables(conn, "main"):
                names = ", ".join(sorted(_columns(conn, "main", table) & _columns(conn, "newer", table)))
                conn.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
            conn.execute("DELETE FROM main.sqlite_sequence")
            conn.execute("INSERT INTO main.sqlite_sequence SELECT * FROM newer.sqlite_sequence")
            conn.execute("COMMIT")
        for end in ("-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        older.replace(self._path)

    def revision(self) -> str:
        with closing(sqlite3.connect(self._path)) as conn:
            return str(conn.execute("SELECT version_num FROM alembic_version").fetchone()[0])

    def wait_for_migration(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        with closing(sqlite3.connect(self._path, timeout=0, isolation_level=None)) as conn:
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
