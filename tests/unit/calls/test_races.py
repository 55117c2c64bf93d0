"""What happens in one moment: each order of it gives one call, one record, and far ends that were told."""

import pytest
from sqlalchemy import select
from tests.unit.calls.stage import Stage
from tests.unit.calls.stored import call_states

from playvoice.calls.tables import calls
from playvoice.media import protocol
from playvoice.media.client import MediaGone, Stream
from playvoice.sip import CallState, IncomingCall


def answer(stage: Stage, call: IncomingCall) -> None:
    """Answer; nobody hears of it yet."""
    call.answer(stage.model.now, stage.model.house.wire.description(call))


def on_the_way(stage: Stage) -> None:
    """What far ends have sent so far arrives before what they send next."""
    stage.model.house.wire.network._collect()


def sent(stage: Stage, method: str, to: str) -> int:
    """How many requests of this method the server has sent to a far end; repetitions don't count."""
    start, network = method.encode(), stage.model.house.wire.network
    way = "server", to
    return len({data for _, source, target, data in network.sent if (source, target) == way and data.startswith(start)})


# --- customer and agent -----------------------------------------------------------------------------------------------


def test_a_customer_who_hangs_up_just_before_an_agent_answers_has_spoken_with_nobody(stage: Stage) -> None:
    stage.transferred()
    agent = stage.agent()
    stage.customer.bye(stage.model.now)
    on_the_way(stage)
    answer(stage, agent)
    stage.model.settle()
    assert stage.record() == (10001, 10041, "1", "", 3, 4)
    assert stage.states() == ["3 ring", "4 ring", "3 hangup", "4 hangup"]
    assert (sent(stage, "ACK", "phone"), sent(stage, "BYE", "phone"), agent.state) == (2, 1, CallState.ENDED), (
        "ACK and BYE for who answered, ACK to the 487 of the other"
    )


def test_a_customer_who_hangs_up_just_after_an_agent_answered_has_spoken_with_him(stage: Stage) -> None:
    stage.transferred()
    agent = stage.agent()
    answer(stage, agent)
    on_the_way(stage)
    stage.customer.bye(stage.model.now)
    stage.model.settle()
    assert stage.record() == (10001, 10041, "1", "20280003", 3, 4)
    assert sorted(stage.states()) == ["3 answer", "3 hangup", "3 ring", "4 hangup", "4 ring"]
    assert agent.state is CallState.ENDED


@pytest.mark.parametrize("first", ["20280003", "20280004"])
def test_of_two_agents_who_answer_in_one_moment_the_first_speaks_and_the_other_is_hung_up(
    stage: Stage, first: str
) -> None:
    stage.transferred()
    other = {"20280003": "20280004", "20280004": "20280003"}[first]
    answer(stage, stage.agent(first))
    on_the_way(stage)
    answer(stage, stage.agent(other))
    stage.model.settle()
    assert (stage.agent(first).state, stage.agent(other).state) == (CallState.CONFIRMED, CallState.ENDED)
    assert repr(stage.model.house.parts.agents) == "<Agents 1 taken, 0 customers waiting>"
    won, lost = first[-1], other[-1]
    assert len({data for _, _, _, data in stage.model.house.wire.network.sent if data.startswith(b"BYE")}) == 1
    assert stage.states() == ["3 ring", "4 ring", f"{lost} hangup", f"{won} answer"]
    stage.hang_up()
    assert stage.record() == (10001, 10041, "1", first, 3, 4)
    assert stage.states()[-1] == f"{won} hangup"


def test_an_agent_who_answers_as_the_media_process_goes_has_spoken_with_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_arguments: object) -> None:
        raise MediaGone("the media worker has ended")

    stage.transferred()
    for asked in stage.model.asked.values():
        asked.cut = True
    with monkeypatch.context() as patch:
        patch.setattr(Stream, "bridge", gone)
        stage.model.agents_answer(stage.agent())
    assert [state for state in stage.states() if state.startswith("3")] == ["3 ring", "3 hangup"]
    assert stage.record() == (10007, 10040, "1", "", 3, 4)


