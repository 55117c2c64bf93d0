"""A PostgreSQL that stands still, or whose network swallows what is sent: nobody waits for it for ever."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection
from tests.postgresql import PostgresqlServer
from tests.postgresql_relay import PostgresqlRelay
from tests.unit.store.notes import Notes, tables

from playvoice.store import OutcomeUnknown, Store, StoreError, StoreUnavailable, schema_connection
from playvoice.store import postgresql as room

pytestmark = pytest.mark.peer("postgresql")

ANSWER, CONNECT, LOCK = 1.0, 2, 0.5
"""Seconds, instead of the longer bounds of a server."""
BUSY = 2.0
"""Seconds that a busy machine may add."""
TCP_REPAIR = 19
"""Of a socket that closes in silence (tcp(7) does not know it; linux/tcp.h)."""


@pytest.fixture(autouse=True)
def short_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWER_TIMEOUT_S", ANSWER)
    monkeypatch.setitem(room._CONNECTION_BOUNDS, "connect_timeout", CONNECT)
    monkeypatch.setattr(room, "_STATEMENT_BOUNDS", f"-c lock_timeout={LOCK}s")


@pytest.fixture
def url(postgresql_server: PostgresqlServer) -> str:
    return postgresql_server.create_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """One whose writer and one of whose readers are connected."""
    opened = Store.open(url)
    opened.write_now(tables.create_all)
    opened.read_now(Notes.count)
    yield opened
    opened.close_now()


async def refused(work: Awaitable[object]) -> tuple[float, str]:
    """After how many seconds it is told that nothing can be stored or read, and how."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as told:
        await work
    return time.monotonic() - began, str(told.value)


async def test_all_who_wait_for_a_database_that_stands_still_are_told_in_time_and_it_heals_without_a_hand(
    store: Store, url: str, postgresql_server: PostgresqlServer
) -> None:
    with postgresql_server.hanging():
        writes = [refused(store.write(partial(Notes.add, key=f"lost {number}"))) for number in range(300)]
        reads = [refused(store.read(Notes.count)) for _ in range(20)]
        for after, words in await asyncio.gather(*writes, *reads):
            assert after < ANSWER + 2 * CONNECT + BUSY, words
        assert not store.writing.available
        after, words = await refused(store.write(partial(Notes.add, key="lost, too")))
        assert after < CONNECT + BUSY
        assert words == "the database can't store anything now: connection timeout expired"
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["after"]
    assert store.writing.available


async def test_a_commit_that_is_never_answered_has_an_unknown_outcome(
    store: Store, postgresql_server: PostgresqlServer
) -> None:
    with ExitStack() as hanging:

        def add_and_hang(conn: Connection) -> None:
            Notes.add(conn, "doubtful")
            hanging.enter_context(postgresql_server.hanging())

        with pytest.raises(OutcomeUnknown, match="no answer for 1 s"):
            await store.write(add_and_hang)
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["doubtful", "after"], "it held, and nothing was written before it"


async def test_a_process_of_postgresql_that_hangs_with_the_lock_is_named_and_readers_go_on(
    store: Store, url: str, postgresql_server: PostgresqlServer
) -> None:
    with postgresql_server.hanging(url):
        after, words = await refused(store.write(partial(Notes.add, key="lost")))
        assert after < ANSWER + LOCK + BUSY
        assert "of a connection that was lost, does not end and keeps the lock" in words
        assert await store.read(Notes.count) == 0
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["after"]


async def test_a_session_that_postgresql_believes_alive_gives_the_lock_back_to_the_server_that_lost_it(
    url: str, tmp_path: Path
) -> None:
    with PostgresqlRelay(url, tmp_path) as relay:
        store = Store.open(relay.url)
        await store.write(tables.create_all)
        relay.swallow()
        after, _ = await refused(store.write(partial(Notes.add, key="lost")))
        assert after < ANSWER + CONNECT + BUSY
        relay.admit()
        await store.write(partial(Notes.add, key="after"))
        assert await store.read(Notes.keys) == ["after"]
        await store.close()


async def test_a_lock_whose_taking_was_never_answered_is_the_servers_own_all_the_same(url: str, tmp_path: Path) -> None:
    with PostgresqlRelay(url, tmp_path) as relay:
        store = Store.open(relay.url)
        await store.write(tables.create_all)
        relay.swallow_answers_to(b"pg_try_advisory_lock")
        relay.cut()
        await refused(store.write(partial(Notes.add, key="lost")))
        relay.admit()
        await store.write(partial(Notes.add, key="after"))
        assert await store.read(Notes.keys) == ["after"]
        await store.close()


async def test_what_is_answered_by_a_new_connection_after_an_old_one_fell_silent_is_stored(
    url: str, tmp_path: Path
) -> None:
    with PostgresqlRelay(url, tmp_path) as relay:
        store = Store.open(relay.url)
        await store.write(tables.create_all)
        await store.read(Notes.count)
        relay.swallow()
        relay.admit()
        await store.write(partial(Notes.add, key="kept"))
        assert await store.read(Notes.keys) == ["kept"]
        await store.close()


async def test_a_table_that_somebody_has_locked_refuses_all_at_once_and_no_fact_alone(store: Store, url: str) -> None:
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        writes = [refused(store.write(partial(Notes.add, key=str(number)))) for number in range(10)]
        reads = [refused(store.read(Notes.count)) for _ in range(2)]
        await asyncio.gather(*writes, *reads)
        assert time.monotonic() - began < 3 * LOCK + BUSY
        assert not store.writing.available
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["after"]


def test_a_start_on_a_database_that_stands_still_is_refused_in_words(
    url: str, postgresql_server: PostgresqlServer
) -> None:
    with (
        postgresql_server.hanging(),
        pytest.raises(StoreError, match="the database can't be opened: connection timeout expired"),
    ):
        Store.open(url)


def test_a_migration_whose_database_stands_still_ends_in_words(
    url: str, postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MIGRATION_TIMEOUT_S", ANSWER)

    def migrate() -> None:
        with ExitStack() as hanging, schema_connection(url) as conn:
            hanging.enter_context(postgresql_server.hanging())
            conn.exec_driver_sql("SELECT 1")

    with pytest.raises(StoreError, match="the database can't be changed: it has given no answer for 1 s"):
        migrate()
