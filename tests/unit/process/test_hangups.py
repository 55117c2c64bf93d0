"""SIGHUP: each has the file read anew, one that was held too, and none ends the process."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from typing import cast

import pytest
import structlog.testing

from playvoice.control.errors import CommandFailed
from playvoice.control.reloading import Reload
from playvoice.monitoring.service_manager import ServiceManager
from playvoice.process.hangups import reload_at_hangup


class Reloads:
    """Counts, and fails where it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self.refuses = False
        self.ran = asyncio.Event()

    async def run(self) -> list[str]:
        self.count += 1
        self.ran.set()
        if self.refuses:
            raise CommandFailed("line 3: nonsense is unknown")
        return []

    async def again(self) -> int:
        async with asyncio.timeout(10):
            await self.ran.wait()
        self.ran.clear()
        return self.count


def hang_up() -> None:
    """To this thread alone: the others of a test's process would die of it."""
    signal.pthread_kill(threading.get_ident(), signal.SIGHUP)


@pytest.fixture
def held() -> Iterator[None]:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@pytest.mark.usefixtures("held")
async def test_each_hangup_and_the_one_that_was_held_has_the_file_read() -> None:
    reloads = Reloads()
    hang_up()
    with reload_at_hangup(cast(Reload, reloads), ServiceManager("")):
        assert await reloads.again() == 1
        hang_up()
        assert await reloads.again() == 2
    assert signal.SIGHUP in signal.pthread_sigmask(signal.SIG_BLOCK, set()), "it is held again, for nobody takes it"


@pytest.mark.usefixtures("held")
async def test_a_file_that_can_not_be_taken_is_told_and_the_next_one_is_read() -> None:
    reloads = Reloads()
    reloads.refuses = True
    with (
        structlog.testing.capture_logs() as told,
        reload_at_hangup(cast(Reload, reloads), ServiceManager("")),
    ):
        hang_up()
        assert await reloads.again() == 1
        hang_up()
        assert await reloads.again() == 2
    assert told[0] == {
        "event": "configuration_not_reloaded",
        "log_level": "error",
        "reason": "line 3: nonsense is unknown",
    }
