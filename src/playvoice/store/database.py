"""What the store asks of a database, and the choice of one by its address."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from playvoice.store.errors import StoreError


class Database(Protocol):
    """One kind of database, at one address."""

    def connect_writer(self) -> Connection:
        """Open the one connection that writes, holding the one-server lock as long as the server needs it.

        StoreError says in words that another server has the lock; the driver's errors pass through.
        """

    def connect_reader(self) -> Connection:
        """Open a connection that can only read."""

    def begin(self, conn: Connection, *, reading: bool = False) -> None:
        """Begin the transaction of one commit, or of one query.

        StoreUnavailable says in words that the database is not where it was; nothing is begun then.
        """

    def savepoint(self, conn: Connection) -> None:
        """Begin what :meth:`keep` or :meth:`undo` ends: the part of a transaction that is one fact."""

    def keep(self, conn: Connection) -> None:
        """Keep what was done since the savepoint."""

    def undo(self, conn: Connection) -> None:
        """Undo what was done since the savepoint, and nothing else."""

    def is_unavailable(self, error: BaseException, *, reading: bool = False) -> bool:
        """Tell a database that can't do its work now (away, full, locked) from a statement that is wrong.

        One that can only be read is unavailable to the writer; to a reader that error means a query that writes.
        """

    def after_error(self, conn: Connection, error: Exception) -> bool:
        """Note what an error says of the database; called for each that a connection meets, on its thread.

        Returns whether the connection is of no use any more, so that a new one may do what it could not.
        """

    def has_changed(self, conn: Connection) -> bool:
        """Tell whether the last commit changed any row; one that did not says nothing about what can be stored."""

    def after_commit(self) -> None:
        """Do, or have done elsewhere, what the database needs after a commit; called on the writer thread."""

    def copy_to(self, path: Path) -> None:
        """Write one state of the database into a new file while others write; StoreError where that is not done so."""

    def close(self) -> None:
        """Give the lock back and end what helps the database; the connections are closed before."""


def parse_url(url: str | URL) -> URL:
    """Read a database address; StoreError says what is wrong with it, without its password.

    A link to a file is followed: SQLite keeps its log beside the file that the link leads to, and so do we the lock.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(
            "the database address can't be read; expected sqlite:///path/to/file.db or postgresql://user@host/db"
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"a database of kind {parsed.get_backend_name()!r} is not supported;"
            " expected sqlite:///path/to/file.db or postgresql://user@host/db"
        )
    path = parsed.database
    if parsed.get_backend_name() == "sqlite" and path and not path.startswith((":", "file:")):
        return parsed.set(database=os.path.realpath(path))
    return parsed


def open_database(url: str) -> Database:
    """Choose the database by its address; nothing is opened yet but SQLite's lock file."""
    from playvoice.store.postgresql import PostgresqlDatabase
    from playvoice.store.sqlite import SqliteDatabase

    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteDatabase(parsed)
    return PostgresqlDatabase(parsed)


@contextmanager
def reading_connection(url: str | URL) -> Iterator[Connection]:
    """Open a connection that reads one state of the database, whether or not a server works on it.

    It takes no lock and makes no file. StoreError says in words that the database can't be read, also by what is asked.
    """
    from playvoice.store import postgresql, sqlite

    parsed = parse_url(url)
    connect = sqlite.connect_for_reading if parsed.get_backend_name() == "sqlite" else postgresql.connect_for_reading
    try:
        conn = connect(parsed)
        try:
            yield conn
        finally:
            conn.close()
    except (DBAPIError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        old = re.search(r"no such (table|column)|does not exist", reason) is not None
        hint = "; it is of another version, and the server brings it up to date as it starts" if old else ""
        raise StoreError(f"the database can't be read: {reason}{hint}") from error


@contextmanager
def schema_connection(url: str) -> Iterator[Connection]:
    """Open a connection for migrations: one transaction, committed at the end, undone by an exception.

    StoreError says in words that the database can't do its work, also later, where it is full, say. It takes no
    one-server lock, for the store that is being started has it, and no time limit. Foreign keys are not checked while
    SQLite's tables are rebuilt.
    """
    from playvoice.store import postgresql, sqlite

    parsed = parse_url(url)
    kind = sqlite if parsed.get_backend_name() == "sqlite" else postgresql
    try:
        conn = kind.connect_for_schema(parsed)
    except (DBAPIError, sqlite3.Error) as error:
        raise StoreError(f"the database can't be opened: {getattr(error, 'orig', error)}") from error
    try:
        with conn.begin():
            yield conn
    except DBAPIError as error:
        if not kind.is_unavailable(error):
            raise
        raise StoreError(f"the database can't be changed: {error.orig}") from error
    finally:
        conn.close()
