"""What strangers can make the user agent remember: nothing, or a number that stands in the code."""

import random

import pytest
from sipmessage import URI, Address, Request, Response

from playvoice.sip import Flow, IncomingRequest, RequestFailed, RequestReceived, Transport, UserAgent, Why
from playvoice.sip.drops import Kind
from playvoice.sip.message import make_cancel, make_response, parse, tag_of

THERE, HERE = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
FLOW = Flow(Transport.UDP, THERE, HERE)


def request(method: str, number: int, *headers: str) -> bytes:
    lines = (
        f"{method} sip:192.0.2.2 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{number}",
        f"From: <sip:1001@192.0.2.2>;tag={number}",
        "To: <sip:1001@192.0.2.2>",
        f"Call-ID: {number}",
        f"CSeq: 1 {method}",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode()


def agent(**options: int) -> UserAgent:
    return UserAgent(generator=random.Random(1), **options)  # type: ignore[arg-type]


def received(agent: UserAgent) -> IncomingRequest:
    (event,) = agent.take_events()
    assert isinstance(event, RequestReceived)
    return event.request


def responses(agent: UserAgent) -> list[Response]:
    messages = [parse(data) for data, _ in agent.take_sends()]
    assert all(isinstance(message, Response) for message in messages)
    return [message for message in messages if isinstance(message, Response)]


def test_a_request_that_is_refused_leaves_nothing_and_its_repetition_gets_the_same_tag() -> None:
    registrar = agent()
    tags = []
    for at in (0.0, 0.5, 1.5):
        registrar.receive(request("REGISTER", 1), FLOW, at)
        received(registrar).refuse(401, headers=(("WWW-Authenticate", "Digest"),))
        (response,) = responses(registrar)
        assert response.code == 401
        tags.append(tag_of(response.to_address))
        assert registrar.core.transaction_count == 0
    assert tags[0] is not None
    assert len(set(tags)) == 1
    assert registrar.next_deadline() is None, "no timer runs for a stranger"


def test_tags_of_different_requests_and_of_different_processes_differ() -> None:
    parsed = [parse(request("REGISTER", number)) for number in (1, 2)]
    one, other = agent(), UserAgent(generator=random.Random(2))
    tags = {a.core.stateless_tag(p) for a in (one, other) for p in parsed if isinstance(p, Request)}
    assert len(tags) == 4


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("REGISTER", 1, "Require: gruu"), 420),
        (request("PUBLISH", 1), 405),
        (request("BYE", 1), 481),
        (request("CANCEL", 1), 481),
    ],
)
def test_what_is_refused_at_once_is_not_remembered(data: bytes, status: int) -> None:
    registrar = agent()
    registrar.receive(data, FLOW, 0.0)
    assert [response.code for response in responses(registrar)] == [status]
    assert registrar.core.transaction_count == 0


def test_an_extension_that_is_not_known_is_named_without_those_that_are() -> None:
    registrar = agent()
    registrar.receive(request("REGISTER", 1, "Require: Path, gruu", "Require: outbound"), FLOW, 0.0)
    (response,) = responses(registrar)
    assert (response.code, response.headers["Unsupported"]) == (420, "gruu, outbound")
    registrar.receive(request("REGISTER", 2, "Require: path"), FLOW, 0.0)
    assert received(registrar).method == "REGISTER"


def test_requests_beyond_the_bound_are_dropped_and_counted_until_the_first_are_forgotten() -> None:
    registrar = agent(max_server_transactions=2)
    for number in (1, 2, 3, 4):
        registrar.receive(request("REGISTER", number), FLOW, float(number))
        for event in registrar.take_events():
            assert isinstance(event, RequestReceived)
            event.request.respond(200, float(number))
    assert len(responses(registrar)) == 2
    assert registrar.core.transaction_count == 2
    assert registrar.core.counters[Kind.OVERLOAD] == 2
    assert [(dropped.kind, dropped.count) for dropped in registrar.take_dropped()] == [(Kind.OVERLOAD, 1)]
    registrar.receive(request("REGISTER", 1), FLOW, 5.0)
    assert len(responses(registrar)) == 1, "a repetition is answered whatever the bound"
    registrar.handle_deadline(33.0)
    assert registrar.core.transaction_count == 1, "Timer J of the first: 1 s and 64*T1"
    registrar.receive(request("REGISTER", 4), FLOW, 33.0)
    assert received(registrar).method == "REGISTER"


def test_a_flood_of_repetitions_and_of_strangers_takes_one_place_among_the_timers_each() -> None:
    registrar = agent()
    registrar.receive(request("REGISTER", 1), FLOW, 0.0)
    received(registrar).respond(200, 0.0)
    for _ in range(1_000):
        registrar.receive(request("REGISTER", 1), FLOW, 1.0)
        registrar.receive(request("ACK", 2), FLOW, 1.0)
    assert registrar.core.timer_count == 2
    assert registrar.next_deadline() == 11.0, "when the stray ACKs are told of"
    registrar.handle_deadline(11.0)
    assert [dropped.count for dropped in registrar.take_dropped()] == [1, 999]
    registrar.handle_deadline(21.0)
    assert registrar.next_deadline() == 32.0, "Timer J"
    registrar.handle_deadline(32.0)
    assert (registrar.core.timer_count, registrar.core.transaction_count) == (0, 0)


def test_a_lost_connection_ends_what_went_to_its_far_end_and_nothing_else() -> None:
    us = agent()
    waiting = {}
    for remote in (THERE, ("192.0.2.3", 5060)):
        for transport in Transport:
            flow = Flow(transport, remote, ("0.0.0.0", 5060))
            uri, who = URI.parse("sip:192.0.2.1"), Address.parse("<sip:1001@192.0.2.2>")
            waiting[transport, remote] = us.request("OPTIONS", uri, flow=flow, from_=who, to=who, now=0.0)
    us.connection_failed(Flow(Transport.TCP, THERE, HERE), 1.0)
    lost = RequestFailed(waiting[Transport.TCP, THERE], Why.TRANSPORT)
    assert us.take_events() == [lost], "whichever address of ours the connection was on"
    assert us.core.transaction_count == 3
    us.handle_deadline(32.0)
    assert (us.core.transaction_count, us.core._entries_of) == (0, {}), "nothing is remembered of a far end"


def test_the_end_of_a_transaction_is_not_that_of_a_later_one_with_its_branch() -> None:
    core = agent().core
    invite = parse(request("INVITE", 1))
    assert isinstance(invite, Request)
    first = core.start_client(make_cancel(invite), FLOW, 0.0, lambda _effect, _now: None)
    second = core.start_client(make_cancel(invite), FLOW, 1.0, lambda _effect, _now: None)
    answer = parse(bytes(make_response(second.transaction.request, 200)))
    assert isinstance(answer, Response)
    core.forget(first)
    assert core.match_response(answer) is second
