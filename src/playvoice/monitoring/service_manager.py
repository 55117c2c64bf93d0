"""What systemd is told of the server: datagrams of assignments to the socket that it names (sd_notify(3)).

    start ──READY=1──> running ──SIGHUP: RELOADING=1──> reloading ──READY=1──> running ──SIGTERM: STOPPING=1──> end
                          └── WATCHDOG=1, thrice in the time after which a server that says nothing is killed

The event loop itself says that it lives, so that a loop that hangs says nothing. Without systemd nothing is said. The
socket is opened at the start, so that a server that can open nothing more is not taken for one that hangs.
"""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from typing import Self

import structlog

log = structlog.get_logger(__name__)


class ServiceManager:
    """Who started the server and watches over it, if anybody does."""

    def __init__(self, address: str, watchdog: float | None = None) -> None:
        """`address` is a socket's path, of an abstract one with @ before it, empty for nobody.

        `watchdog` is the seconds within which it wants to hear that the server lives, None where it does not care.
        """
        self._address = address
        self._watchdog = watchdog
        self._started = asyncio.Event()
        self._socket = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def __repr__(self) -> str:
        return f"<ServiceManager at {self._address or 'no socket'}, watchdog {self._watchdog}>"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], pid: int) -> Self:
        """Read what systemd has put into the environment: of the watchdog only what is meant for this process."""
        meant = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        microseconds = environ.get("WATCHDOG_USEC", "")
        seconds = int(microseconds) / 1e6 if meant and microseconds.isdecimal() else 0.0
        return cls(environ.get("NOTIFY_SOCKET", ""), seconds or None)

    def tell(self, status: str) -> None:
        """Say to a person what the server does that does not answer yet."""
        self._tell(f"STATUS={status}")

    def ready(self, status: str = "") -> None:
        """The server answers, for the first time or after a reload; `status` is for a person."""
        self._tell("READY=1", *([f"STATUS={status}"] if status else []))
        self._started.set()

    def reloading(self) -> None:
        """The file is read anew; `ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The server ends."""
        self._tell("STOPPING=1", "STATUS=Ending the running calls")

    def close(self) -> None:
        """Say nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def watch(self) -> None:
        """Say that the event loop lives, from the start's end on, for ever; at once over where nobody cares.

        The first time begins the watchdog, whose time a start may take: that has a bound of its own.
        """
        if self._watchdog is None:
            return
        await self._started.wait()
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog / 3)

    def _tell(self, *assignments: str) -> None:
        if self._socket is None:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            self._socket.sendto("\n".join(assignments).encode(), address)
        except OSError as error:
            log.warning("service_manager_not_told", what=assignments[0], reason=os.strerror(error.errno or 0))
