"""Waiting calls: whose voice is made ready when, and whose turn it is to be dialled."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.samples import COMPANY
from tests.unit.calls.rooms import Companies, Voices
from tests.unit.calls.stored import accept
from tests.waiting import until

from playvoice.calls import waiting as module
from playvoice.calls.ledger import StoredCall
from playvoice.calls.waiting import Waiting
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import VoiceUnavailable


class Bench:
    """Waiting calls of some companies, and what became of them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.voices = Voices()
        self.companies = Companies(*(replace(COMPANY, code=code) for code in ("2028", "1", "2", "3", "4", "5")))
        self.waiting = Waiting(store, self.companies, self.voices)
        self.abandoned: list[tuple[str, Cause]] = []

    async def abandon(self, stored: StoredCall, company: Company | None, cause: Cause, reason: str) -> None:
        assert reason
        self.abandoned.append((stored.uuid, cause))

    async def add(self, company: str = "2028", voice: str = "notice.wav", at: datetime | None = None) -> StoredCall:
        stored = await accept(self.store, company, voice=voice, at=at)
        self.waiting.add(stored)
        return stored

    def start(self) -> None:
        self.waiting.start(self.abandon)

    async def ready(self, count: int) -> None:
        await until(lambda: self.waiting.ready == count, f"{count} calls are ready: {self.waiting!r}")

    async def was_abandoned(self, stored: StoredCall, cause: Cause) -> None:
        await until(lambda: (stored.uuid, cause) in self.abandoned, f"{cause!r} is told: {self.abandoned}")

    def dial(self) -> StoredCall:
        """Take the next call as the conductor does."""
        ready = next(self.waiting.heads())
        self.waiting.take(ready)
        return ready.stored

    def heads(self) -> list[str]:
        return [ready.stored.uuid for ready in self.waiting.heads()]


@pytest.fixture
async def bench(store: Store) -> AsyncIterator[Bench]:
    made = Bench(store)
    yield made
    await made.waiting.stop()
    assert repr(made.waiting).count(" 0 preparing") == 1


# --- whose turn it is -------------------------------------------------------------------------------------------------


async def test_ready_calls_of_a_company_go_in_the_order_of_acceptance_whichever_voice_is_ready_first(
    bench: Bench,
) -> None:
    bench.voices.held = {"slow.wav"}
    first, second, third = [await bench.add(voice=voice) for voice in ("slow.wav", "notice.wav", "notice.wav")]
    bench.start()
    await bench.ready(2)
    assert bench.dial() == second, "the first one's voice is not ready yet"
    bench.voices.release("slow.wav")
    await bench.ready(2)
    assert [bench.dial(), bench.dial()] == [first, third]
    assert bench.heads() == []


async def test_companies_take_turns_however_many_calls_each_has(bench: Bench) -> None:
    many = [await bench.add("1") for _ in range(4)]
    few = [await bench.add("2") for _ in range(2)]
    bench.start()
    await bench.ready(6)
    order = [bench.dial() for _ in range(6)]
    assert [stored.company_code for stored in order[:4]] in (["1", "2", "1", "2"], ["2", "1", "2", "1"])
    assert [stored for stored in order if stored.company_code == "1"] == many
    assert [stored for stored in order if stored.company_code == "2"] == few


async def test_heads_are_one_call_of_each_company_and_taking_one_shows_its_next(bench: Bench) -> None:
    first, second, other = await bench.add("1"), await bench.add("1"), await bench.add("2")
    bench.start()
    await bench.ready(3)
    assert set(bench.heads()) == {first.uuid, other.uuid}
    bench.waiting.take(next(head for head in bench.waiting.heads() if head.stored == first))
    assert bench.heads() == [other.uuid, second.uuid]


