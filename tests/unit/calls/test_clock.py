"""A call's clock: a jump of the wall clock changes no duration."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from playvoice.calls import clock
from playvoice.calls.clock import Clock


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
