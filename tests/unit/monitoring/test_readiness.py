"""A server that says it is ready is: a call would be stored, dialled, heard and reported."""

import os
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url
from tests.unit.monitoring.conftest import CARRIER, Rooms

from playvoice.calls.tables import servers
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.readiness import FRESH, PARTS, Readiness, Reason


class Clock:
    """Monotonic time, which is that of the store until somebody moves it."""

    def __init__(self, watched: Watched) -> None:
        self.now = watched.store.writing.committed_at or 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can write."""
    with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def beats(conn: Connection) -> int:
    return len(conn.execute(select(servers)).all())


async def test_a_commit_of_late_is_proof_and_none_is_made(watched: Watched) -> None:
    clock = Clock(watched)
    clock.now += FRESH - 0.01
    assert await Readiness(watched, clock=clock).reasons() == []
    assert await watched.store.read(beats) == 0


async def test_after_a_quiet_time_a_heartbeat_is_written_to_see_whether_it_goes(watched: Watched) -> None:
    clock = Clock(watched)
    clock.now += FRESH
    assert await Readiness(watched, clock=clock).reasons() == []
    assert await watched.store.read(beats) == 1


async def test_a_store_that_writes_nothing_in_time_is_told_and_asked_once(watched: Watched, sqlite_url: str) -> None:
    clock = Clock(watched)
    clock.now += FRESH
    readiness = Readiness(watched, clock=clock, patience=0.05)
    with locked(sqlite_url):
        for _ in range(3):
            (reason,) = await readiness.reasons()
            assert reason == Reason("store", "the database has not stored anything within 0.05 s")
        assert watched.store.writing.waiting == 0, "the one question is being worked on"
    await readiness.close()


async def test_a_store_that_refuses_is_told_in_its_words_and_the_next_look_finds_it_healed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(watched)
    clock.now += FRESH
    readiness = Readiness(watched, clock=clock)
    broken = threading.Event()
    broken.set()

    def refuse(conn: Connection, at: object) -> None:
        if broken.is_set():
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("playvoice.monitoring.readiness.heartbeat", refuse)
    (reason,) = await readiness.reasons()
    assert reason == Reason("store", "the database can't store anything now: OperationalError")
    broken.clear()
    assert await readiness.reasons() == []


async def test_what_is_missing_is_named(watched: Watched, rooms: Rooms) -> None:
    readiness = Readiness(watched, clock=Clock(watched))
    rooms.pid, rooms.sends = None, False
    assert [reason.part for reason in await readiness.reasons()] == ["media", "callbacks"]
    rooms.pid, rooms.sends = 4321, True
    assert await readiness.reasons() == []


async def test_a_server_that_is_stopping_is_not_ready(watched: Watched, rooms: Rooms) -> None:
    rooms.stops = True
    (reason,) = await Readiness(watched, clock=Clock(watched)).reasons()
    assert reason == Reason("server", "the server is stopping, and takes no more calls")


async def test_trunks_count_where_none_can_be_used_for_a_call_would_fail(watched: Watched, rooms: Rooms) -> None:
    readiness, down = Readiness(watched, clock=Clock(watched)), replace(CARRIER, usable=False)
    for trunks, parts in (([], ["trunks"]), ([down], ["trunks"]), ([down, CARRIER], [])):
        rooms.trunks = trunks
        assert [reason.part for reason in await readiness.reasons()] == parts


async def test_a_process_that_can_open_nothing_more_says_so(watched: Watched) -> None:
    readiness, (soft, hard) = Readiness(watched, clock=Clock(watched)), resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208
    kept: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 8, hard))
        with suppress(OSError):
            while True:
                kept.append(os.open(os.devnull, os.O_RDONLY))
        assert await readiness.reasons() == [Reason("descriptors", "nothing more can be opened: Too many open files")]
    finally:
        for each in kept:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert await readiness.reasons() == []


@pytest.mark.parametrize("address", ["192.0.2.77", "2001:db8::77"])
async def test_without_its_address_for_audio_no_call_would_be_heard(watched: Watched, address: str) -> None:
    readiness = Readiness(replace(watched, rtp_address=address), clock=Clock(watched))
    assert await readiness.reasons() == [
        Reason("media", f"no audio can be sent from [rtp] address {address}: Cannot assign requested address")
    ]
    for there in ("127.0.0.1", "::1"):
        assert await Readiness(replace(watched, rtp_address=there), clock=Clock(watched)).reasons() == []


async def test_a_part_that_is_left_out_is_no_reason_and_is_not_asked(watched: Watched, rooms: Rooms) -> None:
    clock = Clock(watched)
    clock.now += FRESH
    rooms.trunks, rooms.pid = [], None
    found = await Readiness(watched, clock=clock).reasons(["trunks", "store"])
    assert [reason.part for reason in found] == ["media"]
    assert await watched.store.read(beats) == 0


async def test_every_part_that_is_named_can_be_a_reason(watched: Watched, rooms: Rooms, sqlite_url: str) -> None:
    rooms.trunks, rooms.pid, rooms.sends, rooms.stops = [], None, False, True
    clock = Clock(watched)
    clock.now += FRESH
    readiness = Readiness(watched, clock=clock, patience=0.05)
    with locked(sqlite_url):
        found = {reason.part for reason in await readiness.reasons()}
    assert found == set(PARTS) - {"descriptors"}
    await readiness.close()