async def test_a_company_does_not_lose_its_turn_by_having_voices_made_ready(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PREPARING_OF_COMPANY", 1)
    slow = [f"slow {number}.wav" for number in range(3)]
    bench.voices.held = set(slow)
    bench.start()
    await bench.add("1")
    await bench.ready(1)
    await bench.add("2")
    await bench.ready(2)
    for voice in slow:
        await bench.add("1", voice)
    bench.voices.release(slow[0])
    await until(lambda: bench.voices.preparing == [slow[1]], "the next voice is being made ready")
    assert [stored.company_code for stored in (bench.dial(), bench.dial(), bench.dial())] == ["1", "2", "1"]


async def test_a_call_that_becomes_ready_is_told(bench: Bench) -> None:
    bench.start()
    assert not bench.waiting.changed.is_set()
    await bench.add()
    async with asyncio.timeout(10):
        await bench.waiting.changed.wait()
    assert bench.waiting.ready == 1


# --- bounds -----------------------------------------------------------------------------------------------------------


async def test_voices_that_hang_hold_up_their_own_companies_alone(bench: Bench) -> None:
    bench.voices.held = {"hung.wav"}
    bench.start()
    for company in ("1", "2", "3", "4", "5"):
        for _ in range(2 * module.PREPARING_OF_COMPANY):
            await bench.add(company, "hung.wav")
    other = await bench.add()
    await bench.ready(1)
    assert bench.heads() == [other.uuid]
    assert bench.voices.preparing == ["hung.wav"] * 5 * module.PREPARING_OF_COMPANY


async def test_no_more_voices_of_a_company_are_made_ready_at_once_than_the_bound_allows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PREPARING_OF_COMPANY", 2)
    bench.voices.held = {"1.wav", "2.wav"}
    for _ in range(3):
        await bench.add("1", "1.wav")
        await bench.add("2", "2.wav")
    bench.start()
    await until(lambda: len(bench.voices.preparing) == 4, "as many as may")
    assert sorted(bench.voices.preparing) == ["1.wav", "1.wav", "2.wav", "2.wav"]
    bench.voices.release("1.wav", "2.wav")
    await bench.ready(6)
    assert len(bench.voices.asked) == 6


async def test_no_more_calls_of_a_company_are_ready_than_the_bound_allows_and_a_dialled_one_makes_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_OF_COMPANY", 2)
    for _ in range(4):
        await bench.add("1")
    bench.start()
    await bench.ready(2)
    await bench.add("2")
    await bench.ready(3)
    assert len(bench.voices.asked) == 3, "the others' voices wait"
    bench.waiting.take(next(head for head in bench.waiting.heads() if head.stored.company_code == "1"))
    await until(lambda: len(bench.voices.asked) == 4, "the next one's voice is made ready")
    await bench.ready(3)


# --- calls that are not dialled ---------------------------------------------------------------------------------------


async def test_a_voice_that_cannot_be_had_ends_its_call_and_no_other(bench: Bench) -> None:
    bench.voices.broken = {"gone.wav": VoiceUnavailable("404 Not Found")}
    bench.start()
    broken, other = await bench.add(voice="gone.wav"), await bench.add()
    await bench.was_abandoned(broken, Cause.OTHER)
    await bench.ready(1)
    assert bench.heads() == [other.uuid]
    assert len(bench.abandoned) == 1


async def test_a_fault_while_a_voice_is_made_ready_ends_its_call_and_no_other(bench: Bench) -> None:
    bench.voices.broken = {"odd.wav": RuntimeError("a fault of ours")}
    bench.start()
    broken, other = await bench.add(voice="odd.wav"), await bench.add()
    await bench.was_abandoned(broken, Cause.OTHER)
    await bench.ready(1)
    assert bench.heads() == [other.uuid]


async def test_a_call_that_waited_too_long_ends_and_its_voice_is_not_asked_for(bench: Bench) -> None:
    bench.start()
    expired = await bench.add(at=datetime.now(UTC) - timedelta(seconds=COMPANY.expire_after + 1))
    await bench.was_abandoned(expired, Cause.TIMER_EXPIRED)
    assert bench.voices.asked == []


async def test_a_ready_call_expires_when_it_has_waited_longer_than_its_company_lets_it(bench: Bench) -> None:
    stored = await bench.add(at=datetime.now(UTC) - timedelta(seconds=60))
    assert 29 < bench.waiting.time_left(stored, replace(COMPANY, expire_after=90)) <= 30
    assert bench.waiting.time_left(stored, replace(COMPANY, expire_after=60)) < 0


async def test_a_call_whose_company_is_gone_ends_and_its_voice_is_not_asked_for(bench: Bench) -> None:
    bench.start()
    orphan, other = await bench.add("9"), await bench.add("1", voice="other.wav")
    await bench.was_abandoned(orphan, Cause.OTHER)
    await bench.ready(1)
    assert (bench.heads(), bench.voices.asked) == ([other.uuid], ["other.wav"])


async def test_a_call_that_cannot_be_read_now_is_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.001)
    read, tries = bench.store.read, 0

    async def away(query: Callable[[Connection], Any]) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreUnavailable("the database is away")
        return await read(query)

    stored = await accept(bench.store)
    monkeypatch.setattr(bench.store, "read", away)
    monkeypatch.setattr(module, "AT_HAND", 0)
    bench.waiting.add(stored)
    bench.start()
    await bench.ready(1)
    assert (bench.heads(), tries) == ([stored.uuid], 4)


