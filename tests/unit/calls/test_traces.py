"""What is gathered of calls in memory, and its bounds."""

from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from playvoice import clock as clock_module
from playvoice.calls import traces as module
from playvoice.calls.trace_parts import Note
from playvoice.calls.traces import LATE, CallTrace, Traces
from playvoice.clock import Clock
from playvoice.sip import Flow, Transport

FLOW = Flow(Transport.UDP, ("192.0.2.9", 5080), ("192.0.2.1", 5060))


class Bench:
    """Traces on a time that is a number, and what they hand over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, keep: bool = True, max_held: int = 10_000) -> None:
        self.now = 100.0
        monkeypatch.setattr(clock_module, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.handed: list[CallTrace] = []
        self.traces = Traces(self.handed.append, keep=keep, max_held=max_held)

    def call(self, *call_ids: str) -> CallTrace:
        trace = self.traces.begin("uuid", Clock())
        for call_id in call_ids:
            trace.follow(call_id)
        return trace

    def message(self, call_id: str = "a", octets: int = 0) -> None:
        data = f"BYE x SIP/2.0\r\nCall-ID: {call_id}\r\n\r\n".encode() + b"x" * octets
        self.traces(data, FLOW, sent=True, now=self.now)

    def taken(self) -> list[int]:
        """How many messages each trace has that was handed over."""
        taken, self.handed[:] = [trace.take() for trace in self.handed], []
        for raw in taken:
            raw.free(raw.octets)
        return [len(raw.messages) for raw in taken]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_call_is_handed_over_once_it_is_over_and_all_its_legs_have_ended(bench: Bench) -> None:
    trace = bench.call("a", "b")
    bench.message("a")
    bench.message("b")
    bench.message("of another call")
    bench.traces.ended("b")
    trace.end()
    assert bench.taken() == []
    bench.message("a")
    bench.traces.ended("a")
    assert bench.taken() == [3]


def test_a_call_whose_legs_end_first_is_handed_over_with_its_end(bench: Bench) -> None:
    trace = bench.call("a")
    bench.traces.ended("a")
    assert bench.taken() == []
    trace.end()
    assert bench.taken() == [0]


def test_what_comes_late_is_handed_over_too_and_no_more_after_a_while(bench: Bench) -> None:
    trace = bench.call("a")
    trace.end()
    bench.traces.ended("a")
    assert bench.taken() == [0]
    bench.now += LATE - 1
    bench.message()
    bench.message()
    assert bench.taken() == [2]
    bench.now += 2
    bench.call("b")
    bench.message()
    assert bench.taken() == []


def test_messages_beyond_the_bounds_of_a_call_are_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGES", 2)
    trace = bench.call("a")
    for _ in range(5):
        bench.message()
    raw = trace.take()
    assert (len(raw.messages), raw.left_out) == (2, 3)


def test_octets_beyond_the_bounds_of_a_call_are_left_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OCTETS", 100)
    monkeypatch.setattr(module, "MAX_MESSAGES", 10)
    trace = bench.call("a")
    bench.message(octets=5_000)
    bench.message()
    raw = trace.take()
    assert (len(raw.messages), raw.left_out) == (1, 1)


def test_no_more_is_held_in_all_than_there_is_room_for_until_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, max_held=1_500)
    first, second = bench.call("a"), bench.call("b")
    bench.message("a", octets=1_000)
    bench.message("b", octets=1_000)
    assert (len(first.take().messages), second.take().left_out) == (1, 1)
    bench.traces.free(1_292)
    bench.message("b", octets=1_000)
    assert len(second.take().messages) == 1


def test_notes_have_a_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_NOTES", 2)
    trace = bench.call("a")
    for number in range(3):
        trace.note("key_pressed", {"key": str(number)})
    assert [values["key"] for _, _, values in trace.take().notes] == ["0", "1"]


def test_switched_off_nothing_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, keep=False)
    trace = bench.call("a")
    trace.note("key_pressed", {"key": "1"})
    bench.message()
    trace.end()
    bench.traces.ended("a")
    assert bench.handed == []
    assert repr(bench.traces) == "<Traces of 0 legs, 0 octets>"


def test_a_watcher_that_fails_costs_the_call_and_the_other_watchers_nothing(bench: Bench) -> None:
    heard: list[Note] = []

    def fail(_note: Note) -> None:
        raise RuntimeError("the terminal is gone")

    bench.traces.watch("uuid", fail)
    bench.traces.watch("uuid", heard.append)
    trace = bench.call("a")
    with capture_logs() as log:
        trace.note("invite_sent", {"trunk": "carrier"})
    assert [note.event for note in heard] == [note.event for note in trace.notes] == ["invite_sent"]
    assert [(line["event"], line["uuid"]) for line in log] == [("watcher_failed", "uuid")]


def test_legs_that_have_ended_are_not_counted_as_followed(bench: Bench) -> None:
    bench.call("a", "b")
    bench.traces.ended("a")
    assert bench.traces.followed == 1
    bench.traces.ended("b")
    bench.traces.ended("b")
    assert bench.traces.followed == 0
