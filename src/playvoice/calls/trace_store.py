"""The store's side of traces: written with what else is stored of legs that have ended, removed by age and size."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from playvoice.calls.tables import traces
from playvoice.calls.trace_parts import Packed, Part, unpack
from playvoice.store import Prepared, Store, StoreUnavailable

EVERY = 60.0
"""Seconds between two looks at what is to be removed."""
AT_ONCE = 200
"""Rows that are removed in one transaction."""
MEGABYTE = 1_048_576

log = structlog.get_logger(__name__)

_INSERT = Prepared(
    insert(traces).values({name: bindparam(name) for name in ("call_uuid", "created_at", "octets", "body")})
)
_OF_CALL = select(traces.c.body).where(traces.c.call_uuid == bindparam("uuid")).order_by(traces.c.id)
_SIZE = select(func.coalesce(func.sum(traces.c.octets), 0))
_OLDEST = select(traces.c.id, traces.c.created_at, traces.c.octets).order_by(traces.c.id).limit(bindparam("most"))
_REMOVE = delete(traces).where(traces.c.id <= bindparam("last"))


def keep(conn: Connection, parts: Sequence[Packed]) -> None:
    """Store parts of calls."""
    for part in parts:
        _INSERT.change(
            conn, {"call_uuid": part.call_uuid, "created_at": part.at, "octets": len(part.body), "body": part.body}
        )


def read(conn: Connection, uuid: str) -> list[Part]:
    """The parts of a call, in their order; one that can't be read is left out."""
    parts = []
    for body in conn.execute(_OF_CALL, {"uuid": uuid}).scalars():
        try:
            parts.append(unpack(body))
        except ValueError as error:
            log.warning("trace_unreadable", uuid=uuid, reason=str(error))
    return parts


def size(conn: Connection) -> int:
    """Octets of all parts."""
    return int(conn.execute(_SIZE).scalar_one())


def prune(conn: Connection, before: datetime, excess: int, most: int) -> tuple[int, int]:
    """Remove the oldest parts that are older than `before`, or until `excess` octets are gone; at most `most` of them.

    Returns how many were removed, and how many octets they had.
    """
    count = octets = last = 0
    for number, at, its_octets in conn.execute(_OLDEST, {"most": most}):
        if at >= before and octets >= excess:
            break
        count, octets, last = count + 1, octets + its_octets, number
    if count:
        conn.execute(_REMOVE, {"last": last})
    return count, octets


class TraceUpkeep:
    """Removes what was kept for long enough, or is too much."""

    def __init__(self, store: Store, *, days: int, megabytes: int) -> None:
        """Keep no part for longer than so many days, and no more than so many megabytes in all."""
        self._store = store
        self._days = timedelta(days=days)
        self._octets = megabytes * MEGABYTE if days else 0

    async def run(self) -> None:
        """Look once in a while, until cancelled."""
        while True:
            try:
                await self.look(datetime.now(UTC))
            except StoreUnavailable as error:
                log.debug("traces_not_removed", reason=str(error))
            except Exception:
                log.exception("traces_not_removed")
            await asyncio.sleep(EVERY)

    async def look(self, at: datetime) -> None:
        """Remove what is to be removed now, a few rows at once."""
        excess = await self._store.read(size) - self._octets
        count = AT_ONCE
        while count == AT_ONCE:
            count, octets = await self._store.write(partial(prune, before=at - self._days, excess=excess, most=AT_ONCE))
            excess -= octets