@pytest.mark.parametrize(("faults", "made_ready"), [(1, 2), (2, 1)])
async def test_a_fault_while_a_call_is_read_costs_neither_it_nor_the_others_anything_if_it_passes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, faults: int, made_ready: int
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.01)
    monkeypatch.setattr(module, "PREPARING_OF_COMPANY", 1)
    read, tries = bench.store.read, 0

    async def broken(query: Callable[[Connection], Any]) -> Any:
        nonlocal tries
        tries += 1
        if tries <= faults:
            raise RuntimeError("a fault of ours")
        return await read(query)

    calls = [await accept(bench.store) for _ in range(2)]
    monkeypatch.setattr(bench.store, "read", broken)
    monkeypatch.setattr(module, "AT_HAND", 0)
    for stored in calls:
        bench.waiting.add(stored)
    bench.start()
    await bench.ready(made_ready)
    assert bench.heads() == [calls[-made_ready].uuid]


# --- start and stop ---------------------------------------------------------------------------------------------------


async def test_what_was_added_before_the_start_is_made_ready_at_the_start(bench: Bench) -> None:
    stored = await bench.add()
    assert bench.voices.asked == []
    bench.start()
    await bench.ready(1)
    assert bench.heads() == [stored.uuid]


async def test_stop_ends_what_is_being_made_ready_and_begins_nothing_more(bench: Bench) -> None:
    bench.voices.held = {"hung.wav"}
    bench.start()
    for _ in range(2 * module.PREPARING_OF_COMPANY):
        await bench.add(voice="hung.wav")
    await until(lambda: len(bench.voices.preparing) == module.PREPARING_OF_COMPANY, "some are being made ready")
    async with asyncio.timeout(10):
        await bench.waiting.stop()
    await bench.add()
    assert bench.voices.preparing == []
    assert len(bench.voices.asked) == module.PREPARING_OF_COMPANY
    assert bench.abandoned == []


async def test_what_waits_when_it_is_stopped_can_still_be_withdrawn(bench: Bench) -> None:
    bench.voices.held = {"hung.wav"}
    ready = await bench.add()
    bench.start()
    await bench.ready(1)
    preparing = await bench.add(voice="hung.wav")
    await until(lambda: bench.voices.preparing == ["hung.wav"], "it is being made ready")
    await bench.waiting.stop()
    accepted = await bench.add()
    assert bench.waiting.counts() == {"2028": 3}
    for stored in (ready, preparing, accepted):
        assert await bench.waiting.withdraw(stored.uuid)
    assert bench.abandoned == [(each.uuid, Cause.HUNG_UP_BY_SERVER) for each in (ready, preparing, accepted)]
    assert bench.waiting.counts() == {"2028": 0}
    assert bench.voices.lent == set()


