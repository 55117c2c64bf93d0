"""The line of the phone, each state and each way out of it, against another one on simulated time."""

import random

import pytest
from tests.unit.simulator.softphone.pair import FROM_A, TO_B, A, B, Pair, Side

from playvoice.media.sdp import Direction
from playvoice.simulator.softphone.key_way import KeyWay
from playvoice.simulator.softphone.manner import Manner
from playvoice.simulator.softphone.presses import Press
from playvoice.simulator.softphone.status import State
from playvoice.simulator.softphone.telephone import NotNow
from playvoice.sip import Credentials, IncomingCallReceived, SessionChangeReceived, UserAgent


def states(pair: Pair) -> tuple[State, State]:
    return pair.a.line.state, pair.b.line.state


def direction(side: Side) -> Direction:
    """What a side's audio was told last."""
    return side.voices[-1].started[-1].direction


# --- from ringing to the end ----------------------------------------------------------------------------------------


def test_a_call_rings_is_answered_and_ended_by_who_was_called() -> None:
    pair = Pair()
    pair.dial()
    assert states(pair) == (State.CALLING, State.RINGING)
    pair.run(1.0)
    pair.b.line.answer(pair.now)
    pair.run()
    assert states(pair) == (State.TALKING, State.TALKING)
    assert pair.a.voices[0].begun == pair.b.voices[0].begun == 1
    pair.run(5.0)
    pair.b.line.hang_up(pair.now)
    pair.run()
    assert states(pair) == (State.IDLE, State.IDLE)
    assert pair.a.notes.events == ["calling", "progress", "answered", "ended"]
    assert pair.b.notes.events == ["incoming", "answered", "ended"]
    assert (pair.a.notes.fields("ended")["by"], pair.b.notes.fields("ended")["by"]) == ("them", "us")
    assert pair.a.line.is_quiet
    assert pair.b.line.is_quiet
    assert pair.a.voices[0].ended
    assert pair.b.voices[0].ended
    assert pair.a.line.failure == pair.b.line.failure == ""


def test_the_summary_says_who_how_long_and_what_the_audio_came_to() -> None:
    pair = Pair()
    pair.talk()
    pair.run(3.0)
    pair.a.line.press(pair.now, "12")
    pair.b.voices[0].heard("12", "events")
    pair.a.line.hang_up(pair.now)
    pair.run()
    told = pair.b.notes.fields("ended")
    assert 3.0 <= told.pop("seconds") <= 3.3
    assert told.pop("call")
    assert told == {
        "peer": "Alice 200",
        "by": "them",
        "codec": "PCMA",
        "sent": 100,
        "received": 98,
        "lost": 2,
        "loss": 2.0,
        "jitter": 1.5,
        "keys_heard": "12",
        "keys_sent": "",
        "recording": "a.wav",
    }
    assert pair.a.notes.fields("ended")["keys_sent"] == "12"


def test_the_caller_gives_up_and_the_called_one_has_missed_it() -> None:
    pair = Pair()
    pair.dial()
    pair.a.line.hang_up(pair.now)
    assert pair.a.line.state is State.ENDING
    pair.run()
    assert (pair.a.notes.events[-1], pair.b.notes.events[-1]) == ("cancelled", "missed")
    assert states(pair) == (State.IDLE, State.IDLE)
    assert pair.a.line.failure == "the call was cancelled before its answer"
    assert pair.b.line.failure == "the caller gave up before the answer"


def test_an_answer_that_crosses_our_cancel_is_ended() -> None:
    pair = Pair()
    pair.dial()
    pair.network.delay = 0.05
    pair.a.line.hang_up(pair.now)
    pair.b.line.answer(pair.now)
    pair.run(1.0)
    assert pair.a.notes.events[-1] == "cancelled"
    assert pair.b.notes.events[-1] == "ended"
    assert pair.a.line.is_quiet


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_call_is_refused_by_hand_or_always(by_hand: bool) -> None:
    pair = Pair(b=Manner(reject=None if by_hand else 486))
    pair.dial()
    if by_hand:
        pair.b.line.reject(pair.now)
        pair.run()
    status = 603 if by_hand else 486
    assert pair.a.notes.fields("refused")["status"] == status
    assert pair.b.notes.fields("rejected")["status"] == status
    assert pair.a.line.failure.startswith(f"the call was refused: {status} ")
    assert pair.b.line.failure == ""


def test_it_answers_by_itself_when_it_is_to() -> None:
    pair = Pair(b=Manner(auto_answer=1.5))
    pair.dial()
    assert pair.b.line.next_deadline() == pytest.approx(1.5, abs=0.05)
    pair.run(1.3)
    assert pair.b.line.state is State.RINGING
    pair.run(0.2)
    assert states(pair) == (State.TALKING, State.TALKING)


