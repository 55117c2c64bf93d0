import asyncio
from collections.abc import Sequence

import pytest
from tests.unit.commands.doctor.world import MadeUp, configuration, situation

from playvoice.commands.doctor import examination
from playvoice.commands.doctor.examination import examine
from playvoice.commands.doctor.finding import Check, Finding, Outcome, ok


async def run(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, *checks: Check) -> tuple[list[Finding], list[int]]:
    """The findings of these checks alone, and how many were done at each report of progress."""
    monkeypatch.setattr(examination, "_checks", lambda *_: list(checks))
    done: list[int] = []
    found = [
        each
        async for each in examine(
            situation(configuration(), made_up.machine),
            deliver=False,
            tell=lambda count, _of, _names: done.append(count),
        )
    ]
    return found, done


def check(name: str, *after: asyncio.Event, sets: asyncio.Event | None = None, seconds: float = 5.0) -> Check:
    async def work() -> Sequence[Finding]:
        for event in after:
            await event.wait()
        if sets is not None:
            sets.set()
        return [ok(name, "seen")]

    return Check(name, work, seconds)


async def test_checks_run_at_once_and_are_told_in_their_order(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    last_is_done = asyncio.Event()
    found, done = await run(
        made_up, monkeypatch, check("first", last_is_done), check("second"), check("last", sets=last_is_done)
    )
    assert [each.check for each in found] == ["first", "second", "last"]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 3)


async def test_a_check_that_hangs_is_given_up(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = await run(made_up, monkeypatch, check("hangs", asyncio.Event(), seconds=0.01), check("other"))
    assert [(each.check, each.outcome) for each in found] == [("hangs", Outcome.WARNING), ("other", Outcome.OK)]
    assert "not known after 0.01 s" in found[0].seen


async def test_a_check_with_a_fault_takes_no_other_with_it(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> Sequence[Finding]:
        raise ZeroDivisionError("of ours\nsecond line")

    found, _ = await run(made_up, monkeypatch, Check("broken", broken), check("other"))
    assert found[0].seen == "the check itself failed: ZeroDivisionError: of ours"
    assert found[1].outcome is Outcome.OK
