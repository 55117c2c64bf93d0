"""A start waits for the database's lock, and leaves nothing open behind."""

import asyncio
import contextlib
import threading
import time

import pytest
import structlog.testing

from playvoice.migrations.upgrade import newest
from playvoice.process import database
from playvoice.process.database import open_store
from playvoice.store import Store, StoreTaken, schema_connection
from playvoice.store.looking import holder_of


async def test_the_database_is_opened_up_to_date_and_closed_in_the_end(database_url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        store = await open_store(database_url, stack)
        version = await store.read(lambda conn: conn.exec_driver_sql("SELECT * FROM alembic_version").scalar_one())
        assert version == newest()
    Store.open(database_url).close_now()


async def test_a_lock_that_is_given_back_in_time_is_taken_and_the_wait_is_told_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, tries = Store.open(database_url), 0
    monkeypatch.setattr(database, "LOOK_AGAIN", 0.01)
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            await taken.close()
        await real(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with structlog.testing.capture_logs() as told:
        async with contextlib.AsyncExitStack() as stack:
            await open_store(database_url, stack, taken_for=60)
    assert tries >= 3
    (line,) = (each for each in told if each["event"] == "database_taken")
    assert line["waits_s"] == 60
    assert "works on this database" in line["reason"]


async def test_a_lock_that_is_kept_is_told_in_words(sqlite_url: str) -> None:
    taken = Store.open(sqlite_url)
    try:
        async with contextlib.AsyncExitStack() as stack:
            with pytest.raises(StoreTaken, match="works on this database"):
                await open_store(sqlite_url, stack, taken_for=0)
    finally:
        taken.close_now()


async def test_a_start_that_is_cancelled_keeps_the_lock_as_long_as_its_migration_works(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def upgrade(url: str) -> None:
        begun.set()
        assert go_on.wait(30)

    monkeypatch.setattr("playvoice.migrations.upgrade", upgrade)

    async def start() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await open_store(sqlite_url, stack)

    starting = asyncio.ensure_future(start())
    assert await asyncio.to_thread(begun.wait, 30)
    starting.cancel()
    await asyncio.sleep(0.05)
    assert not starting.done()
    assert holder_of(sqlite_url) is not None
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert holder_of(sqlite_url) is None
    with schema_connection(sqlite_url) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0


async def test_a_database_that_takes_long_to_be_brought_up_to_date_is_told_again_and_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TELL_AGAIN", 0.01)
    with structlog.testing.capture_logs() as told:

        def upgrade(url: str) -> None:
            until = time.monotonic() + 30
            while len(told) < 2 and time.monotonic() < until:
                time.sleep(0.01)

        monkeypatch.setattr("playvoice.migrations.upgrade", upgrade)
        async with contextlib.AsyncExitStack() as stack:
            await open_store(sqlite_url, stack)
            after = len(told)
            await asyncio.sleep(0.03)
    assert [line["event"] for line in told] == ["database_not_up_to_date_yet"] * after
    assert [line["waited_s"] for line in told[:2]] == [0.01, 0.02]
