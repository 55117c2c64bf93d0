"""Facts of a call: in order, together, through the store's absence, and past one that is at fault."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.waiting import until

from playvoice.calls import journal as module
from playvoice.calls.journal import Journal
from playvoice.store import Store, StoreUnavailable


class Told:
    """What facts and what follows them did, in order; and how the store was asked."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commits = 0
        self.tries = 0
        self.away = False
        self.in_commit = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.faults: list[str] = []
        self.happened: list[str] = []
        self._write = store.write
        monkeypatch.setattr(store, "write", self.write)
        monkeypatch.setattr(module, "AGAIN", 0.001)
        self.journal = Journal(store, lambda error: self.faults.append(str(error)))

    async def write(self, fact: Callable[[Connection], Any]) -> Any:
        self.tries += 1
        if self.away:
            raise StoreUnavailable("the disk is full")
        self.in_commit.set()
        await self.go_on.wait()
        result = await self._write(fact)
        self.commits += 1
        return result

    def add(self, name: str) -> None:
        """Add a fact of which the journal tells when it was committed."""
        self.journal.add(lambda _conn: name, lambda result: self.happened.append(result))

    def fails(self, name: str) -> None:
        """Add a fact that raises."""

        def fact(_conn: Connection) -> None:
            raise ValueError(name)

        self.journal.add(fact, lambda _result: self.happened.append(f"{name} was stored"))

    async def written(self) -> None:
        async with asyncio.timeout(10):
            await self.journal.written()


@pytest.fixture
async def told(store: Store, monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(store, monkeypatch)


async def test_what_follows_a_fact_comes_after_its_commit_in_the_order_of_adding(told: Told) -> None:
    for name in "abc":
        told.add(name)
    assert told.happened == []
    await told.written()
    assert told.happened == ["a", "b", "c"]


async def test_facts_that_gather_during_a_commit_are_committed_together(told: Told) -> None:
    told.go_on.clear()
    told.add("first")
    await told.in_commit.wait()
    for name in "abcde":
        told.add(name)
    told.go_on.set()
    await told.written()
    assert (told.commits, told.happened) == (2, ["first", *"abcde"])


async def test_a_fact_that_follows_a_fact_is_written_too_before_written_returns(told: Told) -> None:
    told.journal.add(lambda _conn: None, lambda _result: told.add("next"))
    await told.written()
    assert told.happened == ["next"]


async def test_written_returns_at_once_where_nothing_waits(told: Told) -> None:
    await told.written()
    assert told.tries == 0


async def test_who_stops_waiting_does_not_stop_the_writing(told: Told) -> None:
    told.go_on.clear()
    told.add("a")
    waiting = asyncio.ensure_future(told.journal.written())
    await told.in_commit.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    told.go_on.set()
    await told.written()
    assert told.happened == ["a"]


async def test_while_nothing_can_be_stored_facts_wait_and_are_then_written_once_in_order(told: Told) -> None:
    told.away = True
    told.add("a")
    await until(lambda: told.tries >= 3, "it tries again")
    told.add("b")
    assert (told.happened, repr(told.journal)) == ([], "<Journal 2 facts waiting>")
    told.away = False
    await told.written()
    assert (told.happened, told.faults, told.commits) == (["a", "b"], [], 1)


async def test_a_journal_that_is_hurried_does_not_wait_for_its_next_try(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 3600.0)
    told.away = True
    told.add("a")
    await until(lambda: told.tries == 1, "it has tried in vain")
    told.away = False
    async with asyncio.timeout(10):
        await told.journal.hurry()
    assert told.happened == ["a"]


async def test_a_fact_at_fault_is_left_out_alone_and_told(told: Told) -> None:
    told.add("a")
    told.fails("b")
    told.add("c")
    await told.written()
    told.add("d")
    await told.written()
    assert (told.happened, told.faults) == (["a", "c", "d"], ["b"])


async def test_a_fact_that_fails_for_a_moment_is_stored_after_all_in_its_place(told: Told) -> None:
    tries: list[str] = []

    def fact(_conn: Connection) -> str:
        tries.append("b")
        if len(tries) < 3:  # together with the others, and alone
            raise ValueError("only now")
        return "b"

    told.add("a")
    told.journal.add(fact, lambda result: told.happened.append(result))
    told.add("c")
    await told.written()
    assert (told.happened, told.faults) == (["a", "b", "c"], [])


async def test_each_of_several_facts_at_fault_is_told(told: Told) -> None:
    for name in "ab":
        told.fails(name)
    told.add("c")
    told.fails("d")
    await told.written()
    assert (told.happened, told.faults) == (["c"], ["a", "b", "d"])


async def test_the_store_may_go_away_while_a_fact_at_fault_is_looked_for(told: Told) -> None:
    told.add("a")
    told.fails("b")

    def leave(_result: object) -> None:
        told.away = True

    told.journal.add(lambda _conn: None, leave)
    told.add("c")
    await until(lambda: told.away and told.tries >= 8, "it tries again")
    assert (told.happened, told.faults) == (["a"], ["b"])
    told.away = False
    await told.written()
    assert (told.happened, told.faults) == (["a", "c"], ["b"])


async def test_a_fault_of_what_follows_is_told_and_stops_nothing(told: Told) -> None:
    def follow(_result: object) -> None:
        raise RuntimeError("no such leg")

    told.journal.add(lambda _conn: None, follow)
    told.add("b")
    await told.written()
    assert (told.happened, told.faults) == (["b"], ["no such leg"])


async def test_a_fault_of_who_is_told_of_faults_stops_nothing(store: Store) -> None:
    def on_fault(error: Exception) -> None:
        raise RuntimeError("and now this") from error

    happened: list[str] = []
    journal = Journal(store, on_fault)

    def fact(_conn: Connection) -> None:
        raise ValueError("a")

    journal.add(fact)
    journal.add(lambda _conn: "b", happened.append)
    async with asyncio.timeout(10):
        await journal.written()
    assert happened == ["b"]
