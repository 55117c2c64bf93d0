"""An event loop whose time passes only when nothing else can happen, with real sockets.

Both ends of every connection live on the loop. When no socket is ready, no packet is on its way and no thread works
for the loop, nothing happens any more until the next timer, and the clock goes there in one step. So a timeout of 10 s
takes a millisecond, a schedule of three days a second, and every measured time is exact.
"""

import asyncio
import fcntl
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 20.0
"""Real seconds after which a thread that works for the loop has failed the test."""
ROUNDS = 4
"""As many packets may answer one another until a socket is ready: a connection takes three."""

HELD_BACK = 0.1
"""Real seconds that are given to octets which the kernel holds back: who does not read gets them never."""
SIOCOUTQNSD = 0x894B
"""Asks for the octets that are not sent yet: linux/sockios.h."""

Ready = list[tuple[selectors.SelectorKey, int]]


class _Selector(selectors.EpollSelector):
    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self.threads = 0
        self._receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiving.bind(("127.0.0.1", 0))
        self._sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sending.connect(self._receiving.getsockname())

    def select(self, timeout: float | None = None) -> Ready:
        if ready := super().select(0):
            return ready
        if timeout is not None and timeout <= 0:
            return []
        self._let_packets_arrive()
        if ready := super().select(0) or self._wait_for_unsent():
            return ready
        if self.threads or timeout is None:
            if ready := super().select(PATIENCE):
                return ready
            raise AssertionError("nothing happens, and nobody waits for a time")
        self.passed += timeout
        return []

    def _let_packets_arrive(self) -> None:
        """Loopback delivers the packets of a processor in their order: what was sent before has arrived after this."""
        for _ in range(ROUNDS):
            self._sending.send(b"x")
            self._receiving.recv(1)

    def _wait_for_unsent(self) -> Ready:
        """The kernel may keep small packets back until those before them are confirmed: up to 40 ms."""
        end = time.monotonic() + HELD_BACK
        while self._has_unsent() and time.monotonic() < end:
            if ready := super().select(0.002):
                return ready
        return super().select(0)

    def _has_unsent(self) -> bool:
        return any(_unsent(key.fd) for key in self.get_map().values())

    def close(self) -> None:
        super().close()
        self._receiving.close()
        self._sending.close()


class SimulatedLoop(asyncio.SelectorEventLoop):
    """The loop; its time begins at 0. While it lives, its thread stays on one processor."""

    def __init__(self) -> None:
        self._passing = _Selector()
        self._processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(self._processors)})
        super().__init__(self._passing)

    def time(self) -> float:
        return self._passing.passed

    def close(self) -> None:
        super().close()
        os.sched_setaffinity(0, self._processors)

    @contextmanager
    def thread_at_work(self) -> Iterator[None]:
        """A block in which no time passes, since a thread works for the loop."""
        self._passing.threads += 1
        try:
            yield
        finally:
            self._passing.threads -= 1


def _unsent(descriptor: int) -> int:
    try:
        (octets,) = struct.unpack("i", fcntl.ioctl(descriptor, SIOCOUTQNSD, b"\0\0\0\0"))
    except OSError:  # it is no connection
        return 0
    return int(octets)
