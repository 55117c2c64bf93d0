"""SIGTERM and SIGINT: the wish that the server ends, in order and within a bound.

    starting ──signal──> the start is given up, and what was begun is undone
    running ──signal──> asked: no new calls; those that run may end by themselves for `patience` seconds
               asked ──signal, or the time is over──> hurried: they are ended, with records and callbacks

Whatever a stop still waits for, the process ends `STOP_REST` seconds later: what is left is then as after a crash.
"""

import asyncio
import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")

STOP_REST = 9.0
"""Seconds for all that is not the running calls' own end, after which a stop is given up."""

TOLD_WITHIN = 0.5
"""Seconds for the line about it: what log lines go to may be what hangs."""


class Stopping:
    """Whether the server is to end, and how soon."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        self.patience = 0.0
        """Seconds that running calls may take to end by themselves; 0 until there can be any."""
        self._signals = 0
        self._bound: threading.Timer | None = None
        self._ends_at = math.inf

    def __repr__(self) -> str:
        return f"<Stopping asked={self.asked.is_set()} hurried={self.hurried.is_set()}>"

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """Listen to SIGTERM and SIGINT; also while the event loop is blocked, the bound counts from the signal on."""
        loop = asyncio.get_running_loop()

        def take(number: int, _frame: FrameType | None) -> None:
            self._signals += 1
            self._end_within((self.patience if self._signals == 1 else 0.0) + STOP_REST)
            loop.call_soon_threadsafe(self._take, signal.Signals(number).name)

        before = {number: signal.signal(number, take) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def unless_asked(self, work: Coroutine[None, None, T]) -> T | None:
        """Return what `work` returns; None where the wish came first, and `work` was cancelled."""
        task, asked = asyncio.create_task(work), asyncio.create_task(self.asked.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            return None
        finally:
            for each in (task, asked):
                each.cancel()
            await asyncio.gather(task, asked, return_exceptions=True)

    def _take(self, name: str) -> None:
        event, told = (self.hurried, "server_hurried") if self.asked.is_set() else (self.asked, "server_stopping")
        if not event.is_set():
            log.info(told, signal=name)
        event.set()

    def _end_within(self, seconds: float) -> None:
        """End the process after so many seconds at the latest: no signal makes it later than those before it."""
        ends_at = time.monotonic() + seconds
        if ends_at >= self._ends_at:
            return
        self._ends_at = ends_at
        if self._bound is not None:
            self._bound.cancel()
        self._bound = threading.Timer(seconds, _give_up)
        self._bound.daemon = True
        self._bound.start()


async def uncut(work: Coroutine[None, None, T]) -> T:
    """Return what `work` returns. Who is cancelled meanwhile is so when it is done: a thread can't be stopped."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _give_up() -> None:
    telling = threading.Thread(target=log.error, args=("stop_given_up",), daemon=True)
    telling.start()
    telling.join(TOLD_WITHIN)
    os._exit(1)
