"""How late the event loop comes to what is due: HTTP, SIP, calls and callbacks share it."""

import asyncio
from collections.abc import Callable

EVERY = 0.25
"""Seconds between two looks."""


async def watch_loop(observe: Callable[[float], None], every: float = EVERY) -> None:
    """Tell `observe` the seconds that each look came late, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every
        await asyncio.sleep(every)
        observe(max(0.0, loop.time() - due))
