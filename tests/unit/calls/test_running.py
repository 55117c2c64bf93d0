"""A running call where things cross: what is late is ended, every fault ends one call, and nothing stays taken."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.calls.stored import Gate, call_states, owed, record, streamed
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, journal, running
from playvoice.calls.errors import UseridError
from playvoice.config import RecordPolicy
from playvoice.media import protocol
from playvoice.media.client import Stream
from playvoice.sip import COMPLETED_ELSEWHERE, Credentials, IncomingCall, OutgoingCall
from playvoice.store import Store

EVERYBODY = ("20280003", "20280004", "20280005")


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "LOOK_AGAIN", 0.005)
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    monkeypatch.setattr(journal, "AGAIN", 0.01)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


async def connected(house: House) -> tuple[str, IncomingCall]:
    """A call whose customer hears the voice."""
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    return uuid, call


def press(house: House, key: str = "1") -> None:
    """The customer presses a key; his stream is the first."""
    customer = house.media.streams[0]
    customer.on_event(protocol.KeyPressed(customer.number, key))


async def ringing(house: House, *extensions: str) -> list[IncomingCall]:
    """The agents' calls, which ring."""
    agents = [await house.wire.invited("phone") for _ in extensions]
    for agent in agents:
        house.wire.ring(agent)
    return sorted(agents, key=lambda agent: str(agent.request.uri))


def states(house: House) -> list[object]:
    """What was reported of agents' legs: extension and state."""
    return [f"{m['extnumber']} {m['status']}" for m in owed(house.store) if "status" in m]


async def test_what_each_stream_did_is_stored_with_its_leg(house: House) -> None:
    uuid, call = await connected(house)
    press(house)
    (agent,) = await ringing(house, "20280003")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    house.media.worker.released = protocol.Released(1, 900, 850, 7, 12_300, True, 0, 0, 3, 4_700, 31_800)
    house.wire.hang_up(call)
    await house.ended(uuid)
    await house.quiet()
    assert streamed(house.store) == [(kind, 900, 850, 7, 12, True, 3, 5, 32) for kind in ("a", "b")]


