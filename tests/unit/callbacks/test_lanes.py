from datetime import UTC, datetime, timedelta

import pytest

from playvoice.callbacks.lanes import (
    FEWEST_CALLS,
    MAX_CALLS,
    MAX_CALLS_OF_LANE,
    REFILL_BELOW,
    REFILL_CALLS,
    WAITING_FOR_FAILING,
    Lanes,
    Refill,
    Waiting,
)
from playvoice.callbacks.sweeps import Cursor
from playvoice.callbacks.tables import CallbackKind

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)
STATUS, CDR = CallbackKind
FROM_AT = Cursor(AT, 0)


class Queues:
    """What waits for the addresses, and which of them fail."""

    def __init__(self, *failing: tuple[str, CallbackKind]) -> None:
        self.failing = failing
        self.waiting: dict[tuple[str, CallbackKind], int] = {}

    def __call__(self, code: str, kind: CallbackKind) -> Waiting:
        return self.waiting.get((code, kind), 0), (code, kind) in self.failing


def lanes(queues: Queues | None = None) -> Lanes:
    return Lanes(queues or Queues())


def enter(room: Lanes, calls: int, code: str = "1") -> None:
    for _ in range(calls):
        room.call_entered(code)
        room.callback_entered(code)


def leave(room: Lanes, calls: int, code: str = "1") -> None:
    for _ in range(calls):
        room.callback_left(code)
        room.call_left(code, [])


def test_a_lane_is_refilled_when_it_is_due_and_not_before() -> None:
    room = lanes()
    room.ask("1", CDR, LATER)
    assert (room.next_ask(), room.next_refill(AT)) == (LATER, None)
    assert room.next_refill(LATER) == Refill("1", CDR, Cursor(LATER, 0), REFILL_CALLS)
    assert room.next_refill(LATER) is None


def test_the_sooner_of_two_asks_counts() -> None:
    room = lanes()
    for due in (LATER, AT, LATER):
        room.ask("1", CDR, due)
    assert room.next_refill(AT) == Refill("1", CDR, FROM_AT, REFILL_CALLS)
    assert room.next_refill(LATER) is None


def test_a_lane_goes_on_behind_what_was_read_and_before_what_is_asked_for_meanwhile() -> None:
    room = lanes()
    room.ask("1", CDR, AT)
    refill = room.next_refill(LATER)
    assert refill is not None
    room.refilled(refill, Cursor(AT, 7), LATER)
    assert room.next_refill(AT) is None, "others have their turn first"
    refill = room.next_refill(LATER)
    assert refill == Refill("1", CDR, Cursor(AT, 7), REFILL_CALLS)
    room.ask("1", CDR, AT)
    room.refilled(refill, Cursor(LATER, 9), LATER)
    assert room.next_refill(LATER) == Refill("1", CDR, FROM_AT, REFILL_CALLS)


def test_a_kind_with_as_many_waiting_as_may_is_refilled_when_it_has_room_again() -> None:
    queues = Queues()
    room = lanes(queues)
    queues.waiting["1", CDR] = REFILL_BELOW
    room.ask("1", CDR, AT)
    assert room.next_refill(AT) is None
    assert room.next_ask() is None
    queues.waiting["1", CDR] -= 1
    room.made_room("1")
    assert room.next_refill(AT) == Refill("1", CDR, FROM_AT, REFILL_CALLS)


