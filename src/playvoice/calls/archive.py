"""Recordings as those find them who may hear them: by the name in the call record."""

import asyncio
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from playvoice.calls.errors import RecordingUnknown
from playvoice.calls.links import Link, RecordingLinks
from playvoice.calls.recordings import Recordings
from playvoice.calls.tables import calls
from playvoice.store import Store

_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:mp3|wav)")
_OF_CALL = select(calls.c.company_code, calls.c.answered_at).where(
    calls.c.uuid == bindparam("of_call"), calls.c.recordfilename == bindparam("named")
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that a call record names."""

    company_code: str
    path: Path
    status: os.stat_result | None
    """None while it is still being encoded."""


class Archive:
    """The recordings that the store knows of, and the links to them."""

    def __init__(self, store: Store, recordings: Recordings, links: RecordingLinks) -> None:
        self._store = store
        self._recordings = recordings
        self._links = links

    def check(self, name: str, expires: str, signature: str, at: datetime) -> None:
        """Return where these are of a link that is valid then; raises `LinkInvalid` or `LinkExpired`."""
        self._links.check(name, expires, signature, at)

    async def link(self, company_code: str, name: str, at: datetime) -> Link:
        """Return a link to a recording of this company's; raises `RecordingUnknown`."""
        if (await self.find(name)).company_code != company_code:
            raise RecordingUnknown(f"the recording {name} is another company's")
        return self._links.link(name, at)

    async def find(self, name: str) -> Recorded:
        """Return the recording of this name; raises `RecordingUnknown`."""
        match = _NAME.fullmatch(name)
        row = None if match is None else await self._store.read(lambda conn: _of_call(conn, match[1], name))
        if row is None or row.answered_at is None:
            raise RecordingUnknown(f"no call record names a recording {name!r}")
        path = self._recordings.path(name, row.answered_at)
        return Recorded(row.company_code, path, await asyncio.to_thread(self._recordings.look, name, row.answered_at))


def _of_call(conn: Connection, uuid: str, name: str) -> Row[Any, Any] | None:
    return conn.execute(_OF_CALL, {"of_call": uuid, "named": name}).one_or_none()