def test_it_hangs_up_by_itself_so_long_after_the_answer() -> None:
    pair = Pair(a=Manner(hang_up_after=2.0), b=Manner(auto_answer=0.0))
    pair.dial()
    pair.run(1.8)
    assert pair.a.line.state is State.TALKING
    pair.run(0.3)
    assert states(pair) == (State.IDLE, State.IDLE)
    assert pair.a.line.next_deadline() is None


def test_a_second_call_finds_the_line_busy() -> None:
    pair = Pair()
    pair.talk()
    other = UserAgent(generator=random.Random(3))
    pair.network.attach("other", other, ("192.0.2.3", 5060))
    call = other.prepare_invite(target=TO_B, flow=pair.network.flow(("192.0.2.3", 5060), B), from_=FROM_A)
    call.send(pair.now)
    pair.run()
    assert b"SIP/2.0 486 " in b"".join(data for _, _, target, data in pair.network.sent if target == "other")
    assert pair.b.notes.events == ["busy"]
    assert pair.b.line.state is State.TALKING


def test_nobody_answers_and_the_call_fails_in_time() -> None:
    pair = Pair()
    pair.network.loss = 1.0
    pair.dial()
    pair.run(32.5)
    assert pair.a.notes.fields("failed")["why"] == "no answer"
    assert pair.a.line.failure == "the call failed: no answer"


def test_a_call_with_nothing_in_common_is_refused_and_says_why() -> None:
    pair = Pair()
    pair.dial()
    talk = pair.b.line._talk
    assert talk is not None
    talk.call.request.body = talk.call.request.body.replace(b"RTP/AVP 8 0", b"RTP/AVP 9 18")  # type: ignore[attr-defined]
    pair.b.line.answer(pair.now)
    pair.run()
    assert pair.b.notes.fields("rejected")["status"] == 488
    assert "no common codec" in pair.b.line.failure
    assert pair.a.line.failure == "the call was refused: 488 Not Acceptable Here; no common codec: " + (
        "try --codecs PCMU,PCMA, or look at what the far end allows"
    )


def test_an_invite_without_an_offer_gets_ours_and_the_ack_answers_it() -> None:
    pair = Pair()
    other = UserAgent(generator=random.Random(3))
    pair.network.attach("other", other, ("192.0.2.3", 5060))
    call = other.prepare_invite(target=TO_B, flow=pair.network.flow(("192.0.2.3", 5060), B), from_=FROM_A)
    call.send(pair.now)
    pair.run()
    pair.b.line.answer(pair.now)
    pair.run()
    assert pair.b.voices[0].started == []
    answer = b"v=0\r\no=- 1 1 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.3\r\nt=0 0\r\nm=audio 4444 RTP/AVP 0\r\n"
    call.ack(pair.now, answer)
    pair.run()
    assert pair.b.voices[0].started[0].remote == ("192.0.2.3", 4444)
    assert pair.b.line.status(pair.now).codec == "PCMU"


def test_a_call_that_is_challenged_is_sent_with_the_password() -> None:
    pair = Pair()
    pair.a.line.dial(pair.now, TO_B, pair.network.flow(A, B), FROM_A, Credentials("200", "secret"))
    pair.network.run(0.05)
    (event,) = pair.network.take("b")
    assert isinstance(event, IncomingCallReceived)
    challenge = ("WWW-Authenticate", 'Digest realm="b", nonce="n", algorithm=SHA-256, qop="auth"')
    event.call.reject(pair.now, 401, headers=(challenge,))
    pair.run()
    assert pair.b.line.state is State.RINGING
    assert pair.a.line.state is State.CALLING
    talk = pair.b.line._talk
    assert talk is not None
    assert 'username="200"' in talk.call.request.headers["Authorization"]  # type: ignore[attr-defined]


def test_a_challenge_without_a_password_fails_with_what_to_check() -> None:
    pair = Pair(b=Manner(reject=401))
    pair.dial()
    assert pair.a.line.failure == "the call was refused: 401 Unauthorized; check user and password"


# --- keys -----------------------------------------------------------------------------------------------------------


def test_keys_go_by_telephone_events_where_the_answer_has_them() -> None:
    pair = Pair()
    pair.talk()
    pair.a.line.press(pair.now, "1#d")
    assert pair.a.voices[0].events == "1#D"
    assert pair.a.notes.lines[-1][1]["way"] == "events"


def test_keys_go_as_tones_where_the_answer_has_no_telephone_events() -> None:
    pair = Pair(b=Manner(keys=KeyWay.TONES))
    pair.talk()
    pair.a.line.press(pair.now, "5")
    assert (pair.a.voices[0].events, pair.a.voices[0].tones) == ("", "5")


def test_keys_go_by_info_where_that_is_wanted_and_the_far_end_hears_them() -> None:
    pair = Pair(a=Manner(keys=KeyWay.INFO))
    pair.talk()
    pair.a.line.press(pair.now, "5*")
    pair.run()
    assert [fields["keys"] for event, fields in pair.b.notes.lines if event == "key_heard"] == ["5", "*"]
    assert {fields["way"] for event, fields in pair.b.notes.lines} == {"info"}


