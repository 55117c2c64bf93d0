"""The configuration file becomes rows, and keeps to what it names."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from tests.unit.companies.conftest import DEMO, NOW, OTHER, Configure

from playvoice.companies import CompaniesError, Company
from playvoice.companies.tables import caller_numbers, companies
from playvoice.config import CallbackFormat, RecordFormat, RecordPolicy
from playvoice.store import Store


def get(configure: Configure, *described: dict[str, object]) -> Company:
    company = configure(*described).get("2028")
    assert company is not None
    return company


def test_a_company_has_what_the_file_says_and_the_defaults_for_the_rest(configure: Configure) -> None:
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    company = get(
        configure,
        DEMO
        | {
            "cdr_callback": "http://127.0.0.1:9000/cdr",
            "signing_secret": secret,
            "record": "transferred",
            "record_format": "wav",
            "callback_format": "form",
            "callback_fields": ["recordurl", "userid"],
            "trunks": ["carrier, north", "south"],
            "ipwhite": ["192.0.2.1", "10.0.0.0/8"],
            "licensed_until": "2030-12-31",
        },
    )
    assert company.cdr_callback == "http://127.0.0.1:9000/cdr"
    assert company.status_callback is None
    assert company.signing_secret == secret
    assert company.record is RecordPolicy.TRANSFERRED
    assert company.record_format is RecordFormat.WAV
    assert company.callback_format is CallbackFormat.FORM
    assert company.callback_fields == ("recordurl", "userid")
    assert company.trunks == ("carrier, north", "south")
    assert company.ipwhite_text() == "192.0.2.1,10.0.0.0/8"
    assert company.licensed_until == datetime(2030, 12, 31, 16, 0, tzinfo=UTC)
    assert (company.expire_after, company.key_time, company.enabled) == (3600, 5, True)


def test_a_signing_secret_is_made_once_where_the_file_has_none(configure: Configure) -> None:
    made = get(configure, DEMO).signing_secret
    assert made.startswith("whsec_")
    assert len(base64.b64decode(made.removeprefix("whsec_"))) == 32
    assert get(configure, DEMO).signing_secret == made


def test_no_secret_stands_in_a_repr(configure: Configure) -> None:
    assert "whsec_" not in repr(get(configure, DEMO))


def test_applying_twice_changes_nothing_and_the_time_of_a_change_is_noted(configure: Configure, store: Store) -> None:
    described = DEMO | {"licensed_until": "2030-12-31", "ipwhite": ["10.0.0.0/8"], "trunks": ["north"]}

    def rows() -> list[tuple[object, ...]]:
        by_code = select(companies).order_by(companies.c.code)
        return store.read_now(lambda conn: [tuple(row) for row in conn.execute(by_code)])

    def times(**changes: object) -> dict[str, datetime]:
        both = configure(described | changes, OTHER, at=NOW + timedelta(hours=1))
        return {company.code: company.updated_at for company in both}

    configure(described, OTHER)
    before = rows()
    assert times() == {"2028": NOW, "9017": NOW}
    assert rows() == before
    assert times(cdr_callback="http://a/") == {"2028": NOW + timedelta(hours=1), "9017": NOW}


def test_the_file_overwrites_what_it_names_and_leaves_the_rest(configure: Configure) -> None:
    get(configure, DEMO | {"key_time": 9, "expire_after": 60, "cdr_callback": "http://a/"})
    company = get(configure, DEMO | {"name": "New", "key_time": 7})
    assert (company.name, company.key_time, company.expire_after, company.cdr_callback) == ("New", 7, 60, "http://a/")


def test_a_company_and_a_number_that_the_file_leaves_out_stay(configure: Configure) -> None:
    configure(DEMO, OTHER)
    left = configure(DEMO | {"numbers": ["2120280001"]})
    assert left.get("9017") is not None
    assert left._snapshot.numbers.keys() == {"2120280001", "2120280002", "2190170001"}


def test_a_number_that_was_switched_off_stays_so(configure: Configure, store: Store) -> None:
    configure(DEMO)
    store.write_now(lambda conn: conn.execute(update(caller_numbers).values(enabled=False)).rowcount)
    configure(DEMO)
    assert store.read_now(lambda conn: set(conn.execute(select(caller_numbers.c.enabled)).scalars())) == {False}


def test_a_number_moves_to_the_company_that_the_file_gives_it(configure: Configure) -> None:
    configure(DEMO, OTHER)
    moved = configure(DEMO | {"numbers": ["2190170001"]}, OTHER | {"numbers": []})
    assert moved._snapshot.numbers["2190170001"].company_code == "2028"


async def test_a_changed_access_key_replaces_the_old_one(configure: Configure) -> None:
    configure(DEMO)
    companies_ = configure(DEMO | {"accesskey": "new key"})
    await companies_.login("demo-appid", "new key", source="", at=datetime.now(UTC))
    with pytest.raises(CompaniesError):
        await companies_.login("demo-appid", "demo-accesskey", source="", at=datetime.now(UTC))


def test_an_access_key_is_stored_only_as_a_hash(configure: Configure, store: Store) -> None:
    configure(DEMO)
    assert "demo-accesskey" not in store.read_now(lambda conn: str(conn.execute(select(companies)).all()))


def test_two_companies_can_change_their_appids_with_each_other(configure: Configure) -> None:
    configure(DEMO, OTHER)
    assert get(configure, DEMO | {"appid": "other-appid"}, OTHER | {"appid": "demo-appid"}).appid == "other-appid"


def test_an_appid_of_a_company_that_only_the_database_knows_is_refused_in_words(configure: Configure) -> None:
    configure(DEMO, OTHER)
    with pytest.raises(CompaniesError, match=r"'other-appid' of company 2028 belongs to company 9017"):
        configure(DEMO | {"appid": "other-appid"})
    assert get(configure, DEMO).appid == "demo-appid"
