"""The store's side of traces: written with what else is stored of legs that have ended, removed by age and size."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from playvoice.calls.tables import traces
from playvoice.calls.trace_parts import Packed, Part, unpack
from playvoice.store import Prepared

MEGABYTE = 1_048_576

log = structlog.get_logger(__name__)

_INSERT = Prepared(
    insert(traces).values({name: bindparam(name) for name in ("call_uuid", "created_at", "octets", "body")})
)
_OF_CALL = select(traces.c.body).where(traces.c.call_uuid == bindparam("uuid")).order_by(traces.c.id)
_IS_THERE = select(traces.c.id).where(traces.c.call_uuid == bindparam("uuid"), traces.c.body == bindparam("its_body"))
_SIZE = select(func.coalesce(func.sum(traces.c.octets), 0))
_OLDEST = select(traces.c.id, traces.c.created_at, traces.c.octets).order_by(traces.c.id).limit(bindparam("most"))
_REMOVE = delete(traces).where(traces.c.id.in_(bindparam("ids", expanding=True)))


def keep(conn: Connection, parts: Sequence[Packed], doubtful: int = 0) -> None:
    """Store parts of calls; so many of the first may be stored already."""
    for number, part in enumerate(parts):
        if number < doubtful and conn.execute(_IS_THERE, {"uuid": part.call_uuid, "its_body": part.body}).first():
            continue
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


def remove(conn: Connection, before: datetime, most: int) -> int:
    """Remove up to so many of the oldest parts, of those that are older than `before`; return how many."""
    oldest = conn.execute(_OLDEST, {"most": most})
    return _remove(conn, [number for number, at, _ in oldest if at < before])


def remove_octets(conn: Connection, octets: int, most: int) -> int:
    """Remove up to so many of the oldest parts, until so many octets are gone; return how many parts."""
    oldest, ids = conn.execute(_OLDEST, {"most": most}).all(), []
    for number, _, its_octets in oldest:
        if octets <= 0:
            break
        ids.append(number)
        octets -= its_octets
    return _remove(conn, ids)


def _remove(conn: Connection, ids: Sequence[int]) -> int:
    if ids:
        conn.execute(_REMOVE, {"ids": ids})
    return len(ids)