def test_who_wants_telephone_events_and_nothing_else_is_told_that_there_are_none() -> None:
    pair = Pair(a=Manner(keys=KeyWay.EVENTS), b=Manner(keys=KeyWay.TONES))
    pair.talk()
    with pytest.raises(NotNow, match="--keys info or --keys tones"):
        pair.a.line.press(pair.now, "5")
    assert pair.a.notes.events == []


def test_a_script_presses_each_step_so_long_after_the_one_before() -> None:
    pair = Pair(a=Manner(presses=(Press(1.0, "1"), Press(0.5, "5#"))))
    pair.talk()
    pair.run(0.8)
    assert pair.a.voices[0].events == ""
    pair.run(0.2)
    assert pair.a.voices[0].events == "1"
    pair.run(0.5)
    assert pair.a.voices[0].events == "15#"


# --- hold -----------------------------------------------------------------------------------------------------------


def test_a_call_is_held_and_taken_up_again() -> None:
    pair = Pair()
    pair.talk()
    pair.a.line.hold(pair.now)
    pair.run()
    assert states(pair) == (State.HOLDING, State.TALKING)
    assert (pair.a.notes.fields("held")["by"], pair.b.notes.fields("held")["by"]) == ("us", "them")
    assert direction(pair.a) is Direction.SENDONLY
    assert direction(pair.b) is Direction.RECVONLY
    assert pair.b.line.status(pair.now).is_held
    pair.a.line.hold(pair.now)
    pair.run()
    assert states(pair) == (State.TALKING, State.TALKING)
    assert direction(pair.b) is Direction.SENDRECV
    assert (pair.a.notes.fields("resumed")["by"], pair.b.notes.fields("resumed")["by"]) == ("us", "them")


def test_a_change_meanwhile_is_to_be_tried_again() -> None:
    pair = Pair()
    pair.talk()
    pair.a.line.hold(pair.now)
    with pytest.raises(NotNow, match="try again"):
        pair.a.line.hold(pair.now)
    pair.run()
    assert pair.a.line.state is State.HOLDING


def test_a_hold_that_is_refused_leaves_the_call_as_it_was() -> None:
    pair = Pair()
    pair.talk()
    pair.a.line.hold(pair.now)
    pair.network.run(0.05)
    (event,) = pair.network.take("b")
    assert isinstance(event, SessionChangeReceived)
    event.change.refuse(pair.now)
    pair.run()
    assert pair.a.notes.fields("hold_refused")["status"] == 488
    assert states(pair) == (State.TALKING, State.TALKING)
    pair.a.line.hold(pair.now)
    pair.run()
    assert states(pair) == (State.HOLDING, State.TALKING)


def test_a_held_call_can_be_ended() -> None:
    pair = Pair()
    pair.talk()
    pair.b.line.hold(pair.now)
    pair.run()
    pair.a.line.hang_up(pair.now)
    pair.run()
    assert states(pair) == (State.IDLE, State.IDLE)


# --- what does not fit ----------------------------------------------------------------------------------------------


def test_what_does_not_fit_the_state_changes_nothing() -> None:
    pair = Pair()
    line = pair.a.line
    for action in (line.answer, line.reject, line.hang_up, line.hold, lambda now: line.press(now, "1")):
        with pytest.raises(NotNow):
            action(pair.now)
    pair.dial()
    for action in (line.answer, line.reject, line.hold, lambda now: line.press(now, "1")):
        with pytest.raises(NotNow):
            action(pair.now)
    with pytest.raises(NotNow, match="there is a call already"):
        pair.dial()
    assert states(pair) == (State.CALLING, State.RINGING)
    pair.b.line.answer(pair.now)
    pair.run()
    with pytest.raises(NotNow, match="no keys of a telephone"):
        line.press(pair.now, "x")
    assert states(pair) == (State.TALKING, State.TALKING)


def test_a_name_from_a_stranger_moves_no_cursor() -> None:
    pair = Pair()
    other = UserAgent(generator=random.Random(3))
    pair.network.attach("other", other, ("192.0.2.3", 5060))
    other.core.send(
        b"INVITE sip:100@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.3;branch=z9hG4bKa\r\n"
        b'From: "Eve\x1b[2J" <sip:66@192.0.2.3>;tag=a\r\nTo: <sip:100@192.0.2.2>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n'
        b"Contact: <sip:192.0.2.3>\r\nContent-Length: 0\r\n\r\n",
        pair.network.flow(("192.0.2.3", 5060), B),
    )
    pair.run()
    peer = pair.b.notes.fields("incoming")["peer"]
    assert peer.isprintable()
    assert "66" in peer
