"""The queue on a real store: what is stored, what is refused, what is repeated."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, func, select, update
from tests.postgresql import PostgresqlServer
from tests.postgresql_relay import PostgresqlRelay
from tests.samples import REQUEST
from tests.waiting import until

from playvoice.calls import journal, ledger
from playvoice.calls import queue as queue_module
from playvoice.calls.errors import IdempotencyMismatch, QueueClosed, QueueFull
from playvoice.calls.ledger import StoredCall
from playvoice.calls.queue import CallQueue, fingerprint, voices_of_waiting
from playvoice.calls.refusals import RefusalFile
from playvoice.calls.request import PlayVoice
from playvoice.calls.tables import CallState, calls
from playvoice.migrations import all_tables
from playvoice.store import OutcomeUnknown, Store, StoreUnavailable, metadata
from playvoice.voices import VoiceKind, VoiceRef

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYED = replace(REQUEST, idempotency_key="k1", fingerprint="f1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/calls.db")
    opened.write_now(lambda conn: metadata.create_all(conn))
    yield opened
    opened.close_now()


def stored(store: Store) -> int:
    return store.read_now(lambda conn: conn.execute(select(func.count()).select_from(calls)).scalar_one())


async def test_an_accepted_request_is_stored_and_told(store: Store) -> None:
    told: list[StoredCall] = []
    accepted = await CallQueue(store, tell=told.append).accept(REQUEST, AT)
    assert told == [store.read_now(lambda conn: ledger.read_call(conn, accepted.uuid))]
    row = store.read_now(lambda conn: dict(conn.execute(select(calls)).mappings().one()))
    assert (row["uuid"], row["state"], row["accepted_at"], row["waittime"]) == (accepted.uuid, "waiting", AT, 60)
    assert (row["voice_kind"], row["voice_name"], row["started_at"]) == (1, "notice.wav", None)


async def test_a_repeated_key_gets_the_first_answer_and_stores_nothing(store: Store) -> None:
    queue = CallQueue(store)
    first = await queue.accept(KEYED, AT)
    again = await queue.accept(KEYED, AT + timedelta(hours=23))
    assert (again.uuid, again.repeated, again.at) == (first.uuid, True, AT)
    assert stored(store) == 1
    assert queue.waiting == {"2028": 1}


async def test_a_queue_that_is_closed_takes_no_more_but_knows_what_it_took(store: Store) -> None:
    queue = CallQueue(store)
    first = await queue.accept(KEYED, AT)
    queue.close()
    with pytest.raises(QueueClosed, match="the server is stopping"):
        await queue.accept(REQUEST, AT)
    with pytest.raises(QueueClosed):
        await queue.accept(replace(KEYED, idempotency_key="k2"), AT)
    again = await queue.accept(KEYED, AT)
    assert (again.uuid, again.repeated) == (first.uuid, True)
    assert (stored(store), queue.waiting) == (1, {"2028": 1})


async def test_requests_with_one_key_at_once_make_one_call(store: Store) -> None:
    queue = CallQueue(store)
    answers = await asyncio.gather(*(queue.accept(KEYED, AT) for _ in range(20)))
    assert len({answer.uuid for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False, *[True] * 19]
    assert stored(store) == 1


async def test_a_key_with_other_parameters_is_a_mismatch(store: Store) -> None:
    queue = CallQueue(store)
    await queue.accept(KEYED, AT)
    with pytest.raises(IdempotencyMismatch):
        await queue.accept(replace(KEYED, fingerprint="f2"), AT)
    assert queue.waiting == {"2028": 1}


async def test_a_key_belongs_to_its_company_and_is_free_again_after_24_hours(store: Store) -> None:
    queue = CallQueue(store)
    first = await queue.accept(KEYED, AT)
    other = await queue.accept(replace(KEYED, company_code="9"), AT)
    late = await queue.accept(KEYED, AT + timedelta(hours=25))
    assert len({first.uuid, other.uuid, late.uuid}) == 3
    assert await queue.earlier("2028", "k1", "f1", AT + timedelta(hours=26)) is not None
    assert await queue.earlier("2028", "k2", "f1", AT) is None


async def test_at_its_bounds_the_queue_refuses_and_a_restart_counts_anew(store: Store) -> None:
    queue = CallQueue(store, max_of_company=2, max_waiting=3)
    await asyncio.gather(*(queue.accept(REQUEST, AT) for _ in range(2)))
    with pytest.raises(QueueFull, match="of company 2028"):
        await queue.accept(REQUEST, AT)
    await queue.accept(replace(REQUEST, company_code="9"), AT)
    with pytest.raises(QueueFull, match="3 calls wait"):
        await queue.accept(replace(REQUEST, company_code="8"), AT)
    queue.dequeued("9")
    await queue.accept(replace(REQUEST, company_code="8"), AT)
    assert CallQueue(store).waiting == {"2028": 2, "8": 1, "9": 1}


async def test_a_repetition_is_answered_in_a_full_queue_too_while_its_first_request_is_being_stored(
    store: Store,
) -> None:
    queue = CallQueue(store, max_of_company=1)
    first, again = await asyncio.gather(queue.accept(KEYED, AT), queue.accept(KEYED, AT))
    assert (again.uuid, first.repeated, again.repeated) == (first.uuid, False, True)
    with pytest.raises(IdempotencyMismatch):
        await queue.accept(replace(KEYED, fingerprint="f2"), AT)
    with pytest.raises(QueueFull):
        await queue.accept(replace(KEYED, idempotency_key="k2"), AT)
    assert queue.waiting == {"2028": 1}


async def refuse(queue: CallQueue, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a request whose commit has held."""
    write = store.write

    async def lose(fact: Callable[[Connection], Any]) -> Any:
        await write(fact)
        raise OutcomeUnknown("the connection was lost while it committed")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", lose)
        with pytest.raises(OutcomeUnknown):
            await queue.accept(KEYED, AT)


