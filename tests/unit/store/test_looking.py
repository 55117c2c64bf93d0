"""A look at a database takes no lock, makes nothing and changes nothing."""

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.waiting import wait_until

from playvoice.store import Store, StoreError, reading_connection
from playvoice.store.looking import directory_of, holder_of, look

UNREACHABLE = "postgresql://user@127.0.0.1:1/db"


def rows(url: str) -> list[int]:
    with look(url) as conn:
        assert conn is not None
        return list(conn.execute(text("SELECT number FROM notes")).scalars())


def note(store: Store, number: int) -> None:
    store.write_now(lambda conn: conn.execute(text("CREATE TABLE IF NOT EXISTS notes (number INTEGER)")).close())
    store.write_now(lambda conn: conn.execute(text(f"INSERT INTO notes VALUES ({number})")).close())


def test_what_a_running_server_has_committed_is_seen(database_url: str) -> None:
    store = Store.open(database_url)
    note(store, 1)
    assert rows(database_url) == [1]
    note(store, 2)
    assert rows(database_url) == [1, 2]
    store.close_now()


def test_a_database_at_rest_is_seen_and_no_file_is_left_beside_it(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url)
    note(store, 1)
    store.close_now()
    before = sorted(tmp_path.iterdir())
    assert rows(sqlite_url) == [1]
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_can_be_written(database_url: str) -> None:
    store = Store.open(database_url)
    note(store, 1)
    with look(database_url) as conn:
        assert conn is not None
        with pytest.raises(DBAPIError, match=r"read-?only"):
            conn.execute(text("INSERT INTO notes VALUES (2)"))
    store.close_now()


def test_where_there_is_no_file_there_is_no_database_and_none_is_made(sqlite_url: str, tmp_path: Path) -> None:
    with look(sqlite_url) as conn:
        assert conn is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", UNREACHABLE, f"sqlite:////{'x' * 300}/a.db"])
def test_what_can_not_be_opened_is_said_in_words(url: str) -> None:
    with pytest.raises(StoreError), look(url):
        pass
    with pytest.raises(StoreError), reading_connection(url):
        pass


def test_a_file_that_is_no_database_is_said_in_words(sqlite_url: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).write_text("hello" * 1000)
    with pytest.raises(StoreError, match="can't be read"):
        rows(sqlite_url)


def test_who_has_the_lock_is_known_while_he_has_it(database_url: str) -> None:
    assert holder_of(database_url) is None
    store = Store.open(database_url)
    holder = holder_of(database_url)
    assert holder is not None
    assert holder.pid in (None, os.getpid())
    assert str(os.getpid()) in holder.name or "a server at" in holder.name
    store.close_now()
    # PostgreSQL gives a lock back when it has seen the connection end
    wait_until(lambda: holder_of(database_url) is None, "the lock is given back")


def test_asking_who_has_the_lock_keeps_nobody_from_taking_it(sqlite_url: str) -> None:
    assert holder_of(sqlite_url) is None
    Store.open(sqlite_url).close_now()


def test_files_have_a_directory_and_servers_none(sqlite_url: str, tmp_path: Path) -> None:
    assert directory_of(sqlite_url) == tmp_path
    assert directory_of(UNREACHABLE) is None


def test_a_log_that_a_killed_server_left_is_read(sqlite_url: str, tmp_path: Path) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("CREATE TABLE notes (number INTEGER)")
    writer.execute("INSERT INTO notes VALUES (7)")
    writer.commit()
    copy = tmp_path / "killed.db"
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    writer.close()
    assert rows(f"sqlite:///{copy}") == [7]
