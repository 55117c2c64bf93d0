"""Every end that the contract names, as a whole call: what its record says, to the second, and what of its agents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.unit.calls.model import EPOCH
from tests.unit.calls.stage import ACCEPTED_AT, Stage
from tests.unit.calls.stored import owed

from playvoice.calls.causes import Next, refusal_of
from playvoice.sip import CallState


@dataclass(frozen=True)
class Ended:
    """What the record says. Times in seconds."""

    cause: int
    direction: int
    duration: int = 0
    billsec: int | None = None
    """None: never answered."""
    userkey: str = ""
    extension: str = ""
    waited: int = 0
    """In the queue."""
    states: tuple[str, ...] = ()
    """What was reported of agents, each with the end of its extension."""


RANG = ("3 ring", "4 ring")
LOST = ("3 hangup", "4 hangup")
TALKED = ("3 ring", "4 ring", "4 hangup", "3 answer", "3 hangup")

STORIES: list[tuple[Callable[[Stage], object], Ended]] = []
Story = Callable[[Stage], object]


def ends(*args: object, **fields: object) -> Callable[[Story], Story]:
    """The record of this story."""

    def note(story: Story) -> Story:
        STORIES.append((story, Ended(*args, **fields)))  # type: ignore[arg-type]
        return story

    return note


# --- nothing was dialled ----------------------------------------------------------------------------------------------


@ends(10020, 10020)
def a_voice_that_cannot_be_had(call: Stage) -> None:
    call.ask(broken=True)


@ends(10011, 10011, waited=301)
def longer_than_expire_after_in_the_queue(call: Stage) -> None:
    call.model.house.routes.places = 0
    call.ask()
    call.wait(310)


@ends(10004, 10004)
def no_trunk(call: Stage) -> None:
    call.model.house.routes.there = False
    call.ask()


# --- never answered ---------------------------------------------------------------------------------------------------


@ends(10006, 10006, duration=7)
def busy(call: Stage) -> None:
    call.ask()
    call.wait(2)
    call.model.ring(call.customer, 180)
    call.wait(5)
    call.refuse(486)


@ends(10009, 10009, duration=4)
def unreachable(call: Stage) -> None:
    call.ask()
    call.wait(4)
    call.refuse(480)


@ends(10006, 10006, duration=4)
def unreachable_because_busy_says_the_reason(call: Stage) -> None:
    call.ask()
    call.wait(4)
    call.customer.reject(call.model.now, 480, headers=(("Reason", "Q.850;cause=17;text=busy"),))
    call.model.settle()


@ends(10006, 10006, duration=0)
def no_service_at_two_trunks_because_busy_says_the_reason(call: Stage) -> None:
    call.ask()
    for _ in range(2):
        call.customer.reject(call.model.now, 503, headers=(("Reason", "SIP;cause=503, Q.850;cause=17"),))
        call.model.settle()


@ends(10020, 10020)
def redirected_to_a_stranger(call: Stage) -> None:
    call.ask()
    call.customer.reject(call.model.now, 302, headers=(("Contact", "<sip:1@203.0.113.9>"),))
    call.model.settle()


@ends(10004, 10004, duration=2)
def no_service_at_two_trunks(call: Stage) -> None:
    call.ask()
    call.refuse(500)
    call.wait(2)
    call.refuse(503)


@ends(10014, 10014, duration=2)
def a_second_trunk_whose_answer_is_final(call: Stage) -> None:
    call.ask()
    call.refuse(503)
    call.wait(2)
    call.refuse(404)


@ends(10015, 10015, duration=1)
def a_timeout_of_the_carrier_after_it_rang(call: Stage) -> None:
    call.ask()
    call.model.ring(call.customer, 183)
    call.wait(1)
    call.refuse(408)


@ends(10004, 10004, duration=32)
def no_response_at_all(call: Stage) -> None:
    call.model.network_is_dead(dead=True)
    call.ask()
    call.wait(40)


@ends(10016, 10040, duration=20)
def waittime_over_before_timer_b(call: Stage) -> None:
    call.model.network_is_dead(dead=True)
    call.ask(waittime=20)
    call.wait(40)


@ends(10016, 10040, duration=60)
def waittime_over_by_default(call: Stage) -> None:
    call.ask()
    call.model.ring(call.customer, 180)
    call.wait(70)


@ends(10016, 10040, duration=30)
def waittime_over_at_the_second_trunk(call: Stage) -> None:
    """It runs from the first INVITE, over all trunks."""
    call.ask(waittime=30)
    call.wait(20)
    call.refuse(503)
    call.wait(20)


@ends(10004, 10004, duration=3)
def an_answer_that_cannot_be_used(call: Stage) -> None:
    call.ask()
    call.wait(3)
    call.model.answer(call.customer, usable=False)


# --- answered, and no agent -------------------------------------------------------------------------------------------


@ends(10001, 10041, duration=3, billsec=4)
def the_customer_hangs_up_while_the_voice_plays(call: Stage) -> None:
    call.answered()
    call.wait(4)
    call.hang_up()


@ends(10001, 10041, duration=3, billsec=14)
def the_customer_hangs_up_while_a_key_is_awaited(call: Stage) -> None:
    call.answered()
    call.wait(10)
    call.voice_ends()
    call.wait(4)
    call.hang_up()


@ends(10001, 10040, duration=3, billsec=15)
def no_key_and_no_group_for_it(call: Stage) -> None:
    call.answered()
    call.wait(10)
    call.voice_ends()
    call.wait(9)


@ends(10001, 10040, duration=3, billsec=15)
def wrong_keys_alone(call: Stage) -> None:
    call.answered()
    call.press("9")
    call.wait(10)
    call.voice_ends()
    call.press("7")
    call.wait(9)


@ends(10011, 10040, duration=3, billsec=30)
def conntime_over_while_the_voice_plays(call: Stage) -> None:
    call.answered(conntime=30)
    call.wait(40)


@ends(10007, 10040, duration=3, billsec=2)
def a_voice_that_cannot_be_played(call: Stage) -> None:
    call.answered()
    call.wait(2)
    call.model.voice_fails(call.customer, call.stream)


# --- agents are wanted ------------------------------------------------------------------------------------------------


@ends(10001, 10041, duration=3, billsec=6, userkey="1", states=(*RANG, *LOST))
def the_customer_hangs_up_while_agents_ring(call: Stage) -> None:
    call.transferred()
    call.wait(2)
    call.hang_up()


@ends(10001, 10041, duration=3, billsec=0, userkey="1")
def the_customer_hangs_up_between_the_key_and_the_first_ring(call: Stage) -> None:
    call.answered()
    call.press()
    call.hang_up()


@ends(10008, 10040, duration=3, billsec=4, userkey="1")
def no_member_registered(call: Stage) -> None:
    call.answered("1@nobody")
    call.wait(4)
    call.press()


@ends(10008, 10040, duration=3, billsec=15)
def no_member_of_the_no_key_group_registered(call: Stage) -> None:
    call.answered("1@sales,@nobody")
    call.wait(10)
    call.voice_ends()
    call.wait(9)


@ends(10008, 10040, duration=3, billsec=10)
def no_member_registered_where_no_key_leads_anywhere(call: Stage) -> None:
    call.answered("@nobody")
    call.wait(10)
    call.voice_ends()


@ends(10005, 10040, duration=3, billsec=64, userkey="1", states=(*RANG, *LOST))
def no_agent_answers_within_the_waiting_time(call: Stage) -> None:
    """Two are rung 20 s, 5 s later again, without a ring, and again; the group's time is 60 s."""
    call.transferred()
    call.wait(70)


