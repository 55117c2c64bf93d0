"""Calls between two user agents over a network that isn't one; each test reads as one exchange."""

import gc
import random
import weakref
from dataclasses import replace

import pytest
from sipmessage import URI, Address, Request
from tests.unit.sip.pair import A, B, World, first_word

from playvoice.sip import (
    Acknowledged,
    Answered,
    CallEnded,
    CallState,
    Cancelled,
    Challenged,
    Credentials,
    DialogState,
    Failed,
    Flow,
    IncomingCallReceived,
    InviteState,
    Provisional,
    Rejected,
    RequestFailed,
    RequestInCall,
    RequestReceived,
    ResponseReceived,
    Transport,
    UserAgent,
    Why,
)
from playvoice.sip.message import parse


def test_an_invite_is_known_before_it_is_sent_and_survives_the_store() -> None:
    world = World()
    call = world.invite(send=False)
    world.run()
    assert world.requests("caller") == []
    assert InviteState.from_json(call.invite.to_json()) == call.invite


def test_a_call_is_answered_acknowledged_when_the_owner_says_so_and_ended() -> None:
    world = World()
    call = world.invite()
    incoming = world.incoming()
    incoming.ring(world.now)
    world.run()
    assert world.network.take("caller") == [Provisional(call, 180, b"")]
    incoming.answer(world.now, b"answer")
    world.run()
    assert world.network.take("caller") == [Answered(call, b"answer")]
    assert "ACK" not in world.requests("caller")
    assert call.dialog is not None
    assert DialogState.from_json(call.dialog.to_json()) == call.dialog
    call.ack(world.now)
    world.run()
    assert world.network.take("callee") == [Acknowledged(incoming, b"")]
    call.bye(world.now)
    world.run()
    assert world.network.take("callee") == [CallEnded(incoming)]
    assert world.requests("callee")[-1] == "200"


def test_an_answer_is_repeated_until_the_ack_and_each_repetition_is_acknowledged_afterwards() -> None:
    world = World()
    call = world.invite()
    incoming = world.incoming()
    incoming.answer(world.now, b"answer")
    world.run(3.6)
    assert world.requests("callee").count("200") == 4, "at 0, 0.5, 1.5 and 3.5 s"
    assert len(world.network.take("caller")) == 1
    call.ack(world.now)
    world.run(60)
    assert world.requests("callee").count("200") == 4
    assert world.requests("caller").count("ACK") == 1


def test_an_answer_that_nobody_acknowledges_is_ended_by_bye_after_64_t1() -> None:
    world = World()
    world.invite()
    incoming = world.incoming()
    answered_at = world.now
    incoming.answer(world.now, b"answer")
    world.run(40)
    assert CallEnded(incoming, unacknowledged=True) in world.network.take("callee")
    assert [at for at, sender, _, data in world.network.sent if sender == "callee" and first_word(data) == "BYE"] == [
        answered_at + 32
    ]


def test_a_call_of_ours_whose_transactions_are_over_is_held_by_nobody() -> None:
    world = World()
    call, _ = world.talk()
    call.bye(world.now)
    world.run(64)
    world.network.take("caller")
    world.network.take("callee")
    held = [weakref.ref(each) for each in (call, call.session)]
    gc.disable()
    try:
        del call
        assert [each() for each in held] == [None, None]
    finally:
        gc.enable()


def test_the_callee_hangs_up() -> None:
    world = World()
    call, incoming = world.talk()
    incoming.bye(world.now)
    world.run()
    assert world.network.take("caller") == [CallEnded(call)]
    assert call.state is CallState.ENDED


@pytest.mark.parametrize("status", [404, 486, 503, 603])
def test_a_refusal_is_told_with_its_status_and_acknowledged(status: int) -> None:
    world = World()
    call = world.invite()
    incoming = world.incoming()
    incoming.reject(world.now, status, headers=(("Reason", "Q.850;cause=17;text=busy"),))
    world.run()
    (event,) = world.network.take("caller")
    assert isinstance(event, Rejected)
    assert (event.call, event.status, event.q850) == (call, status, 17)
    assert world.requests("caller") == ["INVITE", "ACK"]


def test_nobody_answers_and_timer_b_ends_the_call() -> None:
    world = World(loss=1.0)
    call = world.invite()
    world.run(33)
    assert world.network.take("caller") == [Failed(call, Why.TIMEOUT)]


def test_a_cancel_waits_for_a_provisional_response_and_ends_with_487() -> None:
    world = World(delay=0.2)
    call = world.invite()
    call.cancel(world.now)
    world.run(0.1)
    assert "CANCEL" not in world.requests("caller")
    world.run(2)
    assert [type(event) for event in world.network.take("callee")] == [IncomingCallReceived, Cancelled]
    (event,) = world.network.take("caller")
    assert isinstance(event, Rejected)
    assert (event.call, event.status) == (call, 487)


