"""One connection against far ends that stretch HTTP."""

import asyncio
import gc
import ssl
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import h11
import pytest
from tests.unit.web.conftest import Behaviour, Exchange, Start

from playvoice.web.connection import MAX_INTERIM, PACE, Connection
from playvoice.web.stream import ConnectionCut, Stream

CERTIFICATE = Path(__file__).with_name("voices.example.pem")
HOST = [(b"host", b"voices.example")]
INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


class Connect:
    """Makes connections to far ends on loopback and closes them."""

    def __init__(self) -> None:
        self._connections: list[Connection] = []

    async def __call__(self, port: int, tls: ssl.SSLContext | None = None) -> Connection:
        _, stream = await asyncio.get_running_loop().create_connection(Stream, "127.0.0.1", port)
        if tls is not None:
            await stream.start_tls(tls, "voices.example")
        self._connections.append(Connection(stream))
        return self._connections[-1]

    async def close(self) -> None:
        for connection in self._connections:
            connection.close()
        await asyncio.sleep(0)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    connect = Connect()
    yield connect
    await connect.close()


async def read_all(connection: Connection) -> bytes:
    body = b""
    while data := await connection.read():
        body += data
    return body


def answering(data: bytes, *, close: bool = False) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        if close:
            exchange.writer.close()

    return behave


async def test_of_a_repeated_header_the_first_counts_whatever_its_case(connect: Connect, far_end: Start) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n"
    connection = await connect((await far_end(answering(answer))).port)
    head = await connection.ask("GET", "/", HOST, None)
    assert (head.status, head.headers) == (200, {"x-a": "1", "content-length": "0"})


async def test_interim_responses_are_passed_over(connect: Connect, far_end: Start) -> None:
    connection = await connect((await far_end(answering(INTERIM * MAX_INTERIM + OK))).port)
    assert (await connection.ask("GET", "/", HOST, None)).status == 200
    assert await read_all(connection) == b"fine"


async def test_interim_responses_without_end_are_not_http(connect: Connect, far_end: Start) -> None:
    connection = await connect((await far_end(answering(INTERIM * (MAX_INTERIM + 1) + OK))).port)
    with pytest.raises(h11.RemoteProtocolError, match="interim"):
        await connection.ask("GET", "/", HOST, None)


async def test_nobody_switches_the_protocol_unasked(connect: Connect, far_end: Start) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"
    connection = await connect((await far_end(answering(switch))).port)
    with pytest.raises(h11.RemoteProtocolError):
        await connection.ask("GET", "/", HOST, None)


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Len", INTERIM])
async def test_an_end_within_the_head_is_a_cut(connect: Connect, far_end: Start, part: bytes) -> None:
    connection = await connect((await far_end(answering(part, close=True))).port)
    with pytest.raises(ConnectionCut):
        await connection.ask("GET", "/", HOST, None)


@pytest.mark.parametrize("part", [b"HTTP/1.1 200", b"220 mail.example\r\n\r\n"])
async def test_an_error_holds_its_connection_in_no_cycle_of_garbage(far_end: Start, part: bytes) -> None:
    port = (await far_end(answering(part, close=True))).port
    gc.disable()
    try:
        _, stream = await asyncio.get_running_loop().create_connection(Stream, "127.0.0.1", port)
        connection = Connection(stream)
        left = weakref.ref(connection)
        try:
            await connection.ask("GET", "/", HOST, None)
        except (ConnectionCut, h11.RemoteProtocolError):
            connection.close()
        await asyncio.sleep(0)
        del connection, stream
        assert left() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("part", [OK[:-1], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n"])
async def test_an_end_within_the_body_is_a_cut(connect: Connect, far_end: Start, part: bytes) -> None:
    connection = await connect((await far_end(answering(part, close=True))).port)
    await connection.ask("GET", "/", HOST, None)
    with pytest.raises(ConnectionCut):
        await read_all(connection)


async def test_a_body_without_a_length_ends_with_the_connection(connect: Connect, far_end: Start) -> None:
    answer = b"HTTP/1.0 200 OK\r\n\r\nfine"
    connection = await connect((await far_end(answering(answer, close=True))).port)
    await connection.ask("GET", "/", HOST, None)
    assert await read_all(connection) == b"fine"
    assert not connection.rest()


async def test_an_answer_read_to_its_end_leaves_the_connection_fit_for_another(
    connect: Connect, far_end: Start
) -> None:
    connection = await connect((await far_end(answering(OK))).port)
    for _ in range(3):
        await connection.ask("POST", "/", [*HOST, (b"content-length", b"1")], b"x")
        assert await read_all(connection) == b"fine"
        assert connection.rest()
        assert connection.is_quiet


@pytest.mark.parametrize(
    "answer",
    [OK + OK, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine", b"HTTP/1.0" + OK[8:]],
    ids=["sent more", "closes", "version 1.0"],
)
async def test_a_connection_of_which_another_answer_is_not_sure_does_not_rest(
    connect: Connect, far_end: Start, answer: bytes
) -> None:
    connection = await connect((await far_end(answering(answer))).port)
    await connection.ask("GET", "/", HOST, None)
    assert await read_all(connection) == b"fine"
    assert not connection.rest()


async def test_before_its_answer_a_connection_does_not_rest(connect: Connect, far_end: Start) -> None:
    connection = await connect((await far_end(answering(OK))).port)
    await connection.ask("GET", "/", HOST, None)
    assert not connection.rest()


async def test_a_body_in_single_octets_leaves_the_loop_its_turns(stream: Stream) -> None:
    connection = Connection(stream)
    octets = 10 * PACE
    stream.data_received(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * octets + b"0\r\n\r\n"
    )
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    await connection.ask("GET", "/", HOST, None)
    task = asyncio.create_task(others())
    assert await read_all(connection) == b"x" * octets
    task.cancel()
    assert turns >= 9, "all octets were there at once"


async def test_over_tls_long_bodies_come_whole_one_after_another(connect: Connect, far_end: Start) -> None:
    body = bytes(range(256)) * 8_000

    async def serve(exchange: Exchange) -> None:
        await exchange.answer(200, body + exchange.body)

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    end = await far_end(serve, ssl=server)
    connection = await connect(end.port, ssl.create_default_context(cafile=str(CERTIFICATE)))
    for sent in (b"1", b"2"):
        await connection.ask("POST", "/", [*HOST, (b"content-length", b"1")], sent)
        assert await read_all(connection) == body + sent
        assert connection.rest()
        assert connection.is_quiet
    assert end.connections == 1
