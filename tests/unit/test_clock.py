"""A call's clock: a jump of the wall clock changes no duration."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from playvoice import clock
from playvoice.clock import Clock, ClockSettings


def test_instants_follow_the_monotonic_clock_and_not_a_wall_clock_that_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    monotonic, wall = [100.0], [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)]
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: monotonic[0]))
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=lambda _zone: wall[0]))
    made = Clock()
    began = made.at()
    assert began == wall[0]
    monotonic[0] += 13.5
    wall[0] += timedelta(hours=1)
    assert made.now() == 113.5
    assert made.at() - began == timedelta(seconds=13.5)


def test_a_clock_that_is_made_now_tells_the_time_of_now() -> None:
    before = datetime.now(UTC)
    at = Clock().at()
    assert before <= at <= datetime.now(UTC) + timedelta(milliseconds=1)
    assert at.tzinfo is UTC


def test_a_wall_clock_that_is_set_is_noticed_once_and_one_that_runs_is_not() -> None:
    monotonic, wall = [100.0], [datetime(2026, 1, 2, tzinfo=UTC)]
    settings = ClockSettings(lambda: wall[0], lambda: monotonic[0])

    def passes(seconds: float, step: float = 0.0) -> None:
        monotonic[0] += seconds
        wall[0] += timedelta(seconds=seconds + step)

    passes(3600)
    assert settings.step() == timedelta()
    passes(10, -3600)
    assert settings.step() == timedelta(hours=-1)
    passes(10)
    assert settings.step() == timedelta()
    passes(0, 3600)
    assert settings.step() == timedelta(hours=1)
    passes(0, 0.6)
    assert settings.step() == timedelta()
    passes(0, 0.6)
    assert settings.step() == timedelta(seconds=1.2), "many small steps are a large one"