def test_an_answer_that_crosses_the_cancel_is_told_and_its_owner_ends_it_by_ack_and_bye() -> None:
    world = World(delay=0.2)
    call = world.invite()
    world.run(0.5)
    (received,) = world.network.take("callee")
    assert isinstance(received, IncomingCallReceived)
    received.call.answer(world.now, b"answer")
    call.cancel(world.now)
    world.run(0.3)
    assert world.network.take("caller") == [Answered(call, b"answer")]
    call.bye(world.now)
    world.run(2)
    assert world.network.take("caller") == [CallEnded(call)]
    assert world.requests("caller") == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert received.call.state is CallState.ENDED


def test_a_call_is_over_for_its_owner_when_its_bye_is_answered_or_given_up() -> None:
    world = World()
    call, _ = world.talk()
    call.bye(world.now)
    assert call.state is CallState.ENDING
    world.run()
    assert (call.state, world.network.take("caller")) == (CallState.ENDED, [CallEnded(call)])
    unheard, _ = world.talk()
    world.network.loss = 1.0
    unheard.bye(world.now)
    world.run(31.9)
    assert world.network.take("caller") == []
    world.run(0.2)
    assert world.network.take("caller") == [CallEnded(unheard)], "Timer F"


def test_a_bye_that_crosses_ours_is_answered_and_ends_the_call() -> None:
    world = World(delay=0.2)
    call = world.invite()
    world.run(0.5)
    (received,) = world.network.take("callee")
    assert isinstance(received, IncomingCallReceived)
    received.call.answer(world.now, b"answer")
    world.run(0.5)
    call.ack(world.now)
    world.run(0.5)
    world.network.take("caller")
    call.bye(world.now)
    received.call.bye(world.now)
    world.run(2)
    assert world.network.take("caller") == [CallEnded(call)]
    assert world.requests("caller")[-2:] == ["BYE", "200"]


def test_a_request_inside_a_call_that_is_ending_gets_481() -> None:
    world = World(delay=0.2)
    call = world.invite()
    world.run(0.5)
    (received,) = world.network.take("callee")
    assert isinstance(received, IncomingCallReceived)
    received.call.answer(world.now, b"answer")
    world.run(0.5)
    call.ack(world.now)
    call.bye(world.now)
    dialog = received.call.dialog
    assert dialog is not None
    info = dialog.request("INFO", world.callee.make_via(world.network.flow(B, A)), 7)
    info.headers.set("Content-Length", "0")
    world.callee.core.send(bytes(info), world.network.flow(B, A))
    world.run(0.3)
    assert world.requests("caller")[-1] == "481"


def test_a_cancelled_invite_without_a_final_response_is_given_up_after_64_t1() -> None:
    world = World()
    call = world.invite()
    world.run()
    world.network.loss = 1.0
    call.cancel(world.now)
    world.run(40)
    assert world.network.take("caller")[-1] == Failed(call, Why.TIMEOUT)


def test_the_answer_of_a_second_fork_gets_ack_and_bye() -> None:
    world = World()
    call, incoming = world.talk()
    answer = next(data for _, sender, _, data in world.network.sent if sender == "callee" and first_word(data) == "200")
    world.caller.receive(answer.replace(incoming.local_tag.encode(), b"fork"), world.network.flow(A, B), world.now)
    world.run()
    assert world.requests("caller")[-2:] == ["ACK", "BYE"]
    assert call.state is CallState.CONFIRMED


def test_a_challenge_is_answered_with_a_new_branch_and_the_next_cseq() -> None:
    world = World()
    call = world.invite(credentials=Credentials("user", "secret"))
    first = call.invite
    challenge = 'Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"'
    world.incoming().reject(world.now, 407, headers=(("Proxy-Authenticate", challenge),))
    world.run()
    (event,) = world.network.take("caller")
    assert isinstance(event, Challenged)
    assert call.authorize()
    assert (call.invite.cseq, call.invite.via != first.via, call.invite.local) == (2, True, first.local)
    call.send(world.now)
    again = world.incoming()
    assert "Proxy-Authorization" in again.request.headers.keys()  # noqa: SIM118  (no mapping)
    again.reject(world.now, 407, headers=(("Proxy-Authenticate", challenge.replace("n1", "n2")),))
    world.run()
    assert not call.authorize(), "the same credentials were refused"


def test_an_invite_of_an_earlier_process_is_cancelled() -> None:
    world = World()
    invite = world.invite().invite
    incoming = world.incoming()
    incoming.ring(world.now)
    world.run()
    successor = world.agent("caller", A, 7)
    call = successor.resume_invite(invite, world.now)
    call.cancel(world.now)
    world.run()
    assert world.network.take("callee") == [Cancelled(incoming)]
    (event,) = world.network.take("caller")
    assert isinstance(event, Rejected)
    assert event.status == 487