def test_a_phone_is_told_whether_somebody_else_has_answered(stage: Stage) -> None:
    stage.transferred()
    stage.wait(21)
    network = stage.model.house.wire.network
    missed = {data for _, _, _, data in network.sent if data.startswith(b"CANCEL")}
    assert len(missed) == 2
    assert not any(b"Reason:" in cancel for cancel in missed)
    stage.wait(5)
    stage.model.agent_rings(stage.agent("20280004"))
    stage.model.agents_answer(stage.agent("20280003"))
    (elsewhere,) = {data for _, _, _, data in network.sent if data.startswith(b"CANCEL")} - missed
    assert b'Reason: SIP;cause=200;text="Call completed elsewhere"' in elsewhere
    stage.hang_up()


def test_customer_and_agent_who_hang_up_in_one_moment_are_one_end(stage: Stage) -> None:
    stage.talking()
    stage.agent().bye(stage.model.now)
    on_the_way(stage)
    stage.customer.bye(stage.model.now)
    stage.model.settle()
    assert stage.record() == (10001, 10040, "1", "20280003", 3, 19), "the agent was first"
    assert stage.states()[-1] == "3 hangup"


@pytest.mark.parametrize("who", ["carrier", "phone"])
def test_a_bye_that_crosses_ours_changes_no_record(stage: Stage, who: str) -> None:
    stage.talking(conntime=30)
    stage.model.house.wire.network.delay = 0.2
    stage.wait(10.9)
    (stage.customer if who == "carrier" else stage.agent()).bye(stage.model.now)
    stage.wait(1)
    assert stage.record() == (10011, 10040, "1", "20280003", 3, 30)
    assert sent(stage, "BYE", "carrier") == sent(stage, "BYE", "phone") == 1
    stage.model.house.wire.network.delay = 0.0


@pytest.mark.parametrize("who", ["carrier", "phone"])
def test_a_bye_right_behind_a_re_invite_ends_the_call(stage: Stage, who: str) -> None:
    stage.talking()
    call = stage.customer if who == "carrier" else stage.agent()
    assert call.session.offer(stage.model.now, stage.model.house.wire.description(call))
    on_the_way(stage)
    call.bye(stage.model.now)
    stage.model.settle()
    assert stage.record() == (10001, 10041 if who == "carrier" else 10040, "1", "20280003", 3, 19)


def test_a_bye_that_crosses_the_refresh_of_a_session_ends_the_call(stage: Stage) -> None:
    """Our re-INVITE or UPDATE is open then, and what comes back to it is nobody's."""
    stage.talking(conntime=7200)
    network = stage.model.house.wire.network
    network.delay = 0.2
    stage.wait(900 - 15 + 0.1)
    before = sent(stage, "UPDATE", "carrier")
    stage.hang_up()
    stage.wait(1)
    assert before == 1, "a refresh is on its way"
    assert stage.record() == (10001, 10041, "1", "20280003", 3, 904)
    network.delay = 0.0


# --- the agent's phone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [480, 486, 603])
def test_an_agent_who_refuses_is_passed_over_and_asked_again_five_seconds_after_all_had_their_turn(
    stage: Stage, status: int
) -> None:
    stage.transferred()
    stage.model.agent_refuses(stage.agent("20280003"), status)
    stage.wait(10)
    assert len(stage.model.phones.calls) == 2, "the other one still rings"
    stage.model.agent_refuses(stage.agent("20280004"), status)
    stage.wait(4.9)
    assert len(stage.model.phones.calls) == 2
    stage.wait(0.2)
    assert len(stage.model.phones.calls) == 4
    stage.model.agents_answer(stage.agent("20280004"))
    stage.hang_up()
    assert stage.record() == (10001, 10041, "1", "20280004", 3, 19)
    assert stage.states() == ["3 ring", "4 ring", "3 hangup", "4 hangup", "4 ring", "4 answer", "4 hangup"]


