"""The databases of earlier versions that are kept beside this file, and what is done to them before a test has one.

`scripts/keep_database.py` makes them; it says what is in them. Addresses in them are fixed ports, and their times those
of the day on which they were made.
"""

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

DATABASES = Path(__file__).parent / "databases"
KINDS = ("sqlite", "postgresql")
_INSTANT = re.compile(r"\b1[78]\d{14}\b")
"""A time in microseconds since 1970, of the years 2023 to 2030."""


def revisions() -> list[str]:
    """The migrations of which databases are kept, the oldest first."""
    return sorted({path.name.partition(".")[0] for path in DATABASES.glob("*.sql")})


def read(revision: str, kind: str) -> str:
    """The SQL text of one."""
    return (DATABASES / f"{revision}.{kind}.sql").read_text(encoding="utf-8")


def as_if_killed_lately(sql: str, ago: float = 100.0) -> str:
    """Move all times, so that the last call was accepted so many seconds ago.

    What waits has not expired then, and what is owed is due.
    """
    accepted = max(int(found) for found in re.findall(r"calls\"? VALUES ?\((?:[^,]+, ?){5}(\d{16})", sql))
    later = round((time.time() - ago) * 1e6) - accepted
    return _INSTANT.sub(lambda found: str(int(found[0]) + later), sql)


def with_ports(sql: str, ports: Mapping[int, int]) -> str:
    """Put other ports in the places of those that stand there."""
    return re.sub(r"\b\d{4}\b", lambda found: str(ports.get(int(found[0]), found[0])), sql)


def load(sql: str, url: str) -> None:
    """Make it the database at `url`, which is empty."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(address.database))) as database:
            database.executescript(sql)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.encode())


def rows_of(conn: Connection) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables, in no order that counts."""
    if conn.dialect.name == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    found = {}
    for name in conn.execute(text(names)).scalars().all():
        found[name] = [dict(row) for row in conn.execute(text(f'SELECT * FROM "{name}"')).mappings()]
    return found
