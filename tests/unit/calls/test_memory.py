"""Of a call that is over the server keeps nothing: no table, list or set of the room, or of SIP below it, grows."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.unit.calls import test_faults as courses
from tests.unit.calls.inside import Inside
from tests.unit.calls.model import Ways

KEPT = (list, set, deque)


def kept(parts: Iterable[object]) -> Counter[str]:
    """How much stands in all containers that can be reached from these parts, by class and attribute."""
    sizes: Counter[str] = Counter()
    seen: set[int] = set()
    todo: list[tuple[object, str]] = [(part, type(part).__name__) for part in parts]
    while todo:
        value, name = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        inside: Iterable[object] = ()
        if isinstance(value, Mapping):
            sizes[name] += len(value)
            inside = [*value.keys(), *value.values()]
        elif isinstance(value, KEPT):
            sizes[name] += len(value)
            inside = list(value)
        elif isinstance(value, tuple):
            inside = value
        todo += [(each, f"{name}[]") for each in inside]
        if type(value).__module__.startswith("playvoice."):
            todo += [(each, f"{type(value).__name__}.{attribute}") for attribute, each in _attributes(value)]
    return sizes


def _attributes(value: object) -> list[tuple[str, object]]:
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    names = [*getattr(value, "__dict__", ()), *slots]
    return [(name, getattr(value, name)) for name in names if hasattr(value, name)]


def test_calls_that_are_over_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_logs():
        model = Inside(tmp_path, monkeypatch, [], Ways(places=5))
    model.troubled = model.acks_may_wait = True
    house = model.house
    parts = (
        house.conductor, house.waiting, house.queue, house.owners, house.traces, house.recordings, house.parts.agents,
        house.wire.agent,
    )  # fmt: skip
    ways = (courses.nobody_answers, courses.hangs_up_as_agents_ring, courses.agent_hangs_up, courses.is_cut)
    counted = []
    for _ in range(3):
        for course in ways:
            course(model)
        model.pass_time(800)
        counted.append(kept(parts))
    assert len(model.asked) == 3 * len(ways)
    assert counted[0] == counted[1] == counted[2]
    assert sum(counted[0].values()) < 100, "it looks at what is there"
    assert counted[0]["Owners._owners"] == counted[0]["Conductor._running"] == 0
    model.close()
