"""One piece of work for many who want it at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from playvoice.voices.voice import VoiceUnavailable

T = TypeVar("T")


class Flights(Generic[T]):
    """Work that runs, by key. Whoever asks for a key that is under way gets the outcome of the one that runs.

    Somebody who stops waiting does not stop the work, since others may wait for it.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The outcome of ``work``, or of what runs under ``key`` already.

        :raises VoiceUnavailable: it was stopped by :meth:`close`.
        """
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._run(work))
            self._running[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            waiting = asyncio.current_task()
            if task.cancelled() and waiting is not None and not waiting.cancelling():
                raise VoiceUnavailable("the server stops") from None
            raise

    @staticmethod
    async def _run(work: Callable[[], Awaitable[T]]) -> T:
        return await work()

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # so that a failure that nobody waits for any more is no complaint

    async def close(self) -> None:
        """Stop all of it."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
