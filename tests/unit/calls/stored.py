"""Calls in a store: accepted, read back, and what is owed of them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Row, Table, select
from tests.samples import REQUEST

from playvoice.callbacks import callbacks
from playvoice.calls import ledger
from playvoice.calls.ledger import StoredCall
from playvoice.calls.queue import CallQueue
from playvoice.calls.tables import calls, legs
from playvoice.calls.userid import parse_userid
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import VoiceKind, VoiceRef

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """So many seconds after `AT`."""
    return AT + timedelta(seconds=seconds)


async def accept(
    store: Store,
    company: str = "2028",
    userid: str = "1@sales",
    voice: str = "notice.wav",
    at: datetime | None = None,
) -> StoredCall:
    """Store one more call that waits, and give it as the store has it."""
    request = replace(
        REQUEST,
        company_code=company,
        userid=userid,
        key_groups=parse_userid(userid),
        voice=VoiceRef(VoiceKind.LIBRARY, voice),
    )
    accepted = await CallQueue(store).accept(request, at or datetime.now(UTC))
    stored = await store.read(lambda conn: ledger.read_call(conn, accepted.uuid))
    assert stored is not None
    return stored


def run(store: Store, *facts: Callable[[Connection], object]) -> None:
    """Run facts in one transaction."""
    store.write_now(lambda conn: [fact(conn) for fact in facts])


def rows(store: Store, table: Table) -> list[Row[tuple[object, ...]]]:
    """All rows of a table, in the order of its primary key."""
    query = select(table).order_by(*table.primary_key.columns)
    return store.read_now(lambda conn: list(conn.execute(query).all()))


STREAMED = (
    legs.c.packets_sent,
    legs.c.packets_received,
    legs.c.packets_lost,
    legs.c.jitter_ms,
    legs.c.sampled,
    legs.c.far_packets_lost,
    legs.c.far_jitter_ms,
    legs.c.round_trip_ms,
)


def streamed(store: Store) -> list[tuple[object, ...]]:
    """The kind of each leg and what its RTP did, the customers' first."""
    query = select(legs.c.kind, *STREAMED).order_by(legs.c.kind)
    return store.read_now(lambda conn: [tuple(row) for row in conn.execute(query)])


def owed(store: Store) -> list[dict[str, object]]:
    """What is owed to companies, in order."""
    return [json.loads(row.payload) for row in rows(store, callbacks)]


def record(store: Store, uuid: str) -> tuple[object, ...]:
    """Cause, direction, key and agent of a call's one record."""
    (found,) = [message for message in owed(store) if message["uuid"] == uuid and "hangupcause" in message]
    return tuple(found[name] for name in ("hangupcause", "hangupdirection", "userkey", "extnumber"))


def call_states(store: Store) -> dict[str, str]:
    return {row.uuid: row.state for row in rows(store, calls)}


def leg_states(store: Store) -> list[str]:
    return [row.state for row in rows(store, legs)]


async def written(store: Store) -> None:
    """Wait until what was given to the store before is stored."""
    await store.write(lambda conn: None)


class Gate:
    """A store whose commits a test holds, or refuses; what was given to it before is not held."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        self.tries = 0
        self._open = asyncio.Event()
        self._open.set()
        self._write = store.write
        monkeypatch.setattr(store, "write", self.write)

    async def write(self, fact: Callable[[Connection], Any]) -> Any:
        self.tries += 1
        if self.away:
            raise StoreUnavailable("the disk is full")
        await self._open.wait()
        return await self._write(fact)

    def hold(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()
