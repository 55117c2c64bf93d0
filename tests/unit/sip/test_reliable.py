"""Reliable provisional responses: acknowledged once, told once, and their description is the answer."""

import pytest
from sipmessage import Response
from tests.unit.sip.pair import World, first_word

from playvoice.sip import Answered, CallState, IncomingCall, OutgoingCall, Provisional, Rejected, SessionChangeReceived
from playvoice.sip.dialog import finish
from playvoice.sip.message import make_response, parse
from playvoice.sip.reliable import MAX_FORKS, EarlyDialogs, rseq_of


def reliable(rseq: object) -> tuple[tuple[str, str], ...]:
    return ("Require", "100rel"), ("RSeq", str(rseq))


def racks(world: World) -> list[tuple[int, str]]:
    """CSeq and RAck of each PRACK, repeated ones too."""
    pracks = [parse(data) for data in world.messages("caller", "PRACK")]
    return [(prack.cseq.sequence, prack.headers["RAck"]) for prack in pracks]


def ringing(world: World) -> IncomingCall:
    world.invite()
    return world.incoming()


def test_an_invite_says_that_we_can_do_it() -> None:
    world = World()
    ringing(world)
    assert "100rel" in parse(world.messages("caller", "INVITE")[0]).headers["Supported"]


def test_a_reliable_response_gets_prack_and_is_told_once_however_often_it_comes() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    for _ in range(3):
        far.ring(world.now, 180, headers=reliable(7001))
        world.run(0.5)
    assert racks(world) == [(2, "7001 1 INVITE")]
    assert world.network.take("caller") == [Provisional(call, 180, b"")]


def test_each_reliable_response_gets_a_prack_of_its_own_number() -> None:
    world = World()
    far = ringing(world)
    for rseq, status in ((1, 183), (2, 180)):
        far.ring(world.now, status, headers=reliable(rseq))
        world.run()
    assert racks(world) == [(2, "1 1 INVITE"), (3, "2 1 INVITE")]


def test_one_that_comes_before_a_missing_one_waits_for_it() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    for rseq in (1, 3, 2, 3):
        far.ring(world.now, 180 + rseq, headers=reliable(rseq))
        world.run()
    assert [rack for _, rack in racks(world)] == ["1 1 INVITE", "2 1 INVITE", "3 1 INVITE"]
    assert [event.status for event in world.network.take("caller") if isinstance(event, Provisional)] == [181, 182, 183]
    assert call.state is CallState.EARLY


def test_the_description_of_a_reliable_response_is_the_answer_of_a_200_that_has_none() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    far.ring(world.now, 183, b"early answer", reliable(1))
    far.ring(world.now, 180, b"", reliable(2))
    far.answer(world.now, b"")
    world.run()
    assert world.network.take("caller") == [
        Provisional(call, 183, b"early answer"),
        Provisional(call, 180, b""),
        Answered(call, b"early answer"),
    ]


def test_the_ack_keeps_the_number_of_the_invite_and_bye_comes_after_the_pracks() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    far.ring(world.now, 183, b"answer", reliable(1))
    far.answer(world.now, b"")
    world.run()
    call.ack(world.now)
    call.bye(world.now)
    world.run()
    numbers = [(first_word(data), parse(data).cseq.sequence) for _, _, _, data in world.network.sent]
    assert [number for number in numbers if number[0] in ("INVITE", "PRACK", "ACK", "BYE")] == [
        ("INVITE", 1),
        ("PRACK", 2),
        ("ACK", 1),
        ("BYE", 3),
    ]


def test_a_cancelled_call_still_acknowledges_and_tells_no_more() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    call.cancel(world.now)
    far.ring(world.now, 180, headers=reliable(1))
    world.run()
    assert [rack for _, rack in racks(world)] == ["1 1 INVITE"]
    events = world.network.take("caller")
    assert [type(event) for event in events] == [Rejected]


@pytest.mark.parametrize("rseq", ["", "0", "x", "-1", "4294967296", "99999999999999999999", "١"])
def test_an_rseq_that_is_none_makes_a_response_unreliable(rseq: str) -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    far.ring(world.now, 180, headers=reliable(rseq))
    world.run()
    assert racks(world) == []
    assert world.network.take("caller") == [Provisional(call, 180, b"")]


