"""An agent with a desk phone and a soft phone: both ring, and he is one agent (RFC 3261 section 16.7)."""

from collections.abc import Callable

import pytest
from tests.unit.calls.stage import Stage
from tests.unit.calls.stored import owed, rows
from tests.unit.calls.wire import SERVER

from playvoice.calls.ports import Agent, Phone
from playvoice.calls.tables import LegKind, legs
from playvoice.media import protocol
from playvoice.media.client import MediaEvent, MediaFull, Stream
from playvoice.sip import URI, CallState, Flow, IncomingCall, Transport

AGENT = "20280003"
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
ALONE = ["3 ring", "3 answer", "3 hangup"]


def rung(stage: Stage, phones: int = 2) -> list[IncomingCall]:
    """A customer was answered after 3 s and pressed 1: all phones of one agent have the INVITE, and none rings yet."""
    stage.model.house.groups.members["sales"] = (AGENT,)
    stage.model.house.groups.phones[AGENT] = phones
    stage.answered()
    stage.press()
    return list(stage.model.phones.calls)


def ringing(stage: Stage) -> tuple[IncomingCall, IncomingCall]:
    """The same, and both ring."""
    desk, soft = rung(stage)
    stage.model.agent_rings(desk)
    stage.model.agent_rings(soft)
    return desk, soft


def answer(stage: Stage, call: IncomingCall) -> None:
    """Answer; nobody hears of it yet."""
    call.answer(stage.model.now, stage.model.house.wire.description(call))
    stage.model.house.wire.network._collect()


def sent(stage: Stage, method: str) -> list[str]:
    """The requests of this method to phones, each once."""
    network, start = stage.model.house.wire.network, method.encode()
    found = [data for _, source, target, data in network.sent if source == "server" and target != "carrier"]
    return [data.decode() for data in dict.fromkeys(found) if data.startswith(start)]


def reasons(stage: Stage) -> list[str]:
    """The Reason of each CANCEL, empty where it has none."""
    lines = [dict(line.split(": ", 1) for line in cancel.split("\r\n")[1:] if line) for cancel in sent(stage, "CANCEL")]
    return [line.get("Reason", "") for line in lines]


def agents(stage: Stage) -> str:
    return repr(stage.model.house.parts.agents)


# --- both ring --------------------------------------------------------------------------------------------------------


def test_all_phones_of_an_agent_ring_at_once_and_he_is_reported_once(stage: Stage) -> None:
    ringing(stage)
    uris = [invite.split()[1] for invite in sent(stage, "INVITE")]
    assert uris == [f"sip:{AGENT}@127.0.0.3:5060", f"sip:{AGENT}@127.0.0.3:5060;line=2"], "in his order"
    assert stage.states() == ["3 ring"]
    assert agents(stage) == "<Agents 1 taken, 1 customers waiting>"
    stage.hang_up()
    assert stage.states() == ["3 ring", "3 hangup"]


def test_each_phone_has_a_leg_with_an_identity_and_a_port_of_its_own(stage: Stage) -> None:
    desk, soft = ringing(stage)
    of_agents = [row for row in rows(stage.model.store, legs) if row.kind == LegKind.AGENT.value]
    assert len({row.uuid for row in of_agents}) == len({desk.id, soft.id}) == 2
    assert {row.offer_uuid for row in of_agents} == {owed(stage.model.store)[0]["buuid"]}
    streams = [stage.model.stream_of(call) for call in (stage.customer, desk, soft)]
    assert len({stream.port for stream in streams if stream is not None}) == 3
    stage.hang_up()


def test_ring_answer_and_hangup_name_one_leg_that_began_at_one_time(stage: Stage) -> None:
    desk, soft = rung(stage)
    stage.model.agent_rings(soft)
    stage.wait(2)
    stage.model.agents_answer(desk)
    stage.hang_up()
    told = [message for message in owed(stage.model.store) if "status" in message]
    assert [message["status"] for message in told] == ["ring", "answer", "hangup"]
    assert len({(message["buuid"], message["starttime"]) for message in told}) == 1


def test_an_answer_is_his_ring_where_no_phone_rang(stage: Stage) -> None:
    _, soft = rung(stage)
    stage.model.agents_answer(soft)
    stage.hang_up()
    assert stage.states() == ALONE


