"""What a carrier sends inside a call, from wherever and whenever it likes: RFC 3261 sections 12.2.2, 14 and 15."""

import pytest
from tests.unit.sip.carrier import CONTACT, OTHER, Carrier, Line

from playvoice.sip import (
    Answered,
    CallEnded,
    CallState,
    RequestInCall,
    SessionChangeReceived,
    SessionRefused,
    Transport,
)


def talking() -> Line:
    line = Line()
    line.answer(line.invite())
    line.events()
    return line


def elsewhere(line: Line) -> Carrier:
    """The same carrier at another address."""
    other = Carrier()
    line.network.attach("elsewhere", other, OTHER)
    return other


# --- where requests come from, and where their answers go -----------------------------------------------------------


@pytest.mark.parametrize("via", ["192.0.2.3;rport;branch=z9hG4bK1", "192.0.2.3;branch=z9hG4bK1"])
def test_a_bye_from_another_address_of_the_carrier_ends_the_call_and_is_answered_there(via: str) -> None:
    line = talking()
    other = elsewhere(line)
    other.say(line.in_dialog("BYE", via=via))
    line.run()
    (ok,) = other.got
    assert bytes(ok).startswith(b"SIP/2.0 200 ")
    assert line.statuses() == [], "nothing goes to where the INVITE went"
    assert line.events() == [CallEnded(line.call)]


def test_a_response_goes_to_the_port_that_via_names_where_there_is_no_rport_and_to_the_address_it_came_from() -> None:
    line = talking()
    other, at_port = elsewhere(line), Carrier()
    line.network.attach("port", at_port, (OTHER[0], 5070))
    other.say(line.in_dialog("BYE", via="10.9.9.9:5070;branch=z9hG4bK1"))
    line.run()
    (ok,) = at_port.got
    assert ";received=192.0.2.3" in ok.headers["Via"]
    assert other.got == []


def test_a_reinvite_from_another_address_is_answered_there_and_moves_the_dialog_by_its_contact() -> None:
    line = talking()
    other = elsewhere(line)
    contact = ("Contact", "<sip:callee@192.0.2.3>")
    other.say(line.in_dialog("INVITE", headers=(contact,), body=b"v=0 offer", via="192.0.2.3;rport;branch=z9hG4bK1"))
    line.run()
    event = line.events()[0]
    assert isinstance(event, SessionChangeReceived)
    event.change.accept(line.now, b"answer")
    line.run()
    assert [bytes(each)[:11] for each in other.got] == [b"SIP/2.0 100", b"SIP/2.0 200"]
    other.say(line.in_dialog("ACK", via="192.0.2.3;rport;branch=z9hG4bK2"))
    line.call.bye(line.now)
    line.run()
    assert bytes(other.got[-1]).startswith(b"BYE sip:callee@192.0.2.3 ")


def test_a_repeated_bye_gets_the_same_answer_again() -> None:
    line = talking()
    for _ in range(2):
        line.carrier.say(line.in_dialog("BYE"))
        line.run(1)
    first, second = [bytes(each) for each in line.carrier.got[-2:]]
    assert first == second
    assert first.startswith(b"SIP/2.0 200 ")
    assert line.events() == [CallEnded(line.call)]


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "UPDATE", "OPTIONS"])
def test_a_request_with_another_tag_belongs_to_no_dialog(method: str) -> None:
    line = talking()
    line.carrier.say(line.in_dialog(method, from_="<sip:13333333333@192.0.2.2>;tag=guessed"))
    line.run()
    assert [status for status in line.statuses() if status > 100] == [481]
    assert (line.events(), line.call.state) == ([], CallState.CONFIRMED)


# --- what they are -------------------------------------------------------------------------------------------------


def test_a_request_out_of_order_gets_500_and_one_of_any_later_number_is_taken() -> None:
    line = talking()
    line.carrier.say(line.in_dialog("OPTIONS", cseq=700))
    line.carrier.say(line.in_dialog("BYE", cseq=699))
    line.run()
    assert (line.statuses(), line.call.state) == ([500], CallState.CONFIRMED)
    line.carrier.say(line.in_dialog("BYE", cseq=2**31 - 1))
    line.run()
    assert line.statuses()[-1] == 200
    assert [type(event) for event in line.events()] == [RequestInCall, CallEnded]


def test_a_request_that_may_not_be_forwarded_any_more_has_arrived() -> None:
    line = talking()
    line.carrier.say(line.in_dialog("BYE").replace(b"Max-Forwards: 70", b"Max-Forwards: 0"))
    line.run()
    assert line.statuses() == [200], "483 is a proxy's word (RFC 3261 section 16.3)"


@pytest.mark.parametrize("method", ["MESSAGE", "REFER", "NOTIFY", "PRACK", "PUBLISH", "REGISTER", "FOO"])
def test_a_method_that_has_no_meaning_in_a_call_gets_405_and_what_has(method: str) -> None:
    line = talking()
    line.carrier.say(line.in_dialog(method))
    line.run()
    assert line.statuses() == [405]
    assert line.carrier.got[-1].headers["Allow"] == "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"
    assert (line.events(), line.call.state) == ([], CallState.CONFIRMED)


