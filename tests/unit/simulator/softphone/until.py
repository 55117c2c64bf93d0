"""Waiting for what another process or a socket does."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Return once it holds; TimeoutError if that lasts too long."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.005)
