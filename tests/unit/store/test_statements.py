"""Insert or overwrite, on both databases."""

import pytest
from sqlalchemy import Connection, select
from tests.unit.store.notes import notes

from playvoice.store import Store, upsert


def put(store: Store, row: dict[str, object], keep: tuple[str, ...] = ()) -> None:
    store.write_now(lambda conn: upsert(conn, notes, ["key"], row, keep=keep))


def texts(store: Store) -> dict[str, str | None]:
    def query(conn: Connection) -> dict[str, str | None]:
        return {row.key: row.text for row in conn.execute(select(notes.c.key, notes.c.text))}

    return store.read_now(query)


def test_a_new_key_is_inserted_and_a_known_one_overwritten(store: Store) -> None:
    put(store, {"key": "a", "text": "first"})
    put(store, {"key": "b", "text": "other"})
    put(store, {"key": "a", "text": "second"})
    assert texts(store) == {"a": "second", "b": "other"}


def test_columns_that_are_kept_or_not_named_stay(store: Store) -> None:
    put(store, {"key": "a", "text": "first"})
    put(store, {"key": "a", "text": "second"}, keep=("text",))
    put(store, {"key": "a"})
    assert texts(store) == {"a": "first"}


def test_a_column_that_the_table_has_not_is_named(store: Store) -> None:
    with pytest.raises(ValueError, match="txet"):
        put(store, {"key": "a", "txet": "typo"})
