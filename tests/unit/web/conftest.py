"""A far end on loopback that does what a test writes, octet by octet, and a stream without a network."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest

from playvoice.web.stream import Stream

Behaviour: TypeAlias = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request as it came in, and the way to answer it."""

    start: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


@dataclass
class FarEnd:
    """The server; ``requests`` and ``connections`` say what it saw."""

    behave: Behaviour
    port: int = 0
    requests: list[Exchange] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while True:
                exchange = await self._read(reader, writer)
                self.requests.append(exchange)
                self.asked.set()
                await self.behave(exchange)
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Exchange(head[0], headers, body, writer)

    async def left(self) -> None:
        """Return when no connection stands any more."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


Start: TypeAlias = Callable[..., Awaitable[FarEnd]]


@pytest.fixture
async def far_end() -> AsyncIterator[Start]:
    """Starts far ends: ``await far_end(behaviour)``."""
    ends: list[tuple[FarEnd, asyncio.Server]] = []

    async def start(behave: Behaviour, **options: object) -> FarEnd:
        end = FarEnd(behave)
        server = await asyncio.start_server(end.serve, "127.0.0.1", 0, **options)  # type: ignore[arg-type]
        end.port = server.sockets[0].getsockname()[1]
        ends.append((end, server))
        return end

    yield start
    for end, server in ends:
        server.close()
        await end.close()


class Wire(asyncio.Transport):
    """A transport that notes what is asked of it."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__({"socket": end})
        self.asked: list[str] = []
        self.sent = b""
        self.closing = False

    def pause_reading(self) -> None:
        self.asked.append("pause")

    def resume_reading(self) -> None:
        self.asked.append("resume")

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.asked.append("abort")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours and the far end's socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def wire(ends: tuple[socket.socket, socket.socket]) -> Wire:
    return Wire(ends[0])


@pytest.fixture
def stream(wire: Wire) -> Stream:
    stream = Stream()
    stream.connection_made(wire)
    return stream
