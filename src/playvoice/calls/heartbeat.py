"""When the server was last known to live: the end of the calls that a crash cuts.

A row of the store says it, and a file beside the recordings: a crash may come while the database is locked, full or
away, and the row is as old by then as that has lasted. The file names the row that it goes on from, so that what it
says is believed for no other state of the database, such as a backup that was put in its place.
"""

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from playvoice.calls.tables import SERVER_ID, servers
from playvoice.clock import EPOCH as NEVER
from playvoice.store import upsert

_ROW = select(servers.c.heartbeat_at).where(servers.c.server_id == SERVER_ID)


def heartbeat(conn: Connection, at: datetime) -> None:
    """Note in the store that the server lives."""
    upsert(conn, servers, ["server_id"], {"server_id": SERVER_ID, "heartbeat_at": at})


class HeartbeatFile:
    """Two instants in one line: the row that is known to be stored, and when the server lived after it.

    It is never synced: what a killed process has written is there all the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stored_at = NEVER
        """The last row that this process knows to be stored."""

    def __repr__(self) -> str:
        return f"<HeartbeatFile {self._path}>"

    def write(self, at: datetime) -> None:
        """Note that the server lives, in place, so that a full disk has room for it; OSError."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.pwrite(descriptor, f"{self.stored_at.isoformat()} {at.isoformat()}\n".encode(), 0)
        finally:
            os.close(descriptor)

    def last(self, conn: Connection) -> datetime | None:
        """When the process before this one was last known to live, None if nothing tells; this one goes on from there.

        Asked once, before anything is written.
        """
        stored: datetime | None = conn.execute(_ROW).scalar_one_or_none()
        row = self.stored_at = stored or NEVER
        goes_on_from, at = self._read()
        last = max(row, at) if goes_on_from <= row else row
        return None if last == NEVER else last

    def _read(self) -> tuple[datetime, datetime]:
        try:
            first, second = self._path.read_text("ascii").partition("\n")[0].split()
            stored_at, at = datetime.fromisoformat(first), datetime.fromisoformat(second)
        except (OSError, ValueError):
            return NEVER, NEVER
        return (stored_at, at) if stored_at.tzinfo and at.tzinfo else (NEVER, NEVER)
