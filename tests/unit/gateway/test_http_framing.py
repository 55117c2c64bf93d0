"""What two readers of HTTP could take for two different things, and what is more than a request needs (RFC 9112)."""

import asyncio
import contextlib

import pytest

from playvoice.gateway.http import MAX_HEAD, MAX_HEADERS, MAX_WAITING

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


async def answers(port: int, *pieces: bytes) -> bytes:
    """All that the server says to a client that sends these pieces, each when the one before has been taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):  # a reset, where the answer came before all was taken
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            while piece := await reader.read(65_536):
                received += piece
    writer.close()
    return received


def statuses(received: bytes) -> list[bytes]:
    return [
        line.split()[1] for line in received.replace(b"okHTTP/", b"ok\r\nHTTP/").split(b"\r\n") if b"HTTP/1.1 " in line
    ]


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        POST + b"Content-Length: 2, 2\r\n\r\nab",
        POST + b"Content-Length: +2\r\n\r\nab",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\nab",
        POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        POST + b"X: a\r\n b\r\n\r\n",
        POST + b"X : a\r\n\r\n",
        POST + b"X: a\nY: b\r\n\r\n",
        POST + b"X: a\rY: b\r\n\r\n",
        POST + b"X: a\0\r\n\r\n",
        POST + b"\n",
        CHUNKED + b"\r\n3\nabc\r\n0\r\n\r\n",
        CHUNKED + b"\r\n3;a\nabc\r\n0\r\n\r\n",
        CHUNKED + b"\r\n3\r\nabcd\r\n0\r\n\r\n",
        CHUNKED + b"\r\n-3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b/c@d\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused_with_all_that_follows(port: int, request_: bytes) -> None:
    assert statuses(await answers(port, request_ + NEXT)) == [b"400"]


@pytest.mark.parametrize("upgrade", [H2C, b"Connection: upgrade\r\nUpgrade: websocket\r\n"])
async def test_a_request_to_change_the_protocol_is_answered_as_any_other(port: int, upgrade: bytes) -> None:
    """Its body is none of the next request, in one piece with the head or not."""
    body = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    head = POST + upgrade + b"Idempotency-Key: k\r\nContent-Length: %d\r\n\r\n" % len(body)
    chunked = CHUNKED + upgrade + b"\r\n3\r\nabc\r\n0\r\n\r\n"
    received = await answers(
        port, head, body, head + body + chunked + b"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n" + NEXT
    )
    assert statuses(received) == [b"200"] * 5
    assert received.count(b"x-octets: %d\r\n" % len(body)) == 2
    assert received.count(b"x-keys: k\r\n") == 2
    assert received.count(b"x-octets: 3\r\n") == 1
    assert b"smuggled" not in received


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_trailer_is_no_header(port: int, pieces: int) -> None:
    """Whether it comes with the head or later."""
    head, rest = CHUNKED + b"Idempotency-Key: a\r\n\r\n", b"3\r\nabc\r\n0\r\nIdempotency-Key: b\r\n\r\n" + NEXT
    received = await answers(port, *([head + rest] if pieces == 1 else [head, rest]))
    assert statuses(received) == [b"200", b"200"]
    assert b"x-keys: a\r\n" in received


@pytest.mark.parametrize(
    "body",
    [
        b"3;a=" + b"b" * 4 * MAX_HEAD + b"\r\nabc\r\n0\r\n\r\n",
        b"0" * 4 * MAX_HEAD + b"3\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * MAX_HEAD + b"\r\n",
        b"3\r\nabc\r\n0\r\nX: " + b"y" * 4 * MAX_HEAD + b"\r\n\r\n",
    ],
    ids=["an extension", "zeros", "many trailers", "a long trailer"],
)
async def test_what_stands_around_chunks_has_a_bound(port: int, body: bytes) -> None:
    assert b"200 OK" not in await answers(port, CHUNKED + b"\r\n" + body + NEXT)


@pytest.mark.parametrize(("headers", "status"), [(MAX_HEADERS, b"200"), (MAX_HEADERS + 1, b"400")])
async def test_headers_are_counted(port: int, headers: int, status: bytes) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"a:\r\n" * (headers - 2) + b"\r\n"
    assert statuses(await answers(port, head)) == [status]


async def test_requests_behind_one_that_is_being_answered_are_counted(port: int) -> None:
    received = await answers(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * (MAX_WAITING + 10))
    assert statuses(received) == [b"200"] * (MAX_WAITING + 1) + [b"400"]


async def test_a_broken_request_is_refused_behind_the_answers_to_those_before_it(port: int) -> None:
    """And never in place of one of them, wherever it breaks."""
    good = POST + b"Content-Length: 3\r\n\r\nabc"
    assert statuses(await answers(port, good + good + b"nonsense\r\n\r\n" + NEXT)) == [b"200", b"200", b"400"]
    broken = CHUNKED + b"\r\n3\r\nabc\r\nnonsense\r\n"
    assert statuses(await answers(port, good + good + broken + NEXT)) == [b"200", b"200", b"400"]
    assert statuses(await answers(port, broken + NEXT)) == [b"400"]


async def test_nothing_of_a_url_is_logged_where_it_is_refused(port: int, caplog: pytest.LogCaptureFixture) -> None:
    for target in (
        b"/?token=secret\x01",
        b"ftp://x/?token=secret",
        b"http://x:99999999/?token=secret",
        b"/?token=secret x",
    ):
        await answers(port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert "An HTTP request was refused" in caplog.text
    assert "secret" not in caplog.text


TYPED = "GET /?userid=1@客服 HTTP/1.1\r\nHost: x\r\nIdempotency-Key: 发票\r\n".encode()
QUERY = b"x-query: userid=1@%E5%AE%A2%E6%9C%8D\r\n"
KEY = "x-keys: 发票\r\n".encode()


@pytest.mark.parametrize("cut", [*range(0, 40, 3), len(TYPED) - 4])
async def test_a_target_with_octets_beyond_ascii_is_taken_as_if_they_were_percent_encoded(port: int, cut: int) -> None:
    """Wherever it is cut; headers stay as they are."""
    received = await answers(port, TYPED[:cut], TYPED[cut:] + b"Connection: close\r\n\r\n")
    assert statuses(received) == [b"200"]
    assert QUERY in received
    assert KEY in received


async def test_so_is_that_of_a_later_request_on_the_same_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for _ in range(3):
            writer.write(TYPED + b"\r\n")
            head = await reader.readuntil(b"\r\n\r\nok")
            assert QUERY in head
            assert KEY in head
    writer.close()


@pytest.mark.parametrize("cut", [12, len(TYPED) - 4])
async def test_a_header_of_a_request_that_begins_in_the_midst_of_a_piece_stays_as_it_is(port: int, cut: int) -> None:
    plain = TYPED.replace("客服".encode(), b"x")
    pieces = plain + b"\r\n" + plain[:cut], plain[cut:] + b"Connection: close\r\n\r\n"
    received = await answers(port, *pieces)
    assert statuses(received) == [b"200", b"200"]
    assert received.count(KEY) == 2


async def test_only_http_1_1_knows_100_continue(port: int) -> None:
    expecting = b"Host: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    assert statuses(await answers(port, b"POST / HTTP/1.1\r\n" + expecting)) == [b"100", b"200"]
    assert statuses(await answers(port, b"POST / HTTP/1.0\r\n" + expecting)) == [b"200"]


async def test_what_follows_the_last_request_of_a_connection_is_not_read(port: int) -> None:
    last = POST + b"Connection: close\r\nContent-Length: 0\r\n\r\n"
    assert statuses(await answers(port, last + NEXT)) == [b"200"]


@pytest.mark.parametrize(("length", "status"), [(3, [b"200"]), (4, [])], ids=["a whole request", "a part of one"])
async def test_a_client_that_closes_its_side_hears_the_answer_to_what_is_whole(
    port: int, length: int, status: list[bytes]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST + b"Content-Length: %d\r\n\r\nabc" % length)
    writer.write_eof()
    async with asyncio.timeout(10):
        assert statuses(await reader.read()) == status
    writer.close()
