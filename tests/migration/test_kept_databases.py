"""The database of each earlier version is brought up to date with all that is in it, and is of nobody's machine."""

import json
import re
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.migration import kept
from tests.migration.kept import KINDS
from tests.migration.test_migrations import schema_of

from playvoice.calls.bills import BILL_FIELDS, BillQuery, Bills
from playvoice.migrations import all_tables, upgrade
from playvoice.migrations.due import known_revisions
from playvoice.migrations.upgrade import newest
from playvoice.store import Store, schema_connection

NEVER_RELEASED = {"0005", "0006"}
"""Migrations that no version ended with: they came together with the one behind them."""
OTHER_NAMES = {"displaynumber": "disnumber", "direction": "type", "userid": "crmid"}
"""Fields of a bill that the call record calls otherwise."""
ZONE = ZoneInfo("Asia/Shanghai")
MAX_OCTETS = 100_000


@pytest.mark.parametrize("revision", kept.revisions())
def test_a_kept_database_is_brought_up_to_date_with_every_row(revision: str, database_url: str) -> None:
    kind = database_url.partition(":")[0]
    kept.load(kept.read(revision, kind), database_url)
    with schema_connection(database_url) as conn:
        before = kept.rows_of(conn)
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, all_tables()) == []
        after = kept.rows_of(conn)
        schema = schema_of(conn)
        all_tables().drop_all(conn)
        all_tables().create_all(conn)
        assert schema == schema_of(conn), "constraints and indexes, too"
    assert before.pop("alembic_version") == [{"version_num": revision}]
    for table, rows in before.items():
        assert len(rows) == len(after[table])
        for row in rows:
            assert any(row.items() <= now.items() for now in after[table]), (table, row)


@pytest.mark.parametrize("revision", kept.revisions())
async def test_its_bills_are_what_its_own_version_reported(revision: str, database_url: str) -> None:
    kept.load(kept.read(revision, database_url.partition(":")[0]), database_url)
    upgrade(database_url)
    with schema_connection(database_url) as conn:
        callbacks = kept.rows_of(conn)["callbacks"]
    reported = [json.loads(str(row["payload"])) for row in callbacks if row["kind"] == "cdr"]
    store = Store.open(database_url)
    try:
        page = await Bills(store, public_ip="127.0.0.1", zone=ZONE).fetch(
            BillQuery("2028", datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)), datetime.now(UTC)
        )
    finally:
        await store.close()
    bills: dict[Any, Any] = {bill["id"]: bill for bill in page.bills}
    assert len(reported) == len(bills) >= 4
    for record in reported:
        bill = bills[record["id"]]
        assert {name: record[OTHER_NAMES.get(name, name)] for name in BILL_FIELDS} == {
            name: bill[name] for name in BILL_FIELDS
        }


def test_a_database_of_each_version_before_the_newest_migration_is_kept() -> None:
    """Whoever adds a migration keeps a database of the version before it: docs/releasing.md."""
    before = sorted(known_revisions())[:-1]
    kept_of = {kind: {path.name.partition(".")[0] for path in kept.DATABASES.glob(f"*.{kind}.sql")} for kind in KINDS}
    assert {kind: set(before) - NEVER_RELEASED - found for kind, found in kept_of.items()} == {
        kind: set() for kind in KINDS
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("revision", kept.revisions())
def test_there_are_rows_in_every_table_and_nothing_of_the_machine_that_made_them(revision: str, kind: str) -> None:
    sql = kept.read(revision, kind)
    assert len(sql) < MAX_OCTETS
    tables = set(re.findall(r"CREATE TABLE (?:public\.)?\"?(\w+)", sql)) - {"sqlite_sequence"}
    filled = set(re.findall(r"INSERT INTO (?:public\.)?\"?(\w+)", sql)) - {"sqlite_sequence"}
    assert tables == filled
    bodies = re.findall(r"[xX]'(78[0-9a-fA-F]+)'|'\\x(78[0-9a-f]+)'", sql)
    for text in (sql, *(zlib.decompress(bytes.fromhex(a or b)).decode(errors="replace") for a, b in bodies)):
        assert not re.search(r"/(tmp|home|root|work|opt|usr)/", text)
        assert set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text)) <= {"127.0.0.1", "127.0.0.0"}


def test_a_migration_that_is_killed_at_whatever_statement_was_never_there(database_url: str) -> None:
    """And the next one finds the database as the first one did: each begins with what the kill before it left."""
    revision = kept.revisions()[0]
    kept.load(kept.read(revision, database_url.partition(":")[0]), database_url)
    with schema_connection(database_url) as conn:
        before = {table: len(rows) for table, rows in kept.rows_of(conn).items()}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.migration.killed", database_url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *killed, last = map(json.loads, ran.stdout.splitlines())
    assert len(killed) > 20
    for each in killed:
        assert each == {"killed": True, "revision": [{"version_num": revision}], "tables": before}
    assert (last["killed"], last["revision"]) == (False, [{"version_num": newest()}])
    assert before.items() <= last["tables"].items()
