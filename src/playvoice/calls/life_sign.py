"""When the server last lived, for times in which no heartbeat can be stored: a line in a file that is there already.

The line is written in its place, which takes no room on a full disk and waits for no lock. It says which heartbeat the
database has, too: beside a database that has another one, as one that was restored, it counts for nothing.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LINE = "{:020} {:020}\n"
"""Microseconds of the heartbeat that is stored, 0 for none, and of the time of the line."""
_LENGTH = len(_LINE.format(0, 0))


class LifeSign:
    """The file; without one, and where it can't be opened, nothing is noted."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = -1
        self._told = False
        if path is None:
            return
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._tell(error)

    async def note(self, heartbeat_at: datetime | None, now: datetime) -> None:
        """The server lives, and the last heartbeat that it has stored is this one."""
        if self._file < 0:
            return
        line = _LINE.format(_microseconds(heartbeat_at), _microseconds(now)).encode()
        try:
            await asyncio.to_thread(os.pwrite, self._file, line, 0)
        except OSError as error:
            self._tell(error)

    def last(self, heartbeat_at: datetime | None) -> datetime | None:
        """When the server last lived, given the last heartbeat that the database has."""
        try:
            heartbeat, noted = map(int, os.pread(self._file, _LENGTH, 0).split())
            noted_at = _EPOCH + timedelta(microseconds=noted)
        except (OSError, ValueError, OverflowError):
            return heartbeat_at
        if heartbeat != _microseconds(heartbeat_at) or (heartbeat_at is not None and noted_at < heartbeat_at):
            return heartbeat_at
        return noted_at

    def close(self) -> None:
        """Note nothing more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _tell(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            log.warning("life_sign_not_noted", reason=str(error))


def _microseconds(at: datetime | None) -> int:
    return 0 if at is None else (at - _EPOCH) // timedelta(microseconds=1)
