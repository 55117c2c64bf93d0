"""A child ends by itself, is killed, or is left behind; in none of these does anybody wait for ever."""

import asyncio
import signal
import sys

import pytest
import structlog.testing

from playvoice.media import ending
from playvoice.media.ending import end

PATIENCE = 30.0


async def child(program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", program)


async def test_one_that_ends_in_time_is_not_killed() -> None:
    process = await child("")
    await end(process, PATIENCE)
    assert process.returncode == 0


async def test_one_that_does_not_is_killed() -> None:
    process = await child("import time; time.sleep(60)")
    await end(process, 0.0)
    assert process.returncode == -signal.SIGKILL


async def test_one_that_no_signal_ends_is_left_behind_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    process = await child("import time; time.sleep(60)")
    with monkeypatch.context() as machine, structlog.testing.capture_logs() as told:
        machine.setattr(ending, "LONGEST", 0.05)
        machine.setattr(asyncio.subprocess.Process, "kill", lambda _process: None)
        await end(process, 0.0)
    assert told == [{"event": "process_left_behind", "log_level": "error", "pid": process.pid}]
    process.kill()
    await process.wait()
