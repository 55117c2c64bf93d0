"""Answers as carriers give them that have not read RFC 3261 to its end, and the forks of proxies that have."""

import pytest
from sipmessage import Request
from tests.unit.sip.carrier import CONTACT, Headers, Line

from playvoice.sip import (
    COMPLETED_ELSEWHERE,
    Answered,
    CallEnded,
    CallState,
    Credentials,
    Event,
    Failed,
    Provisional,
    Transport,
    Why,
    late,
)
from playvoice.sip.late import LATE
from playvoice.sip.message import tag_of, to_of


def rung(headers: Headers = (CONTACT,)) -> tuple[Line, Request]:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 180, headers=headers)
    line.run()
    line.events()
    return line, invite


def ended(line: Line) -> Request:
    """Hang up; gives the BYE, which the carrier answers."""
    line.carrier.then("BYE", 200)
    line.call.bye(line.now)
    line.run()
    assert line.events()[-1] == CallEnded(line.call)
    return line.requests("BYE")[-1]


@pytest.mark.parametrize("contact", [(), (("Contact", "<nonsense"),), (("Contact", "*"),), (("Contact", "<tel:+1>"),)])
def test_an_answer_without_a_usable_contact_makes_a_call_where_the_invite_went(contact: Headers) -> None:
    line, invite = rung(())
    line.carrier.respond(invite, 200, headers=contact, body=b"answer")
    line.run()
    assert line.events() == [Answered(line.call, b"answer")]
    line.call.ack(line.now)
    line.run()
    bye = ended(line)
    for request in (line.requests("ACK")[0], bye):
        assert str(request.uri) == str(invite.uri)
        assert request.headers["To"].endswith(";tag=callee")


@pytest.mark.parametrize(
    ("contact", "remote"),
    [
        ("sip:callee@192.0.2.9:5070", ("192.0.2.9", 5070)),
        ("sip:callee@phone.example", ("192.0.2.2", 5060)),
        ("sip:callee@[2001:db8::9]", ("192.0.2.2", 5060)),
        ("sip:callee@192.0.2.9;transport=tcp", ("192.0.2.2", 5060)),
    ],
)
def test_requests_go_to_the_contact_where_it_is_an_address_that_we_reach_and_else_as_the_invite(
    contact: str, remote: tuple[str, int]
) -> None:
    line, invite = rung()
    line.carrier.respond(invite, 200, headers=(("Contact", f"<{contact}>"),), body=b"answer")
    line.run()
    assert line.call.dialog is not None
    assert line.call.dialog.next_flow().remote == remote
    assert line.call.dialog.remote_target == contact


@pytest.mark.parametrize("contact", ["sip:callee@192.0.2.9:99999", "sip:callee@192.0.2.9:0", "sip:callee@999.0.2.9"])
def test_requests_go_where_the_invite_went_where_the_contact_can_not_be(contact: str) -> None:
    line, invite = rung()
    line.carrier.respond(invite, 200, headers=(("Contact", f"<{contact}>"),), body=b"answer")
    line.run()
    assert line.call.dialog is not None
    assert line.call.dialog.next_flow().remote == ("192.0.2.2", 5060)
    assert line.call.dialog.remote_target == str(invite.uri)


def test_an_answer_without_a_contact_keeps_to_the_recorded_route() -> None:
    line, invite = rung(())
    line.carrier.respond(invite, 200, headers=(("Record-Route", "<sip:192.0.2.2;lr>"),), body=b"answer")
    line.run()
    line.call.ack(line.now)
    line.run()
    assert ended(line).headers["Route"] == "<sip:192.0.2.2;lr>"


def test_an_answer_without_a_contact_keeps_to_the_way_of_an_invite_that_was_for_another_host() -> None:
    line = Line()
    line.dial_again("192.0.2.9")
    invite = line.invite()
    line.carrier.respond(invite, 200, headers=(), body=b"answer")
    line.run()
    line.call.ack(line.now)
    line.run()
    assert str(ended(line).uri) == "sip:13333333333@192.0.2.9", "and it came to the carrier"


def test_a_recorded_route_that_cannot_be_read_is_passed_over() -> None:
    line, invite = rung()
    line.carrier.respond(invite, 200, headers=(CONTACT, ("Record-Route", "<<sip:nowhere")), body=b"answer")
    line.run()
    line.call.ack(line.now)
    line.run()
    assert "Route" not in list(ended(line).headers.keys())


def test_an_answer_without_a_tag_makes_a_call_and_its_repetitions_are_acknowledged() -> None:
    line = Line()
    invite = line.invite()
    for _ in range(2):
        line.carrier.respond(invite, 200, tag=None, body=b"answer")
        line.run()
        line.call.ack(line.now)
        line.run()
    assert line.events() == [Answered(line.call, b"answer")]
    first, second = line.requests("ACK")
    assert bytes(first) == bytes(second)
    assert line.requests("BYE") == [], "a repetition is no second fork"
    assert "tag" not in ended(line).headers["To"]


