import asyncio
import threading

import pytest

from playvoice.commands.doctor.threads import in_thread


async def test_what_the_work_returns_or_raises_is_given() -> None:
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)


async def test_many_can_hang_and_the_next_is_done_all_the_same() -> None:
    release = threading.Event()
    hanging = [asyncio.create_task(in_thread(release.wait)) for _ in range(50)]
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await hanging[0]
    release.set()
    assert all(await asyncio.gather(*hanging[1:]))


def test_a_loop_ends_without_waiting_for_who_hangs() -> None:
    release, left = threading.Event(), threading.Event()

    def hang() -> None:
        release.wait()
        left.set()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await in_thread(hang)

    asyncio.run(give_up())
    assert not left.is_set()
    release.set()
    assert left.wait(10)
