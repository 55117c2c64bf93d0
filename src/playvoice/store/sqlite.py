"""SQLite: WAL with a sync at each commit, a lock file beside it, checkpoints on a thread of their own.

The writer never checkpoints (``wal_autocheckpoint=0``): copying the log into the database would hold up the
facts that wait for the next commit. The checkpointer copies while the writer goes on writing (``PASSIVE``);
only where the log has grown large all the same, because there was never a pause in which it could begin
anew, it stops the writer for the little that is left (``RESTART``), and gives up at once if a long read is
in the way.

A log whose head or middle is damaged is refused at the start, for SQLite would leave out in silence what was committed
to it from there on.
Where damage shows while the server runs, nothing is stored any more until the database is found whole again.
A log that somebody removes meanwhile is still there for who has it open: it is copied into the database before the
next commit, and all connections are made anew.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from playvoice.store.errors import StoreError, StoreUnavailable
from playvoice.store.sqlite_copies import check_replaced, copy_database, put_in_place
from playvoice.store.sqlite_files import DatabaseFile, OpenFile, check_log, lock_database

BUSY_TIMEOUT_MS = 5_000
CHECKPOINT_EVERY_BYTES = 4 * 1024 * 1024
RESTART_AT_BYTES = 32 * 1024 * 1024
CHECKPOINT_BUSY_TIMEOUT_MS = 50
CHECK_SECONDS = 5.0
"""Time to look for damage at the start; what a larger database has beyond that is not looked at."""
MIN_ROOM = 64 * 1024
"""Octets; with less a database can't be opened: the index of its log alone takes 32 KiB."""
CHECK_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock."""

_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""The primary result codes with which SQLite says that it can't work now; others are the statement's fault."""

_BEGIN = "BEGIN IMMEDIATE"
"""Takes the write lock at once: a transaction that finds it taken half-way could only be given up."""

_LOGS_LOST = "logs_lost"
"""In what a connection knows of itself: the logs that were lost before it was made."""

_log = structlog.get_logger(__name__)


class _LogLost(StoreUnavailable):
    """This connection has a log open that is not the database's any more."""


