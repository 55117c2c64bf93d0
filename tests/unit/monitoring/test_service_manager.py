"""What systemd hears, on a socket as it opens one."""

import asyncio
import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog.testing

from playvoice.monitoring.service_manager import ServiceManager


class Listener:
    """Where systemd would listen."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._sock.settimeout(5)

    def heard(self) -> list[str]:
        return self._sock.recv(4096).decode().split("\n")

    def close(self) -> None:
        self._sock.close()


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    made = Listener(
        str(tmp_path / "notify") if request.param == "path" else f"@playvoice-{tmp_path.name}-{os.getpid()}"
    )
    yield made
    made.close()


@pytest.fixture
def made() -> Iterator[Callable[[ServiceManager], ServiceManager]]:
    """What the test makes is closed at its end."""
    with contextlib.ExitStack() as stack:
        yield lambda manager: stack.enter_context(contextlib.closing(manager))


def test_the_stations_of_a_life_are_told(listener: Listener, made: Callable[[ServiceManager], ServiceManager]) -> None:
    manager = made(ServiceManager(listener.address))
    manager.tell("Brings the database up to date")
    assert listener.heard() == ["STATUS=Brings the database up to date"]
    manager.ready("Answers at 127.0.0.1:8080")
    assert listener.heard() == ["READY=1", "STATUS=Answers at 127.0.0.1:8080"]
    before = time.monotonic_ns() // 1000
    manager.reloading()
    what, when = listener.heard()
    assert what == "RELOADING=1"
    assert before <= int(when.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    manager.ready()
    assert listener.heard() == ["READY=1"]
    manager.stopping()
    assert listener.heard()[0] == "STOPPING=1"


async def test_the_loop_says_that_it_lives_as_often_as_is_wanted(
    listener: Listener, made: Callable[[ServiceManager], ServiceManager]
) -> None:
    manager = made(ServiceManager(listener.address, watchdog=0.003))
    watching = asyncio.create_task(manager.watch())
    await asyncio.sleep(0)
    manager.ready()
    assert await asyncio.to_thread(listener.heard) == ["READY=1"], "a start may take longer than the watchdog waits"
    for _ in range(3):
        assert await asyncio.to_thread(listener.heard) == ["WATCHDOG=1"]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_where_nobody_listens_nothing_is_said() -> None:
    with structlog.testing.capture_logs() as logs:
        manager = ServiceManager.from_environment({}, 17)
        manager.ready()
        manager.stopping()
        async with asyncio.timeout(5):
            await manager.watch()
    assert logs == []


async def test_a_server_that_can_open_nothing_more_still_says_that_it_lives(
    listener: Listener, made: Callable[[ServiceManager], ServiceManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    manager = made(ServiceManager(listener.address))
    monkeypatch.setattr(socket, "socket", refuse)
    manager.ready()
    assert listener.heard() == ["READY=1"]


def test_a_socket_that_is_gone_stops_nothing(tmp_path: Path, made: Callable[[ServiceManager], ServiceManager]) -> None:
    with structlog.testing.capture_logs() as logs:
        made(ServiceManager(str(tmp_path / "gone"))).ready()
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("service_manager_not_told", "No such file or directory")
    ]


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "17"}, "30.0"),
        ({"WATCHDOG_USEC": "30000000"}, "30.0"),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "18"}, "None"),
        ({"WATCHDOG_USEC": "0"}, "None"),
        ({"WATCHDOG_USEC": "soon"}, "None"),
        ({}, "None"),
    ],
)
def test_a_watchdog_counts_if_it_is_meant_for_this_process(
    environ: dict[str, str], seconds: str, made: Callable[[ServiceManager], ServiceManager]
) -> None:
    manager = made(ServiceManager.from_environment(environ | {"NOTIFY_SOCKET": "/run/notify"}, 17))
    assert repr(manager) == f"<ServiceManager at /run/notify, watchdog {seconds}>"
