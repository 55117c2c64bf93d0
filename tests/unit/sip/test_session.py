"""Offers inside a call: re-INVITE and UPDATE of either side, and what happens when they cross or get lost."""

from dataclasses import replace

import pytest
from tests.unit.sip.pair import World

from playvoice.sip import (
    CallEnded,
    CallState,
    SessionAnswered,
    SessionChange,
    SessionChangeReceived,
    SessionRefused,
    TargetChanged,
)
from playvoice.sip.call import Call
from playvoice.sip.dialog import finish
from playvoice.sip.message import parse


def change_at(world: World, name: str = "caller") -> SessionChange:
    """The one change that waits for its answer there."""
    world.run()
    (change,) = [event.change for event in world.network.take(name) if isinstance(event, SessionChangeReceived)]
    return change


def send(world: World, call: Call, method: str, cseq: int, body: bytes = b"", **headers: str) -> None:
    """Have the callee send a request inside the dialog, whatever its user agent thinks of it."""
    assert call.dialog is not None
    request = call.dialog.request(method, world.callee.make_via(call.dialog.flow), cseq)
    for name, value in headers.items():
        request.headers.set(name, value)
    world.callee.core.send(bytes(finish(request, body)), call.dialog.flow)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_inside_a_call_reaches_its_owner_whose_answer_goes_back(method: str) -> None:
    world = World()
    call, far = world.talk()
    assert far.session.offer(world.now, b"hold", method)
    change = change_at(world)
    assert change.offer == b"hold"
    change.accept(world.now, b"held")
    world.run(5)
    assert world.network.take("callee") == [SessionAnswered(far, b"held")]
    assert world.requests("callee").count("ACK") == (1 if method == "INVITE" else 0)
    assert world.requests("caller").count("200") == 1, "an answer that was acknowledged is not repeated"
    assert world.network.take("caller") == []
    assert call.state is far.state is CallState.CONFIRMED


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_that_is_refused_leaves_the_call_as_it_was_and_another_may_follow(method: str) -> None:
    world = World()
    call, far = world.talk()
    far.session.offer(world.now, b"video", method)
    change_at(world).refuse(world.now)
    world.run()
    assert world.network.take("callee") == [SessionRefused(far, 488)]
    assert call.state is far.state is CallState.CONFIRMED
    assert far.session.offer(world.now, b"audio", method)
    change_at(world).accept(world.now, b"yes")
    world.run()
    assert world.network.take("callee") == [SessionAnswered(far, b"yes")]


def test_an_invite_without_a_body_gets_our_offer_and_its_ack_the_answer() -> None:
    world = World()
    call, far = world.talk()
    send(world, far, "INVITE", 1)
    change = change_at(world)
    assert change.offer == b""
    change.accept(world.now, b"our offer")
    world.run()
    (ok,) = world.messages("caller", "200")
    assert ok.endswith(b"our offer")
    send(world, far, "ACK", 1, b"their answer")
    world.run()
    assert world.network.take("caller") == [SessionAnswered(call, b"their answer")]


def test_an_update_without_a_body_is_answered_without_the_owner() -> None:
    world = World()
    _, far = world.talk()
    far.session.offer(world.now, b"", "UPDATE")
    world.run()
    assert world.network.take("callee") == [SessionAnswered(far, b"")]
    assert world.network.take("caller") == []


def test_the_answer_to_a_reinvite_is_repeated_until_its_ack() -> None:
    world = World()
    call, far = world.talk()
    send(world, far, "INVITE", 1, b"hold")
    change_at(world).accept(world.now, b"held")
    world.run(3.6)
    assert world.requests("caller").count("200") == 4, "at 0, 0.5, 1.5 and 3.5 s"
    send(world, far, "ACK", 1)
    world.run(10)
    assert world.requests("caller").count("200") == 4
    assert call.state is CallState.CONFIRMED