async def test_who_was_refused_is_not_called_though_the_commit_held_and_may_ask_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StoredCall] = []
    queue = CallQueue(store, tell=told.append)
    await refuse(queue, store, monkeypatch)
    assert (stored(store), told, queue.waiting) == (1, [], {})
    assert await queue.earlier("2028", "k1", "f1", AT) is None, "it was refused"
    again = await queue.accept(KEYED, AT)
    assert not again.repeated
    assert [call.uuid for call in told] == [again.uuid]
    assert [call.uuid for call in store.read_now(ledger.read_waiting)] == [again.uuid], "and is called once"


async def test_a_repetition_that_waits_behind_a_commit_in_doubt_is_a_call_of_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored after the first request, which is refused before that is known."""
    told: list[StoredCall] = []
    queue = CallQueue(store, tell=told.append)
    write, facts, withdraws = store.write, 0, asyncio.Event()

    async def lose_first(fact: Callable[[Connection], Any]) -> Any:
        nonlocal facts
        facts += 1
        if facts > 2:
            await withdraws.wait()
            return await write(fact)
        is_first = facts == 1
        result = await write(fact)
        if is_first:
            raise OutcomeUnknown("the connection was lost while it committed")
        await asyncio.wait({first})
        withdraws.set()
        return result

    monkeypatch.setattr(store, "write", lose_first)
    first = asyncio.create_task(queue.accept(KEYED, AT))
    again = await asyncio.create_task(queue.accept(KEYED, AT))
    with pytest.raises(OutcomeUnknown):
        await first
    await queue._withdrawals.written()
    assert [call.uuid for call in told] == [again.uuid]
    assert [call.uuid for call in store.read_now(ledger.read_waiting)] == [again.uuid]
    assert queue.waiting == {"2028": 1}


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_an_earlier_call_that_is_just_being_withdrawn_is_none(
    store: Store, monkeypatch: pytest.MonkeyPatch, withdrawn: bool
) -> None:
    """The row was read before it went, and is looked at after."""
    queue = CallQueue(store)
    read = store.read

    async def read_early(query: Callable[[Connection], Any]) -> Any:
        found = await read(query)
        monkeypatch.setattr(store, "read", read)
        if withdrawn:
            await queue._withdrawals.written()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(queue._withdrawals, "add", lambda *_arguments: None)
        await refuse(queue, store, monkeypatch)
    queue._withdraw()
    monkeypatch.setattr(store, "read", read_early)
    assert await queue.earlier("2028", "k1", "f1", AT) is None


async def test_who_was_refused_is_not_told_in_a_closed_queue_that_his_call_was_accepted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = CallQueue(store)
    await refuse(queue, store, monkeypatch)
    queue.close()
    with pytest.raises(QueueClosed):
        await queue.accept(KEYED, AT)


@pytest.mark.peer("postgresql")
async def test_who_was_refused_is_withdrawn_without_another_request_when_the_database_is_back(
    postgresql_server: PostgresqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut between a commit and its answer, and many more are refused meanwhile."""
    monkeypatch.setattr(journal, "AGAIN", 0.05)
    monkeypatch.setattr(queue_module, "MAX_REFUSED", 3)
    database_url = postgresql_server.create_database()
    with PostgresqlRelay(database_url, tmp_path) as relay:
        store = Store.open(relay.url)
        store.write_now(all_tables().create_all)
        queue = CallQueue(store)
        relay.cut_at_commit()
        with pytest.raises(OutcomeUnknown):
            await queue.accept(KEYED, AT)
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                await queue.accept(REQUEST, AT)
        with psycopg.connect(database_url) as beside:
            assert beside.execute("SELECT state FROM calls").fetchall() == [("waiting",)], "the commit held"
        relay.admit()
        await until(lambda: stored(store) == 0, "nobody who was refused waits to be called")
        accepted = await queue.accept(KEYED, AT)
        assert not accepted.repeated
        assert queue.waiting == {"2028": 1}
        await store.close()


