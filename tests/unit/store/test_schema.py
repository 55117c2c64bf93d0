"""The column types, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import StatementError
from tests.unit.store.notes import notes

from playvoice.store import Instant, Store

INSTANTS = [
    datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2020, 2, 9, 12, 32, 51, tzinfo=timezone(timedelta(hours=8))),
]


@pytest.mark.parametrize("instant", INSTANTS)
def test_an_instant_comes_back_as_the_same_instant_in_utc(store: Store, instant: datetime) -> None:
    store.write_now(lambda conn: conn.execute(notes.insert(), {"key": "a", "at": instant}).rowcount)
    read = store.read_now(lambda conn: conn.execute(select(notes.c.at)).scalar_one())
    assert read == instant
    assert read is not None
    assert read.tzinfo is UTC


def test_no_instant_stays_none(store: Store) -> None:
    store.write_now(lambda conn: conn.execute(notes.insert(), {"key": "a", "at": None}).rowcount)
    assert store.read_now(lambda conn: conn.execute(select(notes.c.at)).scalar_one()) is None


def test_instants_compare_in_the_database(store: Store) -> None:
    early, late = sorted(INSTANTS[:2])

    def fact(conn: Connection) -> list[str]:
        conn.execute(notes.insert(), [{"key": "early", "at": early}, {"key": "late", "at": late}])
        return list(conn.execute(select(notes.c.key).where(notes.c.at < late)).scalars())

    assert store.write_now(fact) == ["early"]


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = INSTANTS[0].replace(tzinfo=None)
    with pytest.raises(StatementError, match="needs a time zone"):
        store.write_now(lambda conn: conn.execute(notes.insert(), {"key": "a", "at": naive}).rowcount)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_every_instant_survives_to_the_microsecond(instant: datetime) -> None:
    stored = Instant().process_bind_param(instant, dialect())
    assert isinstance(stored, int)
    assert Instant().process_result_value(stored, dialect()) == instant.astimezone(UTC)
