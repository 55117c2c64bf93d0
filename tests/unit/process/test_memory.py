"""Garbage is looked for when nobody waits for the event loop."""

import gc

import pytest

from playvoice.process import memory


@pytest.mark.parametrize(
    ("running", "passes", "collected"),
    [(0, 1, True), (0, 0, False), (3, 1, False), (3, memory.PASSES_AT_MOST, True)],
)
def test_all_garbage_is_looked_for_while_no_call_runs_or_when_it_has_waited_long(
    monkeypatch: pytest.MonkeyPatch, running: int, passes: int, collected: bool
) -> None:
    asked: list[None] = []
    monkeypatch.setattr(gc, "get_count", lambda: (5, 1, passes))
    monkeypatch.setattr(gc, "collect", lambda: asked.append(None))
    memory.collect_if_idle(running)
    assert bool(asked) == collected
