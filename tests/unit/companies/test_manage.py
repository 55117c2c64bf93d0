"""Companies and caller numbers, one at a time."""

from datetime import date
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection
from tests.unit.companies.conftest import NOW

from playvoice.companies import Companies, CompaniesError, manage
from playvoice.config import CompanyConfig
from playvoice.config.pieces import changed_piece, new_piece
from playvoice.store import Store

ZONE = ZoneInfo("Asia/Shanghai")
THIRD = {"code": "3001", "name": "Third", "appid": "third", "accesskey": "key"}


@pytest.fixture(autouse=True)
def _two_companies(companies: Companies) -> None:
    """2028 with two numbers, 9017 with one."""


def add(conn: Connection, **fields: str) -> None:
    manage.add_company(conn, new_piece(CompanyConfig, THIRD | fields), ZONE, NOW)


def change(conn: Connection, code: str, **fields: str) -> None:
    manage.change_company(conn, code, changed_piece(CompanyConfig, fields), ZONE, NOW)


def test_a_company_that_was_added_is_listed_with_all_that_is_set_and_no_secret(store: Store) -> None:
    store.write_now(lambda conn: add(conn, numbers="3001,3002", licensed_until="2030-12-31", ipwhite="192.0.2.1"))
    (row,) = store.read_now(lambda conn: manage.list_companies(conn, ZONE, "3001"))
    assert row["numbers"] == ["3001", "3002"]
    assert row["licensed_until"] == date(2030, 12, 31).isoformat()
    assert row["ipwhite"] == ["192.0.2.1"]
    assert not {"accesskey", "accesskey_hash", "signing_secret"} & row.keys()
    assert [each["code"] for each in store.read_now(lambda conn: manage.list_companies(conn, ZONE))] == [
        "2028",
        "3001",
        "9017",
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "2028"}, "there is a company 2028 already"),
        ({"appid": "other-appid"}, "appid 'other-appid' belongs to company 9017"),
        ({"numbers": "2190170001"}, "caller number 2190170001 belongs to company 9017"),
    ],
)
def test_what_is_taken_is_refused_and_nothing_is_stored(store: Store, fields: dict[str, str], said: str) -> None:
    with pytest.raises(CompaniesError, match=said):
        store.write_now(lambda conn: add(conn, **fields))
    assert len(store.read_now(lambda conn: manage.list_companies(conn, ZONE))) == 2


def test_a_change_leaves_the_rest_as_it_is(store: Store) -> None:
    store.write_now(lambda conn: change(conn, "2028", record="false"))
    (row,) = store.read_now(lambda conn: manage.list_companies(conn, ZONE, "2028"))
    assert (row["record"], row["name"], row["numbers"]) == ("never", "Demo", ["2120280001", "2120280002"])


def test_numbers_that_are_set_are_all_that_a_company_has(store: Store) -> None:
    store.write_now(lambda conn: change(conn, "2028", numbers="2120280002,2120280009"))
    rows = store.read_now(lambda conn: manage.list_numbers(conn, "2028"))
    assert [row["number"] for row in rows] == ["2120280002", "2120280009"]


def test_an_access_key_that_was_changed_is_the_one_that_logs_in(store: Store) -> None:
    store.write_now(lambda conn: change(conn, "2028", accesskey="another", appid="demo-2"))
    changed = Companies(store, random=Random(1))
    assert changed._check_key("demo-2", "another", "192.0.2.1").code == "2028"


def test_a_removed_company_leaves_nothing(store: Store) -> None:
    store.write_now(lambda conn: manage.remove_company(conn, "9017"))
    assert store.read_now(lambda conn: manage.list_numbers(conn, "9017")) == []
    with pytest.raises(CompaniesError, match="there is no company 9017"):
        store.read_now(lambda conn: manage.list_companies(conn, ZONE, "9017"))


def test_a_signing_secret_stays_until_a_new_one_is_asked_for(store: Store) -> None:
    first = store.read_now(lambda conn: manage.signing_secret(conn, "2028"))
    assert store.read_now(lambda conn: manage.signing_secret(conn, "2028")) == first
    second = store.write_now(lambda conn: manage.signing_secret(conn, "2028", new=True))
    assert second != first
    assert store.read_now(lambda conn: manage.signing_secret(conn, "2028")) == second


def test_a_number_is_added_switched_and_removed(store: Store) -> None:
    store.write_now(lambda conn: manage.add_number(conn, "2028", "2120280003"))
    store.write_now(lambda conn: manage.switch_number(conn, "2120280003", enabled=False))
    rows = store.read_now(lambda conn: manage.list_numbers(conn))
    assert {"number": "2120280003", "company": "2028", "enabled": False} in rows
    store.write_now(lambda conn: manage.remove_number(conn, "2120280003"))
    with pytest.raises(CompaniesError, match="there is no caller number 2120280003"):
        store.write_now(lambda conn: manage.remove_number(conn, "2120280003"))


def test_nothing_is_done_to_a_company_that_there_is_not(store: Store) -> None:
    for work in (
        lambda conn: change(conn, "1", name="x"),
        lambda conn: manage.remove_company(conn, "1"),
        lambda conn: manage.signing_secret(conn, "1"),
        lambda conn: manage.add_number(conn, "1", "1234"),
    ):
        with pytest.raises(CompaniesError, match="there is no company 1"):
            store.write_now(work)
