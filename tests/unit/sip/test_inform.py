"""INFO of ours inside a call: RFC 2976."""

import pytest
from tests.unit.sip.pair import World

from playvoice.sip import InfoRefused, OutgoingCall, RequestInCall
from playvoice.sip.info import DTMF_TYPES, body_of, key_of
from playvoice.sip.informing import MAX_WAITING


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
    assert not call.inform(world.now, body_of("5"), DTMF_TYPES[0])
    world.run()
    assert not world.messages("caller", "INFO")


def keys_that_came(world: World) -> str:
    """The keys that the callee has got, each of which it has answered."""
    keys = ""
    for event in world.network.take("callee"):
        if isinstance(event, RequestInCall):
            keys += key_of(event.request.request) or "?"
            event.request.respond(200, world.now)
    return keys


def press(call: OutgoingCall, world: World, keys: str) -> list[bool]:
    return [call.inform(world.now, body_of(key), DTMF_TYPES[0]) for key in keys]


@pytest.mark.parametrize("seed", range(5))
def test_keys_come_in_their_order_and_once_however_the_network_loses_and_repeats(seed: int) -> None:
    world = World(seed=seed)
    call, _ = world.talk()
    world.network.loss, world.network.duplicate, world.network.jitter = 0.3, 0.3, 0.2
    press(call, world, "123456")
    keys = ""
    for _ in range(300):
        world.run(0.1)
        keys += keys_that_came(world)
    assert keys == "123456"
    assert world.network.take("caller") == []


def test_the_next_one_waits_for_the_answer_to_the_one_before() -> None:
    world = World()
    call, _ = world.talk()
    press(call, world, "12")
    world.run(3)
    assert len(set(world.messages("caller", "INFO"))) == 1
    assert keys_that_came(world) == "1"
    world.run()
    assert keys_that_came(world) == "2"


def test_so_many_wait_and_no_more() -> None:
    world = World()
    call, _ = world.talk()
    assert press(call, world, "1" * (MAX_WAITING + 1)) == [True] * MAX_WAITING + [False]


def test_what_waits_is_not_sent_once_the_call_ends() -> None:
    world = World()
    call, _ = world.talk()
    press(call, world, "12")
    call.bye(world.now)
    world.run()
    assert keys_that_came(world) == "1"
    world.run()
    assert len(set(world.messages("caller", "INFO"))) == 1


def test_a_lost_connection_is_no_word_of_the_far_end_about_the_dialog() -> None:
    world = World()
    call, _ = world.talk()
    press(call, world, "12")
    assert call.dialog is not None
    for _ in range(2):
        world.caller.connection_failed(call.dialog.next_flow(), world.now)
    assert world.network.take("caller") == [InfoRefused(call, 503)]
