"""A server under attack: where it is, what it should have counted, and connections that are slow all the while."""

import contextlib
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.acceptance.hostile.strangers import PATIENCE, STRANGER, TRUNK, Log, Udp, sip

from playvoice.simulator.world import World

SECOND = "20280004"
"""An extension outside the group, whose phone is a socket of the test."""
SLOW_PATIENCE = 45.0
"""Seconds after which no slow connection may be left."""
HEAD = b"POST / HTTP/1.1\r\nHost: server\r\nContent-Length: 9000\r\n\r\n"


@dataclass
class SlowConnection:
    """One that sends something and then an octet now and then, or nothing more."""

    name: str
    socket: socket.socket
    octets: bytes = b""
    received: bytes = b""
    closed: bool = False

    def go_on(self) -> None:
        """Read what is there, and send one octet more."""
        try:
            if self.octets:
                self.socket.send(self.octets[:1])
                self.octets = self.octets[1:]
            while data := self.socket.recv(65_536):
                self.received += data
            self.closed = True
        except BlockingIOError:
            pass
        except ConnectionError:
            self.closed = True


class Slow:
    """Slow connections in a thread, opened at once, each until the server closes it."""

    def __init__(self, connections: list[SlowConnection]) -> None:
        self.connections = {connection.name: connection for connection in connections}
        for connection in connections:
            connection.socket.setblocking(False)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the server has closed all of them."""
        self._thread.join(SLOW_PATIENCE)
        assert not self._alive(), f"still open: {[connection.name for connection in self._alive()]}"

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(PATIENCE)
        for connection in self.connections.values():
            connection.socket.close()

    def _alive(self) -> list[SlowConnection]:
        return [connection for connection in self.connections.values() if not connection.closed]

    def _run(self) -> None:
        deadline = time.monotonic() + SLOW_PATIENCE
        while time.monotonic() < deadline and self._alive() and not self._stopping.wait(0.1):
            for connection in self._alive():
                connection.go_on()


class Attack:
    """The server under attack, and what it should have counted. Use it as a context manager."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log = Log(world.directory / "server.log")
        self.dropped: Counter[str] = Counter()
        self._stack = contextlib.ExitStack()
        self.slow = Slow([*self._slow_sip(), *self._slow_http()])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.slow.stop()

    def udp(self, host: str) -> Udp:
        return Udp(host, self.world.sip())

    def tcp(self, host: str) -> socket.socket:
        return socket.create_connection(self.world.sip("tcp"), PATIENCE, (host, 0))

    def http(self) -> socket.socket:
        host, port = self.world.http.split(":")
        return socket.create_connection((host, int(port)), PATIENCE, (STRANGER, 0))

    def unanswered(self, who: Udp, data: bytes, kind: str) -> None:
        """Send what gets no answer: the next response is that to the request after it."""
        who.send(data)
        self.dropped[kind] += 1
        who.send(who.message("REGISTER"))
        assert who.status() == 401, "what was sent before got an answer"

    def _slow_sip(self) -> list[SlowConnection]:
        octets = sip("OPTIONS", "127.0.0.9", transport="TCP", headers=["X: " + "x" * 8_000])
        self.dropped["idle"] += 4
        return [
            SlowConnection("sip, a stranger's silence", self.tcp(STRANGER)),
            SlowConnection("sip, the trunk's silence", self.tcp(TRUNK)),
            SlowConnection("sip, a stranger's octets", self.tcp(STRANGER), octets),
            SlowConnection("sip, the trunk's octets", self.tcp(TRUNK), octets),
        ]

    def _slow_http(self) -> list[SlowConnection]:
        connections = [
            SlowConnection("http, no body", self.http()),
            SlowConnection("http, a body by octets", self.http(), b"x" * 8_000),
        ]
        for connection in connections:
            connection.socket.sendall(HEAD)
        return [
            *connections,
            SlowConnection("http, silence", self.http()),
            SlowConnection("http, a head by octets", self.http(), HEAD[:-2] + b"X: " + b"x" * 8_000),
        ]
