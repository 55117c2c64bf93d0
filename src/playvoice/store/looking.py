"""A look at a database that a server may be working on: nothing is locked, made or changed.

Who has the one-server lock is asked of whoever keeps it, the kernel or PostgreSQL; to try to take it could keep a
server from starting.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from playvoice.store import postgresql, sqlite
from playvoice.store.database import parse_url, reading_connection
from playvoice.store.errors import StoreError
from playvoice.store.sqlite_copies import check_copy


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the one-server lock."""

    pid: int | None
    """A process of this machine; None where the database does not know it."""
    name: str
    """In words for the operator."""


def directory_of(url: str) -> Path | None:
    """The directory that a database's files are in, None for one on a server. StoreError for no address."""
    parsed = parse_url(url)
    return Path(parsed.database).parent if parsed.get_backend_name() == "sqlite" and parsed.database else None


def replace_database(url: str, copy: Path, aside: str) -> Path | None:
    """Put a whole copy in the place of a database that no server works on.

    Returns where the one before is now, its name with the ending `aside`, None if there was none. StoreError if a
    server works on it, the copy is damaged, or the database is not kept in a file.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(postgresql.WITH_ITS_TOOLS)
    check_copy(copy)
    return sqlite.replace(parsed, copy, aside)


@contextmanager
def look(url: str) -> Iterator[Connection | None]:
    """Open a connection that can only read, None where there is no database yet. StoreError if it can't be read."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not sqlite.is_there(Path(parsed.database or "")):
        yield None
        return
    with reading_connection(url) as conn:
        yield conn


@contextmanager
def look_into_copy(path: Path) -> Iterator[Connection]:
    """Open a connection that can only read a copy, whatever characters its path has. StoreError if it can't be read."""
    with reading_connection(URL.create("sqlite", database=str(path))) as conn:
        yield conn


def holder_of(url: str) -> Holder | None:
    """Who has the one-server lock of this database, None where nobody has. StoreError if it can't be asked."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _lock_file_holder(Path(f"{parsed.database}.lock"))
    with look(url) as conn:
        assert conn is not None
        row = conn.execute(postgresql.LOCK_HOLDER).first()
    return None if row is None else Holder(None, f"a server at {row.client_addr or 'this machine'}")


def _lock_file_holder(path: Path) -> Holder | None:
    """Whom /proc/locks names for the lock file: its process id stands in the file as well."""
    try:
        inode = path.stat().st_ino
        locks = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return None
    for line in locks.splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
            pid = int(fields[4])
            if _names(path, pid):
                return Holder(pid, f"process {pid}")
    return None


def _names(path: Path, pid: int) -> bool:
    """Whether a lock file tells this process, as inodes alone may be those of two file systems."""
    try:
        with path.open("rb") as file:
            return file.read(20).strip() == str(pid).encode() and os.path.exists(f"/proc/{pid}")
    except OSError:
        return True  # of another user, who has it locked
