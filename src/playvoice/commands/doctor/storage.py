"""Where things are kept: the disk and the database."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playvoice.calls.recordings import MIN_FREE
from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.commands.doctor.situation import Situation
from playvoice.migrations.due import known_revisions, revisions_of
from playvoice.store import StoreError
from playvoice.store.looking import directory_of, look

SLOW_SYNC = 0.05
"""Seconds of a sync from which on an answer to PlayVoice is felt to be late."""
SYNCS = 5
LITTLE = 10
"""How many times the least free space there should be."""


def disk(situation: Situation) -> Iterator[Finding]:
    """The directories that the server writes into: there, writable, with room, and quick to sync."""
    server = situation.config.server
    yield from _directory("disk", server.data_dir)
    recordings = server.data_dir / "recordings"
    if _is_on_another_disk(recordings, server.data_dir):
        yield from _directory("disk of the recordings", recordings)
    try:
        database = directory_of(server.database)
    except StoreError:  # which the check of the database tells
        return
    if database is not None and database != server.data_dir.resolve():
        yield from _directory("disk of the database", database)


def _is_on_another_disk(path: Path, other: Path) -> bool:
    try:
        return path.stat().st_dev != other.stat().st_dev
    except OSError:  # it is not there yet, or what the check of the other one tells
        return False


def _directory(check: str, path: Path) -> Iterator[Finding]:
    there = path
    while not os.path.exists(there) and there != there.parent:
        there = there.parent
    made = "" if there == path else f" (the first start makes {path})"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield failure(
            check,
            f"{there} can't be written into by this user",
            f"chown it to the user that the server runs as, {made or path}",
        )
        return
    free = shutil.disk_usage(there).free
    if free < MIN_FREE:
        yield failure(
            check, f"{_mib(free)} MiB are free at {there}: recorded calls are refused", "delete old recordings"
        )
        return
    try:
        seconds = _sync_time(there)
    except OSError as error:
        yield failure(
            check, f"{there} can't be written into: {error.strerror}", "mount it for writing, or name another"
        )
        return
    seen = f"{there}{made}: {_mib(free)} MiB free, a sync takes {seconds * 1000:.1f} ms"
    if free < MIN_FREE * LITTLE:
        yield warning(check, seen, f"make room: below {_mib(MIN_FREE)} MiB recorded calls are refused")
    elif seconds > SLOW_SYNC:
        yield warning(check, seen, "each call is synced five times: keep the database on a local SSD, not on a network")
    else:
        yield ok(check, seen)


def _sync_time(directory: Path) -> float:
    """Seconds that the middle one of some syncs of 4 KiB takes."""
    taken = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(SYNCS):
            file.write(b"\0" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def database(situation: Situation) -> list[Finding]:
    """Whether the database can be read, which version of our tables it has, and who works on it."""
    try:
        with look(situation.config.server.database) as conn:
            revisions = () if conn is None else revisions_of(conn)
            there = conn is not None
    except StoreError as error:
        return [failure("database", str(error), "check [server] database, that it runs, and that this user may use it")]
    return [_standing(situation, revisions, there)]


def _standing(situation: Situation, revisions: tuple[str, ...], there: bool) -> Finding:
    known = known_revisions()
    works = "nobody works on it" if situation.holder is None else f"{situation.holder.name} works on it"
    if not revisions:
        return ok("database", f"{'it is empty' if there else 'there is none yet'}: the first start makes its tables")
    (revision, *_) = revisions
    if revision not in known:
        return failure(
            "database",
            f"it is of a newer PlayVoice (migration {revision}, this version knows up to {known[0]})",
            "start that version, or restore the backup from before it was upgraded",
        )
    if revision != known[0]:
        return ok(
            "database",
            f"migration {revision}, {works}; the next start brings it to {known[0]}",
            "back it up first: there is no way down",
        )
    return ok("database", f"migration {revision}, the newest; {works}")


def _mib(octets: int) -> int:
    return octets // (1024 * 1024)
