"""Waiting for what no event tells: what another process, another thread or the far end of a socket brings about."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds: far more than it takes, on a busy machine too."""
AT_ONCE = 5.0
"""Seconds in which a busy machine has done what is done at once; what waits for a timer instead takes longer."""


def wait_until(find: Callable[[], T | None], what: str | Callable[[], str], seconds: float = PATIENCE) -> T:
    """Look again and again until there is something, and return that; AssertionError if there never is."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, _in_vain(what, seconds)
        time.sleep(0.02)
    return found


async def until(find: Callable[[], T | None], what: str | Callable[[], str] = "", seconds: float = PATIENCE) -> T:
    """The same while the loop runs on."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, _in_vain(what, seconds)
        await asyncio.sleep(0.002)
    return found


def _in_vain(what: str | Callable[[], str], seconds: float) -> str:
    return f"not within {seconds:g} s: {what if isinstance(what, str) else what()}"
