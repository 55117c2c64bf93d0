"""What happens on connections: messages cut and joined, large ones, keep-alives, and connections that are lost."""

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sipmessage import URI, Address, Request
from tests.unit.sip.test_endpoint import OPTIONS, Phone

from playvoice.sip import (
    Acknowledged,
    Answered,
    CallEnded,
    IncomingCall,
    IncomingCallReceived,
    OutgoingCall,
    Provisional,
)
from playvoice.sip.alarm import Alarm
from playvoice.sip.drops import Kind
from playvoice.sip.events import RequestReceived, ResponseReceived
from playvoice.sip.message import make_response, parse

WHOLE = OPTIONS + b"Content-Length: 0\r\n\r\n"


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    made = Phone()
    await made.endpoint.start()
    yield made
    await made.endpoint.close()


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Phone, Phone]]:
    made = Phone(), Phone()
    for each in made:
        await each.endpoint.start()
    yield made
    for each in made:
        await each.endpoint.close()


async def ring(caller: Phone, callee: Phone, transport: str, body: bytes) -> tuple[OutgoingCall, IncomingCall]:
    port = callee.port(transport)
    call = caller.endpoint.agent.prepare_invite(
        target=URI.parse(f"sip:bob@127.0.0.1:{port};transport={transport}"),
        flow=caller.endpoint.flow_to(transport, "127.0.0.1", port),
        from_=Address.parse("<sip:alice@127.0.0.1>"),
        body=body,
    )
    call.send(caller.endpoint.now())
    caller.endpoint.flush()
    received = await callee.event()
    assert isinstance(received, IncomingCallReceived)
    assert received.call.request.body == body
    return call, received.call


async def talk(caller: Phone, callee: Phone, transport: str, body: bytes) -> tuple[OutgoingCall, IncomingCall]:
    call, incoming = await ring(caller, callee, transport, body)
    incoming.answer(callee.endpoint.now(), body)
    callee.endpoint.flush()
    assert await caller.event() == Answered(call, body)
    call.ack(caller.endpoint.now())
    caller.endpoint.flush()
    assert await callee.event() == Acknowledged(incoming, b"")
    return call, incoming


async def cut(pair: tuple[Phone, Phone]) -> None:
    """End the one connection between the two."""
    lost = [connection.task for end in pair for connection in end.endpoint._connections.values()]
    assert len(lost) == 2
    for connection in pair[1].endpoint._connections.values():
        connection.abort()
    async with asyncio.timeout(10):
        await asyncio.gather(*(task for task in lost if task is not None))


async def test_messages_are_found_however_the_network_cuts_and_joins_them(phone: Phone) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", phone.port("tcp"))
    several = [WHOLE.replace(b"Call-ID: q", b"Call-ID: %d" % number) for number in range(4)]
    several = [each.replace(b"z9hG4bK1", b"z9hG4bK1%d" % number) for number, each in enumerate(several)]
    whole = b"".join(several)
    cuts = [0, len(several[0]) + 40, len(whole) - 2, len(whole)]  # the second one is cut, the last one at its very end
    for begin, end in pairwise(cuts):
        writer.write(whole[begin:end])
        await writer.drain()
    found = [await phone.event() for _ in several]
    assert [event.request.request.call_id for event in found if isinstance(event, RequestReceived)] == list("0123")
    writer.close()


