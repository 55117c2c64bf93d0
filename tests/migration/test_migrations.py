"""The migrations make exactly the tables that the code declares, on both databases."""

import asyncio
import re
import resource
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from tests.postgresql import PostgresqlServer
from tests.waiting import wait_until

from playvoice.calls.bills import BillQuery, Bills
from playvoice.migrations import MigrationError, all_tables, upgrade
from playvoice.migrations.due import alembic_config, migrate
from playvoice.migrations.upgrade import newest
from playvoice.store import Store, StoreError, schema_connection

POSTGRESQL_CATALOGUE = """
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(character_maximum_length, 0)
        || ' ' || is_nullable || ' ' || coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


def schema_of(conn: Connection) -> set[str]:
    """Describe every table, column, index and constraint, in the words of the database."""
    if conn.dialect.name == "postgresql":
        rows = conn.execute(text(POSTGRESQL_CATALOGUE)).scalars()
        return {row for row in rows if "alembic_version" not in row}
    schema: set[str] = set()
    for name, sql in conn.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")):
        clauses = re.split(r",\s*\n|, (?=\w+ [A-Z])|\(\s*\n|\n\)", sql.replace('"', ""))  # added columns share a line
        schema |= {f"{name}: {' '.join(clause.split())}" for clause in clauses if name != "alembic_version"}
    return schema


def test_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, all_tables()) == []


def test_migrations_make_the_same_constraints_and_indexes_too(database_url: str) -> None:
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        migrated = schema_of(conn)
        all_tables().drop_all(conn)
        all_tables().create_all(conn)
        assert migrated == schema_of(conn)


def test_the_newest_migration_by_its_file_is_the_one_that_alembic_comes_to() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [newest()]


def test_upgrading_twice_changes_nothing_the_second_time(database_url: str) -> None:
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        before = schema_of(conn)
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        assert schema_of(conn) == before


def test_an_upgrade_goes_beside_an_open_store_which_sees_the_tables(database_url: str) -> None:
    store = Store.open(database_url)
    upgrade(database_url)
    tables = list(all_tables().sorted_tables)
    assert store.read_now(lambda conn: [conn.execute(table.select()).all() for table in tables]) == [[]] * len(tables)
    store.close_now()


def test_an_agents_leg_of_before_there_were_offers_is_one_of_its_own(database_url: str) -> None:
    """A server that crashed and was brought up to date has it to end and to report."""
    call = "uuid, server_id, company_code, state, accepted_at, destnumber, voice_kind, voice_name, userid, disnumber"
    more = "chengshudu, customuuid, memberid, ext, waittime, conntime, userkey, extnumber, crmid, recordfilename"
    leg = "uuid, call_uuid, kind, state, trunk, extension, invite, dialog, started_at"
    with schema_connection(database_url) as conn:
        command.upgrade(alembic_config(conn), "0002")
        conn.execute(
            text(
                f"INSERT INTO calls ({call}, {more}) VALUES ('c', '1', '1', 'answered', 1, '', 1, '', '', '',"
                " '', '', '', '', 60, 60, '', '', '', '')"
            )
        )
        for uuid, kind in (("customers", "a"), ("agents", "b")):
            conn.execute(
                text(f"INSERT INTO legs ({leg}) VALUES ('{uuid}', 'c', '{kind}', 'dialled', '', '', '{{}}', '', 1)")
            )
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        offers = conn.execute(text("SELECT uuid, offer_uuid FROM legs ORDER BY uuid")).all()
    assert [tuple(row) for row in offers] == [("agents", "agents"), ("customers", None)]


def test_a_database_of_a_newer_version_is_refused_in_words_and_left_alone(database_url: str) -> None:
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationError, match=r"newer PlayVoice.*9999"):
        upgrade(database_url)
    with schema_connection(database_url) as conn:
        assert conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    last = all_tables().sorted_tables[-1].name
    with schema_connection(database_url) as conn:
        conn.execute(text(f"CREATE TABLE {last} (in_the_way INTEGER)"))
    with schema_connection(database_url) as conn:
        before = schema_of(conn)
    with pytest.raises(DBAPIError, match=last):
        upgrade(database_url)
    with schema_connection(database_url) as conn:
        assert schema_of(conn) == before


@pytest.mark.peer("postgresql")
def test_a_migration_waits_for_that_of_a_killed_server_whose_commit_is_still_under_way(
    postgresql_server: PostgresqlServer,
) -> None:
    url = postgresql_server.create_database()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as beside:
        with schema_connection(url) as conn:
            migrate(conn)
            second = pool.submit(upgrade, url)
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            wait_until(lambda: beside.execute(waiting).fetchone() == (1,), "the second one waits")
        second.result(30)
        assert beside.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest(),)]


def test_a_database_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(StoreError, match="can't be opened"):
        upgrade("postgresql://nobody@127.0.0.1:1/db")


def test_what_a_server_of_before_bills_and_uploads_has_stored_is_kept(database_url: str) -> None:
    call = {
        "id": 7,
        "uuid": "c",
        "server_id": "1",
        "company_code": "2028",
        "state": "ended",
        "accepted_at": 1,
        "destnumber": "133",
        "voice_kind": 1,
        "waittime": 60,
        "conntime": 60,
        "started_at": 1_000_000,
        "ended_at": 2_000_000,
        "hangupcause": 10004,
        "hangupdirection": 10004,
    }
    empty = "voice_name userid disnumber chengshudu customuuid memberid ext userkey extnumber crmid recordfilename"
    rows: dict[str, dict[str, object]] = {
        "calls": call | dict.fromkeys(empty.split(), ""),
        "callbacks": {
            "id": 9,
            "company_code": "2028",
            "call_uuid": "c",
            "kind": "cdr",
            "payload": "{}",
            "state": "pending",
            "attempts": 3,
            "early": False,
            "created_at": 1,
            "next_attempt": 5,
        },
        "voice_files": {"company_code": "2028", "name": "a.wav", "path": "/a.wav", "added_at": 1},
    }
    with schema_connection(database_url) as conn:
        command.upgrade(alembic_config(conn), "0004")
        for table, row in rows.items():
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        for table, row in rows.items():
            assert row.items() <= dict(conn.execute(text(f"SELECT * FROM {table}")).mappings().one()).items()
        if conn.dialect.name == "sqlite":
            conn.execute(text("DELETE FROM callbacks"))
            columns = "company_code, call_uuid, kind, payload, state, attempts, early, created_at, next_attempt"
            values = "'2028', 'c', 'cdr', '{}', 'pending', 0, 0, 1, 5"
            conn.execute(text(f"INSERT INTO callbacks ({columns}) VALUES ({values})"))
            assert conn.execute(text("SELECT id FROM callbacks")).scalar_one() == 10, "no number is used again"
    store = Store.open(database_url)
    since, until = (datetime.fromtimestamp(seconds, UTC) for seconds in (0, 10))
    page = asyncio.run(Bills(store, public_ip="", zone=UTC).fetch(BillQuery("2028", since, until), until))
    store.close_now()
    assert [(bill["id"], bill["destnumber"]) for bill in page.bills] == [(7, "133")]


def test_a_disk_that_is_full_is_told_in_words_and_leaves_the_database_as_it_was(sqlite_url: str) -> None:
    Store.open(sqlite_url).close_now()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 1024, before[1]))
    try:
        with pytest.raises(StoreError, match="the database can't be changed: "):
            upgrade(sqlite_url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    upgrade(sqlite_url)