def test_the_bye_of_a_far_end_without_a_tag_is_its_end() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 200, tag=None, body=b"answer")
    line.run()
    line.call.ack(line.now)
    line.run()
    line.carrier.say(line.in_dialog("BYE", from_=invite.headers["To"]))
    line.run()
    assert line.events()[-1] == CallEnded(line.call)
    assert line.statuses() == [200]


def test_provisional_responses_without_tag_and_in_any_order_change_nothing_but_what_they_say() -> None:
    line = Line()
    invite = line.invite()
    for status in (100, 182, 180, 100, 181, 183, 199):
        line.carrier.respond(invite, status, tag=None, headers=())
        line.run()
    line.answer(invite)
    told: list[Event] = [Provisional(line.call, status, b"") for status in (182, 180, 181, 183, 199)]
    assert line.events() == [*told, Answered(line.call, b"answer")]


def test_the_description_of_the_last_provisional_response_of_a_fork_is_its_answer_where_its_200_has_none() -> None:
    line = Line()
    invite = line.invite()
    for tag, status, body in (("a", 183, b"a1"), ("b", 183, b"b1"), ("b", 180, b"b2"), ("b", 180, b"")):
        line.carrier.respond(invite, status, tag=tag, body=body)
    line.carrier.respond(invite, 200, tag="b")
    line.run()
    assert line.events()[-1] == Answered(line.call, b"b2")


def test_the_description_of_a_183_without_a_tag_is_that_of_whoever_answers() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 183, tag=None, headers=(), body=b"early")
    line.carrier.respond(invite, 200)
    line.run()
    assert line.events()[-1] == Answered(line.call, b"early")


def test_another_forks_description_is_no_answer_of_this_one() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 183, tag="a", body=b"a1")
    line.carrier.respond(invite, 200, tag="b")
    line.run()
    assert line.events()[-1] == Answered(line.call, b"")


def test_a_200_with_a_description_of_its_own_is_believed() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 183, body=b"early")
    line.carrier.respond(invite, 200, body=b"final")
    line.run()
    assert line.events()[-1] == Answered(line.call, b"final")


def test_a_body_that_is_no_description_is_none() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 183, body=b"<xml/>", content_type="application/xml")
    line.carrier.respond(invite, 200, body=b"busy tone", content_type="text/plain")
    line.run()
    assert line.events() == [Provisional(line.call, 183, b""), Answered(line.call, b"")]


# --- forks, and what comes too late ----------------------------------------------------------------------------------


def test_of_two_forks_that_answer_the_second_is_ended_once_and_its_repetitions_are_acknowledged() -> None:
    line = Line()
    invite = line.invite()
    for tag in ("a", "b"):
        line.carrier.respond(invite, 180, tag=tag)
    line.answer(invite)
    line.events()
    line.carrier.then("BYE", 200)
    for _ in range(3):
        line.carrier.respond(invite, 200, tag="never-heard-of", body=b"other")
        line.run(0.5)
    assert [tag_of(to_of(ack)) for ack in line.requests("ACK")] == ["callee", *["never-heard-of"] * 3]
    (bye,) = line.requests("BYE")
    assert tag_of(to_of(bye)) == "never-heard-of"
    assert (line.call.state, line.events()) == (CallState.CONFIRMED, [])


def test_pracks_of_forks_have_numbers_of_their_own_and_so_has_the_bye_of_each() -> None:
    line = Line()
    invite = line.invite()
    for tag, rseq in (("a", 7), ("b", 1), ("a", 8)):
        line.carrier.then("PRACK", 200)
        line.carrier.respond(invite, 183, tag=tag, headers=(CONTACT, ("Require", "100rel"), ("RSeq", str(rseq))))
        line.run()
    pracks = [(tag_of(to_of(prack)), prack.cseq.sequence, prack.headers["RAck"]) for prack in line.requests("PRACK")]
    assert pracks == [("a", 2, "7 1 INVITE"), ("b", 2, "1 1 INVITE"), ("a", 3, "8 1 INVITE")]
    line.carrier.respond(invite, 200, tag="b", body=b"answer")
    line.carrier.respond(invite, 200, tag="a", body=b"answer")
    line.run()
    line.call.ack(line.now)
    line.call.bye(line.now)
    line.run()
    assert [(tag_of(to_of(bye)), bye.cseq.sequence) for bye in line.requests("BYE")] == [("a", 4), ("b", 3)]


