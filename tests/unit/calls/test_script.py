"""The call script event by event: times are numbers, and every end is a row of the contract."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.calls.errors import IllegalEvent
from playvoice.calls.script import (
    CancelCustomer,
    Command,
    Connect,
    Dial,
    Finish,
    GroupTimes,
    HangUpAgent,
    HangUpCustomer,
    Offer,
    Plan,
    Play,
    PlayHoldMusic,
    Script,
    State,
    WithdrawOffers,
)
from playvoice.calls.userid import parse_userid
from playvoice.codes import HangupCause as Cause

TIMES = GroupTimes(ring_time=20, max_wait=60)


def script(userid: str = "1@sales,@support") -> Script:
    return Script(Plan(parse_userid(userid), waittime=60, conntime=3600, key_time=5))


def answered(userid: str = "1@sales,@support") -> Script:
    """A call that was dialled at 0 and answered at 10."""
    call = script(userid)
    call.start(0)
    call.answered(10)
    return call


def ringing(*agents: str) -> Script:
    """A call whose key 1 at 12 rings agents."""
    call = answered()
    call.key("1", 12)
    call.offered(frozenset(agents or ("a",)), TIMES, 12)
    return call


def talking() -> Script:
    call = ringing("a", "b")
    call.agent_answered("a", 15)
    return call


def finish(commands: list[Command]) -> tuple[int, int, str]:
    ends = [command for command in commands if isinstance(command, Finish)]
    assert len(ends) == 1
    assert commands[-1] is ends[0]
    return int(ends[0].cause), int(ends[0].direction), ends[0].userkey


def test_a_call_is_dialled_and_the_answer_plays_the_voice() -> None:
    call = script()
    assert call.start(0) == [Dial()]
    assert call.next_deadline() == 60
    assert call.answered(10) == [Play()]
    assert call.next_deadline() == 3610


def test_a_call_waits_for_the_store_no_longer_than_it_may() -> None:
    call = script()
    call.wait(until=300)
    assert (call.next_deadline(), call.on_deadline(299)) == (300, [])
    assert finish(call.on_deadline(300)) == (10011, 10011, "")
    call = script()
    call.wait(until=300)
    call.start(10)
    assert call.next_deadline() == 70, "it is stored: `waittime` begins"


def test_a_key_of_userid_stops_the_voice_and_rings_its_group() -> None:
    call = answered()
    assert call.key("1", 12) == [PlayHoldMusic(), Offer("sales")]
    assert call.userkey == "1"


def test_a_wrong_key_is_noted_and_changes_nothing() -> None:
    call = answered()
    assert call.key("9", 12) == []
    assert (call.state, call.userkey) == (State.PLAYING, "")


def test_a_key_after_the_deciding_one_changes_nothing() -> None:
    call = ringing()
    assert call.key("1", 13) == []


def test_key_time_runs_from_the_end_of_the_voice_and_then_the_no_key_group_is_rung() -> None:
    call = answered()
    assert call.voice_over(20) == []
    assert call.next_deadline() == 25
    assert call.on_deadline(25) == [PlayHoldMusic(), Offer("support")]
    assert call.userkey == ""


def test_a_key_within_key_time_counts() -> None:
    call = answered()
    call.voice_over(20)
    assert call.key("1", 24.9) == [PlayHoldMusic(), Offer("sales")]


def test_a_key_that_comes_together_with_the_end_of_the_voice_counts_even_where_none_is_waited_for() -> None:
    call = Script(Plan(parse_userid("1@sales,@support"), waittime=60, conntime=3600, key_time=0))
    call.start(0)
    call.answered(10)
    assert call.voice_over(20) == []
    assert call.key("1", 20) == [PlayHoldMusic(), Offer("sales")]
    assert call.on_deadline(20) == []


def test_where_no_key_leads_anywhere_the_group_is_rung_as_soon_as_the_voice_is_over() -> None:
    call = script("@support")
    call.start(0)
    assert call.answered(10) == [Play()]
    assert call.key("1", 12) == []
    assert call.voice_over(20) == [PlayHoldMusic(), Offer("support")]


def test_the_first_agent_who_answers_wins_and_the_others_are_ended() -> None:
    call = ringing("a", "b")
    assert call.agent_answered("b", 15) == [WithdrawOffers(winner="b"), Connect("b")]
    assert call.agent_answered("a", 15) == [HangUpAgent("a")]
    assert call.next_deadline() == 3610


def test_when_all_who_were_rung_refused_the_next_ones_turn_comes_at_once() -> None:
    call = ringing("a", "b")
    assert call.agent_ended("a") == []
    assert call.next_deadline() == 32
    assert call.agent_ended("b") == [Offer("sales")]
    assert call.next_deadline() == 72, "the waiting time alone runs while it is being offered"


def test_when_all_were_passed_over_the_group_is_asked_again_after_five_seconds() -> None:
    call = ringing("a")
    call.agent_ended("a")
    assert call.offered(frozenset(), TIMES, 14) == []
    assert call.next_deadline() == 19
    assert call.on_deadline(19) == [Offer("sales", again=True)]


def test_agents_who_do_not_answer_in_ring_time_are_withdrawn_until_the_waiting_time_is_over() -> None:
    call = ringing("a")
    assert call.on_deadline(32) == [WithdrawOffers()]
    assert call.agent_ended("a") == [Offer("sales")]
    call.offered(frozenset({"b"}), TIMES, 32)
    assert call.next_deadline() == 52
    assert call.on_deadline(52) == [WithdrawOffers()]
    assert finish(call.on_deadline(72)) == (10005, 10040, "1")


def test_while_an_offer_is_being_made_no_second_one_is() -> None:
    call = answered()
    call.key("1", 12)
    assert call.next_deadline() == 3610, "only `offered` and `nobody_registered` go on from here, and conntime"
    call.offered(frozenset({"a"}), TIMES, 18)
    assert call.next_deadline() == 38


def test_a_busy_group_is_asked_again() -> None:
    call = answered()
    call.key("1", 12)
    call.offered(frozenset(), TIMES, 12)
    assert call.next_deadline() == 17
    assert call.on_deadline(17) == [Offer("sales", again=True)]


def test_an_agent_who_becomes_free_is_rung_at_once_unless_others_are_or_are_about_to_be() -> None:
    call = answered()
    assert call.agent_is_free() == [], "the voice plays"
    call.key("1", 12)
    assert call.agent_is_free() == [], "an offer is being made"
    call.offered(frozenset({"a"}), TIMES, 12)
    assert call.agent_is_free() == [], "somebody rings"
    call.agent_ended("a")
    call.offered(frozenset(), TIMES, 14)
    assert call.agent_is_free() == [Offer("sales")]
    assert call.agent_is_free() == [], "an offer is being made again"
    call.offered(frozenset({"b"}), TIMES, 15)
    assert call.next_deadline() == 35


ENDS: dict[str, tuple[Callable[[], list[Command]], tuple[int, int, str]]] = {
    "busy": (lambda: started().refused(Cause.BUSY), (10006, 10006, "")),
    "no answer": (lambda: started().on_deadline(60), (10016, 10040, "")),
    "customer hangs up while the voice plays": (lambda: answered().customer_hung_up(), (10001, 10041, "")),
    "customer hangs up while an agent rings": (lambda: ringing().customer_hung_up(), (10001, 10041, "1")),
    "customer hangs up while talking": (lambda: talking().customer_hung_up(), (10001, 10041, "1")),
    "agent hangs up": (lambda: talking().agent_ended("a"), (10001, 10040, "1")),
    "nobody registered": (lambda: pressed().nobody_registered(), (10008, 10040, "1")),
    "waiting time over": (lambda: ringing().on_deadline(72), (10005, 10040, "1")),
    "conntime over": (lambda: talking().on_deadline(3610), (10011, 10040, "1")),
    "no key and no group for it": (lambda: silent_customer().on_deadline(25), (10001, 10040, "")),
    "silence": (lambda: talking().silent(), (10011, 10040, "1")),
    "the trunk answers nothing": (lambda: started().refused(Cause.LINE_FAILURE), (10004, 10004, "")),
    "wrong keys alone": (lambda: wrong_key().on_deadline(25), (10001, 10040, "")),
    "a wrong key and then hang-up": (lambda: wrong_key().customer_hung_up(), (10001, 10041, "")),
    "customer hangs up while a key is awaited": (lambda: silent_customer().customer_hung_up(), (10001, 10041, "")),
    "customer hangs up while the no-key group rings": (lambda: no_key().customer_hung_up(), (10001, 10041, "")),
    "customer hangs up before an agent can be rung": (lambda: pressed().customer_hung_up(), (10001, 10041, "1")),
    "nobody of the no-key group registered": (lambda: no_key().nobody_registered(), (10008, 10040, "")),
    "nobody idle until the waiting time is over": (lambda: busy_group().on_deadline(72), (10005, 10040, "1")),
    "conntime over while the voice plays": (lambda: answered().on_deadline(3610), (10011, 10040, "")),
    "conntime over while agents ring": (lambda: pressed().on_deadline(3610), (10011, 10040, "1")),
    "cut before anything was dialled": (lambda: script().cut(), (10007, 10007, "")),
    "cut while the voice plays": (lambda: answered().cut(), (10007, 10040, "")),
    "cut while agents ring": (lambda: ringing().cut(), (10007, 10040, "1")),
    "cut while dialling": (lambda: started().cut(), (10007, 10007, "")),
    "cut after the answer": (lambda: talking().cut(), (10007, 10040, "1")),
}


def started() -> Script:
    call = script()
    call.start(0)
    return call


def pressed() -> Script:
    call = answered()
    call.key("1", 12)
    return call


def wrong_key() -> Script:
    """A call whose customer pressed a key of no group while the voice played, and which is over now."""
    call = answered("1@sales")
    call.key("9", 12)
    call.voice_over(20)
    return call


def no_key() -> Script:
    """A call whose no-key group is rung."""
    call = answered("@support")
    call.voice_over(20)
    return call


def busy_group() -> Script:
    """A call whose group had nobody idle, and was asked again."""
    call = pressed()
    call.offered(frozenset(), TIMES, 12)
    call.on_deadline(17)
    call.offered(frozenset(), TIMES, 17)
    return call


def silent_customer() -> Script:
    call = answered("1@sales")
    call.voice_over(20)
    return call


@pytest.mark.parametrize("name", ENDS)
def test_every_end_has_the_codes_of_the_contract(name: str) -> None:
    happen, expected = ENDS[name]
    assert finish(happen()) == expected


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.REJECTED, Cause.UNREACHABLE, Cause.OTHER])
def test_a_refusal_is_cause_and_direction(cause: Cause) -> None:
    assert finish(started().refused(cause)) == (cause, cause, "")


def test_silence_ends_a_call_only_while_two_people_talk() -> None:
    for call in (started(), answered(), silent_customer(), pressed(), ringing()):
        assert call.silent() == [], call


def test_each_end_ends_the_legs_that_are_left() -> None:
    assert started().on_deadline(60)[0] == CancelCustomer()
    assert talking().agent_ended("a")[:-1] == [HangUpCustomer()]
    assert talking().customer_hung_up()[:-1] == [HangUpAgent("a")]
    assert ringing().customer_hung_up()[:-1] == [WithdrawOffers()]
    assert talking().on_deadline(3610)[:-1] == [HangUpAgent("a"), HangUpCustomer()]
    assert ringing().on_deadline(72)[:-1] == [WithdrawOffers(), HangUpCustomer()]
    assert started().cut()[:-1] == [CancelCustomer()]
    assert answered().cut()[:-1] == [HangUpCustomer()]
    assert ringing().cut()[:-1] == [WithdrawOffers(), HangUpCustomer()]
    assert talking().cut()[:-1] == [HangUpAgent("a"), HangUpCustomer()]
    assert script().cut()[:-1] == []


def test_what_comes_after_the_end_changes_nothing() -> None:
    call = talking()
    call.customer_hung_up()
    assert call.next_deadline() is None
    assert call.customer_hung_up() == call.key("1", 99) == call.voice_over(99) == call.cut() == []
    assert call.agent_ended("a") == call.on_deadline(9999) == call.refused(Cause.BUSY) == call.answered(99) == []
    assert call.agent_answered("z", 99) == [HangUpAgent("z")]
    assert call.offered(frozenset({"z"}), TIMES, 99) == [HangUpAgent("z")]


def test_an_event_that_a_state_cannot_have_is_named() -> None:
    with pytest.raises(IllegalEvent, match=r"PLAYING .* is not INITIAL"):
        answered().start(11)
    with pytest.raises(IllegalEvent, match=r"TALKING .* is not DIALLING"):
        talking().answered(20)


_EVENTS = st.one_of(
    st.sampled_from(["answered", "refused", "key 1", "key 5", "voice", "customer", "offer", "nobody"]),
    st.sampled_from(["a up", "b up", "a down", "b down", "silent", "cut", "deadline"]),
)


@settings(max_examples=300)
@given(st.lists(_EVENTS, max_size=40))
def test_whatever_happens_a_call_ends_once_and_leaves_no_leg(events: list[str]) -> None:
    call, now, commands = script(), 0.0, list[Command]()
    commands += call.start(now)
    for event in [*events, *["deadline"] * 200]:
        if call.state is State.ENDED:
            break
        deadline = call.next_deadline()
        assert deadline is not None, "every state has a timer"
        now = max(now, deadline) if event == "deadline" else now + 0.1
        commands += _apply(call, event, now)
    assert call.state is State.ENDED
    assert sum(isinstance(command, Finish) for command in commands) == 1
    assert isinstance(commands[-1], Finish)
    if Connect("a") in commands:
        assert HangUpAgent("a") in commands or "a down" in events


def _apply(call: Script, event: str, now: float) -> list[Command]:
    dialling = call.state is State.DIALLING
    match event.split():
        case ["answered"]:
            return call.answered(now) if dialling else []
        case ["refused"]:
            return call.refused(Cause.BUSY) if dialling else []
        case ["key", key]:
            return call.key(key, now)
        case ["voice"]:
            return call.voice_over(now)
        case ["customer"]:
            return call.customer_hung_up()
        case ["offer"]:
            return call.offered(frozenset({"a", "b"}), TIMES, now) if call.state is State.TRANSFERRING else []
        case ["nobody"]:
            return call.nobody_registered()
        case [agent, "up"]:
            return call.agent_answered(agent, now) if call.state is State.TRANSFERRING else []
        case [agent, "down"]:
            return call.agent_ended(agent)
        case ["silent"]:
            return call.silent()
        case ["cut"]:
            return call.cut()
        case _:
            return call.on_deadline(now)