@ends(10005, 10040, duration=3, billsec=64, userkey="1")
def all_agents_refuse_until_the_waiting_time_is_over(call: Stage) -> None:
    call.answered()
    call.wait(4)
    call.press()
    for _ in range(60):
        for phone in call.model.phones.those(CallState.EARLY):
            call.model.agent_refuses(phone, 486)
        call.wait(1)


@ends(10011, 10040, duration=3, billsec=30, userkey="1", states=(*RANG, *LOST))
def conntime_over_while_agents_are_rung(call: Stage) -> None:
    call.transferred(conntime=30)
    call.wait(40)


# --- an agent spoke ---------------------------------------------------------------------------------------------------


@ends(10001, 10041, duration=3, billsec=19, userkey="1", extension="20280003", states=TALKED)
def the_customer_hangs_up_while_talking(call: Stage) -> None:
    call.talking()
    call.hang_up()


@ends(10001, 10040, duration=3, billsec=19, userkey="1", extension="20280003", states=TALKED)
def the_agent_hangs_up(call: Stage) -> None:
    call.talking()
    call.model.agent_hangs_up(call.agent())


@ends(10011, 10040, duration=3, billsec=60, userkey="1", extension="20280003", states=TALKED)
def conntime_over_while_talking(call: Stage) -> None:
    """It runs from the customer's answer, not from the agent's."""
    call.talking(conntime=60)
    call.wait(60)


@ends(10011, 10040, duration=3, billsec=19, userkey="1", extension="20280003", states=TALKED)
def silence_while_talking(call: Stage) -> None:
    call.talking()
    call.model.falls_silent(call.customer, call.stream)


# --- the server ends it -----------------------------------------------------------------------------------------------


