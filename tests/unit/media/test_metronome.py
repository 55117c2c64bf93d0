import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.metronome import MAX_BEHIND, PHASES, TICK, Metronome, Pace


def ticks_until(metronome: Metronome, now: float) -> list[int]:
    numbers = []
    while (number := metronome.begin(now)) is not None:
        numbers.append(number)
    return numbers


def test_tick_n_is_due_at_start_plus_n_times_5_ms_whatever_came_before() -> None:
    metronome = Metronome(100.0)
    assert metronome.begin(100.0) == 0
    assert metronome.begin(100.004) is None
    assert metronome.due == 100.005
    assert metronome.begin(100.0058) == 1
    assert metronome.due == 100.010


def test_a_short_delay_is_made_up_for_at_once() -> None:
    metronome = Metronome(0.0)
    assert ticks_until(metronome, 0.041) == list(range(9))
    assert metronome.due == 9 * TICK


def test_a_long_stop_is_skipped_in_whole_rounds_so_that_every_phase_loses_as_much() -> None:
    metronome = Metronome(0.0)
    assert metronome.begin(0.0) == 0
    done = ticks_until(metronome, 1.0)
    assert done[0] % PHASES == 1
    assert len(done) <= PHASES + 1
    assert done[-1] == 200


def test_late_and_skipped_ticks_are_told_once() -> None:
    metronome = Metronome(0.0)
    assert metronome.take_pace() == Pace(ticks=0, longest=0.0, late=0, skipped=0, worst=0.0)
    ticks_until(metronome, 0.5)
    pace = metronome.take_pace()
    assert (pace.skipped, pace.worst) == (100, 0.5)
    assert 0 < pace.late <= pace.ticks
    assert metronome.take_pace() == Pace(ticks=0, longest=0.0, late=0, skipped=0, worst=0.0)


def test_the_longest_tick_is_told() -> None:
    metronome = Metronome(0.0)
    for number, seconds in enumerate((0.001, 0.003, 0.002)):
        metronome.begin(number * TICK)
        metronome.end(number * TICK, number * TICK + seconds)
    assert metronome.take_pace().longest == pytest.approx(0.003)


def test_a_rest_is_no_delay() -> None:
    metronome = Metronome(0.0)
    metronome.resume(3600.001)
    assert metronome.begin(3600.001) is None
    assert metronome.begin(3600.006) == 720_001
    assert metronome.take_pace().late == 0


@given(st.lists(st.floats(min_value=0, max_value=0.3), max_size=60))
def test_ticks_only_rise_and_never_burst_beyond_the_bound(waits: list[float]) -> None:
    metronome = Metronome(0.0)
    now, last = 0.0, -1
    for wait in waits:
        now += wait
        numbers = ticks_until(metronome, now)
        assert len(numbers) <= MAX_BEHIND / TICK + 1
        assert all(later > earlier for earlier, later in zip([last, *numbers], numbers, strict=False))
        last = numbers[-1] if numbers else last
        assert 0 < metronome.due - now <= TICK + 1e-9
