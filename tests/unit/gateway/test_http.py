"""Clients that are slow, or send what takes more work than it may, over sockets."""

import asyncio
import contextlib
import socket

import pytest
from tests.unit.gateway.serving import LARGE, PLACES, Hasty

from playvoice.gateway.http import FREE_CHUNKS, MAX_HEAD, MIN_CHUNK

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


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:b\r\n" * 50_000 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 40_000,
    ],
    ids=["a whole head beyond its bound", "a body in crumbs"],
)
async def test_what_takes_more_work_than_it_may_is_not_read_to_its_end(port: int, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    received = b""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):  # a reset, since the answer came before all was taken
            while piece := await reader.read(1_000):
                received += piece
    assert b"200 OK" not in received
    writer.close()


async def test_past_its_places_a_server_refuses_and_past_twice_as_many_it_closes(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    resting = []
    for number in range(2 * PLACES):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        resting.append(writer)
        writer.write(REQUEST)
        async with asyncio.timeout(10):
            status = await reader.readline()
        # The one that asks takes a place itself; one that got a 503 is closed, so that the next one is refused as well.
        assert status.split()[1] == (b"200" if number < PLACES - 1 else b"503")
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 * PLACES)]
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            assert await silent[-1][0].read() == b""
    assert "A connection too many was closed." in caplog.text
    for writer in (*resting, *(writer for _, writer in silent)):
        writer.close()


async def test_a_head_without_an_end_is_refused_at_its_bound(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST * 3 + REQUEST[:-2])
    async with asyncio.timeout(10):
        for _ in range(3):
            await reader.readuntil(b"ok")
        with contextlib.suppress(ConnectionError):
            for _ in range(MAX_HEAD // 1_000 + 1):
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
    writer.write(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"ok")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
    writer.close()


def chunk(octets: int) -> bytes:
    return f"{octets:x}\r\n".encode() + b"x" * octets + b"\r\n"


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [chunk(1) * FREE_CHUNKS, chunk(MIN_CHUNK) * 2 * FREE_CHUNKS, chunk(2 * MIN_CHUNK) * FREE_CHUNKS + chunk(1)],
    ids=["a few of one octet", "many of the least size", "a short one at the end"],
)
async def test_bodies_in_chunks_are_read_each_counted_for_itself(port: int, body: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for _ in range(3):
            writer.write(CHUNKED + body + b"0\r\n\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
    writer.close()


@pytest.mark.parametrize("octets", [1, MIN_CHUNK - 1])
async def test_a_body_in_crumbs_is_refused(port: int, octets: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CHUNKED + chunk(octets) * (FREE_CHUNKS + 2))
    async with asyncio.timeout(10):
        assert (await reader.read(1_000)).startswith(b"HTTP/1.1 400 Bad Request")
    writer.close()


async def test_a_body_of_announced_length_may_come_octet_by_octet(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n")
    async with asyncio.timeout(10):
        for _ in range(2_000):
            writer.write(b"x")
            await writer.drain()
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
    writer.close()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://server/", "/"),
        (b"http://server", "/"),
        (b"HTTPS://server:8080/a?b=http://c/d", "/a"),
        (b"http://server?s=x", "/"),
        (b"/http://server/", "/http://server/"),
    ],
)
async def test_a_target_in_absolute_form_becomes_its_path(port: int, target: bytes, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    async with asyncio.timeout(10):
        assert f"x-path: {path}\r\n".encode() in await reader.readuntil(b"ok")
    writer.close()


@pytest.mark.parametrize("target", [b"*", b"ftp://server/", b"server:80"])
async def test_a_target_of_another_form_is_refused(port: int, target: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        assert (await reader.read(1_000)).startswith(b"HTTP/1.1 400 Bad Request")
    writer.close()


def count_to_the_end(client: socket.socket) -> int:
    octets = 0
    while piece := client.recv(65_536):
        octets += len(piece)
    return octets


@pytest.mark.parametrize(
    "last", [b"", b"Connection: close\r\n"], ids=["a connection that is kept", "one that is closed"]
)
async def test_a_client_that_does_not_take_its_answer_loses_the_connection(
    port: int, last: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n" + last + b"\r\n")
        async with asyncio.timeout(10):
            while "did not take its answer" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.01)
        client.settimeout(10)
        received = await asyncio.to_thread(count_to_the_end, client)
    assert received < LARGE, "what had not been sent is not sent any more"


async def test_a_client_that_takes_its_answer_crumb_by_crumb_loses_the_connection_at_last(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each crumb comes in time, and the whole would take for ever."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n")
        client.settimeout(10)
        received = 0
        async with asyncio.timeout(30):
            while "did not take its answer within 4 seconds" not in caplog.text:
                received += len(await asyncio.to_thread(client.recv, 65_536))
                await asyncio.sleep(0.02)
    assert 0 < received < LARGE


async def test_a_client_that_has_taken_a_long_answer_may_rest(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(LARGE)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.2 * Hasty.SEND_SECONDS):
            await reader.read()
    writer.write(REQUEST)
    async with asyncio.timeout(10):
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
    writer.close()