class SqliteDatabase:
    """A database in one file."""

    def __init__(self, url: URL) -> None:
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise StoreError(
                "the database must be a file, for several threads use it; expected sqlite:///path/to/file.db"
            )
        self._path = Path(url.database)
        self._lock = lock_database(self._path)
        self._engine = _make_engine(url)
        self._file = DatabaseFile(self._path)
        self._log = OpenFile(self._path.with_name(self._path.name + "-wal"))
        self._logs_lost = 0
        self._checkpointer: _Checkpointer | None = None
        self._sound = False
        """No damage is known of, and it was looked for."""
        self._changes_before = 0
        """Of the connection that writes, when its transaction began."""

    def connect_writer(self) -> Connection:
        self._file.check()
        if self._sound:
            return self._connect_writer()
        with _words_of_disk(self._path):
            if self._checkpointer is None:
                check_replaced(self._path)
                check_log(self._path)
            conn = self._connect_writer()
            try:
                _look_for_damage(conn, self._path, to_the_end=self._checkpointer is not None)
            except BaseException:
                conn.close()
                raise
        self._sound = True
        if self._checkpointer is None:
            self._file.remember()
            self._checkpointer = _Checkpointer(self._path, self._file)
        return conn

    def _connect_writer(self) -> Connection:
        conn = self._connect(
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            f"PRAGMA journal_size_limit={CHECKPOINT_EVERY_BYTES}",
        )
        self._log.remember()
        return conn

    def connect_reader(self) -> Connection:
        self._file.check()
        return self._connect("PRAGMA query_only=ON")

    def _connect(self, *pragmas: str) -> Connection:
        logs_lost = self._logs_lost
        conn = _connect(self._engine, "PRAGMA foreign_keys=ON", "PRAGMA wal_autocheckpoint=0", *pragmas)
        conn.info[_LOGS_LOST] = logs_lost
        return conn

    def begin(self, conn: Connection, *, reading: bool = False) -> None:
        if not reading:
            self._file.check()
            if not self._sound:
                raise StoreUnavailable(f"the database {self._path} is damaged")
            if self._log.is_another():
                self._save_lost_log(_driver(conn))
            self._changes_before = _driver(conn).total_changes
        if conn.info[_LOGS_LOST] != self._logs_lost:
            raise _LogLost(f"the database's log {self._log.path} was removed; it is copied into the database")
        conn.begin()
        _driver(conn).execute("BEGIN" if reading else _BEGIN)

    def _save_lost_log(self, driver: sqlite3.Connection) -> None:
        """Copy into the database what stands in the log that only this connection and the readers' have open.

        StoreUnavailable where somebody reads or writes for too long. What stands in its place is nobody's.
        """
        if driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise StoreUnavailable(
                f"the database's log {self._log.path} was removed or replaced while the server uses it, and the"
                " database is in use, so that it can't be copied into it now"
            )
        self._logs_lost += 1
        self._log.path.unlink(missing_ok=True)
        _log.error("database_log_removed", path=str(self._log.path), saved=True)

    def savepoint(self, conn: Connection) -> None:
        _driver(conn).execute("SAVEPOINT fact")

    def keep(self, conn: Connection) -> None:
        _driver(conn).execute("RELEASE fact")

    def undo(self, conn: Connection) -> None:
        driver = _driver(conn)
        driver.execute("ROLLBACK TO fact")
        driver.execute("RELEASE fact")

    def is_unavailable(self, error: BaseException, *, reading: bool = False) -> bool:
        return is_unavailable(error, reading=reading)

    def after_error(self, conn: Connection, error: Exception) -> bool:
        if _is_damage(getattr(error, "orig", None) or error):
            self._sound = False  # what a reader found is the writer's matter, too
            return True
        return isinstance(error, _LogLost) or not self._sound

    def has_changed(self, conn: Connection) -> bool:
        return _driver(conn).total_changes != self._changes_before

    def after_commit(self) -> None:
        if not self._log.is_known:  # the first commit to a new database makes it
            self._log.remember()
        if self._checkpointer is not None:
            self._checkpointer.consider()

    def copy_to(self, path: Path) -> None:
        copy_database(self._path, path)

    def close(self) -> None:
        if self._checkpointer is not None:
            self._checkpointer.close()
        self._engine.dispose()
        self._lock.release()


def replace(url: URL, copy: Path, aside: str) -> Path | None:
    """Put a copy in the place of the database, which no server may be working on (`put_in_place`)."""
    database = SqliteDatabase(url)
    try:
        return put_in_place(copy, database._path, aside)
    finally:
        database.close()


def is_unavailable(error: BaseException, *, reading: bool = False) -> bool:
    """What :meth:`Database.is_unavailable` tells; it takes no open database."""
    original = getattr(error, "orig", None) or error
    if not isinstance(original, sqlite3.Error):
        return False
    code = getattr(original, "sqlite_errorcode", None)
    if code is None or (reading and code & 0xFF == sqlite3.SQLITE_READONLY):
        return False
    return code & 0xFF in _UNAVAILABLE


def connect_for_schema(url: URL) -> Connection:
    """Open a connection for migrations, in a transaction; they rebuild tables, so no foreign keys are checked."""
    return _connect(_make_engine(url), "PRAGMA foreign_keys=OFF", "PRAGMA synchronous=FULL", _BEGIN)


