"""What one call stores, in order, without waiting for it.

Facts are added as they happen and committed in that order, all that gathered while the last commit ran together. What
has to follow a commit (an INVITE, an ACK) comes along as `then`. While nothing can be stored the facts wait here, and
the call goes on: how many they can be is bounded, since nothing that needs a commit first happens meanwhile.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from playvoice.store import Store, StoreUnavailable

Fact = Callable[[Connection], Any]
Then = Callable[[Any], None]

AGAIN = 1.0
"""Seconds after which what could not be stored is tried again."""

log = structlog.get_logger(__name__)


class Journal:
    """The facts of one call on their way into the store.

    A fact may run more than once, also after a commit of which nobody knows whether it held; so each is repeatable. One
    that raises, and does so again after `AGAIN`, is a fault: it is left out, and `on_fault` hears of it.
    """

    def __init__(self, store: Store, on_fault: Callable[[Exception], None], uuid: str | None = None) -> None:
        """`uuid` is the call's, which stands in log lines."""
        self._whose = {} if uuid is None else {"uuid": uuid}
        self._store = store
        self._on_fault = on_fault
        self._facts: list[tuple[Fact, Then | None]] = []
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Journal {len(self._facts)} facts waiting>"

    def add(self, fact: Fact, then: Then | None = None) -> None:
        """Store `fact` after those before it; then call `then` with what it returned."""
        self._facts.append((fact, then))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    def after(self, then: Callable[[], None]) -> None:
        """Call `then` when what was added before is stored, which may be now."""
        if self._task is None:
            self._follow(lambda _nothing: then(), None)
        else:
            self.add(_nothing, lambda _stored: then())

    async def hurry(self) -> None:
        """The store can be written again: try at once, and wait until nothing waits any more."""
        self._again.set()
        await self.written()

    async def written(self) -> None:
        """Wait until nothing waits any more."""
        while self._task is not None:
            await asyncio.shield(self._task)

    async def _write(self) -> None:
        singly = 0  # facts that are written one by one, since one of them is at fault
        suspect: tuple[Fact, Then | None] | None = None
        while self._facts:
            batch = self._facts[:1] if singly else list(self._facts)
            try:
                results = await self._store.write(partial(_run, [fact for fact, _ in batch]))
            except StoreUnavailable as error:
                log.debug("facts_wait", facts=len(self._facts), reason=str(error), **self._whose)
                await self._pause()
                continue
            except Exception as error:
                if len(batch) > 1:
                    singly = len(batch)
                    continue
                if batch[0] is not suspect:  # it may be a call's record, which a moment's fault is not to cost
                    suspect = batch[0]
                    await self._pause()
                    continue
                log.exception("fact_failed", **self._whose)
                results = [error]
            singly = max(0, singly - 1)
            del self._facts[: len(batch)]
            for (_, then), result in zip(batch, results, strict=True):
                self._follow(then, result)
        self._task = None

    async def _pause(self) -> None:
        """Wait until something is to be tried again, or somebody hurries."""
        self._again.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AGAIN):
                await self._again.wait()

    def _follow(self, then: Then | None, result: Any) -> None:
        try:
            if isinstance(result, Exception):
                raise result
            if then is not None:
                then(result)
        except Exception as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        try:
            self._on_fault(error)
        except Exception:  # the facts that follow are not to be lost by it
            log.exception("fault_not_handled", **self._whose)


def _nothing(_conn: Connection) -> None:
    """Stands in the row of facts where there is nothing to store."""


def _run(facts: list[Fact], conn: Connection) -> list[Any]:
    return [fact(conn) for fact in facts]