def test_an_answer_that_is_repeated_after_the_end_of_the_call_gets_its_ack_again() -> None:
    line = Line()
    invite = line.invite()
    line.answer(invite)
    ended(line)
    line.carrier.respond(invite, 200, body=b"answer")
    line.run()
    first, second = line.requests("ACK")
    assert bytes(first) == bytes(second)
    assert len(line.requests("BYE")) == 1


def test_an_answer_after_timer_b_is_acknowledged_and_ended_without_a_word() -> None:
    line = Line()
    invite = line.invite()
    line.run(33)
    assert line.events() == [Failed(line.call, Why.TIMEOUT)]
    line.run(100)
    line.carrier.then("BYE", 200)
    for _ in range(2):
        line.carrier.respond(invite, 200, body=b"answer")
        line.run(0.5)
    assert [*line.methods()[-3:], line.events()] == ["ACK", "BYE", "ACK", []]


@pytest.mark.parametrize("final", [487, 200])
def test_a_call_that_rings_after_timer_b_is_cancelled_and_its_end_acknowledged(final: int) -> None:
    line = Line()
    invite = line.invite()
    line.run(33)
    line.events()
    line.carrier.then("CANCEL", 200)
    line.carrier.then("BYE", 200)
    line.carrier.respond(invite, 180)
    line.run(1)
    (cancel,) = line.requests("CANCEL")
    assert cancel.headers["Via"] == invite.headers["Via"].replace(";rport=5060;received=192.0.2.1", ";rport")
    line.carrier.respond(invite, final, body=b"answer" if final == 200 else b"")
    line.run(1)
    assert line.methods()[-2:] == (["CANCEL", "ACK"] if final == 487 else ["ACK", "BYE"])
    line.run(LATE)
    assert line.events() == []
    assert line.us.next_deadline() is None, "nothing is left"


def test_a_call_whose_connection_was_lost_and_that_rings_nevertheless_is_cancelled() -> None:
    line = Line(transport=Transport.TCP)
    invite = line.invite()
    line.us.connection_failed(line.flow, line.now)
    assert line.events() == [Failed(line.call, Why.TRANSPORT)]
    line.carrier.then("CANCEL", 200)
    line.carrier.respond(invite, 180)
    line.run()
    line.carrier.respond(invite, 487, headers=())
    line.run()
    assert (line.methods(), line.events()) == (["INVITE", "CANCEL", "ACK"], [])


def test_an_answer_after_a_cancel_that_was_given_up_is_ended() -> None:
    line, invite = rung()
    line.call.cancel(line.now)
    line.run(33)
    assert line.events() == [Failed(line.call, Why.TIMEOUT)]
    line.carrier.then("BYE", 200)
    line.carrier.respond(invite, 200, body=b"answer")
    line.run()
    assert [*line.methods()[-2:], line.events()] == ["ACK", "BYE", []]


def test_an_answer_that_comes_later_than_anybody_waits_is_a_stray() -> None:
    line = Line()
    invite = line.invite()
    line.run(33 + LATE)
    line.carrier.respond(invite, 200)
    line.run()
    assert "ACK" not in line.methods()
    assert line.us.core.counters["stray_response"] == 1


def test_of_the_calls_that_were_given_up_the_oldest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "MAX_LATE", 1)
    line = Line()
    first = line.invite()
    line.run(1)
    line.dial_again()
    second = line.invite()
    line.run(40)
    line.carrier.then("BYE", 200)
    for invite in (first, second):
        line.carrier.respond(invite, 200)
    line.run()
    assert [ack.call_id for ack in line.requests("ACK")] == [second.call_id]


@pytest.mark.parametrize("refusal", [486, 603, 407])
def test_the_answer_of_a_fork_after_a_refusal_is_ended(refusal: int) -> None:
    line = Line(Credentials("trunk", "secret"))
    invite = line.invite()
    challenge = ("Proxy-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"')
    line.carrier.respond(invite, refusal, headers=(challenge,))
    line.run()
    line.events()
    if refusal == 407:
        assert line.call.authorize()
        line.invite()
    line.carrier.then("BYE", 200)
    line.carrier.respond(invite, 200, tag="other", body=b"answer")
    line.run()
    assert line.methods()[-2:] == ["ACK", "BYE"]
    assert line.events() == []
    assert line.call.state is (CallState.CALLING if refusal == 407 else CallState.ENDED)


@pytest.mark.parametrize("reason", ["", COMPLETED_ELSEWHERE])
def test_a_cancel_says_why_where_it_is_told(reason: str) -> None:
    line, _ = rung()
    line.carrier.then("CANCEL", 200)
    line.call.cancel(line.now, reason)
    line.run()
    assert line.requests("CANCEL")[0].headers.getlist("Reason") == ([reason] if reason else [])