def test_an_invite_of_an_earlier_process_that_never_arrived_is_given_up_after_64_t1() -> None:
    world = World()
    call = world.caller.resume_invite(world.invite(send=False).invite, world.now)
    call.cancel(world.now)
    world.run(31.9)
    assert world.network.take("caller") == []
    world.run(0.2)
    assert world.network.take("caller") == [Failed(call, Why.TIMEOUT)]


def test_an_old_invite_that_the_far_end_does_not_know_any_more_is_over_when_it_says_so() -> None:
    world = World()
    call = world.caller.resume_invite(world.invite(send=False).invite, world.now, is_old=True)
    call.cancel(world.now)
    world.run(0.1)
    assert world.network.take("caller") == [Failed(call, Why.TIMEOUT)]


def test_an_old_invite_that_still_rings_is_cancelled_as_any_other() -> None:
    world = World()
    invite = world.invite().invite
    incoming = world.incoming()
    incoming.ring(world.now)
    world.run()
    successor = world.agent("caller", A, 7)
    successor.resume_invite(invite, world.now, is_old=True).cancel(world.now)
    world.run()
    assert world.network.take("callee") == [Cancelled(incoming)]
    (event,) = world.network.take("caller")
    assert isinstance(event, Rejected)


def test_a_dialog_of_an_earlier_process_is_ended_and_its_repeated_answer_too() -> None:
    world = World()
    call = world.invite()
    incoming = world.incoming()
    incoming.answer(world.now, b"answer")
    world.run()
    assert call.dialog is not None
    dialog = DialogState.from_json(call.dialog.to_json())
    world.agent("caller", A, 7, orphans=lambda call_id: call_id == dialog.call_id)
    world.run(1)
    assert world.requests("caller")[-2:] == ["ACK", "BYE"], "the repeated 2xx was ended"
    assert incoming.state is CallState.ENDED
    successor = world.agent("caller", A, 8)
    resumed = successor.resume_dialog(call.invite, dialog.raised())
    resumed.bye(world.now)
    world.run()
    assert world.network.take("caller")[-1] == CallEnded(resumed)
    bye = [data for _, sender, _, data in world.network.sent if sender == "caller"][-1]
    assert b"CSeq: 1002 BYE" in bye


def test_a_late_180_of_an_earlier_process_is_a_stray() -> None:
    world = World()
    world.invite()
    incoming = world.incoming()
    successor = world.agent("caller", A, 7, orphans=lambda _call_id: True)
    incoming.ring(world.now)
    world.run()
    assert world.requests("caller") == ["INVITE"]
    assert successor.core.counters["stray_response"] >= 1


def test_requests_in_a_dialog_follow_the_route_set_and_the_contact() -> None:
    invite = (
        b"INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK9\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        b"Record-Route: <sip:192.0.2.9;lr>, <sip:192.0.2.8;lr>\r\n"
        b"From: <sip:a@x.example>;tag=a\r\nTo: <sip:b@x.example>\r\n"
        b"Call-ID: routed\r\nCSeq: 5 INVITE\r\nContact: <sip:a@192.0.2.1:5070>\r\nContent-Length: 0\r\n\r\n"
    )
    agent = UserAgent(generator=random.Random(1))
    flow = Flow(Transport.UDP, ("192.0.2.9", 5060), B)
    agent.receive(invite, flow, 0.0)
    (event,) = agent.take_events()
    assert isinstance(event, IncomingCallReceived)
    event.call.answer(0.0, b"")
    event.call.bye(0.1)
    bye, target = agent.take_sends()[-1]
    request = parse(bye)
    assert isinstance(request, Request)
    assert str(request.uri) == "sip:a@192.0.2.1:5070"
    assert request.headers.getlist("Route") == ["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"]
    assert target.remote == ("192.0.2.9", 5060)


def test_a_stranger_gets_no_answer_and_is_counted() -> None:
    agent = UserAgent(admits=lambda _request, _flow: False)
    agent.receive(
        b"OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n"
        b"To: <sip:b@c>\r\nCall-ID: q\r\nCSeq: 1 OPTIONS\r\n\r\n",
        Flow(Transport.UDP, ("203.0.113.9", 5060), B),
        0.0,
    )
    assert agent.take_sends() == []
    assert agent.take_events() == []
    assert agent.core.counters["stranger"] == 1