async def test_a_call_that_is_over_is_no_work_for_the_garbage_collector(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[weakref.ref[object]] = []

    class Watched(running.RunningCall):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            held.extend(weakref.ref(each) for each in (self, self._customer, self._transfer))

    monkeypatch.setattr(conductor, "RunningCall", Watched)
    gc.disable()
    try:
        uuid, call = await connected(house)
        press(house)
        (agent,) = await ringing(house, "20280003")
        house.wire.answer(agent)
        await house.wire.acknowledged("phone")
        house.wire.hang_up(call)
        await house.ended(uuid)
        await house.quiet()
        del call, agent
        house.media.streams.clear()
        assert len(held) == 3
        await until(lambda: not any(each() for each in held), "the call is gone")
    finally:
        gc.enable()


async def test_of_a_stream_without_a_packet_nothing_is_stored(house: House) -> None:
    uuid, call = await connected(house)
    house.wire.hang_up(call)
    await house.ended(uuid)
    await house.quiet()
    assert streamed(house.store) == [("a", *(None,) * 8)]


async def test_the_record_is_the_last_to_be_reported_where_no_recording_is_waited_for_too(house: House) -> None:
    company = house.companies.by_code["2028"]
    house.companies.by_code["2028"] = replace(company, record=RecordPolicy.NEVER)
    uuid, call = await connected(house)
    press(house)
    (agent,) = await ringing(house, "20280003")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    house.wire.hang_up(call)
    await house.ended(uuid)
    assert [message.get("status", "record") for message in owed(house.store)] == ["ring", "answer", "hangup", "record"]


async def test_the_sender_is_told_of_a_callback_that_is_stored(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    await connected(house)
    monkeypatch.setattr(house, "wake", lambda: told.append(len(owed(house.store))))
    press(house)
    (agent,) = await ringing(house, "20280003")
    await until(lambda: told, "the sender is woken")
    assert told == [1], "by the ring, which it finds"
    house.wire.reject(agent, 486)
    await until(lambda: len(told) > 1, "the sender is woken")
    assert told[1] == 2


async def test_the_sender_is_told_of_a_record_whose_recording_can_not_be_dealt_with(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise PermissionError("the disk is read-only")

    monkeypatch.setattr(house.recordings, "finish", fail)
    uuid, call = await connected(house)
    before = house.woken
    house.wire.hang_up(call)
    await house.ended(uuid)
    await house.quiet()
    assert house.woken == before + 1
    assert [(company, int(end.cause)) for company, end in house.told] == [("2028", 10001)]


# --- the customer -----------------------------------------------------------------------------------------------------


async def test_the_voice_does_not_wait_for_the_answers_commit_and_the_ack_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(house.store, monkeypatch)
    uuid = await house.accept()
    call = await house.wire.invited()
    gate.hold()
    house.wire.answer(call)
    assert any(isinstance(message, protocol.Play) for message in house.media.worker.told)
    assert house.wire.sent("ACK") == []
    gate.let_go()
    await house.wire.acknowledged()
    assert call_states(house.store) == {uuid: "answered"}


async def test_an_answer_that_crosses_our_cancel_gets_ack_and_bye_and_changes_no_record(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.ring(call)
    call.answer(house.wire.network.now, house.wire.description(call))
    house.wire.network.take("carrier")  # the answer is on its way
    house.conductor.lose(house.media.streams)
    await house.wire.acknowledged()
    await house.wire.ended()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10007, "", "")
    assert owed(house.store)[0]["answertime"] == ""


async def test_a_customer_who_hangs_up_before_the_commit_of_his_answer_has_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(house.store, monkeypatch)
    uuid = await house.accept()
    call = await house.wire.invited()
    gate.hold()
    house.wire.answer(call)
    house.wire.hang_up(call)
    gate.let_go()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "", "")
    assert owed(house.store)[0]["answertime"] != ""


async def test_an_answer_and_a_bye_that_come_in_one_turn_are_one_short_call(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    call.answer(house.wire.network.now, house.wire.description(call))
    call.bye(house.wire.network.now)
    house.wire.network.run(0)
    house.wire.network.run(0)
    house.wire.settle()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "", "")


async def test_an_answer_that_cannot_be_used_is_hung_up(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    call.answer(house.wire.network.now, b"v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nt=0 0\r\nm=video 4 RTP/AVP 99\r\n")
    await house.wire.ended()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10004, 10004, "", "")


async def test_a_call_that_is_cut_before_its_invite_with_credentials_is_stored_sends_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.routes.trunk = replace(house.routes.trunk, credentials=Credentials("user", "secret"))
    gate = Gate(house.store, monkeypatch)
    uuid = await house.accept()
    call = await house.wire.invited()
    gate.hold()
    call.reject(house.wire.network.now, 401, headers=(("WWW-Authenticate", 'Digest realm="r", nonce="n"'),))
    house.wire.settle()
    assert len(house.wire.sent("INVITE")) == 1
    house.conductor.lose(house.media.streams)
    gate.let_go()
    await house.ended(uuid)
    assert len(house.wire.sent("INVITE")) == 1
    assert record(house.store, uuid) == (10007, 10007, "", "")


# --- agents -----------------------------------------------------------------------------------------------------------


async def test_a_customer_who_hangs_up_while_ports_are_reserved_for_agents_has_nobody_rung(house: House) -> None:
    uuid, customer = await connected(house)
    house.groups.members["sales"] = EVERYBODY
    house.media.held = asyncio.Event()
    press(house)
    await until(lambda: house.media.asked == 4, "ports are asked for")
    assert repr(house.parts.agents) == "<Agents 3 taken, 1 customers waiting>"
    house.wire.hang_up(customer)
    await house.ended(uuid)
    house.media.held.set()
    await house.quiet()
    assert record(house.store, uuid) == (10001, 10041, "1", "")
    assert len(house.wire.sent("INVITE")) == 1
    assert states(house) == []


async def test_an_agent_whose_answer_crosses_our_cancel_gets_ack_and_bye_and_is_not_reported_as_answering(
    house: House,
) -> None:
    uuid, _ = await connected(house)
    press(house)
    (agent,) = await ringing(house, "20280003")
    agent.answer(house.wire.network.now, house.wire.description(agent))
    house.wire.network.take("phone")  # the answer is on its way
    house.wire.events["phone"].clear()
    house.conductor.lose(house.media.streams)
    await house.wire.acknowledged("phone")
    await house.wire.ended("phone")
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10040, "1", "")
    assert states(house) == ["20280003 ring", "20280003 hangup"]


async def test_of_two_agents_who_answer_in_one_turn_one_is_connected_and_the_other_hung_up(house: House) -> None:
    uuid, customer = await connected(house)
    house.groups.members["sales"] = EVERYBODY
    press(house)
    agents = await ringing(house, *EVERYBODY)
    for agent in agents[:2]:
        agent.answer(house.wire.network.now, house.wire.description(agent))
    house.wire.network.take("phone")
    await house.wire.acknowledged("phone")
    await house.wire.acknowledged("phone")
    await house.wire.ended("phone")
    await house.wire.cancelled("phone")
    assert all(COMPLETED_ELSEWHERE.encode() in cancel for cancel in house.wire.sent("CANCEL")), "no missed call"
    await until(lambda: states(house).count("20280003 answer") == 1, "the answer is stored")
    assert len([message for message in house.media.worker.told if isinstance(message, protocol.Bridge)]) == 1
    assert repr(house.parts.agents) == "<Agents 1 taken, 0 customers waiting>"
    house.wire.hang_up(customer)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "1", "20280003")
    assert sorted(str(state) for state in states(house)) == [
        "20280003 answer",
        *(f"{extension} {state}" for extension, state in (("20280003", "hangup"), ("20280003", "ring"))),
        *(f"{extension} {state}" for extension in EVERYBODY[1:] for state in ("hangup", "ring")),
    ]


