"""The end of a child process, within a bound."""

import asyncio
import contextlib

import structlog

log = structlog.get_logger(__name__)

LONGEST = 2.0
"""Seconds that a killed process may take to be gone."""


async def end(process: asyncio.subprocess.Process, patience: float) -> None:
    """Wait until a process has ended, which is killed after `patience` seconds.

    One that is in the midst of a write to a disk that hangs, or that a debugger holds, is not gone then, either; it is
    left behind, so that the next one can begin.
    """
    if await _ends(process, patience):
        return
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if not await _ends(process, LONGEST):
        log.error("process_left_behind", pid=process.pid)


async def _ends(process: asyncio.subprocess.Process, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        return False
    return True
