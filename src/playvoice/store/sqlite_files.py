"""What SQLite does not look at in a database's files: who works on them, whether they are the same, a log's damage."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from playvoice.store.errors import StoreError, StoreTaken, StoreUnavailable
from playvoice.store.lock_file import LockFile, LockHeld

_LOG_HEAD = 32
_FRAME_HEAD = 24
_FRAMES_AT = 16
"""Where the log's index (its file is the one that ends on `-shm`) tells how many frames of the log are whole."""
_LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


def lock_database(path: Path) -> LockFile:
    """Have a database for this process alone, before its file is there; StoreTaken where another one works on it."""
    place = path.with_name(f"{path.name}.lock")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return LockFile(place)
    except LockHeld as error:
        raise StoreTaken(
            f"another PlayVoice server{f' (process {error.holder})' if error.holder else ''} works on this database"
            f" (lock file {place}); stop it first, or give this one a database of its own"
        ) from None
    except OSError as error:
        raise StoreError(
            f"the database's lock file {place} can't be opened: {error.strerror};"
            " give a database path in a directory that the server may write to"
        ) from error


class OpenFile:
    """A file that the server has opened: still the one at its path?

    SQLite goes on in a file that was moved or removed, so that what it commits is found by nobody, and makes an empty
    one in its place for the next connection. Neither is to happen.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity: tuple[int, int] | None = None

    def remember(self) -> None:
        """From now on it is this file."""
        self._identity = self._now()

    @property
    def is_known(self) -> bool:
        """Whether there was one to remember."""
        return self._identity is not None

    def is_another(self) -> bool:
        """Whether the path leads to nothing or to another file; costs a stat."""
        return self._identity is not None and self._now() != self._identity

    def _now(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)  # noqa: PTH116 - each commit pays it
        except OSError:
            return None
        return status.st_dev, status.st_ino


class DatabaseFile(OpenFile):
    """That of the database itself, without which nothing is done."""

    def check(self) -> None:
        """Raise StoreUnavailable if it is another; costs a stat."""
        if self.is_another():
            raise StoreUnavailable(
                f"the database {self.path} was moved, removed or replaced while the server uses it;"
                " put it back, or stop the server before another one takes its place"
            )


def check_log(path: Path) -> None:
    """StoreError, in words, if there is a log that SQLite would leave out, or take in part, though it was stored.

    A head stands whole on the disk before anything behind it counts (SQLite's file format, section 4.1), and a commit
    before the next one begins: of what a power cut has torn, one commit's end at most stands behind what is whole.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        with log.open("rb") as file:
            head = file.read(_LOG_HEAD)
    except FileNotFoundError:
        return
    if head and (len(head) < _LOG_HEAD or head[:4] not in _LOG_MAGIC):
        raise StoreError(
            f"the database's log {log} is damaged, and what was stored last stands in it; put a backup in the place of"
            " the database, or move the log away to go on without"
        )
    if not head:
        return
    if not path.exists() or not path.stat().st_size:  # SQLite would begin a new one, and remove the log
        raise StoreError(
            f"the database's log {log} is there, but no database {path}; put the database or a backup in its place, or"
            " move the log away to begin anew"
        )
    # Who may not write leaves the log as it is, also where he is the last one who leaves.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("SELECT 1 FROM sqlite_master").fetchall()
        with path.with_name(f"{path.name}-shm").open("rb") as index:
            index.seek(_FRAMES_AT)
            whole = int.from_bytes(index.read(4), sys.byteorder)
    left_out = _commits_behind(log, whole)
    if left_out > 1:
        raise StoreError(
            f"the database's log {log} is damaged behind its frame {whole}, and {left_out} commits stand behind it; put"
            " a backup in the place of the database, or open it once by SQLite's command line to go on without them"
        )


def _commits_behind(log: Path, whole: int) -> int:
    """How many commits a log has behind its first so many frames (SQLite's file format, section 4.1)."""
    found = 0
    with log.open("rb") as file:
        head = file.read(_LOG_HEAD)
        frame, salts = _FRAME_HEAD + int.from_bytes(head[8:12]), head[16:24]
        file.seek(_LOG_HEAD + whole * frame)
        while len(frame_head := file.read(_FRAME_HEAD)) == _FRAME_HEAD:
            found += frame_head[8:16] == salts and frame_head[4:8] != bytes(4)
            file.seek(frame - _FRAME_HEAD, os.SEEK_CUR)
    return found
