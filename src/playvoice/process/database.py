"""The database as a start takes it: its one-server lock, then the tables as this version needs them."""

import asyncio
import contextlib
import itertools
import time

import structlog

from playvoice import migrations
from playvoice.process.stopping import uncut
from playvoice.store import Store, StoreTaken

log = structlog.get_logger(__name__)

TAKEN_FOR = 5.0
"""Seconds for which a start waits for the lock: a command may be at work, or another server on its way out."""
LOOK_AGAIN = 0.1
TELL_AGAIN = 15.0
"""Seconds between two words about tables that are still being changed."""


async def open_store(url: str, stack: contextlib.AsyncExitStack, *, taken_for: float = TAKEN_FOR) -> Store:
    """Open the database, brought up to date; it is closed with `stack`.

    Raises StoreTaken where another process has it for longer than `taken_for` seconds, StoreError, MigrationError.
    """
    until, told = time.monotonic() + taken_for, False
    while True:
        try:
            store = await uncut(_open(url, stack))
            break
        except StoreTaken as error:
            if time.monotonic() >= until:
                raise
            if not told:
                log.warning("database_taken", reason=str(error), waits_s=taken_for)
                told = True
        await asyncio.sleep(LOOK_AGAIN)
    telling = asyncio.create_task(_tell_how_long())
    try:
        await uncut(asyncio.to_thread(migrations.upgrade, url))
    finally:
        telling.cancel()
    return store


async def _tell_how_long() -> None:
    """Where a database is large, or stands still, nothing else is heard of the start for long."""
    for times in itertools.count(1):
        await asyncio.sleep(TELL_AGAIN)
        log.warning("database_not_up_to_date_yet", waited_s=times * TELL_AGAIN)


async def _open(url: str, stack: contextlib.AsyncExitStack) -> Store:
    store = await asyncio.to_thread(Store.open, url)
    stack.push_async_callback(store.close)
    return store
