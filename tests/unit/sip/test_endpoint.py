"""The endpoint over real sockets on loopback, UDP and TCP."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sipmessage import URI, Address
from structlog.testing import capture_logs

from playvoice.sip import (
    Answered,
    CallEnded,
    Event,
    Failed,
    Flow,
    IncomingCallReceived,
    RequestReceived,
    ResponseReceived,
    SipEndpoint,
    SipError,
    Transport,
    UserAgent,
    Why,
)
from playvoice.sip.sockets import DATAGRAMS_A_TURN, MAX_UNSENT, Connection


class Phone:
    """An endpoint and its events."""

    def __init__(self, **options: Any) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        listen = [("udp", "127.0.0.1", 0), ("tcp", "127.0.0.1", 0)]
        self.endpoint = SipEndpoint(UserAgent(), listen, self.events.put_nowait, **options)

    def port(self, transport: str) -> int:
        return next(flow.local[1] for flow in self.endpoint.addresses if flow.transport == transport)

    async def event(self) -> Event:
        async with asyncio.timeout(10):
            return await self.events.get()


@pytest.fixture
async def phones() -> AsyncIterator[tuple[Phone, Phone]]:
    pair = Phone(), Phone()
    for phone in pair:
        await phone.endpoint.start()
    yield pair
    for phone in pair:
        await phone.endpoint.close()


async def test_a_udp_socket_for_ipv6_leaves_ipv4_to_others() -> None:
    endpoint = SipEndpoint(UserAgent(), [("udp", "::1", 0)], lambda _event: None)
    try:
        await endpoint.start()
    except SipError as error:
        pytest.skip(f"this machine has no IPv6 loopback address: {error}")
    try:
        (bound,) = endpoint._udp.values()
        assert bound._socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    finally:
        await endpoint.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_over_sockets(phones: tuple[Phone, Phone], transport: str) -> None:
    caller, callee = phones
    port = callee.port(transport)
    call = caller.endpoint.agent.prepare_invite(
        target=URI.parse(f"sip:bob@127.0.0.1:{port};transport={transport}"),
        flow=caller.endpoint.flow_to(transport, "127.0.0.1", port),
        from_=Address.parse("<sip:alice@127.0.0.1>"),
        body=b"v=0\r\n" * (1 if transport == "udp" else 4_000),
    )
    call.send(caller.endpoint.now())
    caller.endpoint.flush()
    received = await callee.event()
    assert isinstance(received, IncomingCallReceived)
    received.call.answer(callee.endpoint.now(), b"answer")
    callee.endpoint.flush()
    assert await caller.event() == Answered(call, b"answer")
    call.ack(caller.endpoint.now())
    caller.endpoint.flush()
    await callee.event()
    received.call.bye(callee.endpoint.now())
    callee.endpoint.flush()
    assert await caller.event() == CallEnded(call)


async def test_a_connection_that_cannot_be_made_fails_the_call(phones: tuple[Phone, Phone]) -> None:
    caller, _ = phones
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        call = caller.endpoint.agent.prepare_invite(
            target=URI.parse(f"sip:bob@127.0.0.1:{port};transport=tcp"),
            flow=caller.endpoint.flow_to("tcp", "127.0.0.1", port),
            from_=Address.parse("<sip:alice@127.0.0.1>"),
        )
        call.send(caller.endpoint.now())
        caller.endpoint.flush()
        assert await caller.event() == Failed(call, Why.TRANSPORT)


async def test_nonsense_on_either_port_is_counted_and_the_endpoint_goes_on(phones: tuple[Phone, Phone]) -> None:
    _, callee = phones
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x00\xff nonsense \r\n\r\n", ("127.0.0.1", callee.port("udp")))
    _, writer = await asyncio.open_connection("127.0.0.1", callee.port("tcp"))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    writer.close()
    await test_a_call_over_sockets(phones, "udp")
    assert callee.endpoint.agent.core.counters["malformed"] >= 1


OPTIONS = (
    b"OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n"
    b"To: <sip:b@c>\r\nCall-ID: q\r\nCSeq: 1 OPTIONS\r\n"
)


@pytest.fixture
async def hasty() -> AsyncIterator[Phone]:
    phone = Phone(message_timeout=0.3)
    await phone.endpoint.start()
    yield phone
    await phone.endpoint.close()


@pytest.mark.parametrize("begin", [b"", b"\r\n\r\n", b"OPTIONS sip:b@c SIP/2.0\r\nVia:"])
async def test_a_connection_without_a_whole_message_is_closed_in_time(hasty: Phone, begin: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port("tcp"))
    writer.write(begin)
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    assert hasty.endpoint.agent.core.counters["idle"] == 1


async def test_a_message_that_comes_octet_by_octet_is_not_waited_for_longer(hasty: Phone) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port("tcp"))
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
    writer.close()
    assert hasty.endpoint.agent.core.counters["idle"] == 1


async def test_a_connection_that_was_heard_may_rest(hasty: Phone) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port("tcp"))
    writer.write(OPTIONS + b"Content-Length: 0\r\n\r\n")
    event = await hasty.event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await reader.read()
    assert isinstance(event, RequestReceived)
    event.request.respond(200, hasty.endpoint.now())
    hasty.endpoint.flush()
    async with asyncio.timeout(10):
        assert (await reader.read(12)) == b"SIP/2.0 200 "
    writer.close()


@pytest.mark.parametrize("behind", [b"", b"\r\n\r\n"])
async def test_a_connection_that_was_heard_and_may_not_rest_is_closed_in_time(behind: bytes) -> None:
    phone = Phone(message_timeout=0.3, may_rest=lambda _flow: False)
    await phone.endpoint.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", phone.port("tcp"))
    writer.write(OPTIONS + b"Content-Length: 0\r\n\r\n")
    assert isinstance(await phone.event(), RequestReceived)
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(behind)
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await reader.read(64)
    writer.close()
    await phone.endpoint.close()
    assert phone.endpoint.agent.core.counters["idle"] == 1


@pytest.mark.parametrize("length", [b"", b"Content-Length: many\r\n", b"Content-Length: 70000\r\n"])
async def test_a_message_whose_end_nobody_knows_is_answered_400_and_the_connection_closed(
    hasty: Phone, length: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port("tcp"))
    writer.write(OPTIONS + length + b"\r\n")
    async with asyncio.timeout(10):
        assert (await reader.read()).startswith(b"SIP/2.0 400 ")
    writer.close()
    assert hasty.endpoint.agent.core.counters["malformed"] == 1


async def test_one_turn_of_the_loop_reads_what_waits_on_a_udp_port_up_to_a_bound(phones: tuple[Phone, Phone]) -> None:
    _, callee = phones
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(DATAGRAMS_A_TURN + 1):
            stranger.sendto(b"\x00\xff nonsense \r\n\r\n", ("127.0.0.1", callee.port("udp")))
    counters, by_turn = callee.endpoint.agent.core.counters, []
    async with asyncio.timeout(10):
        while counters["malformed"] <= DATAGRAMS_A_TURN:
            before = counters["malformed"]
            await asyncio.sleep(0)
            by_turn.append(counters["malformed"] - before)
    assert [read for read in by_turn if read] == [DATAGRAMS_A_TURN, 1]


async def test_a_response_that_leads_nowhere_takes_no_other_one_along(phones: tuple[Phone, Phone]) -> None:
    callee = phones[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.settimeout(10)
        for via in (b"127.0.0.1:99999;branch=z9hG4bK2", b"127.0.0.1:0;branch=z9hG4bK3", b"127.0.0.1;rport"):
            data = OPTIONS.replace(b"TCP 127.0.0.1;branch=z9hG4bK1", b"UDP " + via).replace(b"OPTIONS", b"FOO")
            stranger.sendto(data + b"\r\n", ("127.0.0.1", callee.port("udp")))
        async with asyncio.timeout(10):
            answer = await asyncio.to_thread(stranger.recv, 2_048)
        assert answer.startswith(b"SIP/2.0 405 ")


async def test_an_address_that_is_taken_is_named(phones: tuple[Phone, Phone]) -> None:
    port = phones[0].port("tcp")
    second = SipEndpoint(UserAgent(), [("tcp", "127.0.0.1", port)], lambda _event: None)
    with pytest.raises(SipError, match=f"tcp:127.0.0.1:{port} can't be listened on"):
        await second.start()


async def test_a_tap_sees_what_is_sent_and_received_and_its_faults_stop_nothing() -> None:
    seen: list[tuple[bool, bytes]] = []

    def tap(data: bytes, flow: Flow, *, sent: bool, now: float) -> None:
        seen.append((sent, data.split()[0]))
        raise ValueError("a fault in the tap")

    callee = Phone()
    caller = SipEndpoint(UserAgent(), [("udp", "127.0.0.1", 0)], lambda _event: answered.set(), taps=[tap])
    answered = asyncio.Event()
    for endpoint in (callee.endpoint, caller):
        await endpoint.start()
    try:
        caller.agent.request(
            "OPTIONS",
            URI.parse("sip:127.0.0.1"),
            flow=caller.flow_to("udp", "127.0.0.1", callee.port("udp")),
            from_=Address.parse("<sip:a@127.0.0.1>"),
            to=Address.parse("<sip:b@127.0.0.1>"),
            now=caller.now(),
        )
        with capture_logs() as logs:
            caller.flush()
            event = await callee.event()
            assert isinstance(event, RequestReceived)
            event.request.respond(200, callee.endpoint.now())
            callee.endpoint.flush()
            async with asyncio.timeout(10):
                await answered.wait()
    finally:
        for endpoint in (callee.endpoint, caller):
            await endpoint.close()
    assert seen == [(True, b"OPTIONS"), (False, b"SIP/2.0")]
    assert [line["event"] for line in logs] == ["sip_tap_failed", "sip_tap_failed"]


async def test_a_request_that_is_refused_is_told_with_its_status(phones: tuple[Phone, Phone]) -> None:
    caller, callee = phones
    with capture_logs() as logs:
        caller.endpoint.agent.request(
            "BYE",
            URI.parse("sip:127.0.0.1"),
            flow=caller.endpoint.flow_to("udp", "127.0.0.1", callee.port("udp")),
            from_=Address.parse("<sip:a@127.0.0.1>"),
            to=Address.parse("<sip:b@127.0.0.1>"),
            now=caller.endpoint.now(),
        )
        caller.endpoint.flush()
        assert isinstance(await caller.event(), ResponseReceived)
    (line,) = [line for line in logs if line["event"] == "sip_refused"]
    assert (line["reason"], line["count"]) == ("BYE with 481", 1)


def test_what_waits_for_a_connection_that_is_being_made_has_a_bound() -> None:
    connection = Connection(Flow(Transport.TCP, ("192.0.2.9", 5060), ("192.0.2.1", 5060)))
    for _ in range(40):
        connection.write(b"x" * 65_536)
    assert sum(map(len, connection.backlog)) == MAX_UNSENT
