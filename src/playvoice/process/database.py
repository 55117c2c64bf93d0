"""The database as a start takes it: its one-server lock, then the tables as this version needs them."""

import asyncio
import contextlib
import time

import structlog

from playvoice import migrations
from playvoice.process.stopping import uncut
from playvoice.store import Store, StoreTaken

log = structlog.get_logger(__name__)

TAKEN_FOR = 5.0
"""Seconds for which a start waits for the lock: a command may be at work, or another server on its way out."""
LOOK_AGAIN = 0.1


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
    await uncut(asyncio.to_thread(migrations.upgrade, url))
    return store


async def _open(url: str, stack: contextlib.AsyncExitStack) -> Store:
    store = await asyncio.to_thread(Store.open, url)
    stack.push_async_callback(store.close)
    return store
