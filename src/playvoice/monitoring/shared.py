"""An answer that takes a while, asked for once at a time however many want it, and waited for only so long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Who asks while an answer is on its way gets that one: a database that hangs gathers no heap of questions."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._task: asyncio.Task[T] | None = None

    async def get(self, within: float) -> T:
        """Return the answer, or raise what asking raised; TimeoutError if none comes within so many seconds.

        What was asked goes on after that, and the next one waits for the same answer.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._task.add_done_callback(_take_note)
        async with asyncio.timeout(within):
            return await asyncio.shield(self._task)

    async def close(self) -> None:
        """Wait no longer for what was asked."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> T:
        return await self._ask()


def _take_note(task: "asyncio.Task[T]") -> None:
    """Nobody may be left to hear of a failure."""
    if not task.cancelled():
        task.exception()
