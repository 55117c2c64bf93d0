"""Health, readiness and figures of a real server, and what it tells systemd, in good times and in bad."""

import contextlib
import os
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.acceptance.sipp_world import NOTICE

from playvoice.media.g711 import Codec
from playvoice.simulator.configuration import COMPANY, GROUP, NUMBERS
from playvoice.simulator.sound import write_g711
from playvoice.simulator.world import Cast, World

BOUND = 20.0
"""Seconds within which something has to be seen."""


class SystemD:
    """Its end of the notify protocol."""

    def __init__(self, path: Path) -> None:
        self.environ = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(str(path))
        self._sock.settimeout(BOUND)

    def wait_for(self, assignment: str) -> list[str]:
        """The next datagram with this assignment."""
        deadline = time.monotonic() + BOUND
        while time.monotonic() < deadline:
            told = self._sock.recv(4096).decode().split("\n")
            if assignment in told:
                return told
        raise AssertionError(f"systemd never heard {assignment}")

    def forget(self) -> None:
        """Leave nothing of what was told so far."""
        self._sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._sock.recv(4096)
        self._sock.settimeout(BOUND)

    def is_silent(self, seconds: float) -> bool:
        self._sock.settimeout(seconds)
        try:
            self._sock.recv(4096)
        except TimeoutError:
            return True
        finally:
            self._sock.settimeout(BOUND)
        return False

    def close(self) -> None:
        self._sock.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[SystemD]:
    made = SystemD(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path, systemd: SystemD) -> Iterator[World]:
    voices = tmp_path / "voices"
    voices.mkdir()
    write_g711(voices / "notice.wav", NOTICE[Codec.PCMA], Codec.PCMA)
    cast = Cast(callee={"": {"as": "answer"}}, registered=False, setting={"company": {"key_time": 0}})
    with World(tmp_path / "world", voices, cast, environ=systemd.environ) as made:
        yield made


def get(world: World, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://{world.http}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=BOUND) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(world: World) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    status, text = get(world, "/metrics")
    assert status == 200
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def figure(world: World, name: str, **labels: str) -> float:
    return figures(world).get((name, frozenset(labels.items())), -1)


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def place(world: World, number: str) -> None:
    answer, uuid = world.client().play_voice(
        voicetype="1",
        destnumber=number,
        voicefile="notice.wav",
        chengshudu="1",
        userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
    )
    assert uuid, answer


def test_calls_and_their_callbacks_are_counted(world: World) -> None:
    assert get(world, "/healthz") == (200, "ok\n")
    assert get(world, "/readyz") == (200, '{"ready":true,"reasons":[]}')
    place(world, "13333330001")
    until(lambda: figure(world, "playvoice_calls", state="playing") == 1, "the call is seen while it plays")
    assert figure(world, "playvoice_trunk_calls", trunk="carrier") == 1
    assert figure(world, "playvoice_media_streams") >= 1
    until(
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
    until(lambda: figure(world, "playvoice_media_worker_restarts_total") >= 1, "another worker is started")
    until(lambda: get(world, "/readyz")[0] == 200, "it is ready again")
    (database,) = world.directory.rglob("*.db")
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        until(lambda: get(world, "/readyz")[0] == 503, "what can't store is not ready")
        assert '"part":"store"' in get(world, "/readyz")[1]
        assert get(world, "/healthz")[0] == 200, "it lives all the same"
        assert figure(world, "playvoice_store_readable") == 1
        until(lambda: figure(world, "playvoice_store_writable") == 0, "the figures tell it too")
        other.execute("ROLLBACK")
    until(lambda: get(world, "/readyz")[0] == 200, "it is ready again without a hand")


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


def media_workers(pid: int) -> list[int]:
    """The process ids of a server's media workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child) for child in children if b"playvoice.media.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
