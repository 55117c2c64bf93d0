"""What watches over a server in the tests: systemd's end of its notify socket, and who reads its pages."""

import contextlib
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from playvoice.simulator.world import World

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


def media_workers(pid: int) -> list[int]:
    """The process ids of a server's media workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child) for child in children if b"playvoice.media.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
