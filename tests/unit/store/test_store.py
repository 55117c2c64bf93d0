"""The store as its callers see it, on both databases."""

import asyncio
import threading
from functools import partial

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.unit.store.notes import Notes, notes, remarks, tables

from playvoice.store import Store, StoreError, StoreUnavailable


async def test_what_was_written_can_be_read_as_soon_as_the_write_returns(store: Store) -> None:
    for number in range(20):
        assert await store.write(partial(Notes.add, key=f"note {number}")) == f"note {number}"
        assert await store.read(Notes.count) == number + 1


async def test_facts_are_stored_in_the_order_in_which_they_were_handed_in(store: Store) -> None:
    keys = [f"{number:03}" for number in range(300)]
    assert await asyncio.gather(*(store.write(partial(Notes.add, key=key)) for key in keys)) == keys
    assert await store.read(Notes.keys) == keys


async def test_a_fact_that_fails_takes_no_other_of_its_commit_with_it(store: Store) -> None:
    def half_done(conn: Connection) -> None:
        Notes.add(conn, "half")
        raise LookupError("changed my mind")

    results = await asyncio.gather(
        store.write(partial(Notes.add, key="a")),
        store.write(half_done),
        store.write(partial(Notes.add, key="a")),
        store.write(lambda conn: conn.exec_driver_sql("SELECT nonsense")),
        store.write(partial(Notes.add, key="b")),
        return_exceptions=True,
    )
    assert results[0] == "a"
    assert isinstance(results[1], LookupError)
    assert isinstance(results[2], IntegrityError)
    assert isinstance(results[3], DBAPIError)
    assert results[4] == "b"
    assert await store.read(Notes.keys) == ["a", "b"]


async def test_an_error_repeats_no_value_of_its_statement(store: Store) -> None:
    """Errors that nobody foresaw stand in the log with their text, and passwords in statements."""

    def twice(conn: Connection) -> None:
        conn.execute(notes.insert(), [{"key": "a", "text": "s3cret"}, {"key": "a", "text": "s3cret"}])

    with pytest.raises(IntegrityError) as broken:
        await store.write(twice)
    with pytest.raises(DBAPIError) as unread:
        await store.read(lambda conn: conn.execute(text("SELECT nonsense WHERE :key = ''"), {"key": "s3cret"}).all())
    assert "s3cret" not in str(broken.value)
    assert "s3cret" not in str(unread.value)


async def test_facts_run_again_behind_savepoints_where_one_of_their_commit_fails(store: Store) -> None:
    started, go_on = threading.Event(), threading.Event()
    runs: list[str] = []

    def slow(_: Connection) -> None:
        started.set()
        assert go_on.wait(10)

    def counted(conn: Connection, key: str) -> str:
        runs.append(key)
        return Notes.add(conn, key)

    first = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(started.wait, 10)
    others = [asyncio.create_task(store.write(partial(counted, key=key))) for key in ("a", "b", "a", "c")]
    await asyncio.sleep(0)
    go_on.set()
    await first
    results = await asyncio.gather(*others, return_exceptions=True)
    assert [result for result in results if not isinstance(result, IntegrityError)] == ["a", "b", "c"]
    assert isinstance(results[2], IntegrityError)
    assert await store.read(Notes.keys) == ["a", "b", "c"]
    assert runs == [*"aba", *"abac"], "up to the failure, then each once more"


async def test_what_comes_in_during_a_commit_shares_the_next_one(store: Store) -> None:
    started, go_on = threading.Event(), threading.Event()
    transactions: list[object] = []

    def slow(conn: Connection) -> None:
        transactions.append(conn.get_transaction())
        started.set()
        assert go_on.wait(10)

    first = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(started.wait, 10)
    others = [
        asyncio.create_task(store.write(lambda conn: transactions.append(conn.get_transaction()))) for _ in range(9)
    ]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *others)
    assert len({id(transaction) for transaction in transactions}) == 2
    assert len({id(transaction) for transaction in transactions[1:]}) == 1


async def test_who_stops_waiting_does_not_take_the_fact_back(store: Store) -> None:
    task = asyncio.create_task(store.write(partial(Notes.add, key="kept")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(lambda conn: None)
    assert await store.read(Notes.keys) == ["kept"]


async def test_closing_stores_what_waits_and_then_refuses(store: Store) -> None:
    tasks = [asyncio.create_task(store.write(partial(Notes.add, key=str(number)))) for number in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*tasks)) == 50
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.write(Notes.count)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.read(Notes.count)
    await store.close()


async def test_a_query_can_change_nothing(store: Store) -> None:
    with pytest.raises(DBAPIError):
        await store.read(partial(Notes.add, key="sneaked in"))
    assert await store.read(Notes.count) == 0


async def test_a_query_sees_one_state_of_the_database(store: Store) -> None:
    def query(conn: Connection) -> tuple[int, int]:
        before = Notes.count(conn)
        store.write_now(partial(Notes.add, key="meanwhile"))
        return before, Notes.count(conn)

    assert await store.read(query) == (0, 0)
    assert await store.read(Notes.count) == 1


async def test_a_query_that_fails_leaves_its_reader_usable(store: Store) -> None:
    for _ in range(5):
        with pytest.raises(DBAPIError):
            await store.read(lambda conn: conn.exec_driver_sql("SELECT nonsense").scalar())
    assert await store.read(Notes.count) == 0


async def test_a_reference_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(IntegrityError):
        await store.write(lambda conn: conn.execute(remarks.insert(), {"note_key": "missing"}).rowcount)


def test_code_without_a_loop_writes_and_reads_too(store: Store) -> None:
    assert store.write_now(partial(Notes.add, key="a")) == "a"
    assert store.read_now(Notes.keys) == ["a"]


def test_numbers_of_deleted_rows_are_not_given_out_again(store: Store) -> None:
    store.write_now(partial(Notes.add, key="a"))
    store.write_now(lambda conn: conn.execute(notes.delete()).rowcount)
    store.write_now(partial(Notes.add, key="b"))
    assert store.read_now(lambda conn: conn.execute(notes.select()).one().id) == 2


def test_a_second_server_on_the_same_database_is_refused_in_words(store: Store, database_url: str) -> None:
    with pytest.raises(StoreError, match="another PlayVoice server"):
        Store.open(database_url)


def test_a_closed_store_gives_its_lock_back(database_url: str) -> None:
    for _ in range(2):
        opened = Store.open(database_url)
        opened.write_now(tables.create_all)
        opened.close_now()


def test_threads_end_with_the_store(database_url: str) -> None:
    before = set(threading.enumerate())
    Store.open(database_url).close_now()
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "can't be read"),
        ("mysql://root:secret@localhost/db", "mysql"),
        ("sqlite://", "must be a file"),
        ("sqlite:////dev/null/x.db", "lock file"),
        ("postgresql://user:secret@127.0.0.1:1/db", "can't be opened"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_in_words_without_its_password(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        Store.open(url)
    assert "secret" not in str(refused.value)
