"""A PostgreSQL of a run's own: tables locked by another session, a crash of it, commits that are lost or come late.

The servers reach it through a relay. What they have sent to it when they are killed arrives all the same, and their
sessions end only when PostgreSQL notices.
"""

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from alembic import command
from psycopg import sql
from sqlalchemy import text
from tests.chaos.database import REVISION, Outage
from tests.postgresql import PostgresqlServer
from tests.postgresql_relay import PostgresqlRelay

from playvoice.migrations.due import alembic_config
from playvoice.simulator.configuration import GROUP
from playvoice.store import schema_connection

LOOK = 0.002
LOCKED_BEYOND, AWAY_BEYOND, LATE = 12.0, 2.0, 2.0
"""Seconds from the start of the next server until the tables are let go, PostgreSQL is started, or the last commit of
the one before arrives: longer than a start waits for a table, and than it takes until it asks for the database."""
OF_REQUEST = f"@{GROUP}".encode()
OF_MIGRATION = b"UPDATE alembic_version"
"""What stands in a transaction that stores a request, and in one that changes the tables."""
ENDS_WITHIN = 20.0
"""Seconds from the end of a server to that of its sessions."""

_REVISION = "SELECT version_num FROM alembic_version"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version'"
_SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'playvoice'"
)
_MIGRATE = (
    "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database()"
    " AND application_name = 'playvoice' AND (mode = 'AccessExclusiveLock' OR locktype = 'advisory' AND NOT granted)"
)
"""Sessions that change tables, or wait until another one has done so."""
_COLUMNS = (
    "SELECT table_name, string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
    " JOIN (SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'newer') AS newer"
    " USING (table_name, column_name) WHERE table_schema = 'public' AND table_name != 'alembic_version'"
    " GROUP BY table_name"
)
_SEQUENCES = (
    "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND sequencename IN"
    " (SELECT sequencename FROM pg_sequences WHERE schemaname = 'newer')"
)


class PostgresqlDatabase:
    """A database of a PostgreSQL that can be crashed; its outages are of each kind in turn."""

    def __init__(self, server: PostgresqlServer, url: str, relay: PostgresqlRelay) -> None:
        self._server = server
        self._behind = url
        self._relay = relay
        kinds: list[Callable[[], Outage]] = [self._lose_commit, self._lock, self._crash, self._hold_commit]
        self._outages = itertools.cycle(kinds)
        self.url = relay.url

    def begin_outage(self) -> Outage:
        return next(self._outages)()

    def bring_back(self, revision: str = REVISION) -> None:
        self._wait_for_sessions()
        with schema_connection(self._behind) as conn:
            conn.execute(text("SET session_replication_role = replica"))  # no foreign key is checked
            conn.execute(text("ALTER SCHEMA public RENAME TO newer"))
            conn.execute(text("CREATE SCHEMA public"))
            command.upgrade(alembic_config(conn), revision)
            for table, names in conn.execute(text(_COLUMNS)).all():
                conn.execute(text(f"INSERT INTO public.{table} ({names}) SELECT {names} FROM newer.{table}"))
            for name in conn.execute(text(_SEQUENCES)).scalars().all():
                conn.execute(text(f"SELECT setval('public.{name}', last_value, is_called) FROM newer.{name}"))
            conn.execute(text("DROP SCHEMA newer CASCADE"))
        self._relay.hold_commit(OF_MIGRATION, LATE)

    def revision(self) -> str:
        return str(self._ask(_REVISION)[0][0])

    def wait_for_migration(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        with psycopg.connect(self._behind, autocommit=True) as conn:
            of_dead_servers = set(conn.execute(_MIGRATE))
            while time.monotonic() < until and conn.execute(_REVISION).fetchall() == [(REVISION,)]:
                if set(conn.execute(_MIGRATE)) - of_dead_servers:
                    return True
                time.sleep(LOOK)
        return False

    # --- outages --------------------------------------------------------------------------------------------------

    def _crash(self) -> Outage:
        self._server.crash()
        return Outage("crashed", self._server.start, AWAY_BEYOND)

    def _lock(self) -> Outage:
        conn = psycopg.connect(self._behind)
        conn.execute("SET deadlock_timeout = '1min'")  # it is the server that is to go on in that case
        tables = sql.SQL(", ").join(sql.Identifier(name) for (name,) in conn.execute(_TABLES))
        conn.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(tables))
        return Outage("locked", conn.close, LOCKED_BEYOND)

    def _hold_commit(self) -> Outage:
        self._relay.hold_commit(OF_REQUEST)
        return Outage("slow: a commit arrived after the end of its server", self._relay.hand_on, LATE)

    def _lose_commit(self) -> Outage:
        self._relay.cut_at_commit(OF_REQUEST)
        return Outage("cut off, and a commit's answer lost", self._relay.admit)

    # --------------------------------------------------------------------------------------------------------------

    def _wait_for_sessions(self) -> None:
        until = time.monotonic() + ENDS_WITHIN
        while self._ask(_SESSIONS) != [(0,)]:
            if time.monotonic() > until:
                raise TimeoutError(f"sessions of a server that has ended are there after {ENDS_WITHIN:g} s")
            time.sleep(LOOK)

    def _ask(self, query: LiteralString) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._behind, autocommit=True) as conn:
            return conn.execute(query).fetchall()


@contextmanager
def own_postgresql(folder: Path) -> Iterator[PostgresqlDatabase]:
    """Run a PostgreSQL with an empty database; its log is left in `folder`."""
    with ExitStack() as stack:
        server = PostgresqlServer()
        stack.callback(server.remove)
        stack.callback(lambda: shutil.copy(server.log, folder / "postgresql.log"))
        server.start()
        yield stack.enter_context(database_in(server))


@contextmanager
def database_in(server: PostgresqlServer) -> Iterator[PostgresqlDatabase]:
    """Make an empty database in a PostgreSQL, which is crashed and started in outages."""
    with tempfile.TemporaryDirectory(prefix="playvoice-relay-") as socket:
        url = server.create_database()
        with PostgresqlRelay(url, Path(socket)) as relay:
            yield PostgresqlDatabase(server, url, relay)