# --- one answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("winner", [0, 1])
def test_the_first_phone_that_answers_talks_and_the_other_stops_without_a_missed_call(
    stage: Stage, winner: int
) -> None:
    phones = ringing(stage)
    taken, other = phones[winner], phones[1 - winner]
    stream = stage.model.stream_of(taken)
    assert stream is not None
    stage.model.agents_answer(taken)
    assert (taken.state, other.state) == (CallState.CONFIRMED, CallState.ENDED)
    assert reasons(stage) == [ELSEWHERE]
    bridges = [told for told in stage.model.house.media.worker.told if isinstance(told, protocol.Bridge)]
    assert bridges == [protocol.Bridge(stage.stream.number, stream.number)]
    assert stage.model.house.media.held_streams == [stage.stream, stream], "the other one's is given back"
    assert stage.states() == ["3 ring", "3 answer"], "he has not hung up"
    stage.hang_up()
    assert stage.states() == ALONE
    assert stage.record() == (10001, 10041, "1", AGENT, 3, 0)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_phones_that_answer_in_one_moment_the_second_gets_ack_and_bye(stage: Stage, first: int) -> None:
    phones = ringing(stage)
    answer(stage, phones[first])
    answer(stage, phones[1 - first])
    stage.model.settle()
    assert (phones[first].state, phones[1 - first].state) == (CallState.CONFIRMED, CallState.ENDED)
    assert (len(sent(stage, "ACK")), len(sent(stage, "BYE")), sent(stage, "CANCEL")) == (2, 1, [])
    assert agents(stage) == "<Agents 1 taken, 0 customers waiting>"
    stage.hang_up()
    assert stage.states() == ALONE


def test_an_answer_that_crosses_the_cancel_of_a_phone_gets_ack_and_bye(stage: Stage) -> None:
    desk, soft = ringing(stage)
    network = stage.model.house.wire.network
    network.delay = 0.2
    answer(stage, desk)
    stage.wait(0.3)
    answer(stage, soft)
    stage.wait(1)
    assert (desk.state, soft.state) == (CallState.CONFIRMED, CallState.ENDED)
    assert (reasons(stage), len(sent(stage, "BYE"))) == ([ELSEWHERE], 1)
    network.delay = 0.0
    stage.hang_up()
    assert stage.states() == ALONE


def test_an_agent_who_hangs_up_on_the_phone_that_he_took_ends_the_call(stage: Stage) -> None:
    desk, _ = ringing(stage)
    stage.model.agents_answer(desk)
    stage.wait(10)
    stage.model.agent_hangs_up(desk)
    assert stage.record() == (10001, 10040, "1", AGENT, 3, 10)
    assert stage.states() == ALONE


def test_who_answers_when_another_agent_has_is_hung_up_with_all_his_phones(stage: Stage) -> None:
    stage.model.house.groups.phones[AGENT] = 2
    stage.answered()
    stage.press()
    for phone in stage.model.phones.calls:
        stage.model.agent_rings(phone)
    *own, other = sorted(stage.model.phones.calls, key=lambda call: str(call.request.uri.user))
    answer(stage, other)
    answer(stage, own[1])
    stage.model.settle()
    assert [call.state for call in (*own, other)] == [CallState.ENDED, CallState.ENDED, CallState.CONFIRMED]
    assert reasons(stage) == [ELSEWHERE]
    assert agents(stage) == "<Agents 1 taken, 0 customers waiting>"
    stage.hang_up()
    assert sorted(stage.states()) == ["3 hangup", "3 ring", "4 answer", "4 hangup", "4 ring"]


# --- one does not -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 401, 404, 480, 486, 488, 503])
def test_a_phone_that_refuses_leaves_the_other_one_ringing(stage: Stage, status: int) -> None:
    desk, soft = ringing(stage)
    stage.model.agent_refuses(desk, status)
    stage.wait(3)
    assert (soft.state, stage.states(), sent(stage, "CANCEL")) == (CallState.EARLY, ["3 ring"], [])
    stage.model.agents_answer(soft)
    stage.hang_up()
    assert stage.states() == ALONE
    assert stage.record() == (10001, 10041, "1", AGENT, 3, 3)


def test_a_phone_that_refuses_before_the_other_one_rings_is_not_reported(stage: Stage) -> None:
    desk, soft = rung(stage)
    stage.model.agent_refuses(desk, 486)
    assert stage.states() == []
    stage.model.agent_rings(soft)
    assert stage.states() == ["3 ring"]
    stage.hang_up()
    assert stage.states() == ["3 ring", "3 hangup"]


def test_an_agent_whose_phones_have_all_refused_is_asked_again_after_the_pause(stage: Stage) -> None:
    desk, soft = ringing(stage)
    stage.model.agent_refuses(desk, 486)
    stage.wait(2)
    stage.model.agent_refuses(soft, 480)
    assert stage.states() == ["3 ring", "3 hangup"]
    assert agents(stage) == "<Agents 0 taken, 1 customers waiting>"
    stage.wait(4.9)
    assert len(stage.model.phones.calls) == 2
    stage.wait(0.2)
    assert len(stage.model.phones.calls) == 4, "both ring once more"
    stage.hang_up()


