"""What is removed of calls when it was kept for long enough; each function removes a few at once.

A call that is not over is in no function's reach. Callbacks that are still owed have all that they tell in them, and
are sent without the record. The recordings of a day lie in a folder of that day, and go with it.
"""

import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, select, update

from playvoice.calls.tables import HAS_KEY, IS_BILL, calls, legs

_OLD = (
    select(calls.c.uuid)
    .where(IS_BILL, calls.c.ended_at < bindparam("before"))
    .order_by(calls.c.ended_at)
    .limit(bindparam("most"))
)
_REMOVE_LEGS = delete(legs).where(legs.c.call_uuid.in_(bindparam("uuids", expanding=True)))
_REMOVE_CALLS = delete(calls).where(calls.c.uuid.in_(bindparam("uuids", expanding=True)))
_OLD_KEYS = (
    select(calls.c.id)
    .where(HAS_KEY, calls.c.accepted_at < bindparam("before"))
    .order_by(calls.c.accepted_at)
    .limit(bindparam("most"))
)
_FORGET = (
    update(calls).where(calls.c.id.in_(bindparam("ids", expanding=True))).values(idempotency_key=None, fingerprint=None)
)
_DAY = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})")


def remove_calls(conn: Connection, before: datetime, most: int) -> int:
    """Remove up to so many records of calls that ended before then, with their legs; return how many."""
    uuids = conn.execute(_OLD, {"before": before, "most": most}).scalars().all()
    if uuids:
        conn.execute(_REMOVE_LEGS, {"uuids": uuids})
        conn.execute(_REMOVE_CALLS, {"uuids": uuids})
    return len(uuids)


def forget_keys(conn: Connection, before: datetime, most: int) -> int:
    """Forget up to so many idempotency keys of calls that were accepted before then; return how many."""
    ids = conn.execute(_OLD_KEYS, {"before": before, "most": most}).scalars().all()
    if ids:
        conn.execute(_FORGET, {"ids": ids})
    return len(ids)


def remove_recordings(folder: Path, before: datetime, most: int) -> int:
    """Remove up to so many recordings of days that were over by then; return how many.

    A day of which they can't be removed keeps no other; raises its OSError where there is none to be removed.
    """
    count, failure = 0, None
    for day in _days(folder, before.date()):
        try:
            count += _remove_some(day, most - count)
        except OSError as error:
            failure = error
        if count >= most:
            break
    if failure is not None and not count:
        raise failure
    return count


def _days(folder: Path, before: date) -> Iterator[Path]:
    for path in sorted(folder.glob("[0-9]*/[0-9]*/[0-9]*")):
        match = _DAY.fullmatch(path.relative_to(folder).as_posix())
        try:
            day = None if match is None else date(*map(int, match.groups()))
        except ValueError:
            continue  # nobody's day, and none of ours
        if day is not None and day < before:
            yield path


def _remove_some(day: Path, most: int) -> int:
    """Remove a few files of a day, and the day's folder when none is left, with the month's and the year's."""
    count = 0
    with os.scandir(day) as entries:
        for entry in entries:
            if count == most:
                return count
            if entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108 - the path as it was found
                count += 1
    for each in (day, day.parent, day.parent.parent):
        try:
            each.rmdir()
        except OSError:
            break  # something is in it
    return count
