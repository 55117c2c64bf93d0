"""What happens is counted by cause, by company and by result."""

import pytest
from tests.unit.calls.test_ledger import END

from playvoice.callbacks.tables import State
from playvoice.codes import HangupCause
from playvoice.media.protocol import ClockPace
from playvoice.monitoring.events import Events


def value(events: Events, name: str, **labels: str) -> float | None:
    return events.registry.get_sample_value(name, labels)


def test_each_cause_is_there_before_its_first_call() -> None:
    causes = {
        sample.labels["cause"]: sample.value
        for metric in Events().registry.collect()
        for sample in metric.samples
        if sample.name == "playvoice_calls_ended_total"
    }
    assert causes == {str(int(cause)): 0 for cause in HangupCause}


def test_a_call_counts_under_its_cause_and_under_its_company() -> None:
    events = Events()
    events.know(["2028", "9017"])
    events.call_ended("2028", END)
    assert value(events, "playvoice_calls_ended_total", cause="10001", text="normal") == 1
    assert value(events, "playvoice_company_calls_ended_total", company="2028", answered="yes") == 1
    assert value(events, "playvoice_company_calls_ended_total", company="9017", answered="no") == 0, (
        "Prometheus sees no increase in a series that begins at 1"
    )


@pytest.mark.parametrize("state", State)
def test_every_state_that_an_attempt_leads_to_is_a_result(state: State) -> None:
    events = Events()
    events.know(["2028"])
    events.callback_attempted("2028", state)
    result = "failed" if state is State.PENDING else state.value
    assert value(events, "playvoice_callback_attempts_total", company="2028", result=result) == 1
    assert value(events, "playvoice_callback_attempts_total", company="2028", result="other") is None
    results = [
        sample.value
        for metric in events.registry.collect()
        for sample in metric.samples
        if sample.name == "playvoice_callback_attempts_total"
    ]
    assert sorted(results) == [0, 0, 0, 0, 1], "the others are there before they happen"
    (told,) = (each.documentation for each in events.registry.collect() if each.name == "playvoice_callback_attempts")
    assert result in told


def test_the_clock_is_added_up_over_its_seconds() -> None:
    events = Events()
    events.clock_kept(ClockPace(ticks=200, longest_us=1_500, late=0, skipped=0, worst_us=0))
    events.clock_kept(ClockPace(ticks=196, longest_us=30_000, late=2, skipped=4, worst_us=25_000))
    assert value(events, "playvoice_media_ticks_total") == 396
    assert value(events, "playvoice_media_late_ticks_total") == 2
    assert value(events, "playvoice_media_skipped_ticks_total") == 4
    assert value(events, "playvoice_media_longest_tick_seconds_bucket", le="0.002") == 1
    assert value(events, "playvoice_media_longest_tick_seconds_bucket", le="0.05") == 2


def test_no_counter_has_a_second_series_of_when_it_began() -> None:
    names = {sample.name for metric in Events().registry.collect() for sample in metric.samples}
    assert not [name for name in names if name.endswith("_created")]