def test_an_agent_whose_phone_has_vanished_is_left_after_ring_time_and_free_after_timer_b(stage: Stage) -> None:
    stage.answered()
    stage.model.house.groups.members["sales"] = ("20280003",)
    stage.model.network_is_dead(dead=True)
    stage.press()
    stage.wait(31.9)
    assert sent(stage, "CANCEL", "phone") == 0, "there is no provisional response that it could follow"
    assert repr(stage.model.house.parts.agents) == "<Agents 1 taken, 1 customers waiting>", (
        "its INVITE may still be answered"
    )
    stage.model.network_is_dead(dead=False)
    assert sent(stage, "INVITE", "phone") == 1
    stage.wait(0.2)
    assert sent(stage, "INVITE", "phone") == 2
    stage.model.agents_answer(stage.agent())
    stage.hang_up()
    assert stage.record()[:4] == (10001, 10041, "1", "20280003")
    assert stage.states() == ["3 ring", "3 answer", "3 hangup"], "the leg that never rang reports nothing"


def lose_connections(stage: Stage) -> None:
    """The connection to the phones is cut, as TCP or an ICMP error tells."""
    wire, agent = stage.model.house.wire, stage.model.house.groups.member("20280003")
    assert agent is not None
    wire.agent.connection_failed(agent.phones[0].flow, stage.model.now)
    stage.model._happens(wire.flush)


def test_an_agent_whose_phone_cannot_be_reached_is_passed_over_at_once(stage: Stage) -> None:
    stage.answered()
    stage.model.house.groups.members["sales"] = ("20280003",)
    network = stage.model.house.wire.network
    network.loss = 1.0
    stage.press()
    lose_connections(stage)
    network.loss = 0.0
    assert repr(stage.model.house.parts.agents) == "<Agents 0 taken, 1 customers waiting>"
    stage.wait(4.9)
    assert stage.model.phones.calls == []
    stage.wait(0.2)
    stage.model.agents_answer(stage.agent())
    stage.hang_up()
    assert stage.record() == (10001, 10041, "1", "20280003", 3, 5)
    assert stage.states() == ["3 ring", "3 answer", "3 hangup"]


def test_a_phone_that_rings_may_lose_its_connection_and_answer_over_another(stage: Stage) -> None:
    """RFC 3261 section 18.2.2 sends a response to where Via says, if the connection is gone."""
    stage.transferred()
    lose_connections(stage)
    assert stage.states() == ["3 ring", "4 ring"]
    stage.model.agents_answer(stage.agent())
    stage.hang_up()
    assert stage.record() == (10001, 10041, "1", "20280003", 3, 4)


def test_an_agent_whose_answer_cannot_be_used_is_hung_up_and_the_other_one_rings_on(stage: Stage) -> None:
    stage.transferred()
    stage.model.agents_answer(stage.agent("20280003"), usable=False)
    assert (stage.agent("20280003").state, stage.agent("20280004").state) == (CallState.ENDED, CallState.EARLY)
    stage.model.agents_answer(stage.agent("20280004"))
    stage.hang_up()
    assert stage.record() == (10001, 10041, "1", "20280004", 3, 4)
    assert stage.states() == ["3 ring", "4 ring", "3 hangup", "4 answer", "4 hangup"]


def test_an_agent_who_answers_as_his_ring_time_ends_is_hung_up_and_not_reported_as_answering(stage: Stage) -> None:
    stage.transferred()
    network = stage.model.house.wire.network
    network.delay = 0.2
    stage.wait(19.9)
    answer(stage, stage.agent("20280003"))
    stage.wait(0.9)
    assert stage.agent("20280003").state is CallState.ENDED
    assert stage.states() == ["3 ring", "4 ring", "3 hangup", "4 hangup"]
    assert repr(stage.model.house.parts.agents) == "<Agents 0 taken, 1 customers waiting>"
    network.delay = 0.0
    stage.hang_up()
    assert stage.record()[:4] == (10001, 10041, "1", "")


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_is_first", [True, False])
def test_a_key_in_the_moment_in_which_the_voice_ends_decides(stage: Stage, key_is_first: bool) -> None:
    stage.answered("1@sales,@support")
    stage.wait(10)
    stream = stage.stream
    key, end = protocol.KeyPressed(stream.number, "1"), protocol.PlaybackEnded(stream.number)
    both = (key, end) if key_is_first else (end, key)
    stage.model._happens(lambda: [stream.on_event(event) for event in both])
    assert sorted(str(call.request.uri.user) for call in stage.model.phones.calls) == ["20280003", "20280004"]
    stage.wait(6)
    assert len(stage.model.phones.calls) == 2, "nobody of the group without a key is rung as well"
    stage.hang_up()
    assert stage.record() == (10001, 10041, "1", "", 3, 16)


