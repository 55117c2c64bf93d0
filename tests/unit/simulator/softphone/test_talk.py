"""What is kept of a call: keys up to a bound, and what is to be done, in order of time."""

from typing import cast

from playvoice.simulator.softphone.status import Figures
from playvoice.simulator.softphone.talk import MAX_KEYS_KEPT, Talk, summary
from playvoice.simulator.softphone.terms import Terms
from playvoice.simulator.softphone.voice import Voice
from playvoice.sip import Call


def talk() -> Talk:
    return Talk(cast(Call, None), "200", cast(Voice, None), Terms("192.0.2.1", 4000, (), 1), 0.0)


def test_keys_are_kept_up_to_a_bound() -> None:
    kept = talk()
    for _ in range(MAX_KEYS_KEPT + 5):
        kept.heard("1")
        kept.pressed("2")
    assert (kept.keys_heard, kept.keys_sent) == ("1" * MAX_KEYS_KEPT, "2" * MAX_KEYS_KEPT)


def test_what_is_due_is_done_in_order_of_time_and_once() -> None:
    kept, done = talk(), list[str]()
    for at, name in ((2.0, "b"), (1.0, "a"), (3.0, "c")):
        kept.at(at, lambda _now, name=name: done.append(name))  # type: ignore[misc]
    assert kept.next_deadline() == 1.0
    while (action := kept.take_due(2.0)) is not None:
        action(2.0)
    assert done == ["a", "b"]
    assert kept.next_deadline() == 3.0
    kept.forget_timers()
    assert kept.next_deadline() is None


def test_a_call_without_a_packet_has_lost_none() -> None:
    told = summary(talk(), Figures(), "us", 5.0, "")
    assert (told["loss"], told["codec"], told["seconds"]) == (0.0, "", 0.0)
    assert "recording" not in told
