"""uvicorn for a program that has its own way with signals, and that may run out of descriptors."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn

QUEUE = 1_024
"""Connections that wait to be accepted."""


class HttpServer(uvicorn.Server):
    """Serves until `should_exit` is set, and leaves the process's signals to the process.

    The configuration's `backlog` is to be 1: asyncio tries to accept so many in one turn, and where no descriptor is
    left writes a traceback for each. The socket's own queue has another length.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for sock in sockets or []:
            sock.listen(QUEUE)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
