"""`/healthz` and `/readyz` while a part is at fault: each answer is what a call that is asked for would meet."""

import contextlib
import errno
import http.client
import json
import os
import resource
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.watching import BOUND, SystemD, figure, get, media_workers
from tests.waiting import wait_until

from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.world import Cast, World


@pytest.fixture
def world(tmp_path: Path, systemd: SystemD) -> Iterator[World]:
    voices = voices_in(tmp_path)
    setting = {
        "http": f"{LOOPBACK}:{free_ports(1)[0]}",
        "trunk": {"keepalive": 1},
        "company": {"key_time": 60},
    }
    cast = Cast(callee={"": {"as": "answer"}}, registered=False, setting=setting)
    with World(tmp_path / "world", voices, cast, environ=systemd.environ) as made:
        yield made


@contextlib.contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes that stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def parts(world: World, path: str = "/readyz") -> set[str]:
    """Of a page that says that the server is not ready, the parts that are why; nothing where it is."""
    status, body = get(world, path)
    told = json.loads(body)
    assert (status == 200) is told["ready"] is not bool(told["reasons"])
    return {reason["part"] for reason in told["reasons"]}


def refuses(world: World) -> bool:
    """Whether nobody listens."""
    host, port = world.http.split(":")
    with socket.socket() as sock:
        return sock.connect_ex((host, int(port))) == errno.ECONNREFUSED


def test_a_carrier_and_a_media_worker_that_stand_still_are_told_each_by_its_part(world: World) -> None:
    assert world.carrier is not None
    wait_until(lambda: figure(world, "playvoice_trunk_up", trunk="carrier") == 1, "OPTIONS are answered")
    assert parts(world) == set()
    (worker,) = media_workers(world.server.pid)
    with frozen(world.carrier.pid, worker):
        wait_until(lambda: "trunks" in parts(world), "no trunk can be used")
        assert "trunks" not in parts(world, "/readyz?exclude=trunks")
        assert figure(world, "playvoice_ready", part="trunks") == 0
        assert get(world, "/healthz") == (200, "ok\n")
        wait_until(lambda: figure(world, "playvoice_media_worker_restarts_total") == 1, "the worker is ended")
    wait_until(lambda: parts(world) == set(), "both are there again")
    assert figure(world, "playvoice_ready", part="trunks") == 1


def test_without_descriptors_nobody_new_is_answered_and_who_is_connected_hears_why(
    world: World, systemd: SystemD
) -> None:
    kept = http.client.HTTPConnection(world.http, timeout=BOUND)
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b"ok\n"
    pid, others = world.server.pid, contextlib.ExitStack()
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(each) for each in os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
    with others:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 3, before[1]))
        host, port = world.http.split(":")
        for _ in range(highest):
            others.enter_context(socket.create_connection((host, int(port))))
            others.enter_context(socket.create_connection(world.sip("tcp")))

        def told() -> list[dict[str, str]]:
            kept.request("GET", "/readyz")
            reasons: list[dict[str, str]] = json.loads(kept.getresponse().read())["reasons"]
            return reasons

        why = {"part": "descriptors", "reason": "nothing more can be opened: Too many open files"}
        wait_until(lambda: why in told(), "it can open nothing more")
        late = http.client.HTTPConnection(world.http, timeout=1)
        late.request("GET", "/healthz")
        with pytest.raises(TimeoutError):
            late.getresponse()
        late.close()
        systemd.forget()
        systemd.wait_for("WATCHDOG=1")
        log = (world.directory / "server.log").read_text()
        assert 0 < log.count("socket.accept() out of system resource") < 50, "a line a second for each socket"
    kept.close()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    wait_until(lambda: parts(world) == set(), "it takes connections again")


def test_nobody_listens_before_the_server_can_answer(world: World, systemd: SystemD) -> None:
    assert world.server.stop() == 0
    (database,) = world.directory.rglob("*.db")
    systemd.forget()
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        world.launch_server()
        systemd.wait_for("STATUS=Opens the database, and brings it up to date")
        assert refuses(world)
        other.execute("ROLLBACK")
    systemd.wait_for("READY=1")
    assert parts(world) == set()


def test_nobody_listens_any_more_while_a_stop_ends_the_calls(world: World, systemd: SystemD) -> None:
    assert world.carrier is not None
    place(world.client(), "13333330001")
    world.carrier.wait_for("ack", BOUND)
    with frozen(world.carrier.pid):
        world.server.process.terminate()
        systemd.wait_for("STOPPING=1")
        wait_until(lambda: refuses(world), "no request is taken")
        assert world.server.process.poll() is None, "and the BYE still waits for its answer"
        assert world.server.process.wait(BOUND) == 0