async def test_customer_and_agent_who_hang_up_at_once_are_one_end(house: House) -> None:
    uuid, customer = await connected(house)
    press(house)
    (agent,) = await ringing(house, "20280003")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    customer.bye(house.wire.network.now)
    agent.bye(house.wire.network.now)
    house.wire.settle()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "1", "20280003")
    assert states(house) == ["20280003 ring", "20280003 answer", "20280003 hangup"]


async def test_an_agent_for_whom_there_is_no_rtp_port_is_free_again(house: House) -> None:
    uuid, customer = await connected(house)
    house.media.refuses = True
    press(house)
    await until(lambda: house.media.asked == 2, "a port was asked for")
    await until(lambda: repr(house.parts.agents) == "<Agents 0 taken, 1 customers waiting>", "the agent is free")
    assert house.conductor.running == 1, "the customer hears music, and the group is asked again"
    house.wire.hang_up(customer)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "1", "")


async def test_an_agent_for_whom_an_invite_cannot_be_made_is_passed_over_and_free_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid, customer = await connected(house)
    house.groups.members["sales"] = EVERYBODY
    prepare = house.wire.agent.prepare_invite

    def faulty(**arguments: Any) -> OutgoingCall:
        if arguments["target"].user == "20280004":
            raise RuntimeError("a fault of ours")
        return prepare(**arguments)

    monkeypatch.setattr(house.wire.agent, "prepare_invite", faulty)
    press(house)
    await ringing(house, "20280003", "20280005")
    assert repr(house.parts.agents) == "<Agents 2 taken, 1 customers waiting>"
    house.wire.hang_up(customer)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "1", "")


# --- the store is away ------------------------------------------------------------------------------------------------


async def test_while_nothing_can_be_stored_a_call_goes_on_and_rings_nobody_and_all_is_written_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid, customer = await connected(house)
    gate = Gate(house.store, monkeypatch)
    gate.away = True
    press(house)
    await until(
        lambda: repr(house.parts.agents) == "<Agents 1 taken, 1 customers waiting>" and gate.tries > 2,
        "the agent is about to be rung",
    )
    house.wire.hang_up(customer)
    await until(lambda: repr(house.parts.agents) == "<Agents 0 taken, 0 customers waiting>", "the agent is free again")
    assert call_states(house.store) == {uuid: "answered"}
    gate.away = False
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "1", "")
    assert (states(house), len(house.wire.sent("INVITE"))) == ([], 1)


async def test_an_agent_who_answers_while_nothing_can_be_stored_talks_and_is_acknowledged_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid, customer = await connected(house)
    press(house)
    (agent,) = await ringing(house, "20280003")
    gate = Gate(house.store, monkeypatch)
    gate.away = True
    acks = len(house.wire.sent("ACK"))
    house.wire.answer(agent)
    assert any(isinstance(message, protocol.Bridge) for message in house.media.worker.told)
    house.wire.pass_time(10)
    assert len(house.wire.sent("ACK")) == acks
    gate.away = False
    await house.wire.acknowledged("phone")
    house.wire.hang_up(customer)
    await house.ended(uuid)
    assert states(house) == ["20280003 ring", "20280003 answer", "20280003 hangup"]


# --- faults of ours ---------------------------------------------------------------------------------------------------


async def test_a_fault_while_a_key_is_taken_ends_the_call_with_its_record(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*arguments: object) -> None:
        raise RuntimeError("a fault of ours")

    uuid, _ = await connected(house)
    monkeypatch.setattr(house.parts.agents, "choose", faulty)
    press(house)
    await house.wire.ended()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10040, "1", "")


@pytest.mark.parametrize("name", ["stop_recording", "release"])
async def test_a_fault_while_a_stream_is_closed_costs_no_record(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    uuid, customer = await connected(house)
    close = getattr(Stream, name)

    async def faulty(stream: Stream) -> None:
        await close(stream)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Stream, name, faulty)
    house.wire.hang_up(customer)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "", "")


async def test_a_fault_while_legs_are_ended_costs_no_record(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    uuid, _ = await connected(house)
    press(house)
    await ringing(house, "20280003")
    faults = 0
    cancel = OutgoingCall.cancel

    def faulty(call: OutgoingCall, now: float, reason: str) -> None:
        nonlocal faults
        cancel(call, now, reason)
        faults += 1
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(OutgoingCall, "cancel", faulty)
    house.conductor.lose(house.media.streams)
    house.wire.settle()
    await house.wire.ended()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10040, "1", "")
    assert faults


async def test_a_call_whose_invite_cannot_be_made_ends_and_gives_its_place_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(**_arguments: object) -> OutgoingCall:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(house.wire.agent, "prepare_invite", faulty)
    uuid = await house.accept()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10007, "", "")
    await until(lambda: house.routes.taken == 0, "the place is given back")


async def test_a_stored_request_that_cannot_be_run_ends_with_its_record(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(text: str) -> None:
        raise UseridError(f"{text!r}: expected KEY@GROUP")

    with monkeypatch.context() as broken:
        broken.setattr(running, "parse_userid", faulty)
        uuid = await house.accept()
        await house.ended(uuid)
    assert record(house.store, uuid) == (10020, 10020, "", "")
    await until(lambda: house.queue.waiting == {}, "it waits no longer")