# --- calls that are withdrawn -----------------------------------------------------------------------------------------


async def test_a_ready_call_that_is_withdrawn_ends_with_its_record_and_gives_its_voice_back(bench: Bench) -> None:
    stored, other = await bench.add(), await bench.add()
    bench.start()
    await bench.ready(2)
    assert await bench.waiting.withdraw(stored.uuid)
    assert bench.abandoned == [(stored.uuid, Cause.HUNG_UP_BY_SERVER)]
    assert bench.heads() == [other.uuid]
    assert bench.waiting.counts() == {"2028": 1}


async def test_a_call_that_is_being_made_ready_ends_at_once_and_once(bench: Bench) -> None:
    bench.voices.held = {"slow.wav"}
    stored = await bench.add(voice="slow.wav")
    bench.start()
    assert await bench.waiting.withdraw(stored.uuid)
    assert bench.abandoned == [(stored.uuid, Cause.HUNG_UP_BY_SERVER)]
    assert not await bench.waiting.withdraw(stored.uuid)
    bench.voices.release("slow.wav")
    await until(lambda: not bench.waiting.has(stored.uuid), "its voice is given back")
    assert (bench.heads(), len(bench.abandoned)) == ([], 1)


async def test_a_call_whose_voice_fails_after_it_was_hung_up_is_not_reported_again(bench: Bench) -> None:
    bench.voices.held, bench.voices.broken = {"slow.wav"}, {"slow.wav": VoiceUnavailable("gone")}
    stored = await bench.add(voice="slow.wav")
    bench.start()
    assert await bench.waiting.withdraw(stored.uuid)
    bench.voices.release("slow.wav")
    await until(lambda: not bench.waiting.has(stored.uuid), "its voice has failed")
    assert bench.abandoned == [(stored.uuid, Cause.HUNG_UP_BY_SERVER)]


async def test_a_call_that_is_withdrawn_is_not_made_ready_while_it_is_read_for_its_record(
    bench: Bench, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_HAND", 0)
    bench.voices.held = {"slow.wav"}
    stored = await bench.add(voice="slow.wav")
    bench.start()
    await until(lambda: bench.voices.preparing == ["slow.wav"], "it is being made ready")
    read, is_read = store.read, asyncio.Event()

    async def slow(query: Callable[[Connection], Any]) -> Any:
        await is_read.wait()
        return await read(query)

    monkeypatch.setattr(store, "read", slow)
    withdrawn = asyncio.ensure_future(bench.waiting.withdraw(stored.uuid))
    await asyncio.sleep(0)
    bench.voices.release("slow.wav")
    await until(lambda: not bench.voices.preparing and not bench.waiting.has(stored.uuid), "its voice is given back")
    assert bench.heads() == []
    is_read.set()
    assert await withdrawn
    assert bench.abandoned == [(stored.uuid, Cause.HUNG_UP_BY_SERVER)]
    assert bench.voices.lent == set()


async def test_room_of_a_ready_call_that_is_withdrawn_goes_to_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_OF_COMPANY", 1)
    stored, other = await bench.add(), await bench.add()
    bench.start()
    await bench.ready(1)
    assert await bench.waiting.withdraw(stored.uuid)
    await bench.ready(1)
    assert bench.heads() == [other.uuid]


async def test_a_call_far_behind_is_withdrawn_where_it_stands_in_the_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_HAND", 0)
    monkeypatch.setattr(module, "PREPARING_OF_COMPANY", 1)
    bench.voices.held = {"slow.wav"}
    await bench.add(voice="slow.wav")
    behind = await bench.add()
    bench.start()
    assert await bench.waiting.withdraw(behind.uuid)
    assert bench.abandoned == [(behind.uuid, Cause.HUNG_UP_BY_SERVER)]
    bench.voices.release("slow.wav")
    await bench.ready(1)


async def test_a_call_that_does_not_wait_is_not_withdrawn(bench: Bench) -> None:
    bench.start()
    assert not await bench.waiting.withdraw("nobody")