def test_a_response_without_a_contact_is_acknowledged_where_the_invite_went() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    response = make_response(far.request, 180, to_tag=far.local_tag, headers=reliable(1))
    world.callee.core.send(bytes(response), world.network.flow(("192.0.2.2", 5060), ("192.0.2.1", 5060)))
    world.run()
    assert racks(world) == [(2, "1 1 INVITE")]
    assert world.messages("caller", "PRACK")[0].startswith(f"PRACK {call.invite.uri} ".encode())
    assert world.network.take("caller") == [Provisional(call, 180, b"")]


def test_forks_are_counted_each_for_itself_and_bounded() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    early, invite = EarlyDialogs(), call.invite

    def fork(number: int) -> Response:
        contact = ("Contact", "<sip:phone@192.0.2.2>")
        return make_response(far.request, 183, to_tag=f"fork{number}", headers=(*reliable(5), contact))

    for number in range(20):
        early.hear(fork(number), invite)
    taken = [early.take(fork(number), rseq_of(fork(number)) or 0) for number in range(20)]
    assert [prack.dialog.local_cseq for prack in taken if prack is not None] == [2] * MAX_FORKS
    assert early.take(fork(0), 5) is None
    assert early.take(fork(0), 6) is not None


def update(world: World, far: IncomingCall, cseq: int, body: bytes = b"") -> None:
    assert far.dialog is not None
    request = far.dialog.request("UPDATE", world.callee.make_via(far.flow), cseq)
    world.callee.core.send(bytes(finish(request, body)), far.flow)
    world.run()


def test_an_update_before_the_answer_is_answered_and_what_it_offers_is_what_a_200_without_a_body_confirms() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    far.ring(world.now, 183, b"early answer", reliable(1))
    world.run()
    update(world, far, 2, b"their offer")
    change = world.network.take("caller")[-1]
    assert isinstance(change, SessionChangeReceived)
    assert change.change.offer == b"their offer"
    change.change.accept(world.now, b"our answer")
    far.answer(world.now, b"")
    world.run()
    assert world.network.take("caller") == [Answered(call, b"their offer")]
    call.ack(world.now)
    assert call.session.description == b"our answer", "which a refresh would repeat"
    update(world, far, 1)
    assert world.requests("caller")[-1] == "500", "its number is lower than that of the early dialog"


def test_an_update_before_our_offer_has_its_answer_gets_491_and_one_of_an_unknown_dialog_481() -> None:
    world = World()
    far = ringing(world)
    update(world, far, 1, b"their offer")
    assert world.requests("caller")[-1] == "481"
    far.ring(world.now, 180, headers=reliable(1))
    world.run()
    update(world, far, 2, b"their offer")
    assert world.requests("caller")[-1] == "491"
    update(world, far, 1)
    assert world.requests("caller")[-1] == "500", "out of order"
    update(world, far, 3)
    assert world.requests("caller")[-1] == "200"


def test_an_update_without_an_offer_is_answered_in_a_dialog_whose_180_was_not_reliable() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    far.ring(world.now, 180)
    world.run()
    update(world, far, 1)
    assert world.requests("caller")[-1] == "200"
    update(world, far, 2, b"their offer")
    assert world.requests("caller")[-1] == "491"
    far.ring(world.now, 183, b"answer", reliable(1))
    far.answer(world.now, b"")
    world.run()
    assert racks(world) == [(2, "1 1 INVITE")]
    assert world.network.take("caller")[-1] == Answered(call, b"answer")


def changed_early() -> tuple[World, OutgoingCall, IncomingCall]:
    """A call that rang reliably, and whose far end changed its audio by UPDATE."""
    world = World()
    call = world.invite()
    far = world.incoming()
    far.ring(world.now, 183, b"early answer", reliable(1))
    world.run()
    update(world, far, 1, b"their offer")
    change = world.network.take("caller")[-1]
    assert isinstance(change, SessionChangeReceived)
    change.change.accept(world.now, b"our answer")
    return world, call, far


def test_a_200_that_repeats_the_description_from_before_an_update_does_not_bring_it_back() -> None:
    world, call, far = changed_early()
    far.answer(world.now, b"early answer")
    world.run()
    assert world.network.take("caller") == [Answered(call, b"their offer")]


def test_the_session_is_described_by_our_offer_where_an_update_changed_another_early_dialog() -> None:
    world, call, far = changed_early()
    contact = ("Contact", "<sip:phone@192.0.2.2>")
    answer = make_response(far.request, 200, to_tag="another", headers=(contact,), body=b"another answer")
    world.callee.core.send(bytes(answer), far.flow)
    world.run()
    assert world.network.take("caller") == [Answered(call, b"another answer")]
    assert call.session.description == b"offer"