def test_a_malformed_request_of_somebody_we_know_gets_its_status_and_garbage_gets_nothing() -> None:
    world = World()
    bad = (
        b"OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n"
        b"To: <sip:b@c>\r\nCall-ID: q\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    world.callee.receive(bad, world.network.flow(B, A), 0.0)
    world.callee.receive(b"\xff\xfe garbage \r\n\r\n", world.network.flow(B, A), 0.0)
    assert [first_word(data) for data, _ in world.callee.take_sends()] == ["400"]
    assert world.callee.core.counters["malformed"] == 2


@pytest.mark.parametrize(
    ("method", "header", "status"),
    [("PUBLISH", "X: y", "405"), ("INVITE", "Require: 100rel", "420"), ("BYE", "X: y", "481")],
)
def test_what_we_do_not_do_is_refused_by_name(method: str, header: str, status: str) -> None:
    agent = UserAgent()
    agent.receive(
        f"{method} sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n"
        f"{header}\r\nTo: <sip:b@c>\r\nCall-ID: q\r\nCSeq: 1 {method}\r\nContact: <sip:x@192.0.2.1>\r\n\r\n".encode(),
        Flow(Transport.UDP, A, B),
        0.0,
    )
    assert [first_word(data) for data, _ in agent.take_sends()][-1] == status
    assert agent.take_events() == []


def test_a_response_goes_where_rport_says_and_else_to_the_port_of_via() -> None:
    for via, port in (("192.0.2.1:5070;rport", 4444), ("192.0.2.1:5070", 5070), ("192.0.2.1", 5060)):
        agent = UserAgent()
        agent.receive(
            f"OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n"
            "To: <sip:b@c>\r\nCall-ID: q\r\nCSeq: 1 OPTIONS\r\n\r\n".encode(),
            Flow(Transport.UDP, ("192.0.2.1", 4444), B),
            0.0,
        )
        (event,) = agent.take_events()
        assert isinstance(event, RequestReceived)
        event.request.respond(200, 0.0)
        ((data, flow),) = agent.take_sends()
        assert flow.remote == ("192.0.2.1", port)
        assert (b"rport=4444" in data) == ("rport" in via)


def test_options_are_asked_and_answered_or_fail() -> None:
    world = World()
    uri, address = URI.parse("sip:192.0.2.2"), Address.parse("<sip:ping@192.0.2.1>")
    asked = world.caller.request(
        "OPTIONS", uri, flow=world.network.flow(A, B), from_=address, to=Address(uri=uri), now=world.now
    )
    world.run()
    (event,) = world.network.take("callee")
    assert isinstance(event, RequestReceived)
    event.request.respond(200, world.now)
    world.run()
    (answer,) = world.network.take("caller")
    assert isinstance(answer, ResponseReceived)
    assert (answer.request, answer.response.code) == (asked, 200)
    world.network.loss = 1.0
    again = world.caller.request(
        "OPTIONS", uri, flow=world.network.flow(A, B), from_=address, to=Address(uri=uri), now=world.now
    )
    world.run(33)
    assert world.network.take("caller") == [RequestFailed(again, Why.TIMEOUT)]


def test_a_request_inside_a_call_reaches_its_owner() -> None:
    world = World()
    call, _ = world.talk()
    assert call.dialog is not None
    request = call.dialog.request("INFO", world.caller.make_via(call.invite.flow), 2)
    request.headers.set("Content-Length", "0")
    world.caller.core.send(bytes(request), call.invite.flow)
    world.run()
    (event,) = world.network.take("callee")
    assert isinstance(event, RequestInCall)
    assert event.request.method == "INFO"


@pytest.mark.parametrize("seed", range(20))
def test_at_ten_percent_loss_every_call_is_set_up_and_ended_and_nothing_is_left(seed: int) -> None:
    world = World(seed=seed, loss=0.1, duplicate=0.05, delay=0.05, jitter=0.1)
    call = world.invite()
    answered = ended = 0
    for second in range(90):
        world.run(1)
        for event in world.network.take("callee"):
            if isinstance(event, IncomingCallReceived):
                event.call.ring(world.now)
                event.call.answer(world.now, b"answer")
            ended += isinstance(event, CallEnded)
        for event in world.network.take("caller"):
            if isinstance(event, Answered):
                answered += 1
                call.ack(world.now)
        if second == 40:
            call.bye(world.now)
    world.run(70)
    assert (answered, ended) == (1, 1)
    for agent in (world.caller, world.callee):
        assert repr(agent) == "<UserAgent 0 dialogs, 0 transactions>"


def test_a_flow_is_used_as_long_as_a_call_is_over_it() -> None:
    world = World()
    call, _ = world.talk()
    assert call.dialog is not None
    flow = call.dialog.flow
    assert world.caller.is_used(flow)
    assert not world.caller.is_used(replace(flow, remote=("192.0.2.1", 5060)))
    call.bye(world.now)
    world.run()
    assert not world.caller.is_used(flow)
