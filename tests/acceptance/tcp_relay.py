"""What stands between a phone and a server on TCP: a NAT whose connections end without a hand of either."""

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from playvoice.simulator.configuration import LOOPBACK

OUTSIDE = "127.0.0.3"
"""What the server takes for the phone's address: nothing listens there."""


class TcpRelay:
    """A place that leads to a server; `cut` resets all connections. Use it as a context manager."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server((LOOPBACK, 0))
        self._lets_in = threading.Event()
        self._lets_in.set()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._said, self._instead = b"", b""
        self.connections = 0
        """Of the phone, since the start."""

    @property
    def address(self) -> tuple[str, int]:
        """Where the phone finds the server."""
        host, port = self._listener.getsockname()
        return host, port

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def say_instead(self, said: bytes, instead: bytes) -> None:
        """Change what the server says, as a border controller does that wants phones to register more often."""
        self._said, self._instead = said, instead

    def cut(self) -> None:
        """End all connections, on both sides."""
        for each in list(self._open):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # so that close resets
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                front, _ = self._listener.accept()
            except OSError:
                return  # the end
            back = socket.create_connection(self._server, source_address=(OUTSIDE, 0))
            self.connections += 1
            self._open |= {front, back}
            self._start(self._carry, front, back)
            self._start(self._carry, back, front, self._said, self._instead)

    def _carry(self, one: socket.socket, other: socket.socket, said: bytes = b"", instead: bytes = b"") -> None:
        with suppress(OSError):
            while octets := one.recv(65_536):
                other.sendall(octets.replace(said, instead) if said else octets)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()