def test_an_answer_to_a_reinvite_that_nobody_acknowledges_ends_the_call() -> None:
    world = World()
    call, far = world.talk()
    send(world, far, "INVITE", 1, b"hold")
    change_at(world).accept(world.now, b"held")
    world.run(31)
    assert "BYE" not in world.requests("caller")
    world.run(2)
    assert world.requests("caller").count("BYE") == 1
    assert world.network.take("caller") == [CallEnded(call, None, True)]


def test_an_ack_of_another_number_does_not_acknowledge() -> None:
    world = World()
    _, far = world.talk()
    send(world, far, "INVITE", 2, b"hold")
    change_at(world).accept(world.now, b"held")
    send(world, far, "ACK", 1)
    world.run(0.6)
    assert world.requests("caller").count("200") == 2


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("INVITE", "INVITE", "500"),
        ("INVITE", "UPDATE", "500"),
        ("UPDATE", "INVITE", "500"),
        ("UPDATE", "UPDATE", "500"),
    ],
)
def test_an_offer_while_another_of_theirs_waits_gets_500_and_a_time_to_come_again(
    first: str, second: str, status: str
) -> None:
    world = World()
    _, far = world.talk()
    send(world, far, first, 1, b"hold")
    change = change_at(world)
    send(world, far, second, 2, b"resume")
    world.run()
    (refusal,) = world.messages("caller", status)
    assert 0 <= int(parse(refusal).headers["Retry-After"]) <= 10
    assert world.network.take("caller") == []
    change.accept(world.now, b"held")
    world.run()
    assert world.requests("caller").count("200") == 1