@pytest.mark.parametrize("method", ["INFO", "OPTIONS", "INVITE", "UPDATE"])
def test_an_extension_that_a_request_requires_is_named(method: str) -> None:
    line = talking()
    line.carrier.say(line.in_dialog(method, headers=(("Require", "timer, precondition"),)))
    line.run()
    assert line.statuses()[-1] == 420
    assert line.carrier.got[-1].headers["Unsupported"] == "precondition"


def test_a_bye_is_an_end_whatever_it_requires() -> None:
    line = talking()
    line.carrier.say(line.in_dialog("BYE", headers=(("Require", "precondition"), ("Reason", "Q.850;cause=16"))))
    line.run()
    assert (line.statuses(), line.events()) == ([200], [CallEnded(line.call, 16)])


# --- when they come ------------------------------------------------------------------------------------------------


def test_a_bye_before_the_answer_belongs_to_nothing_and_the_call_rings_on() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 180)
    line.carrier.say(line.in_dialog("BYE"))
    line.run()
    assert line.statuses() == [481], "who is called may not end an early dialog so (RFC 3261 section 15)"
    line.answer(invite)
    assert line.call.state is CallState.CONFIRMED


def test_a_bye_before_our_ack_ends_the_call_and_its_repeated_answer_is_still_acknowledged() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 200, body=b"answer")
    line.carrier.say(line.in_dialog("BYE"))
    line.run()
    assert line.events() == [Answered(line.call, b"answer"), CallEnded(line.call)]
    line.call.ack(line.now)  # the commit that it waited for
    line.carrier.respond(invite, 200, body=b"answer")
    line.run()
    assert line.methods() == ["INVITE", "ACK"]


def test_a_bye_that_overtakes_the_answer_leaves_a_call_that_the_owner_ends() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.say(line.in_dialog("BYE"))
    line.run()
    assert line.statuses() == [481]
    line.answer(invite)
    line.carrier.then("BYE", 481)
    line.call.bye(line.now)
    line.run()
    assert line.events()[-1] == CallEnded(line.call)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("answer", [200, 481, 487])
def test_a_bye_while_our_offer_waits_ends_the_call_whatever_comes_to_the_offer(method: str, answer: int) -> None:
    line = talking()
    assert line.call.session.offer(line.now, b"offer", method)
    line.run()
    line.carrier.say(line.in_dialog("BYE"))
    line.run()
    assert (line.statuses(), line.events()) == ([200], [CallEnded(line.call)])
    line.carrier.respond(line.requests(method)[-1], answer, headers=(CONTACT,))
    line.run()
    assert line.events() == []
    acks = [ack.cseq.sequence for ack in line.requests("ACK")]
    assert acks == ([1, 2] if method == "INVITE" else [1]), "a final response to INVITE is acknowledged all the same"
    assert line.requests("BYE") == []


def test_offers_that_cross_are_both_refused_and_each_side_may_try_again() -> None:
    line = talking()
    assert line.call.session.offer(line.now, b"offer")
    line.carrier.say(line.in_dialog("INVITE", headers=(CONTACT,), body=b"v=0 theirs"))
    line.run()
    line.carrier.respond(line.requests("INVITE")[-1], 491, headers=())
    line.carrier.say(line.in_dialog("ACK", via="192.0.2.2;branch=z9hG4bKINVITE1"))
    line.run()
    assert line.statuses() == [100, 491]
    assert line.events() == [SessionRefused(line.call, 491)]
    line.carrier.say(line.in_dialog("INVITE", cseq=2, headers=(CONTACT,), body=b"v=0 theirs"))
    line.run()
    assert [type(event) for event in line.events()] == [SessionChangeReceived]


def test_a_cancel_after_the_answer_means_nothing() -> None:
    line = Line()
    invite = line.invite()
    line.carrier.respond(invite, 200, body=b"answer")
    line.run()
    line.call.cancel(line.now)
    line.run(33)
    assert "CANCEL" not in line.methods()
    assert line.call.state is CallState.ANSWERED, "its owner acknowledges and ends it"


def test_of_two_byes_that_cross_both_are_answered_and_the_call_ends_once() -> None:
    line = talking()
    line.call.bye(line.now)
    line.carrier.say(line.in_dialog("BYE"))
    line.run()
    line.carrier.respond(line.requests("BYE")[0], 200, headers=())
    line.run(40)
    assert (line.statuses(), line.events()) == ([200], [CallEnded(line.call)])
    assert line.us.next_deadline() is None


@pytest.mark.parametrize(("lost", "byes"), [(1, 2), (2, 2)])
def test_a_bye_on_a_connection_that_is_dead_goes_out_again_once(lost: int, byes: int) -> None:
    line = Line(transport=Transport.TCP)
    line.answer(line.invite())
    line.events()
    line.call.bye(line.now)
    for _ in range(lost):
        line.us.take_sends()  # written to a connection that nobody reads any more
        line.us.connection_failed(line.flow, line.now)
    line.carrier.then("BYE", 200)
    line.run()
    sent = line.requests("BYE")
    assert [bye.cseq.sequence for bye in sent] == ([1 + byes] if lost < byes else [])
    assert line.events() == [CallEnded(line.call)]
