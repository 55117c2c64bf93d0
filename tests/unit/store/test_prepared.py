"""Statements that go to the driver without SQLAlchemy's execution, on both databases."""

from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, bindparam, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.postgresql import PostgresqlServer
from tests.unit.store.notes import Notes, notes, tables

from playvoice.store import Prepared, Store

AT = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)
ADD = Prepared(
    insert(notes)
    .values(key=bindparam("key"), text="50% of 'it'", at=bindparam("at"))
    .returning(notes.c.id, notes.c.at, notes.c.text)
)
MOVE = Prepared(
    update(notes)
    .where(or_(notes.c.key == bindparam("first"), notes.c.key == bindparam("second")), notes.c.at < bindparam("at"))
    .values(at=bindparam("at"))
)
LATER = Prepared(select(notes.c.key, notes.c.at).where(notes.c.at >= bindparam("since")).order_by(notes.c.id))


def add(store: Store, key: str, at: datetime | None = AT) -> list[tuple[object, ...]]:
    return store.write_now(lambda conn: ADD.rows(conn, {"key": key, "at": at}))


def test_values_go_in_and_rows_come_out_as_their_columns_types_say(store: Store) -> None:
    assert add(store, "a") == [(1, AT, "50% of 'it'")]
    assert add(store, "b", None) == [(2, None, "50% of 'it'")]
    assert store.read_now(lambda conn: LATER.rows(conn, {"since": AT})) == [("a", AT)]


def test_a_change_tells_how_many_rows_it_changed(store: Store) -> None:
    for key in "abc":
        add(store, key)
    parameters = {"first": "a", "second": "c", "at": AT.replace(year=2027)}
    assert store.write_now(lambda conn: MOVE.change(conn, parameters)) == 2
    assert store.write_now(lambda conn: MOVE.change(conn, parameters)) == 0


def test_it_is_part_of_its_fact(store: Store) -> None:
    def half_done(conn: Connection) -> None:
        ADD.rows(conn, {"key": "half", "at": AT})
        raise LookupError("changed my mind")

    with pytest.raises(LookupError):
        store.write_now(half_done)
    assert store.read_now(Notes.keys) == []


def test_errors_are_those_of_sqlalchemy_and_hold_no_parameters(store: Store) -> None:
    add(store, "secret")
    with pytest.raises(IntegrityError) as refused:
        add(store, "secret")
    assert refused.value.params is None
    with pytest.raises(DBAPIError):
        store.read_now(lambda conn: ADD.rows(conn, {"key": "sneaked in", "at": AT}))
    with pytest.raises(ValueError, match="needs a time zone"):
        add(store, "naive", AT.replace(tzinfo=None))
    assert store.read_now(Notes.keys) == ["secret"]


def test_a_parameter_that_is_missing_is_named(store: Store) -> None:
    with pytest.raises(KeyError, match="since"):
        store.read_now(lambda conn: LATER.rows(conn, {}))


def test_what_needs_sqlalchemys_own_execution_is_refused(store: Store) -> None:
    with_default = Table("with_default", MetaData(), Column("id", Integer), Column("number", Integer, default=1))
    for statement in (
        Prepared(select(notes.c.id).where(notes.c.key.in_(["a", "b"]))),
        Prepared(insert(with_default).values(id=bindparam("id"))),
    ):
        with pytest.raises(ValueError, match="can't be prepared"):
            store.write_now(partial(statement.change, parameters={"id": 1}))


@pytest.mark.peer("postgresql")
async def test_a_connection_that_died_in_between_costs_no_fact(postgresql_server: PostgresqlServer) -> None:
    store = Store.open(postgresql_server.create_database())
    await store.write(tables.create_all)
    await store.read(partial(LATER.rows, parameters={"since": AT}))
    postgresql_server.crash()
    postgresql_server.start()
    await store.write(partial(ADD.rows, parameters={"key": "a", "at": AT}))
    assert await store.read(partial(LATER.rows, parameters={"since": AT})) == [("a", AT)]
    await store.close()
