"""A call is as old as the time that has passed, whatever the wall clock says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from playvoice import clock
from playvoice.calls.ages import MOST_STEPS, Ages
from playvoice.calls.ledger import StoredCall

START = datetime(2026, 1, 2, tzinfo=UTC)


class Time:
    """Both clocks of a machine."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 100.0, START

    def passes(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += timedelta(seconds=seconds)

    def is_set(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: made.monotonic))
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=lambda _zone: made.wall))
    return made


def stored_call(number: int, accepted_at: datetime) -> StoredCall:
    return StoredCall(number, "uuid", "2028", accepted_at, *("1",) * 9, 60, 600)  # type: ignore[arg-type]


def accept(ages: Ages, number: int, time: Time) -> Callable[[], float]:
    stored = stored_call(number, time.wall)
    ages.accepted(stored)
    return lambda: ages.of(stored).total_seconds()


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_that_is_set_makes_no_call_older_or_younger(time: Time, step: float) -> None:
    ages = Ages()
    first = accept(ages, 1, time)
    time.passes(10)
    time.is_set(step)
    second = accept(ages, 2, time)
    time.passes(5)
    assert (first(), second()) == (15, 5)
    time.is_set(-step)
    time.passes(1)
    assert (first(), second()) == (16, 6)
    assert accept(ages, 3, time)() == 0


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_that_is_set_while_calls_are_being_stored_makes_them_no_older_or_younger(
    time: Time, step: float
) -> None:
    ages = Ages()
    before = [stored_call(number, time.wall) for number in (1, 2)]
    time.passes(4)
    time.is_set(step)
    after = stored_call(3, time.wall)
    time.passes(2)
    for stored in (*before, after):
        ages.accepted(stored)
    time.passes(10)
    assert [ages.of(stored).total_seconds() for stored in (*before, after)] == [16, 16, 12]


def test_calls_of_an_earlier_process_are_told_by_the_wall_clock(time: Time) -> None:
    stored = stored_call(1, START - timedelta(minutes=5))
    ages = Ages()
    ages.accepted(stored)
    time.passes(60)
    assert ages.of(stored) == timedelta(minutes=6)
    time.is_set(3600)
    assert ages.of(stored) == timedelta(minutes=6)


def test_a_clock_that_is_set_all_the_time_fills_no_memory(time: Time) -> None:
    ages = Ages()
    for number in range(MOST_STEPS + 50):
        time.is_set(60)
        accept(ages, number, time)
    assert repr(ages) == f"<Ages of calls to {MOST_STEPS + 49}, the clock was set {MOST_STEPS} times>"
    assert accept(ages, 1_000, time)() == 0