def test_a_key_after_key_time_is_too_late(stage: Stage) -> None:
    stage.answered("1@sales,@support")
    stage.voice_ends()
    stage.wait(5)
    stage.press()
    assert sorted(str(call.request.uri.user) for call in stage.model.phones.calls) == ["20280004", "20280005"]
    stage.hang_up()
    assert stage.record() == (10001, 10041, "", "", 3, 5)


# --- late answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rang", [True, False])
def test_an_answer_after_waittime_gets_ack_and_bye_and_changes_no_record(stage: Stage, rang: bool) -> None:
    stage.model.house.routes.places = 1
    stage.ask(waittime=20)
    if rang:
        stage.model.ring(stage.customer, 180)
    network = stage.model.house.wire.network
    network.delay = 0.2
    stage.wait(19.9)
    answer(stage, stage.customer)
    stage.wait(1)
    network.delay = 0.0
    assert stage.record() == (10016, 10040, "", "", 20, 0)
    assert (sent(stage, "ACK", "carrier"), sent(stage, "BYE", "carrier")) == (1, 1)
    assert stage.customer.state is CallState.ENDED
    assert stage.model.house.routes.taken == 0, "its place is free again"


def test_a_ring_after_waittime_gets_cancel(stage: Stage) -> None:
    """No CANCEL can leave before there is a provisional response."""
    network = stage.model.house.wire.network
    network.loss = 1.0
    stage.ask(waittime=5)
    stage.wait(5.1)
    assert (stage.record(), sent(stage, "CANCEL", "carrier")) == ((10016, 10040, "", "", 5, 0), 0)
    assert stage.model.house.routes.taken == 1, "the INVITE may still reach somebody"
    network.loss = 0.0
    stage.wait(3)
    assert sent(stage, "CANCEL", "carrier") == 1
    assert stage.customer.state is CallState.ENDED
    assert stage.model.house.routes.taken == 0


@pytest.mark.parametrize("late", ["ring", "answer"])
def test_a_first_trunk_that_says_something_late_after_all_is_ended_and_the_second_goes_on(
    stage: Stage, late: str
) -> None:
    routes, network = stage.model.house.routes, stage.model.house.wire.network
    routes.silent = (routes.flow,)
    stage.model.troubled = True  # two INVITEs of a call are under way
    network.delay = 5.0
    stage.ask()
    stage.wait(5.1)
    (first,) = stage.model.carrier.calls
    if late == "ring":
        stage.model.ring(first, 180)
    else:
        answer(stage, first)
        stage.model.settle()
    assert sent(stage, "INVITE", "carrier") == 2, "the second trunk was tried after 4 s"
    stage.wait(5)
    network.delay = 0.0
    stage.wait(1)
    assert first.state is CallState.ENDED
    ended = "CANCEL" if late == "ring" else "BYE"
    assert (sent(stage, ended, "carrier"), routes.taken) == (1, 1)
    second = stage.customer
    assert second is not first
    stage.model.answer(second, usable=True)
    stage.hang_up()
    assert stage.record() == (10001, 10041, "", "", 11, 0)


# --- the queue --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("waits", "dialled"), [(300, True), (301, False)])
def test_a_call_for_which_a_place_is_free_when_it_expires_is_dialled_up_to_then_and_not_after(
    stage: Stage, waits: int, dialled: bool
) -> None:
    routes = stage.model.house.routes
    routes.places = 0
    stage.ask()
    stage.wait(waits - 0.5)
    routes.places = 1
    stage.wait(1)
    assert len(stage.model.carrier.calls) == dialled
    if dialled:
        stage.refuse(486)
    assert stage.record()[:2] == ((10006, 10006) if dialled else (10011, 10011))
    assert set(call_states(stage.model.store).values()) == {"ended"}
    assert stage.model.store.read_now(lambda conn: conn.execute(select(calls.c.userkey)).scalar_one()) == ""
