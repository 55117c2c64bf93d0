"""Answers as carriers give them that have not read RFC 3261 to its end, and the forks of proxies that have."""

import pytest
from sipmessage import Request
from tests.unit.sip.carrier import CONTACT, Headers, Line

from playvoice.sip import Answered, CallEnded, Event, Provisional


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


def test_an_answer_without_a_contact_keeps_to_the_recorded_route() -> None:
    line, invite = rung(())
    line.carrier.respond(invite, 200, headers=(("Record-Route", "<sip:192.0.2.2;lr>"),), body=b"answer")
    line.run()
    line.call.ack(line.now)
    line.run()
    assert ended(line).headers["Route"] == "<sip:192.0.2.2;lr>"


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
