"""Whatever fails in whichever moment of a call: it ends with one record, and nothing that it had is left taken.

`PLAYVOICE_MODEL_EXAMPLES` has more courses taken than each time.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.unit.calls.faults import PLACES, Fault, failing
from tests.unit.calls.inside import Inside
from tests.unit.calls.model import Ways
from tests.unit.calls.stored import owed

from playvoice.sip import CallState
from playvoice.store import StoreUnavailable

Course = Callable[[Inside], None]
MANY = "PLAYVOICE_MODEL_EXAMPLES" in os.environ
MOST = 200
"""Moments of a course, beyond which something goes round in circles."""


# --- courses ----------------------------------------------------------------------------------------------------------


def ring(model: Inside) -> None:
    for call in model.carrier.those(CallState.EARLY):
        model.ring(call, 180)


def answer(model: Inside) -> None:
    model.accept("2028", "1@sales", 5, 120, broken=False)
    ring(model)
    for call in model.carrier.those(CallState.EARLY):
        model.answer(call, usable=True)


def transfer(model: Inside) -> None:
    answer(model)
    for call, stream in model.streams():
        model.press(call, stream, "1")
    for phone in model.phones.those(CallState.EARLY):
        model.agent_rings(phone)


def talk(model: Inside) -> None:
    transfer(model)
    model.agents_answer(*model.phones.those(CallState.EARLY))


def nobody_answers(model: Inside) -> None:
    model.accept("1", "1@sales", 5, 120, broken=False)
    ring(model)
    model.pass_time(6)


def refused_everywhere(model: Inside) -> None:
    model.accept("2028", "1@sales", 60, 120, broken=False)
    for _ in range(2):
        for call in model.carrier.those(CallState.EARLY):
            model.reject(call, 503)


def played_through(model: Inside) -> None:
    answer(model)
    for call, stream in model.streams():
        model.voice_ends(call, stream)
    model.pass_time(6)


def no_voice(model: Inside) -> None:
    model.accept("2028", "1@sales", 60, 120, broken=True)


def hangs_up_as_agents_ring(model: Inside) -> None:
    transfer(model)
    for call in model.carrier.those(CallState.CONFIRMED):
        model.customer_hangs_up(call)


def agent_hangs_up(model: Inside) -> None:
    talk(model)
    for phone in model.phones.those(CallState.CONFIRMED):
        model.agent_hangs_up(phone)


def both_hang_up(model: Inside) -> None:
    talk(model)
    for call in [*model.carrier.those(CallState.CONFIRMED), *model.phones.those(CallState.CONFIRMED)]:
        call.bye(model.now)
    model.settle()


def is_cut(model: Inside) -> None:
    talk(model)
    for asked in list(model.asked.values()):
        model.operator_hangs_up(asked)


COURSES: list[Course] = [
    nobody_answers,
    refused_everywhere,
    no_voice,
    hangs_up_as_agents_ring,
    agent_hangs_up,
]
if MANY:
    COURSES += [played_through, both_hang_up, is_cut]


# --- what must hold ---------------------------------------------------------------------------------------------------


def take(course: Course, place: str, fault: Fault, folder: Path) -> None:
    """Take a course in which something fails, and look at what is left. What the log says of it is as it may be."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch, capture_logs():
        model = Inside(folder, monkeypatch, [], Ways())
        model.troubled = model.acks_may_wait = True
        try:
            with failing(model, place, fault), suppress(type(fault.error)):  # then the request is refused
                course(model)
                model.pass_time(200)
            model.come_to_rest()
            told = owed(model.store)
            reports = [message for message in told if "hangupcause" in message]
            answered = {
                (message["uuid"], message["extnumber"]) for message in told if message.get("status") == "answer"
            }
            spoke = {(report["uuid"], report["extnumber"]) for report in reports if report["extnumber"]}
            assert spoke == answered
            accepted = [asked.uuid for asked in model.asked.values() if asked.uuid]
            assert Counter(message["uuid"] for message in reports) == Counter(accepted)
        finally:
            model.close()


@pytest.mark.parametrize(
    ("place", "error"),
    [
        *((place, RuntimeError("a fault")) for place in PLACES),
        ("store", StoreUnavailable("locked")),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.parametrize("course", COURSES)
def test_a_call_ends_with_one_record_whatever_fails_in_it(
    course: Course, place: str, error: Exception, tmp_path: Path
) -> None:
    counted = Fault(error)
    take(course, place, counted, tmp_path / "0")
    assert counted.asked <= MOST
    for at in range(1, counted.asked + 1):
        take(course, place, Fault(error, at), tmp_path / str(at))


@pytest.mark.parametrize("place", PLACES)
def test_each_place_is_asked_for_something_in_a_call(place: str, tmp_path: Path) -> None:
    """Else nothing would ever fail there."""
    counted = Fault(RuntimeError("a fault"))
    take(agent_hangs_up, place, counted, tmp_path / "0")
    assert counted.asked > 0
