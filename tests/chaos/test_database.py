"""A database of each kind is brought back to an older revision with its rows; in an outage nothing can be stored."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.chaos.database import REVISION, Database, make_database
from tests.chaos.postgresql import database_in

from playvoice.migrations import upgrade
from playvoice.migrations.upgrade import newest
from playvoice.store import Store, StoreError, reading_connection

CALLBACK = (
    "INSERT INTO callbacks (company_code, call_uuid, kind, payload, state, attempts, early, created_at, next_attempt)"
    " VALUES ('1', 'c', 'cdr', '@extGroup-1', 'pending', 0, false, 1, 5)"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        making: AbstractContextManager[Database] = make_database("sqlite", tmp_path)
    else:
        making = database_in(request.getfixturevalue("postgresql_server"))
    with making as made:
        upgrade(made.url)
        yield made


def write(database: Database, *statements: str) -> None:
    store = Store.open(database.url)
    try:
        for statement in statements:
            store.write_now(partial(_run, statement))
    finally:
        store.close_now()


def _run(statement: str, conn: Connection) -> None:
    conn.execute(text(statement))


def read(database: Database, query: str) -> list[tuple[object, ...]]:
    with reading_connection(database.url) as conn:
        return [tuple(row) for row in conn.execute(text(query))]


def test_what_is_in_a_database_is_there_before_and_after_its_migration(database: Database, tmp_path: Path) -> None:
    heartbeat = "INSERT INTO servers (server_id, heartbeat_at) VALUES ('1', 5)"
    write(database, heartbeat, CALLBACK, CALLBACK, "DELETE FROM callbacks WHERE id = 2")
    database.bring_back()
    assert database.revision() == REVISION < newest()
    upgrade(database.url)
    assert database.revision() == newest()
    assert read(database, "SELECT heartbeat_at FROM servers") == [(5,)]
    write(database, CALLBACK)
    assert read(database, "SELECT id FROM callbacks ORDER BY id") == [(1,), (3,)], "no number is given out twice"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("older")] == []


def test_who_migrates_is_seen(database: Database) -> None:
    assert not database.wait_for_migration(0.01)
    database.bring_back()
    with ThreadPoolExecutor(1) as pool:
        migrating = pool.submit(upgrade, database.url)
        assert database.wait_for_migration(30)
        migrating.result(30)
    assert not database.wait_for_migration(0.01)


def test_nothing_can_be_stored_in_an_outage_of_any_kind_and_everything_after_it(database: Database) -> None:
    seen: set[str] = set()
    with ThreadPoolExecutor(1) as pool:
        while (outage := database.begin_outage()).why not in seen:
            seen.add(outage.why)
            writing = pool.submit(write, database, CALLBACK)
            with pytest.raises((TimeoutError, StoreError)):
                writing.result(0.5)
            outage.end()
            writing.exception(30)
            write(database, CALLBACK)
        outage.end()
    assert len(seen) == (1 if database.url.startswith("sqlite") else 4)
