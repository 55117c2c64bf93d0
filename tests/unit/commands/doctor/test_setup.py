from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from tests.unit.commands.doctor.world import configuration
from tests.unit.lines.configs import company, extension, trunk

from playvoice import companies, lines, migrations
from playvoice.commands.doctor.setup import setup_of
from playvoice.companies.tables import companies as company_table
from playvoice.config import Config
from playvoice.store import Store

SECRET = "whsec_" + "A" * 32
AT = datetime(2026, 1, 1, tzinfo=UTC)


def config(url: str, **sections: Any) -> Config:
    return configuration(server={"database": url}, **sections)


def start(url: str, settings: Config) -> None:
    """Leave what a server leaves that has run with these settings."""
    store = Store.open(url)
    migrations.upgrade(url)
    store.write_now(lambda conn: companies.apply(conn, settings, AT))
    store.write_now(lambda conn: lines.apply(conn, settings, AT))
    store.close_now()


def test_before_the_first_start_there_is_what_the_file_says(sqlite_url: str) -> None:
    setup = setup_of(config(sqlite_url))
    assert [each.name for each in setup.trunks] == ["carrier"]
    assert [each.signing_secret for each in setup.companies] == [""], "the first start makes it"
    assert setup.extensions == 1


def test_a_secret_of_the_file_is_known_before_the_first_start(sqlite_url: str) -> None:
    named = company(signing_secret=SECRET)
    assert [each.signing_secret for each in setup_of(config(sqlite_url, company=[named])).companies] == [SECRET]


def test_what_only_the_database_knows_is_there_too_and_the_file_wins(database_url: str) -> None:
    before = config(
        database_url,
        trunk=[trunk(max_calls=7, strip="+86"), trunk("second")],
        company=[company(extension=[extension("1001"), extension("1002")]), company("77")],
    )
    start(database_url, before)
    setup = setup_of(config(database_url, trunk=[trunk(max_calls=9)]))
    assert [(each.name, each.max_calls, each.strip) for each in setup.trunks] == [
        ("carrier", 9, "+86"),
        ("second", 30, ""),
    ]
    assert [each.code for each in setup.companies] == ["2028", "77"]
    assert all(each.signing_secret.startswith("whsec_") for each in setup.companies), "those that a start has made"
    assert setup.extensions == 2


def test_looking_changes_nothing(sqlite_url: str) -> None:
    start(sqlite_url, config(sqlite_url))
    store = Store.open(sqlite_url)
    store.write_now(lambda conn: conn.execute(update(company_table).values(name="as it was")).rowcount)
    setup_of(config(sqlite_url))
    assert [each.name for each in store.read_now(lambda conn: conn.execute(company_table.select()).all())] == [
        "as it was"
    ]
    store.close_now()


def test_a_database_of_another_version_counts_as_empty(sqlite_url: str) -> None:
    store = Store.open(sqlite_url)
    store.write_now(lambda conn: conn.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))").close())
    store.write_now(lambda conn: conn.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')").close())
    store.close_now()
    assert len(setup_of(config(sqlite_url)).trunks) == 1


def test_a_database_that_can_not_be_read_counts_as_empty() -> None:
    nobody = config("postgresql://user@127.0.0.1:1/db?connect_timeout=1")
    assert len(setup_of(nobody).trunks) == 1
