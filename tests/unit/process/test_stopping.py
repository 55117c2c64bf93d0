"""SIGTERM and SIGINT, once and twice, at the start and later, and with an event loop that is blocked."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from playvoice.process import stopping as module
from playvoice.process.stopping import Stopping, uncut


@pytest.fixture
async def stopping(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stopping]:
    """One that hears signals and gives up in a time that no test lasts."""
    monkeypatch.setattr(module, "STOP_REST", 3600.0)
    made = Stopping()
    with made.by_signals():
        yield made
    if made._bound is not None:
        made._bound.cancel()


async def tell(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_asks_and_the_second_hurries(stopping: Stopping, number: signal.Signals) -> None:
    assert not stopping.asked.is_set()
    await tell(number)
    assert (stopping.asked.is_set(), stopping.hurried.is_set()) == (True, False)
    await tell(signal.SIGTERM)
    assert stopping.hurried.is_set()
    await tell(number)


async def test_the_bound_has_the_calls_own_time_until_the_second_signal_takes_it(stopping: Stopping) -> None:
    stopping.patience = 60.0
    await tell(signal.SIGTERM)
    assert stopping._bound is not None
    assert stopping._bound.interval == 60.0 + 3600.0
    await tell(signal.SIGTERM)
    assert stopping._bound.interval == 3600.0


async def test_no_signal_makes_the_end_later_than_those_before_it(stopping: Stopping) -> None:
    await tell(signal.SIGTERM)
    first = stopping._bound
    for _ in range(2):
        await tell(signal.SIGINT)
    assert stopping._bound is first


async def test_what_was_there_before_hears_signals_again_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with Stopping().by_signals():
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] != before
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


async def test_a_start_that_is_not_stopped_gives_what_it_made(stopping: Stopping) -> None:
    async def start() -> str:
        await asyncio.sleep(0)
        return "a server"

    assert await stopping.unless_asked(start()) == "a server"


async def test_a_start_that_fails_says_why(stopping: Stopping) -> None:
    async def start() -> str:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        await stopping.unless_asked(start())


async def test_a_start_that_is_stopped_is_cancelled_and_has_ended(stopping: Stopping) -> None:
    said: list[str] = []

    async def start() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            said.append("undone")
        return "a server"

    starting = asyncio.ensure_future(stopping.unless_asked(start()))
    await asyncio.sleep(0)
    await tell(signal.SIGTERM)
    assert await starting is None
    assert said == ["undone"]


async def test_what_can_not_be_stopped_is_waited_for() -> None:
    go_on, said = asyncio.Event(), list[str]()

    async def work() -> None:
        await go_on.wait()
        said.append("done")

    waiting = asyncio.ensure_future(uncut(work()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert said == ["done"]


def test_a_process_whose_event_loop_is_blocked_ends_in_time_all_the_same() -> None:
    code = """
import asyncio, os, signal, threading
from playvoice.process import stopping
stopping.STOP_REST = 0.1
async def main():
    with stopping.Stopping().by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait()
asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "stop_given_up" in ran.stdout + ran.stderr


def test_a_log_that_stands_still_does_not_keep_a_process_from_its_end() -> None:
    code = """
import asyncio, os, signal, threading
from playvoice import logs
from playvoice.process import log_output, stopping
stopping.STOP_REST = 0.1
logs.configure(logs.Format.TEXT)
log_output.os.write = lambda *_: threading.Event().wait()
async def main():
    with stopping.Stopping().by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(3600)
asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True, check=False)
    assert ran.returncode == 1
