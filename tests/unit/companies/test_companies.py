"""Login, tokens and caller numbers, as the API promises them."""

import re
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Connection, func, select, update
from tests.unit.companies.conftest import DEMO, NOW, OTHER, Configure

from playvoice.companies import (
    AddressNotAllowed,
    BadCredentials,
    Companies,
    CompanyDisabled,
    LicenceExpired,
    NumberDisabled,
    NumberForeign,
    NumberUnknown,
    TokenUnknown,
    TooManyAttempts,
)
from playvoice.companies.attempts import MOST, WINDOW
from playvoice.companies.tables import caller_numbers, tokens
from playvoice.store import Store

HERE = "203.0.113.5"


async def login(companies: Companies) -> str:
    _, token = await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW)
    return token


async def test_login_gives_a_token_that_stands_for_the_company(companies: Companies) -> None:
    company, token = await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW)
    assert (company.code, company.name) == ("2028", "Demo")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert await companies.authenticate(token, source=HERE, at=NOW) is company


async def test_a_new_login_leaves_earlier_tokens_valid(companies: Companies) -> None:
    first, second = await login(companies), await login(companies)
    assert first != second
    for token in (first, second):
        assert (await companies.authenticate(token, source=HERE, at=NOW)).code == "2028"


async def test_a_token_lives_twelve_hours(companies: Companies) -> None:
    token = await login(companies)
    await companies.authenticate(token, source=HERE, at=NOW + timedelta(hours=12, microseconds=-1))
    with pytest.raises(TokenUnknown):
        await companies.authenticate(token, source=HERE, at=NOW + timedelta(hours=12))


async def test_a_token_outlives_a_restart(companies: Companies, store: Store) -> None:
    token = await login(companies)
    again = Companies(store, random=Random(1))
    assert (await again.authenticate(token, source=HERE, at=NOW)).code == "2028"


async def test_a_token_is_stored_only_as_a_hash(companies: Companies, store: Store) -> None:
    token = await login(companies)
    assert token not in store.read_now(lambda conn: str(conn.execute(select(tokens)).all()))


async def test_a_known_token_costs_no_read(companies: Companies, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await login(companies)
    await companies.authenticate(token, source=HERE, at=NOW)

    async def refuse(_: object) -> None:
        raise AssertionError("read the database")

    monkeypatch.setattr(store, "read", refuse)
    await companies.authenticate(token, source=HERE, at=NOW)


@pytest.mark.parametrize("token", ["", "x", "0" * 32, "A" * 32, "０" * 32, "0" * 31, "0" * 10_000, "\x00'; --"])
async def test_any_text_that_is_no_token_is_unknown(companies: Companies, token: str) -> None:
    with pytest.raises(TokenUnknown):
        await companies.authenticate(token, source=HERE, at=NOW)


@pytest.mark.parametrize(
    ("appid", "accesskey"),
    [
        ("demo-appid", "wrong"),
        ("nobody", "demo-accesskey"),
        ("demo-appid", "other-accesskey"),
        ("", ""),
        ("\ud800", "密"),
    ],
)
async def test_a_wrong_key_and_an_unknown_appid_are_refused_alike(
    companies: Companies, appid: str, accesskey: str
) -> None:
    with pytest.raises(BadCredentials, match="the appid is unknown or the key is wrong"):
        await companies.login(appid, accesskey, source=HERE, at=NOW)


@pytest.mark.parametrize("appid", ["demo-appid", "nobody"])
async def test_past_the_bound_of_wrong_keys_none_is_looked_at_until_its_time_is_over(
    companies: Companies, store: Store, appid: str
) -> None:
    now = 1_000.0
    companies = Companies(store, random=Random(1), clock=lambda: now)
    for _ in range(MOST):
        with pytest.raises(BadCredentials):
            await companies.login(appid, "wrong", source=HERE, at=NOW)
        now += 1
    for key in ("wrong", "demo-accesskey"):
        with pytest.raises(TooManyAttempts) as refused:
            await companies.login(appid, key, source=HERE, at=NOW)
        assert refused.value.retry_after == WINDOW - MOST
        with pytest.raises(TooManyAttempts):
            await companies.logout_all(appid, key, source=HERE)
    await companies.login("other-appid", "other-accesskey", source=HERE, at=NOW)
    await companies.login("demo-appid", "demo-accesskey", source="203.0.113.6", at=NOW)
    now = 1_000.0 + WINDOW
    await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW)


async def test_right_keys_are_not_counted(companies: Companies) -> None:
    for _ in range(2 * MOST):
        await login(companies)


async def test_the_key_is_checked_before_the_state_of_the_company(configure: Configure) -> None:
    companies = configure(DEMO | {"enabled": False, "licensed_until": "2020-01-01", "ipwhite": ["192.0.2.1"]})
    with pytest.raises(BadCredentials):
        await companies.login("demo-appid", "wrong", source=HERE, at=NOW)
    with pytest.raises(CompanyDisabled):
        await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW)
    companies = configure(DEMO | {"enabled": True})
    with pytest.raises(LicenceExpired):
        await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW)
    companies = configure(DEMO | {"licensed_until": "2030-01-01"})
    with pytest.raises(AddressNotAllowed, match=HERE):
        await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW)
    await companies.login("demo-appid", "demo-accesskey", source="192.0.2.1", at=NOW)


async def test_a_company_that_is_switched_off_can_do_nothing_with_its_tokens(
    companies: Companies, configure: Configure
) -> None:
    token = await login(companies)
    companies = configure(DEMO | {"enabled": False})
    with pytest.raises(CompanyDisabled):
        await companies.authenticate(token, source=HERE, at=NOW)


