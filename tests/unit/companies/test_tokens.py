"""Tokens that are long over leave the store, a few at once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.unit.companies.conftest import NOW

from playvoice.companies import Companies, TokenUnknown, tokens
from playvoice.companies.tables import tokens as table
from playvoice.store import Store

HERE = "127.0.0.1"
MOMENT = timedelta(microseconds=1)


def count(store: Store) -> int:
    return store.read_now(lambda conn: int(conn.execute(select(func.count()).select_from(table)).scalar_one()))


async def test_those_that_were_issued_before_a_time_go_and_not_those_of_that_time(
    companies: Companies, store: Store
) -> None:
    issued = [
        (await companies.login("demo-appid", "demo-accesskey", source=HERE, at=NOW + number * MOMENT))[1]
        for number in range(4)
    ]
    counts = [store.write_now(lambda conn: tokens.remove(conn, NOW + 3 * MOMENT, 2)) for _ in range(3)]
    assert counts == [2, 1, 0]
    assert count(store) == 1
    again = Companies(store, random=None)  # type: ignore[arg-type]  # nothing is chosen
    assert (await again.authenticate(issued[3], source=HERE, at=NOW)).code == "2028"
    with pytest.raises(TokenUnknown):
        await again.authenticate(issued[0], source=HERE, at=NOW)


def test_no_life_is_as_long_as_the_least_time_that_tokens_are_kept() -> None:
    assert timedelta(days=1) > tokens.LIFETIME