@pytest.mark.parametrize("ours", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("theirs", ["INVITE", "UPDATE"])
def test_an_offer_that_crosses_ours_gets_491(ours: str, theirs: str) -> None:
    world = World()
    call, far = world.talk()
    call.session.offer(world.now, b"ours", ours)
    send(world, far, theirs, 1, b"theirs")
    world.run()
    assert world.requests("caller").count("491") == 1
    change_at(world, "callee").accept(world.now, b"yes")
    world.run()
    assert world.network.take("caller") == [SessionAnswered(call, b"yes")]


def test_a_reinvite_before_the_answer_of_the_call_is_acknowledged_gets_491() -> None:
    world = World()
    call = world.invite()
    far = world.incoming()
    far.answer(world.now, b"answer")
    world.run()
    send(world, far, "INVITE", 1, b"hold")
    world.run()
    assert world.requests("caller").count("491") == 1
    call.ack(world.now)
    world.run()
    assert far.state is CallState.CONFIRMED


def test_a_reinvite_while_our_offer_in_a_200_waits_for_its_answer_gets_491() -> None:
    world = World()
    _, far = world.talk()
    send(world, far, "INVITE", 1)
    change_at(world).accept(world.now, b"our offer")
    for cseq, method in enumerate(("INVITE", "UPDATE"), start=2):
        send(world, far, method, cseq, b"theirs")
    world.run()
    assert world.requests("caller").count("491") == 2


def test_an_update_while_the_answer_of_a_reinvite_waits_for_its_ack_is_taken_and_both_come_to_their_end() -> None:
    world = World()
    call, far = world.talk()
    send(world, far, "INVITE", 1, b"hold")
    change_at(world).accept(world.now, b"held")
    send(world, far, "UPDATE", 2, b"resume")
    change_at(world).accept(world.now, b"resumed")
    send(world, far, "ACK", 1)
    world.run(40)
    assert call.state is CallState.CONFIRMED
    assert "BYE" not in world.requests("caller")


def test_a_reinvite_that_is_cancelled_gets_487_and_the_call_goes_on() -> None:
    world = World()
    call, far = world.talk()
    assert far.dialog is not None
    via = world.callee.make_via(far.dialog.flow)
    for method in ("INVITE", "CANCEL"):
        request = far.dialog.request(method, via, 1)
        world.callee.core.send(bytes(finish(request, b"hold" if method == "INVITE" else b"")), far.dialog.flow)
    change = change_at(world)
    assert world.requests("caller").count("487") == 1
    change.accept(world.now, b"too late")
    world.run(1)
    assert not any(data.endswith(b"too late") for data in world.messages("caller", "200"))
    assert call.state is CallState.CONFIRMED


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_the_end_of_a_call_answers_what_is_open_with_487(who: str) -> None:
    world = World()
    call, far = world.talk()
    far.session.offer(world.now, b"hold")
    change_at(world)
    (call if who == "caller" else far).bye(world.now)
    world.run(40)
    assert world.requests("caller").count("487") == 1
    assert call.state is far.state is CallState.ENDED
    assert repr(world.caller) == repr(world.callee) == "<UserAgent 0 dialogs, 0 transactions>"


def test_a_changed_contact_is_where_our_next_request_goes_and_is_told_to_be_stored() -> None:
    world = World()
    call, far = world.talk()
    assert call.dialog is not None
    send(world, far, "UPDATE", 1, Contact="<sip:moved@192.0.2.9:5070>")
    world.run()
    assert world.network.take("caller") == [TargetChanged(call)]
    assert call.dialog.remote_target == "sip:moved@192.0.2.9:5070"
    call.bye(world.now)
    world.run()
    (bye,) = world.messages("caller", "BYE")
    assert bye.startswith(b"BYE sip:moved@192.0.2.9:5070 ")
    assert call.dialog.next_flow().remote == ("192.0.2.9", 5070)


def test_a_contact_of_an_offer_that_is_refused_is_not_taken() -> None:
    world = World()
    call, far = world.talk()
    assert call.dialog is not None
    before = call.dialog.remote_target
    send(world, far, "INVITE", 1, b"hold", Contact="<sip:moved@192.0.2.9:5070>")
    change_at(world).refuse(world.now)
    assert call.dialog.remote_target == before


def test_what_a_request_requires_and_we_do_not_have_is_named() -> None:
    world = World()
    _, far = world.talk()
    send(world, far, "UPDATE", 1, Require="precondition")
    world.run()
    (refusal,) = world.messages("caller", "420")
    assert parse(refusal).headers["Unsupported"] == "precondition"


def test_update_is_named_among_what_we_do_and_outside_a_dialog_belongs_to_nothing() -> None:
    world = World()
    _, far = world.talk()
    assert "UPDATE" in parse(world.messages("caller", "INVITE")[0]).headers["Allow"]
    assert far.dialog is not None
    far.dialog = replace(far.dialog, remote=f"{far.dialog.remote}x")
    send(world, far, "UPDATE", 1)
    world.run()
    assert world.requests("caller")[-1] == "481"


def test_an_offer_of_ours_that_finds_no_dialog_ends_the_call() -> None:
    world = World()
    call, far = world.talk()
    world.callee.dialogs.release(far)
    call.session.offer(world.now, b"hold")
    world.run()
    assert world.requests("callee")[-2:] == ["481", "481"], "to INVITE and BYE"
    assert world.network.take("caller") == [CallEnded(call)]


@pytest.mark.parametrize("seed", range(10))
def test_at_ten_percent_loss_every_offer_is_answered_or_refused_and_nothing_is_left(seed: int) -> None:
    world = World(seed=seed)
    call, far = world.talk()
    world.network.loss, world.network.duplicate, world.network.delay, world.network.jitter = 0.1, 0.05, 0.05, 0.1
    answered = refused = offered = 0
    for second in range(60):
        world.run(1)
        if second % 10 == 0:
            offered += far.session.offer(world.now, b"offer %d" % second, "INVITE" if second % 20 else "UPDATE")
        for event in world.network.take("caller"):
            if isinstance(event, SessionChangeReceived):
                event.change.accept(world.now, event.change.offer)
        for event in world.network.take("callee"):
            answered += isinstance(event, SessionAnswered)
            refused += isinstance(event, SessionRefused)
    assert (offered, answered, refused) == (6, 6, 0)
    call.bye(world.now)
    world.run(70)
    assert repr(world.caller) == repr(world.callee) == "<UserAgent 0 dialogs, 0 transactions>"