def is_there(path: Path) -> bool:
    """Whether there is a database. StoreError, in words, where this user can't look."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(
            f"the database {path} can't be looked at: {error.strerror}; type this as the user that the server runs as"
        ) from error
    return True


def connect_for_reading(url: URL) -> Connection:
    """Open a connection that only reads, in a transaction; the file has to be there."""
    path = Path(url.database or "").absolute()
    if not is_there(path):
        raise StoreError(f"there is no database {path} yet; the server makes it at its first start")
    # Without a log nobody writes, and immutable keeps SQLite from making one: it would be of whoever only looks.
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    address = f"{path.as_uri()}?mode=ro{'&immutable=1' if at_rest else ''}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
        poolclass=NullPool,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _leave_transactions_to_us)
    return _connect(engine, "PRAGMA query_only=ON", "BEGIN")


def _make_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,  # there are secrets among them, and errors go into logs
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _leave_transactions_to_us)
    return engine


def _connect(engine: Engine, *statements: str) -> Connection:
    conn = engine.connect()
    try:
        driver = _driver(conn)
        for statement in (f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}", *statements):
            driver.execute(statement).close()
    except BaseException:
        conn.close()
        raise
    return conn


def _driver(conn: Connection) -> sqlite3.Connection:
    driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None


def _is_damage(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, sqlite3.Error) and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _look_for_damage(conn: Connection, path: Path, *, to_the_end: bool) -> None:
    """Read the whole database, or what can be read in the time for it: StoreError, in words, if it is damaged.

    Else damage would show in the middle of calls, whose records had nowhere to go. `to_the_end`: damage was seen, so
    one that can't be read to its end in time counts as damaged.
    """
    driver, until = _driver(conn), time.monotonic() + CHECK_SECONDS
    driver.set_progress_handler(lambda: time.monotonic() > until, CHECK_STEPS)
    try:
        found = driver.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        if to_the_end:
            raise _damaged(path, f"its pages could not all be read in {CHECK_SECONDS:g} s") from error
        _log.info("database_checked_in_part", seconds=CHECK_SECONDS)
        return
    finally:
        driver.set_progress_handler(None, 0)
    if found != [("ok",)]:
        raise _damaged(path, str(found[0][0]))


@contextmanager
def _words_of_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            raise _damaged(path, str(error)) from error
        if _room_beside(path) < MIN_ROOM:  # SQLite may call it an I/O error
            raise StoreError(
                f"the database {path} can't be opened, for its disk is full ({error}); make room"
            ) from error
        raise


def _room_beside(path: Path) -> int:
    """Octets that a file beside this one may have."""
    status = os.statvfs(path.parent)
    return status.f_bavail * status.f_frsize


def _damaged(path: Path, what: str) -> StoreError:
    what = " ".join(what.split())
    return StoreError(
        f"the database {path} is damaged: {what}; put a backup in its place,"
        " or save what can be read of it by the `.recover` of SQLite's command line"
    )


class _Checkpointer:
    """Copies the write-ahead log into the database, away from the writer."""

    def __init__(self, path: Path, file: DatabaseFile) -> None:
        self._path = path
        self._file = file
        self._log_path = str(path.with_name(path.name + "-wal"))
        self._size_at_last = 0
        self._wanted = threading.Event()
        self._busy = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store-checkpoint", daemon=True)
        self._thread.start()

    def consider(self) -> None:
        """Have a checkpoint made if the log has grown enough since the last one; costs a stat."""
        if self._busy or self._wanted.is_set():
            return
        size = self._log_size()
        self._size_at_last = min(self._size_at_last, size)
        if size - self._size_at_last >= CHECKPOINT_EVERY_BYTES:
            self._wanted.set()

    def close(self) -> None:
        self._closing = True
        self._wanted.set()
        self._thread.join()

    def _log_size(self) -> int:
        try:
            return os.stat(self._log_path).st_size  # noqa: PTH116 - each commit pays it
        except OSError:
            return 0

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            # Cleared before the work, not after it: what is wanted meanwhile, the end above all, must not be lost.
            self._wanted.clear()
            if self._closing:
                return
            self._busy = True
            try:
                self._checkpoint()
            except (sqlite3.Error, StoreUnavailable) as error:
                _log.warning("checkpoint_failed", error=str(error), log_bytes=self._log_size())
            self._size_at_last = self._log_size()
            self._busy = False

    def _checkpoint(self) -> None:
        self._file.check()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={CHECKPOINT_BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if self._log_size() >= RESTART_AT_BYTES:
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