@ends(10007, 10007, duration=2)
def a_stop_while_it_rings(call: Stage) -> None:
    call.ask()
    call.wait(2)
    call.model.stop(down=0)


@ends(10007, 10040, duration=3, billsec=2)
def a_stop_while_the_voice_plays(call: Stage) -> None:
    call.answered()
    call.wait(2)
    call.model.stop(down=0)


@ends(10007, 10040, duration=3, billsec=19, userkey="1", extension="20280003", states=TALKED)
def a_stop_while_talking(call: Stage) -> None:
    call.talking()
    call.model.stop(down=0)


@ends(10007, 10007, duration=2)
def media_gone_while_it_rings(call: Stage) -> None:
    call.ask()
    call.wait(2)
    call.model.media_die()


@ends(10007, 10040, duration=3, billsec=2)
def media_gone_while_the_voice_plays(call: Stage) -> None:
    call.answered()
    call.wait(2)
    call.model.media_die()


@ends(10007, 10040, duration=3, billsec=4, userkey="1", states=(*RANG, *LOST))
def media_gone_while_agents_ring(call: Stage) -> None:
    call.transferred()
    call.model.media_die()


@ends(10007, 10040, duration=3, billsec=19, userkey="1", extension="20280003", states=TALKED)
def media_gone_while_talking(call: Stage) -> None:
    call.talking()
    call.model.media_die()


@ends(10007, 10007, duration=20)
def a_crash_while_it_rings(call: Stage) -> None:
    """Its end is the last heartbeat, which the model has each 20 s."""
    call.ask()
    call.wait(25)
    call.model.crash(landed=True, down=30, twice=False)


@ends(10007, 10040, duration=3, billsec=17, userkey="1", extension="20280003", states=TALKED)
def a_crash_while_talking(call: Stage) -> None:
    call.talking()
    call.wait(3)
    call.model.crash(landed=True, down=30, twice=False)


# --- what is compared -------------------------------------------------------------------------------------------------


def moment(seconds: int | None) -> str:
    """How a record writes the instant so many seconds after the request; None if it never came."""
    if seconds is None:
        return ""
    at = EPOCH + timedelta(seconds=ACCEPTED_AT + seconds)
    return f"{at.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"


def whole_record(ended: Ended, uuid: str, number: str) -> dict[str, object]:
    """The record, field by field in the order of the contract."""
    answered = None if ended.billsec is None else ended.waited + ended.duration
    return {
        "answertime": moment(answered),
        "hangupcause": ended.cause,
        "duration": ended.duration,
        "id": 1,
        "extnumber": ended.extension,
        "uuid": uuid,
        "downloadip": "127.0.0.1",
        "customuuid": "c1",
        "chengshudu": "1",
        "callmethod": 6,
        "recordfilename": "",
        "companycode": 2028,
        "memberid": "0",
        "hangupdirection": ended.direction,
        "billsec": ended.billsec or 0,
        "endtime": moment(ended.waited + ended.duration + (ended.billsec or 0)),
        "starttime": moment(ended.waited),
        "type": "callout",
        "disnumber": "2120280001",
        "crmid": ended.extension or "0",
        "userkey": ended.userkey,
        "destnumber": number,
    }


@pytest.mark.parametrize(("story", "ended"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_a_call_that_ends_so_has_the_record_of_the_contract(stage: Stage, story: Story, ended: Ended) -> None:
    story(stage)
    stage.model.settle()
    (asked,) = stage.model.asked.values()
    record = owed(stage.model.store)[-1]
    assert list(record.items()) == list(whole_record(ended, asked.uuid, asked.number).items())
    assert tuple(stage.states()) == ended.states


STATUSES = [
    300, 305, 380, 400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 415, 416, 420, 421, 423, 480, 481, 482, 483, 484,
    485, 486, 487, 488, 491, 499, 500, 503, 504, 513, 580, 599, 600, 603, 604, 606, 607, 608, 699,
]  # fmt: skip


def test_every_kind_of_final_answer_is_the_record_of_a_whole_call(stage: Stage) -> None:
    """Both trunks give it where the second is asked at all."""
    for status in STATUSES:
        before = len(stage.model.carrier.calls)
        stage.ask()
        refusal = refusal_of(status)
        stage.refuse(status)
        if refusal.next is not Next.NOTHING:
            stage.refuse(status)
        record = owed(stage.model.store)[-1]
        assert record["uuid"] == list(stage.model.asked.values())[-1].uuid, f"{status} ends the call"
        assert (record["hangupcause"], record["hangupdirection"]) == (refusal.cause, refusal.cause), status
        tried = len(stage.model.carrier.calls) - before
        assert tried == (1 if refusal.next is Next.NOTHING else 2), f"trunks that were tried after {status}"
