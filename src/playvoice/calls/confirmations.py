"""Legs whose far end has confirmed their end, stored a few at a time.

Nobody waits for it: a leg whose confirmation a crash forgets is ended once more at the next start, and its far end says
that it knows of no such call. So a second's worth of legs is one statement instead of a commit for each.
"""

import asyncio
import contextlib
from functools import partial

import structlog

from playvoice.calls import ledger
from playvoice.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds between two statements."""
AT_ONCE = 500
"""Legs in one statement."""


class Confirmations:
    """The confirmed legs that are not stored yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._legs: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Confirmations {len(self._legs)} to be stored>"

    def add(self, leg: str) -> None:
        """A leg's far end has confirmed; the leg's end is stored already."""
        self._legs.append(leg)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def written(self) -> None:
        """Store what there is now, and wait for it."""
        self._hurry.set()
        while self._task is not None:
            await asyncio.shield(self._task)
        self._hurry.clear()

    async def _write(self) -> None:
        while self._legs:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._hurry.wait()
            legs = self._legs[:AT_ONCE]
            try:
                await self._store.write(partial(ledger.legs_confirmed, legs=legs))
            except StoreUnavailable as error:
                log.debug("confirmations_wait", legs=len(self._legs), reason=str(error))
                await asyncio.sleep(EVERY)
                continue
            del self._legs[: len(legs)]
        self._task = None
