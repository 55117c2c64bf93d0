"""Clients that are slow with a request's head, over sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from playvoice.gateway.http import BoundedHttp


class Hasty(BoundedHttp):
    """The protocol with a bound that a test can wait for."""

    HEAD_SECONDS = 0.3


async def application(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            application, http=Hasty, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=60
        )
    )
    serving = asyncio.create_task(server._serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving
    listener.close()


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nHost:"])
async def test_a_head_that_does_not_come_ends_the_connection(port: int, begin: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()


async def test_a_head_that_comes_octet_by_octet_is_not_waited_for_longer(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST[:-4] + b"\r\nX: ")
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
    writer.close()


async def test_a_connection_may_rest_between_requests_but_not_within_the_next_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(REQUEST)
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * Hasty.HEAD_SECONDS):
                await reader.read()
    writer.write(REQUEST[:10])
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()


async def test_requests_in_one_write_are_all_answered(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST * 5)
    async with asyncio.timeout(10):
        for _ in range(5):
            await reader.readuntil(b"ok")
    writer.close()


async def test_a_head_without_an_end_is_refused_at_its_bound(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST * 3 + REQUEST[:-2])
    async with asyncio.timeout(10):
        for _ in range(3):
            await reader.readuntil(b"ok")
        with contextlib.suppress(ConnectionError):
            for _ in range(Hasty.MAX_HEAD // 1_000 + 1):
                writer.write(b"X: " + b"x" * 1_000 + b"\r\n")
                await writer.drain()
        assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request")
    writer.close()


async def test_the_octets_of_a_body_are_none_of_the_next_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000 + REQUEST[:5])
            await writer.drain()
            await reader.readuntil(b"ok")
            writer.write(REQUEST[5:])
            await reader.readuntil(b"ok")
    writer.close()


async def test_what_is_left_of_an_answered_request_is_waited_for_as_a_head_is(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"ok")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
    writer.close()
