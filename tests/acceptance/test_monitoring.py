"""Health, readiness and figures of a real server, and what it tells systemd, in good times and in bad."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.watching import BOUND, SystemD, figure, get, media_workers
from tests.waiting import wait_until

from playvoice.simulator.configuration import COMPANY
from playvoice.simulator.world import Cast, World


@pytest.fixture
def world(tmp_path: Path, systemd: SystemD) -> Iterator[World]:
    voices = voices_in(tmp_path)
    cast = Cast(callee={"": {"as": "answer"}}, registered=False, setting={"company": {"key_time": 0}})
    with World(tmp_path / "world", voices, cast, environ=systemd.environ) as made:
        yield made


def test_calls_and_their_callbacks_are_counted(world: World) -> None:
    assert get(world, "/healthz") == (200, "ok\n")
    assert get(world, "/readyz") == (200, '{"ready":true,"reasons":[]}')
    place(world.client(), "13333330001")
    wait_until(lambda: figure(world, "playvoice_calls", state="playing") == 1, "the call is seen while it plays")
    assert figure(world, "playvoice_trunk_calls", trunk="carrier") == 1
    assert figure(world, "playvoice_media_streams") >= 1
    wait_until(
        lambda: figure(world, "playvoice_callback_attempts_total", company=COMPANY, result="delivered") == 1,
        "its callback",
    )
    assert figure(world, "playvoice_calls_ended_total", cause="10001", text="normal") == 1
    assert figure(world, "playvoice_company_calls_ended_total", company=COMPANY, answered="yes") == 1
    assert figure(world, "playvoice_media_ticks_total") > 0
    assert figure(world, "playvoice_trunk_calls_begun_total", trunk="carrier") == 1
    assert figure(world, "playvoice_media_process_resident_memory_bytes") > 0


def test_a_proxy_is_told_that_there_is_nothing(world: World) -> None:
    nothing = get(world, "/nothing")
    assert nothing[0] == 404
    assert get(world, "/metrics", **{"X-Forwarded-For": "127.0.0.1"}) == nothing


def test_a_media_worker_that_died_is_counted_and_a_locked_database_is_not_ready(world: World) -> None:
    (worker,) = media_workers(world.server.pid)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: figure(world, "playvoice_media_worker_restarts_total") >= 1, "another worker is started")
    wait_until(lambda: get(world, "/readyz")[0] == 200, "it is ready again")
    (database,) = world.directory.rglob("*.db")
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: get(world, "/readyz")[0] == 503, "what can't store is not ready")
        assert '"part":"store"' in get(world, "/readyz")[1]
        assert get(world, "/healthz")[0] == 200, "it lives all the same"
        assert figure(world, "playvoice_store_readable") == 1
        wait_until(lambda: figure(world, "playvoice_store_writable") == 0, "the figures tell it too")
        other.execute("ROLLBACK")
    wait_until(lambda: get(world, "/readyz")[0] == 200, "it is ready again without a hand")


def test_systemd_hears_of_start_life_reload_and_stop(world: World, systemd: SystemD) -> None:
    ready = systemd.wait_for("READY=1")
    assert ready[1] == f"STATUS=Answers at {world.http}"
    systemd.wait_for("WATCHDOG=1")
    os.kill(world.server.pid, signal.SIGHUP)
    told = systemd.wait_for("RELOADING=1")
    assert told[1].startswith("MONOTONIC_USEC=")
    systemd.wait_for("READY=1")
    world.server.process.terminate()
    systemd.wait_for("STOPPING=1")
    assert world.server.process.wait(BOUND) == 0


def test_a_server_that_hangs_says_nothing_and_the_watchdog_would_end_it(world: World, systemd: SystemD) -> None:
    os.kill(world.server.pid, signal.SIGSTOP)
    systemd.forget()
    assert systemd.is_silent(0.7), "longer than the watchdog waits"
    os.kill(world.server.pid, signal.SIGCONT)
    systemd.wait_for("WATCHDOG=1")
