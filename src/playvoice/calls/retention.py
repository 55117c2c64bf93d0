"""What is kept of calls for a limited time: their records with their legs, and their recordings.

Records are removed a few at once, with a rest after each time, so that no call waits for its commit behind many; the
recordings of a day lie in a folder of that day, and go with it. Callbacks that are still owed have all that they tell
in them, and are sent.
"""

import asyncio
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection, bindparam, delete, select

from playvoice.calls.tables import CallState, calls, legs
from playvoice.store import Store, StoreUnavailable

EVERY = 600.0
"""Seconds between two looks at what is to be removed."""
AT_ONCE = 50
"""Calls, or recordings, that are removed at once: about 10 ms of the store's thread, with their commit."""
REST = 0.1
"""Seconds between two times: 500 calls a second are removed, many more than are made."""

log = structlog.get_logger(__name__)

_OLDEST = (
    select(calls.c.id, calls.c.uuid, calls.c.state, calls.c.accepted_at, calls.c.ended_at)
    .where(calls.c.id > bindparam("after"))
    .order_by(calls.c.id)
    .limit(bindparam("most"))
)
_REMOVE_LEGS = delete(legs).where(legs.c.call_uuid.in_(bindparam("uuids", expanding=True)))
_REMOVE_CALLS = delete(calls).where(calls.c.uuid.in_(bindparam("uuids", expanding=True)))
_DAY = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one time came to."""

    removed: int
    next_after: int | None
    """Where to go on; None where the rest is younger."""


def prune(conn: Connection, before: datetime, after: int, most: int) -> Pruned:
    """Remove the records of calls that ended before then, of the next `most` behind the id `after`."""
    uuids, last, seen = [], after, 0
    for number, uuid, state, accepted_at, ended_at in conn.execute(_OLDEST, {"after": after, "most": most}):
        if accepted_at >= before:
            break  # ids are in the order of acceptance
        seen, last = seen + 1, number
        if state == CallState.ENDED.value and ended_at < before:
            uuids.append(uuid)
    if uuids:
        conn.execute(_REMOVE_LEGS, {"uuids": uuids})
        conn.execute(_REMOVE_CALLS, {"uuids": uuids})
    return Pruned(len(uuids), last if seen == most else None)


class Retention:
    """Removes what was kept for long enough; 0 days keep it for ever."""

    def __init__(
        self, store: Store, recordings: Path, *, calls_days: int, recordings_days: int, rest: float = REST
    ) -> None:
        """`recordings` is the folder that they are filed in; none is kept for longer than the record that names it."""
        self._store = store
        self._recordings = recordings
        self._calls = timedelta(days=calls_days) if calls_days else None
        limits = [days for days in (calls_days, recordings_days) if days]
        self._files = timedelta(days=min(limits)) if limits else None
        self._rest = rest

    async def run(self) -> None:
        """Look once in a while, until cancelled."""
        while self._calls is not None or self._files is not None:
            try:
                await self.look(datetime.now(UTC))
            except StoreUnavailable as error:
                log.debug("retention_waits_for_store", reason=str(error))
            except Exception:
                log.exception("retention_failed")
            await asyncio.sleep(EVERY)

    async def look(self, at: datetime) -> None:
        """Remove what is to be removed now."""
        files = 0 if self._files is None else await self._remove_recordings((at - self._files).date())
        records = 0 if self._calls is None else await self._remove_calls(at - self._calls)
        if files or records:
            log.info("retention", calls=records, recordings=files)

    async def _remove_calls(self, before: datetime) -> int:
        count, after = 0, 0
        while True:
            pruned = await self._store.write(partial(prune, before=before, after=after, most=AT_ONCE))
            count += pruned.removed
            if pruned.next_after is None:
                return count
            after = pruned.next_after
            await asyncio.sleep(self._rest)

    async def _remove_recordings(self, before: date) -> int:
        """Remove those of days before this one, of which every second is long enough ago."""
        count = 0
        for folder in await asyncio.to_thread(lambda: list(_days(self._recordings, before))):
            removed = AT_ONCE
            while removed == AT_ONCE:
                removed = await asyncio.to_thread(_remove_some, folder)
                count += removed
                await asyncio.sleep(self._rest)
        return count


def _days(recordings: Path, before: date) -> Iterator[Path]:
    for folder in sorted(recordings.glob("[0-9]*/[0-9]*/[0-9]*")):
        match = _DAY.fullmatch(folder.relative_to(recordings).as_posix())
        try:
            day = None if match is None else date(*map(int, match.groups()))
        except ValueError:
            continue  # nobody's day, and none of ours
        if day is not None and day < before:
            yield folder


def _remove_some(folder: Path) -> int:
    """Remove a few files of a day, and the day's folder when none is left, with the month's and the year's."""
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if count == AT_ONCE:
                return count
            if entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108 - the path as it was found
                count += 1
    for each in (folder, folder.parent, folder.parent.parent):
        try:
            each.rmdir()
        except OSError:
            break  # something is in it
    return count
