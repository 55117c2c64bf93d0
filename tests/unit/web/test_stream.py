"""One stream between the loop and its reader, without a network."""

import asyncio
import socket
import ssl

import pytest
from tests.unit.web.conftest import Wire

from playvoice.web.stream import RECEIVED, ConnectionCut, Stream


async def test_what_came_is_read_at_once_and_what_comes_is_waited_for(stream: Stream) -> None:
    stream.data_received(b"a")
    stream.data_received(b"b")
    assert await stream.read() == b"ab"
    asyncio.get_running_loop().call_soon(stream.data_received, b"c")
    assert await stream.read() == b"c"


async def test_the_far_end_waits_while_nobody_reads(stream: Stream, wire: Wire) -> None:
    stream.data_received(b"x" * RECEIVED)
    assert wire.asked == []
    stream.data_received(b"x")
    stream.data_received(b"x")
    assert wire.asked == ["pause"], "once, though more came"
    assert len(await stream.read()) == RECEIVED + 2
    assert wire.asked == ["pause", "resume"]


async def test_the_end_comes_after_what_was_received_before_it(stream: Stream) -> None:
    stream.data_received(b"last")
    stream.eof_received()
    stream.connection_lost(None)
    assert await stream.read() == b"last"
    assert await stream.read() == b""
    assert await stream.read() == b"", "again and again"


async def test_a_failure_comes_after_what_was_received_before_it(stream: Stream) -> None:
    stream.data_received(b"last")
    stream.connection_lost(ConnectionResetError("reset by peer"))
    assert await stream.read() == b"last"
    with pytest.raises(ConnectionCut, match="reset by peer"):
        await stream.read()


async def test_the_end_wakes_who_waits(stream: Stream) -> None:
    asyncio.get_running_loop().call_soon(stream.connection_lost, None)
    assert await stream.read() == b""


async def test_a_reader_that_gave_up_leaves_the_octets_to_the_next(stream: Stream) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await stream.read()
    stream.data_received(b"late")
    assert await stream.read() == b"late"


async def test_nothing_is_written_to_a_connection_that_has_ended(stream: Stream, wire: Wire) -> None:
    stream.write(b"a")
    wire.closing = True
    stream.write(b"b")
    assert wire.sent == b"a"


def test_a_stream_is_quiet_until_something_comes(stream: Stream) -> None:
    assert stream.is_quiet
    stream.data_received(b"x")
    assert not stream.is_quiet


def test_a_stream_that_has_ended_is_not_quiet(stream: Stream) -> None:
    stream.eof_received()
    assert not stream.is_quiet


def test_a_stream_is_not_quiet_when_the_loop_has_yet_to_see_what_came(
    stream: Stream, ends: tuple[socket.socket, socket.socket]
) -> None:
    ends[1].close()
    assert not stream.is_quiet


@pytest.mark.parametrize("early", [b"HTTP/1.1 200 OK\r\n\r\n", b""])
async def test_no_octet_from_before_tls_is_taken_for_one_within_it(stream: Stream, early: bytes) -> None:
    if early:
        stream.data_received(early)
    else:
        stream.eof_received()
    with pytest.raises(ConnectionResetError, match="speaks before TLS"):
        await stream.start_tls(ssl.create_default_context(), "voices.example")
