"""A story as a person reads it."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from tests.unit.commands.stories import at, leg, message, note, story

from playvoice.callbacks.history import PastAttempt, PastCallback
from playvoice.callbacks.tables import CallbackKind, State
from playvoice.calls.story import Media
from playvoice.calls.tables import CallState, LegKind, LegState
from playvoice.codes import HangupCause
from playvoice.commands.telling import render

ZONE = ZoneInfo("Asia/Shanghai")


def told(*, whole: bool = False, keep: bool = True, **changes: object) -> str:
    return "\n".join(line.plain for line in render(story(**changes), 60, ZONE, keep=keep, messages=whole))


def test_the_whole_story_of_a_call() -> None:
    callback = PastCallback(
        id=1,
        kind=CallbackKind.CDR,
        state=State.PENDING,
        payload='{"uuid":"x"}',
        created_at=at(20),
        next_attempt=at(86),
        attempts=(
            PastAttempt(at(20.25), None, "Unreachable: refused"),
            PastAttempt(at(26), 500, "HTTP status 500"),
        ),
    )
    text = told(
        legs=(leg("a", media=Media(1_000, 990, 10, 3, True, None, None, None)),),
        messages=(message(0.5, b"INVITE sip:1 SIP/2.0", "CSeq: 1 INVITE"),),
        notes=(note(7, "key_pressed", key="1", way="telephone-event"),),
        callbacks=(callback,),
    )
    assert (
        text
        == """\
Call 11111111-1111-4111-8111-111111111111  record 17, company 2028
ended: 10001 normal, 10041 callee side hung up

2026-01-02 11:04:05  request: call 13812345678, showing 2120280001
  voice file notice.wav, userid 1@sales, waittime 60 s, conntime 600 s
  customuuid order-7
  waited 0.500 s, rang 3.000 s, lasted 16.500 s, key 1, agent 20280003

What happened
         PlayVoice                         carrier
                                           192.0.2.9:5080
   0.500 │─────────────INVITE─────────────>│
   7.000 · key 1 (telephone-event)

Media  packets; times in ms; ~ is an estimate
                        sent  lost there  jitter there  received    lost  jitter   rtt
  carrier               1000           –             –      ~990     ~10      ~3     –

Callbacks
  call record: pending, next attempt 2026-01-02 11:05:31
    after 0.250 s: Unreachable: refused
    after 6.000 s: HTTP status 500"""
    )


def test_each_message_is_shown_whole_where_it_is_wanted() -> None:
    text = told(whole=True, legs=(leg("a"),), messages=(message(0.5, b"ACK sip:1 SIP/2.0", "CSeq: 1 ACK"),))
    assert text.endswith(
        "2026-01-02 11:04:05.500000  ACK to carrier 192.0.2.9:5080 over udp\n  ACK sip:1 SIP/2.0\n  CSeq: 1 ACK\n  \n  "
    )


def test_a_call_that_waits_has_neither_record_nor_legs() -> None:
    text = told(state=CallState.WAITING, cause=None, direction=None, started_at=None, answered_at=None, ended_at=None)
    assert "waiting: it has no record yet" in text
    assert "waited" not in text


def test_it_says_why_there_are_no_messages() -> None:
    legs = (leg("a"),)
    assert "The call runs: its SIP messages" in told(state=CallState.ANSWERED, legs=legs)
    assert "[trace] max_megabytes is 0" in told(keep=False, legs=legs)
    assert "they are too old" in told(legs=legs)


def test_it_says_how_many_messages_are_missing_and_that_no_callback_is_owed() -> None:
    text = told(left_out=7)
    assert "7 more messages were not kept" in text
    assert "none is owed" in text


def test_a_cause_that_says_who_hung_up_stands_once() -> None:
    busy = replace(story(), cause=HangupCause.BUSY, direction=HangupCause.BUSY)
    assert render(busy, 60, ZONE)[1].plain == "ended: 10006 busy"


def test_a_leg_that_was_answered_and_sent_nothing_is_pointed_out() -> None:
    silent = Media(1_000, 0, 0, 0, False, None, None, None)
    assert "no packet came from carrier: nothing of it was heard" in told(
        legs=(leg("a", answered_at=at(1), media=silent),)
    )
    assert "no packet came" not in told(legs=(leg("a", media=silent),))


def test_a_call_that_waits_leads_to_what_it_waits_for() -> None:
    text = told(state=CallState.WAITING, cause=None, callbacks=())
    assert "waiting: it has no record yet; playvoice top says" in text
    assert "none is owed" not in text


def test_a_leg_whose_end_is_not_confirmed_is_what_the_messages_wait_for() -> None:
    agent = leg("b", LegKind.AGENT, state=LegState.ENDING)
    assert "stored when 20280003 has confirmed the end" in told(legs=(leg("a"), agent), messages=())