@pytest.mark.parametrize("status", [600, 603, 604, 606])
def test_a_person_who_declines_on_one_phone_has_declined_on_all(stage: Stage, status: int) -> None:
    desk, soft = ringing(stage)
    stage.model.agent_refuses(desk, status)
    assert soft.state is CallState.ENDED
    assert reasons(stage) == [f"SIP;cause={status}"]
    assert stage.states() == ["3 ring", "3 hangup"]
    assert agents(stage) == "<Agents 0 taken, 1 customers waiting>"
    stage.wait(4.9)
    assert len(stage.model.phones.calls) == 2, "he is left in peace meanwhile"
    stage.hang_up()


def test_an_answer_that_crosses_the_end_after_a_decline_gets_ack_and_bye(stage: Stage) -> None:
    desk, soft = ringing(stage)
    desk.reject(stage.model.now, 603)
    answer(stage, soft)
    stage.model.settle()
    assert (soft.state, len(sent(stage, "BYE"))) == (CallState.ENDED, 1)
    assert stage.states() == ["3 ring", "3 hangup"]
    stage.hang_up()
    assert stage.record()[:4] == (10001, 10041, "1", "")


def test_a_phone_whose_answer_cannot_be_used_is_hung_up_and_the_other_one_rings_on(stage: Stage) -> None:
    desk, soft = ringing(stage)
    stage.model.agents_answer(desk, usable=False)
    assert (desk.state, soft.state) == (CallState.ENDED, CallState.EARLY)
    stage.model.agents_answer(soft)
    stage.hang_up()
    assert stage.states() == ALONE


def test_when_the_ring_time_is_over_all_phones_stop_and_show_a_missed_call(stage: Stage) -> None:
    ringing(stage)
    stage.wait(20)
    assert reasons(stage) == ["", ""]
    assert stage.states() == ["3 ring", "3 hangup"]
    assert agents(stage) == "<Agents 0 taken, 1 customers waiting>"
    stage.hang_up()


# --- when he is free again --------------------------------------------------------------------------------------------


def test_an_agent_is_free_when_the_last_of_his_phones_has_confirmed_its_end(stage: Stage) -> None:
    ringing(stage)
    network = stage.model.house.wire.network
    network.delay = 0.2
    stage.wait(20.1)
    assert stage.states() == ["3 ring", "3 hangup"]
    assert agents(stage) == "<Agents 1 taken, 1 customers waiting>"
    stage.wait(0.9)
    assert agents(stage) == "<Agents 0 taken, 1 customers waiting>"
    network.delay = 0.0
    stage.hang_up()


def test_an_agent_with_a_phone_that_has_vanished_talks_on_the_other_and_is_free_after_timer_b(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The INVITE to the one that is gone may still be answered."""
    groups = stage.model.house.groups
    gone = Phone(URI.parse(f"sip:{AGENT}@127.0.0.4"), Flow(Transport.UDP, ("127.0.0.4", 5060), SERVER))
    one = groups.member(AGENT)
    assert one is not None
    monkeypatch.setattr(groups, "member", lambda extension: Agent(extension, (gone, *one.phones)))
    (desk,) = rung(stage, phones=1)
    stage.model.agents_answer(desk)
    stage.wait(10)
    stage.hang_up()
    assert stage.states() == ALONE
    assert stage.record() == (10001, 10041, "1", AGENT, 3, 10)
    stage.wait(21.9)
    assert agents(stage) == "<Agents 1 taken, 0 customers waiting>"
    stage.wait(0.2)
    assert agents(stage) == "<Agents 0 taken, 0 customers waiting>"
    talked_until = stage.model.house.parts.agents._talked_until[AGENT]
    assert talked_until == pytest.approx(stage.model.now - 22.1), "who is longest idle is told from his conversation"


# --- streams ----------------------------------------------------------------------------------------------------------


def test_a_phone_for_which_there_is_no_stream_is_left_out_and_the_others_ring(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = stage.model.house.media
    reserve, left = media.reserve, ["the customer", "one phone"]

    async def one_more(on_event: Callable[[MediaEvent], None]) -> Stream:
        if not left:
            raise MediaFull("no RTP port is free")
        left.pop()
        return await reserve(on_event)

    monkeypatch.setattr(media, "reserve", one_more)
    (desk,) = rung(stage)
    stage.model.agents_answer(desk)
    stage.hang_up()
    assert stage.states() == ALONE
