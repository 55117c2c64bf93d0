"""What has to be asked of the database and of the disks when somebody looks."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection

from playvoice.callbacks import manage
from playvoice.callbacks.manage import Backlog
from playvoice.calls import ledger
from playvoice.monitoring.shared import Shared
from playvoice.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

PATIENCE = 3.0
"""Seconds after which the figures go out without those that did not come."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database tells."""

    oldest_waiting: datetime | None
    """When the call that has waited longest to be dialled was accepted."""
    backlogs: Mapping[str, Backlog]
    """The callbacks that are owed, by company."""


@dataclass(frozen=True, slots=True)
class Space:
    """Of a disk, in octets."""

    free: int
    """For those who are not root."""
    size: int


class Storage:
    """Asks both, one question at a time."""

    def __init__(self, store: Store, folders: Mapping[str, Path], *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._stored = Shared(lambda: store.read(_read))
        self._spaces = Shared(lambda: asyncio.to_thread(_measure, folders))

    async def look(self) -> tuple[Stored | None, Mapping[str, Space]]:
        """Return what both tell; None, or nothing, of what can't be had now."""
        stored, spaces = await asyncio.gather(
            self._stored.get(self._patience), self._spaces.get(self._patience), return_exceptions=True
        )
        for answer in (stored, spaces):
            if isinstance(answer, BaseException) and not isinstance(answer, (StoreUnavailable, TimeoutError)):
                log.error("figures_not_read", exc_info=answer)
        return (
            None if isinstance(stored, BaseException) else stored,
            {} if isinstance(spaces, BaseException) else spaces,
        )

    async def close(self) -> None:
        """Wait for no answer any more."""
        await asyncio.gather(self._stored.close(), self._spaces.close())


def _read(conn: Connection) -> Stored:
    return Stored(ledger.oldest_waiting(conn), manage.backlogs(conn))


def _measure(folders: Mapping[str, Path]) -> dict[str, Space]:
    found = {}
    for name, folder in folders.items():
        try:
            disk = os.statvfs(folder)
        except OSError as error:
            log.warning("disk_not_measured", folder=str(folder), reason=error.strerror)
            continue
        found[name] = Space(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)
    return found
