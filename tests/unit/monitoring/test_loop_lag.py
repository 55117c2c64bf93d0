"""The event loop's lag is what its timers come late."""

import asyncio
import time

from playvoice.monitoring.loop_lag import watch_loop


async def test_a_loop_that_was_held_up_is_seen_to_be_late() -> None:
    seen: asyncio.Queue[float] = asyncio.Queue()
    watching = asyncio.create_task(watch_loop(seen.put_nowait, every=0.001))
    async with asyncio.timeout(10):
        assert await seen.get() >= 0
        while not seen.empty():
            seen.get_nowait()
        time.sleep(0.05)  # noqa: ASYNC251 - the very fault that is to be seen
        assert await seen.get() > 0.04
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
