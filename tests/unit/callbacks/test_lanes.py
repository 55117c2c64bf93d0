from datetime import UTC, datetime, timedelta

import pytest

from playvoice.callbacks.lanes import (
    FAILING_LANE_CALLS,
    MAX_CALLS,
    MAX_CALLS_OF_LANE,
    REFILL_BELOW,
    REFILL_CALLS,
    Lanes,
    Refill,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)


def lanes(*failing: str) -> Lanes:
    return Lanes(lambda code: code in failing)


def enter(room: Lanes, calls: int, code: str = "1") -> None:
    for _ in range(calls):
        room.call_entered(code)
        room.callback_entered(code)


def leave(room: Lanes, calls: int, code: str = "1") -> None:
    for _ in range(calls):
        room.callback_left(code)
        room.call_left(code, loaded_at=AT, due=[], at=AT)


def test_a_lane_is_refilled_when_it_is_due_and_not_before() -> None:
    room = lanes()
    room.ask("1", LATER)
    assert (room.next_ask(), room.next_refill(AT)) == (LATER, None)
    assert room.next_refill(LATER) == Refill("1", REFILL_CALLS)
    assert room.next_refill(LATER) is None


def test_the_sooner_of_two_asks_counts() -> None:
    room = lanes()
    room.ask("1", LATER)
    room.ask("1", AT)
    room.ask("1", LATER)
    assert room.next_refill(AT) == Refill("1", REFILL_CALLS)
    assert room.next_refill(LATER) is None


def test_what_is_in_memory_is_asked_for_in_addition() -> None:
    room = lanes()
    enter(room, 10)
    room.ask("1", AT)
    assert room.next_refill(AT) == Refill("1", 10 + REFILL_CALLS)


def test_a_full_lane_is_refilled_when_it_has_room_again() -> None:
    room = lanes()
    enter(room, REFILL_BELOW)
    room.ask("1", AT)
    assert room.next_refill(AT) is None
    leave(room, 1)
    assert room.next_refill(AT) == Refill("1", REFILL_BELOW - 1 + REFILL_CALLS)


def test_a_lane_whose_address_fails_gets_little() -> None:
    room = lanes("1")
    room.ask("1", AT)
    assert room.next_refill(AT) == Refill("1", FAILING_LANE_CALLS)
    enter(room, FAILING_LANE_CALLS)
    room.ask("1", AT)
    assert room.next_refill(AT) is None
    assert not room.has_room("1", AT)


def test_a_fresh_call_waits_in_the_store_while_older_ones_do() -> None:
    room = lanes()
    assert room.has_room("1", AT)
    room.ask("1", AT)
    assert not room.has_room("1", AT)
    room.ask("2", LATER)
    assert room.has_room("2", AT)


def test_the_bounds_are_of_a_lane_and_of_all_together() -> None:
    room = lanes()
    enter(room, MAX_CALLS_OF_LANE - 1)
    assert room.has_room("1", AT)
    enter(room, 1)
    assert not room.has_room("1", AT)
    for number in range(2, 102):
        enter(room, 1, str(number))
    enter(room, MAX_CALLS // 101 - 1, "2")
    assert not room.has_room("2", AT)
    assert room.has_room("3", AT)


def test_a_lane_with_nothing_here_and_nothing_there_is_forgotten() -> None:
    room = lanes()
    enter(room, 1)
    leave(room, 1)
    room.ask("2", AT)
    room.next_refill(AT)
    room.refilled("2", None)
    assert len(room) == 0


def test_a_call_that_is_left_to_the_store_is_asked_for_when_the_first_of_it_is_due() -> None:
    room = lanes()
    room.call_entered("1")
    room.callback_entered("1")
    room.call_left("1", loaded_at=AT, due=[LATER], at=AT)
    assert room.next_ask() == LATER


def test_a_call_that_a_sweep_may_have_made_due_is_asked_for_at_once() -> None:
    room = lanes()
    room.call_entered("1")
    room.callback_entered("1")
    room.swept("1", AT)
    assert room.next_refill(AT) is not None
    room.call_left("1", loaded_at=AT, due=[LATER], at=AT)
    assert room.next_ask() == AT


def test_times_that_do_not_count_any_more_are_not_kept() -> None:
    room = lanes()
    for second in range(10_000):
        at = AT + timedelta(seconds=second)
        room.ask("1", AT + timedelta(days=1))
        room.ask("1", at)
        assert room.next_refill(at) is not None
    assert len(room._asks) < 200
    room.ask("2", LATER)
    assert room.next_ask() == LATER


def test_past_so_many_callbacks_a_lane_has_one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playvoice.callbacks.lanes.MAX_CALLBACKS", 1_000)
    room = lanes()
    room.call_entered("1")
    for _ in range(1_000):
        room.callback_entered("1")
    assert not room.has_room("1", AT)
    assert room.has_room("2", AT)
    enter(room, 1, "2")
    assert not room.has_room("2", AT)
    room.ask("1", AT)
    assert room.next_refill(AT) is None
    room.call_left("1", loaded_at=AT, due=[LATER] * 1_000, at=AT)
    assert room.has_room("2", AT)
    assert room.next_refill(AT) is not None
