"""INFO of ours inside a call: RFC 2976."""

import pytest
from tests.unit.sip.pair import World

from playvoice.sip import InfoRefused, RequestInCall
from playvoice.sip.info import DTMF_TYPES, body_of, key_of


def test_a_key_arrives_from_either_side() -> None:
    world = World()
    call, incoming = world.talk()
    for sender, receiver, key in ((call, "callee", "5"), (incoming, "caller", "#")):
        sender.inform(world.now, body_of(key), DTMF_TYPES[0])
        world.run()
        (event,) = world.network.take(receiver)
        assert isinstance(event, RequestInCall)
        assert key_of(event.request.request) == key
        event.request.respond(200, world.now)
        world.run()
    assert world.network.take("caller") == world.network.take("callee") == []


def test_one_that_is_refused_is_told_of_and_ends_nothing() -> None:
    world = World()
    call, incoming = world.talk()
    call.inform(world.now, body_of("5"), DTMF_TYPES[0])
    world.run()
    (event,) = world.network.take("callee")
    assert isinstance(event, RequestInCall)
    event.request.respond(415, world.now)
    world.run()
    assert world.network.take("caller") == [InfoRefused(call, 415)]
    incoming.bye(world.now)
    world.run()
    assert world.messages("caller", "200")


def test_silence_counts_as_408() -> None:
    world = World()
    call, _ = world.talk()
    call.inform(world.now, body_of("5"), DTMF_TYPES[0])
    world.run(33)
    assert world.network.take("caller") == [InfoRefused(call, 408)]


@pytest.mark.parametrize("ends_first", [True, False])
def test_nothing_is_sent_outside_a_confirmed_call(ends_first: bool) -> None:
    world = World()
    if ends_first:
        call, _ = world.talk()
        call.bye(world.now)
    else:
        call = world.invite()
    call.inform(world.now, body_of("5"), DTMF_TYPES[0])
    world.run()
    assert not world.messages("caller", "INFO")