async def test_a_body_of_60_kb_goes_over_tcp_both_ways(pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    call, _ = await talk(caller, callee, "tcp", b"x" * 60_000)
    call.bye(caller.endpoint.now())
    caller.endpoint.flush()
    assert await caller.event() == CallEnded(call)


async def test_a_request_too_large_for_a_datagram_of_1300_octets_keeps_the_transport_of_its_trunk(
    pair: tuple[Phone, Phone],
) -> None:
    caller, callee = pair
    call, incoming = await talk(caller, callee, "udp", b"x" * 3_000)
    assert incoming.request.via[0].transport == "UDP"
    call.bye(caller.endpoint.now())
    caller.endpoint.flush()
    assert await caller.event() == CallEnded(call)


@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_a_call_outlives_its_connection_and_is_ended_over_a_new_one(pair: tuple[Phone, Phone], who: str) -> None:
    caller, callee = pair
    call, incoming = await talk(caller, callee, "tcp", b"offer")
    await cut(pair)
    if who == "caller":
        call.bye(caller.endpoint.now())
        caller.endpoint.flush()
    else:
        assert incoming.dialog is not None
        incoming.dialog = replace(incoming.dialog, pinned=False)  # a far end that follows our Contact
        incoming.bye(callee.endpoint.now())
        callee.endpoint.flush()
    assert await caller.event() == CallEnded(call)
    assert await callee.event() == CallEnded(incoming)


async def test_an_answer_whose_connection_is_gone_goes_to_where_the_caller_listens(pair: tuple[Phone, Phone]) -> None:
    caller, callee = pair
    call, incoming = await ring(caller, callee, "tcp", b"offer")
    incoming.ring(callee.endpoint.now())
    callee.endpoint.flush()
    assert await caller.event() == Provisional(call, 180, b"")
    await cut(pair)
    incoming.answer(callee.endpoint.now(), b"answer")
    callee.endpoint.flush()
    assert await caller.event() == Answered(call, b"answer")
    call.bye(caller.endpoint.now())
    caller.endpoint.flush()
    assert await callee.event() == Acknowledged(incoming, b"")
    assert await callee.event() == CallEnded(incoming)


async def test_a_ping_is_answered_once_somebody_was_heard(phone: Phone) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", phone.port("tcp"))
    writer.write(b"\r\n\r\n" + WHOLE)
    event = await phone.event()
    assert isinstance(event, RequestReceived)
    for _ in range(2):
        writer.write(b"\r\n\r\n")
        async with asyncio.timeout(10):
            assert await reader.readexactly(2) == b"\r\n"
    writer.write(b"\r\n")  # the old way to keep a connection open, which wants no answer
    event.request.respond(200, phone.endpoint.now())
    phone.endpoint.flush()
    async with asyncio.timeout(10):
        assert await reader.readexactly(12) == b"SIP/2.0 200 ", "the first ping, of a stranger, was not answered"
    writer.close()


async def test_a_connection_that_is_reset_is_counted_and_told_once(phone: Phone) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", phone.port("tcp"))) as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # so that close resets
            stranger.sendall(b"OPTIONS")
    dropped = phone.endpoint.agent.core.counters
    async with asyncio.timeout(10):
        while dropped[Kind.LOST] < 3:  # noqa: ASYNC110 - no event tells what a stranger loses
            await asyncio.sleep(0.01)
    assert not phone.endpoint._connections


async def test_a_connection_whose_other_end_is_gone_without_a_word_is_ended_by_the_system(
    pair: tuple[Phone, Phone],
) -> None:
    await talk(*pair, "tcp", b"offer")
    for end in pair:
        (connection,) = end.endpoint._connections.values()
        assert connection._writer is not None
        sock = connection._writer.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 32_000
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 20


async def test_a_connection_that_timed_out_is_lost_and_not_taken_for_one_that_rests(pair: tuple[Phone, Phone]) -> None:
    await talk(*pair, "tcp", b"offer")
    caller = pair[0].endpoint
    (connection,) = caller._connections.values()
    assert connection._writer is not None
    transport: Any = connection._writer.transport
    transport._force_close(TimeoutError(errno.ETIMEDOUT, "Connection timed out"))  # as the system tells it
    async with asyncio.timeout(10):
        while caller._connections:  # noqa: ASYNC110 - no event tells what is lost
            await asyncio.sleep(0.01)
    assert caller.agent.core.counters[Kind.LOST] == 1


@pytest.mark.parametrize("first", ["theirs", "ours"])
async def test_of_two_connections_with_one_far_end_the_one_that_is_left_goes_on_for_both(
    phone: Phone, first: str
) -> None:
    """Border controllers connect from the port on which they listen (`SO_REUSEPORT`)."""
    loop = asyncio.get_running_loop()
    served: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    carrier = await asyncio.start_server(
        lambda reader, writer: served.put_nowait((reader, writer)), "127.0.0.1", 0, reuse_port=True
    )
    port = carrier.sockets[0].getsockname()[1]
    who, flow = Address.parse("<sip:us@127.0.0.1>"), phone.endpoint.flow_to("tcp", "127.0.0.1", port)
    request = phone.endpoint.agent.request("OPTIONS", who.uri, flow=flow, from_=who, to=who, now=phone.endpoint.now())
    phone.endpoint.flush()
    reader, writer = await served.get()
    options = parse(await reader.readuntil(b"\r\n\r\n"), stream=True)
    assert isinstance(options, Request)
    ours = phone.endpoint._connections[flow.remote]
    with socket.socket() as sock, contextlib.closing(writer), contextlib.closing(carrier):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", port))
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", phone.port("tcp")))
        await loop.sock_sendall(sock, WHOLE)
        asked = await phone.event()
        assert isinstance(asked, RequestReceived)
        theirs = phone.endpoint._connections[flow.remote]
        left, gone = (ours, theirs) if first == "theirs" else (theirs, ours)
        gone.abort()
        assert gone.task is not None
        async with asyncio.timeout(10):
            await asyncio.wait([gone.task])
        assert list(phone.endpoint._all_connections()) == [left]
        response = bytes(make_response(options, 200, to_tag="carrier"))
        if left is ours:
            writer.write(response)
        else:
            await loop.sock_sendall(sock, response)
        answered = await phone.event()
        assert isinstance(answered, ResponseReceived), "the other connection failed it"
        assert answered.request is request


async def test_a_timer_that_fails_stops_no_other_one(phone: Phone) -> None:
    class Faulty:
        def next_deadline(self) -> float | None:
            return None if rung.is_set() else 0.0

        def on_deadline(self, now: float) -> None:
            rung.set()
            raise ValueError("a fault of ours")

    rung, rung_later = asyncio.Event(), asyncio.Event()
    later = Alarm(phone.endpoint.agent.core, lambda _now: rung_later.set())
    later.set(phone.endpoint.now() + 0.05)
    phone.endpoint.agent.core.schedule(Faulty())
    phone.endpoint.flush()
    async with asyncio.timeout(10):
        await rung.wait()
        await rung_later.wait()