def test_of_many_lanes_each_is_refilled_with_no_more_than_may_wait_and_half_of_it_at_once() -> None:
    queues = Queues()
    room = lanes(queues)
    for number in range(MAX_CALLS // FEWEST_CALLS):
        enter(room, 1, str(number))
    most = FEWEST_CALLS // 2
    room.ask("1", CDR, AT)
    queues.waiting["1", CDR] = most // 2
    assert room.next_refill(AT) is None
    queues.waiting["1", CDR] -= 1
    room.made_room("1")
    assert room.next_refill(AT) == Refill("1", CDR, FROM_AT, most - most // 2 + 1)


def test_a_kind_whose_address_fails_gets_little_and_keeps_the_other_from_nothing() -> None:
    queues = Queues(("1", STATUS))
    room = lanes(queues)
    room.ask("1", STATUS, AT)
    assert room.next_refill(AT) == Refill("1", STATUS, FROM_AT, WAITING_FOR_FAILING)
    queues.waiting["1", STATUS] = WAITING_FOR_FAILING
    room.ask("1", STATUS, AT)
    room.ask("1", CDR, AT)
    assert room.next_refill(AT) == Refill("1", CDR, FROM_AT, REFILL_CALLS)
    assert room.next_refill(AT) is None
    assert room.is_full("1", STATUS)
    assert not room.has_room("1", [STATUS], AT)
    assert room.has_room("1", [STATUS, CDR], AT)


def test_a_fresh_call_waits_in_the_store_while_older_ones_of_all_its_kinds_do() -> None:
    room = lanes()
    assert room.has_room("1", [CDR], AT)
    room.ask("1", CDR, AT)
    assert not room.has_room("1", [CDR], AT)
    assert room.has_room("1", [STATUS, CDR], AT)
    room.ask("2", CDR, LATER)
    assert room.has_room("2", [CDR], AT)


def test_the_bounds_are_of_a_lane_and_of_all_together() -> None:
    room = lanes()
    enter(room, MAX_CALLS_OF_LANE - 1)
    assert room.has_room("1", [CDR], AT)
    enter(room, 1)
    assert not room.has_room("1", [CDR], AT)
    for number in range(2, 102):
        enter(room, 1, str(number))
    enter(room, MAX_CALLS // 101 - 1, "2")
    assert not room.has_room("2", [CDR], AT)
    assert room.has_room("3", [CDR], AT)


def test_one_address_may_have_half_of_a_lane_waiting_for_it() -> None:
    queues = Queues()
    room = lanes(queues)
    queues.waiting["1", CDR] = MAX_CALLS_OF_LANE // 2 - 1
    assert not room.is_full("1", CDR)
    queues.waiting["1", CDR] += 1
    assert room.is_full("1", CDR)
    for number in range(MAX_CALLS // FEWEST_CALLS):
        enter(room, 1, str(number))
    queues.waiting["1", CDR] = FEWEST_CALLS // 2
    assert room.is_full("1", CDR)


def test_a_lane_with_nothing_here_and_nothing_there_is_forgotten() -> None:
    room = lanes()
    enter(room, 1)
    leave(room, 1)
    room.ask("2", CDR, AT)
    refill = room.next_refill(AT)
    assert refill is not None
    room.refilled(refill, None, AT)
    assert len(room) == 0


def test_a_call_that_is_left_to_the_store_is_asked_for_when_the_first_of_it_is_due() -> None:
    room = lanes()
    enter(room, 1)
    room.callback_entered("1")
    room.call_left("1", [(CDR, LATER + timedelta(seconds=1)), (CDR, LATER)])
    assert room.next_ask() == LATER


def test_times_that_do_not_count_any_more_are_not_kept() -> None:
    room = lanes()
    for second in range(10_000):
        at = AT + timedelta(seconds=second)
        room.ask("1", CDR, AT + timedelta(days=1))
        room.ask("1", CDR, at)
        assert room.next_refill(at) is not None
    assert len(room._asks) < 200
    room.ask("2", CDR, LATER)
    assert room.next_ask() == LATER


def test_past_so_many_callbacks_a_lane_has_one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playvoice.callbacks.lanes.MAX_CALLBACKS", 1_000)
    room = lanes()
    room.call_entered("1")
    for _ in range(1_000):
        room.callback_entered("1")
    assert not room.has_room("1", [CDR], AT)
    assert room.has_room("2", [CDR], AT)
    enter(room, 1, "2")
    assert not room.has_room("2", [CDR], AT)
    room.ask("1", CDR, AT)
    assert room.next_refill(AT) is None
    room.call_left("1", [(CDR, LATER)] * 1_000)
    assert room.has_room("2", [CDR], AT)
    assert room.next_refill(AT) is not None
