"""Reading a database beside the server that works on it."""

from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from tests.unit.store.notes import notes

from playvoice.store import Store, StoreError, reading_connection


def test_what_is_committed_is_read_while_a_server_has_the_database(store: Store, database_url: str) -> None:
    store.write_now(lambda conn: conn.execute(notes.insert(), {"key": "a"}).rowcount)
    with reading_connection(database_url) as conn:
        assert conn.execute(select(notes.c.key)).scalars().all() == ["a"]
    store.write_now(lambda conn: conn.execute(notes.insert(), {"key": "b"}).rowcount)


def test_it_reads_where_no_server_runs(store: Store, database_url: str) -> None:
    store.close_now()
    with reading_connection(database_url) as conn:
        assert conn.execute(select(notes.c.key)).scalars().all() == []


def test_it_can_not_write(store: Store, database_url: str) -> None:
    with pytest.raises(StoreError, match=r"read-?only"), reading_connection(database_url) as conn:
        conn.execute(notes.insert(), {"key": "a"})


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "missing.db"
    with (
        pytest.raises(StoreError, match=r"there is no database .*missing\.db yet"),
        reading_connection(f"sqlite:///{path}"),
    ):
        pass
    assert not path.exists()


def test_what_is_asked_of_a_database_without_tables_fails_in_words(database_url: str) -> None:
    Store.open(database_url).close_now()
    with (
        pytest.raises(StoreError, match=r"can't be read: .*; it is of another version") as failed,
        reading_connection(database_url) as conn,
    ):
        conn.execute(text("SELECT * FROM missing"))
    assert isinstance(failed.value.__cause__, DBAPIError)
