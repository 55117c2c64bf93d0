"""Whole copies of an SQLite database: made while a server writes, and put in the place of another one."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from playvoice.store.errors import StoreError

WITH_IT = ("-wal", "-shm", "-journal")
"""What SQLite may have beside a database."""


def copy_database(source: Path, to: Path) -> None:
    """Write one state of a database into a new file, which is whole on the disk or not there; StoreError if not.

    It is whole, too, in what `check_copy` looks at: a copy of a damaged database is none.

    In WAL mode nobody who writes meanwhile waits; the log grows until the copy is made, for nothing of it can be taken
    into the database before.
    """
    part = _part_of(to)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as database,
            closing(sqlite3.connect(part)) as copy,
        ):
            database.backup(copy)  # all pages in one step: a writer in between would have it begin anew
            copy.execute("PRAGMA journal_mode=DELETE")
            found = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
            if found != "ok":  # who keeps such copies believes that he could put one back
                raise sqlite3.DatabaseError(f"it is damaged: {' '.join(found.split())}")
        _sync(part)
        part.rename(to)
        _sync(to.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"the database could not be copied to {to}: {error}") from error


def check_copy(path: Path) -> None:
    """StoreError if a copy is no database, or is damaged."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            found = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreError(f"{path} can't be read as a database: {error}") from error
    if found != "ok":
        raise StoreError(f"{path} is damaged: {found}")


def put_in_place(copy: Path, place: Path, aside: str) -> Path | None:
    """Let a copy be the database from now on; return where the one before is now, under the ending `aside`, if any was.

    The caller has the one-server lock. The one before keeps what stands beside it, so that it can be used as it was.
    """
    old = place.with_name(f"{place.name}{aside}")
    part, moved = _part_of(place), list[tuple[Path, Path]]()
    try:
        with copy.open("rb") as source, part.open("wb") as target:
            while piece := source.read(1 << 20):
                target.write(piece)
        _sync(part)
        was_there = place.exists()
        for ending in ("", *WITH_IT):
            beside = place.with_name(place.name + ending)
            if beside.exists():
                to = old.with_name(old.name + ending)
                beside.rename(to)
                moved.append((beside, to))
        part.rename(place)
        _sync(place.parent)
    except OSError as error:
        if part.exists():
            for beside, to in reversed(moved):
                to.rename(beside)
            part.unlink()
        raise StoreError(f"the database {place} could not be replaced: {error}") from error
    return old if was_there else None


def check_replaced(place: Path) -> None:
    """StoreError if a copy was to come to this place and whoever put it there was killed: it would begin empty."""
    if not place.exists() and _part_of(place).exists():
        raise StoreError(f"a restore of the database {place} was cut off; restore it again")


def _part_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.part")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