async def test_who_was_refused_while_others_were_withdrawn_is_withdrawn_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, write, calls_of_write = CallQueue(store), store.write, 0

    async def lose(fact: Callable[[Connection], Any]) -> Any:
        nonlocal calls_of_write
        calls_of_write += 1
        number, result = calls_of_write, await write(fact)
        if number == 2:  # the withdrawal of the first
            with pytest.raises(OutcomeUnknown):
                await queue.accept(REQUEST, AT)
        if number in (1, 3):
            raise OutcomeUnknown("the connection was lost while it committed")
        return result

    monkeypatch.setattr(store, "write", lose)
    with pytest.raises(OutcomeUnknown):
        await queue.accept(REQUEST, AT)
    await until(lambda: calls_of_write == 4 and stored(store) == 0, "both are withdrawn")
    assert queue.waiting == {}


async def test_who_was_refused_is_not_called_by_the_next_server_either(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write = tmp_path / "refused", store.write
    queue = CallQueue(store, refusals=RefusalFile(file))
    accepted = await queue.accept(REQUEST, AT)

    async def lose(fact: Callable[[Connection], Any]) -> Any:
        await write(fact)
        raise OutcomeUnknown("the connection was lost while it committed")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", lose)
        patch.setattr(CallQueue, "_withdraw", lambda _queue: None)  # it is killed before
        with pytest.raises(OutcomeUnknown):
            await queue.accept(REQUEST, AT)
    assert stored(store) == 2
    assert CallQueue(store, refusals=RefusalFile(file)).waiting == {"2028": 1}
    assert [call.uuid for call in store.read_now(ledger.read_waiting)] == [accepted.uuid]
    assert not file.exists()


def test_a_fingerprint_tells_parameters_apart_and_not_their_order() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert len({fingerprint(p) for p in ({"a": "1b", "c": "2"}, {"a": "1", "bc": "2"}, {"a": "1"}, {})}) == 4


async def test_the_voices_of_waiting_calls_are_those_of_the_companys_library_that_were_not_dialled(
    store: Store,
) -> None:
    queue = CallQueue(store)

    def voice(name: str, kind: VoiceKind = VoiceKind.LIBRARY, company: str = "2028") -> PlayVoice:
        return replace(REQUEST, voice=VoiceRef(kind, name), company_code=company)

    for request in (voice("a"), voice("a"), voice("b"), voice("http://c", VoiceKind.URL), voice("d", company="2029")):
        await queue.accept(request, AT)
    dialled = await queue.accept(voice("e"), AT)
    store.write_now(
        lambda conn: (
            conn.execute(
                update(calls).where(calls.c.uuid == dialled.uuid).values(state=CallState.DIALLED.value)
            ).rowcount
        )
    )
    assert store.read_now(lambda conn: voices_of_waiting(conn, "2028")) == {"a", "b"}
    assert store.read_now(lambda conn: voices_of_waiting(conn, "2030")) == set()