async def test_a_token_is_of_no_use_from_an_address_outside_the_list(configure: Configure) -> None:
    companies = configure(DEMO | {"ipwhite": ["192.0.2.0/24", "2001:db8::1"]})
    _, token = await companies.login("demo-appid", "demo-accesskey", source="192.0.2.9", at=NOW)
    for source in ("192.0.2.255", "::ffff:192.0.2.7", "2001:db8::1"):
        await companies.authenticate(token, source=source, at=NOW)
    for source in (HERE, "2001:db8::2", "", "unix"):
        with pytest.raises(AddressNotAllowed):
            await companies.authenticate(token, source=source, at=NOW)


async def test_the_last_day_of_the_licence_counts_in_the_configured_zone(configure: Configure) -> None:
    companies = configure(DEMO | {"licensed_until": "2026-11-24"})
    midnight_in_shanghai = NOW.replace(hour=16, minute=0)
    await companies.login("demo-appid", "demo-accesskey", source=HERE, at=midnight_in_shanghai - timedelta(seconds=1))
    with pytest.raises(LicenceExpired):
        await companies.login("demo-appid", "demo-accesskey", source=HERE, at=midnight_in_shanghai)


async def test_past_a_thousand_tokens_the_oldest_ends(companies: Companies, store: Store) -> None:
    oldest, second = await login(companies), await login(companies)
    await companies.authenticate(oldest, source=HERE, at=NOW)
    _, foreign = await companies.login("other-appid", "other-accesskey", source=HERE, at=NOW)

    def fill(conn: Connection) -> None:
        row = {"company_code": "2028", "issued_at": NOW, "expires_at": NOW + timedelta(hours=12)}
        conn.execute(tokens.insert(), [row | {"digest": f"{number:064}"} for number in range(998)])

    store.write_now(fill)
    await login(companies)
    with pytest.raises(TokenUnknown):
        await companies.authenticate(oldest, source=HERE, at=NOW)
    for token in (second, foreign):
        await companies.authenticate(token, source=HERE, at=NOW)
    count = select(func.count()).select_from(tokens).where(tokens.c.company_code == "2028")
    assert store.read_now(lambda conn: conn.execute(count).scalar_one()) == 1_000


async def test_expired_tokens_are_swept_at_the_next_login(companies: Companies, store: Store) -> None:
    await login(companies)
    await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW + timedelta(hours=12))
    count = select(func.count()).select_from(tokens)
    assert store.read_now(lambda conn: conn.execute(count).scalar_one()) == 1


async def test_logout_ends_one_token_and_only_once(companies: Companies) -> None:
    first, second = await login(companies), await login(companies)
    await companies.authenticate(first, source=HERE, at=NOW)
    await companies.logout(token=first, at=NOW)
    with pytest.raises(TokenUnknown):
        await companies.authenticate(first, source=HERE, at=NOW)
    with pytest.raises(TokenUnknown):
        await companies.logout(token=first, at=NOW)
    await companies.authenticate(second, source=HERE, at=NOW)


async def test_logout_by_credentials_ends_all_tokens_of_the_appid(companies: Companies) -> None:
    mine = [await login(companies) for _ in range(3)]
    _, foreign = await companies.login("other-appid", "other-accesskey", source=HERE, at=NOW)
    for token in mine:
        await companies.authenticate(token, source=HERE, at=NOW)
    with pytest.raises(BadCredentials):
        await companies.logout_all("demo-appid", "wrong", source=HERE)
    await companies.logout_all("demo-appid", "demo-accesskey", source=HERE)
    for token in mine:
        with pytest.raises(TokenUnknown):
            await companies.authenticate(token, source=HERE, at=NOW)
    await companies.authenticate(foreign, source=HERE, at=NOW)


async def test_an_own_enabled_caller_number_can_be_shown(companies: Companies) -> None:
    company = companies.get("2028")
    assert company is not None
    assert await companies.caller_number(company, "2120280002") == "2120280002"


async def test_without_a_caller_number_an_enabled_one_is_chosen_at_random(companies: Companies) -> None:
    company = companies.get("2028")
    assert company is not None
    chosen = {await companies.caller_number(company, "") for _ in range(50)}
    assert chosen == {"2120280001", "2120280002"}


async def test_caller_numbers_that_cannot_be_shown_are_refused_by_their_reason(
    companies: Companies, store: Store
) -> None:
    company = companies.get("2028")
    assert company is not None
    with pytest.raises(NumberUnknown):
        await companies.caller_number(company, "100")
    with pytest.raises(NumberForeign):
        await companies.caller_number(company, "2190170001")
    one = update(caller_numbers).where(caller_numbers.c.number == "2120280001").values(enabled=False)
    store.write_now(lambda conn: conn.execute(one).rowcount)
    await companies.refresh()
    with pytest.raises(NumberDisabled):
        await companies.caller_number(company, "2120280001")
    assert {await companies.caller_number(company, "") for _ in range(20)} == {"2120280002"}
    store.write_now(lambda conn: conn.execute(update(caller_numbers).values(enabled=False)).rowcount)
    await companies.refresh()
    with pytest.raises(NumberDisabled, match="all caller numbers"):
        await companies.caller_number(company, "")


async def test_a_company_without_caller_numbers_has_none_to_choose_from(configure: Configure) -> None:
    companies = configure(DEMO | {"numbers": []}, OTHER)
    company = companies.get("2028")
    assert company is not None
    with pytest.raises(NumberUnknown, match="has no caller number"):
        await companies.caller_number(company, "")


def test_a_company_that_nobody_described_is_none(companies: Companies) -> None:
    assert companies.get("1") is None
