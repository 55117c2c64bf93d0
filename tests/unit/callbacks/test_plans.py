"""With any backlog, each query of the sender and of operators goes by an index and reads what it returns."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from playvoice.callbacks import manage, outbox, sweeps
from playvoice.callbacks.sweeps import Cursor
from playvoice.callbacks.tables import CallbackKind, State, callbacks

AT = datetime(2026, 1, 1, tzinfo=UTC)
STATUS = CallbackKind.STATUS
KINDS = tuple(CallbackKind)
OWED = 3_000

QUERIES: dict[str, Callable[[Connection], object]] = {
    "the last id": outbox.last_id,
    "companies that are owed anything": outbox.companies_owed,
    "who did not answer": lambda conn: outbox.unanswered(conn, ["1"]),
    "fresh": lambda conn: outbox.fresh(conn, OWED - 50, 500),
    "due": lambda conn: outbox.due(conn, "1", STATUS, AT, Cursor(AT, 5), 200),
    "bringing forward": lambda conn: sweeps.bring_forward(conn, "1", KINDS, AT, Cursor(AT, 5), 500),
    "bringing forward from an address that has moved": lambda conn: sweeps.bring_forward(
        conn, "1", KINDS, AT - timedelta(days=1), Cursor(AT - timedelta(days=1), 0), 500, moved=True
    ),
    "what was delivered": lambda conn: outbox.remove_delivered(conn, AT, 500),
    "what was given up": lambda conn: outbox.remove_given_up(conn, AT, 500),
    "who is owed what is of the future": lambda conn: sweeps.owed_of_the_future(conn, ["1"], AT),
    "bringing back": lambda conn: sweeps.bring_back(
        conn, "1", AT - timedelta(days=1), Cursor(AT - timedelta(days=1), 0), 500, now=AT - timedelta(days=1)
    ),
    "figures": manage.backlogs,
    "the latest": manage.list_callbacks,
    "the latest of a company": lambda conn: manage.list_callbacks(conn, company_code="1"),
    "the latest of a state": lambda conn: manage.list_callbacks(conn, state=State.EXHAUSTED),
    "a call's": lambda conn: manage.list_callbacks(conn, call_uuid="c1"),
    "sending again": lambda conn: manage.send_given_up_again(conn, manage.GivenUp(), manage.Place(), AT),
}


@pytest.fixture(scope="module")
def backlog() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        callbacks.create(conn)
        for number in range(OWED):
            outbox.owe(conn, company_code="1", call_uuid=f"c{number}", kind=STATUS, payload={"number": number}, at=AT)
        yield conn
    engine.dispose()


@pytest.mark.parametrize("what", QUERIES)
def test_no_query_reads_the_whole_table_or_sorts_it(what: str, backlog: Connection) -> None:
    asked: list[str] = []
    driver: Any = backlog.connection.driver_connection
    with backlog.begin_nested() as tried:
        driver.set_trace_callback(asked.append)
        try:
            QUERIES[what](backlog)
        finally:
            driver.set_trace_callback(None)
        tried.rollback()
    plans = [
        str(row[3])
        for statement in asked
        if re.match("SELECT|UPDATE|DELETE", statement)
        for row in backlog.execute(text("EXPLAIN QUERY PLAN " + statement.replace(":", r"\:")))
    ]
    assert plans, "nothing was asked"
    scans = [plan for plan in plans if re.match(r"SCAN callbacks$|SCAN new$", plan)]
    assert what == "the latest" or not scans, plans
    sorts = [plan for plan in plans if "TEMP B-TREE" in plan]
    assert not sorts or what in SORT_FEW, plans


SORT_FEW = {"fresh", "due", "a call's", "the latest of a company", "the latest of a state"}
"""These sort the few rows that they return."""


@pytest.mark.parametrize(
    ("read", "most"),
    [
        (lambda conn: outbox.fresh(conn, 0, 500)[0], 500),
        (lambda conn: outbox.due(conn, "1", STATUS, AT, Cursor(AT, 5), 200)[0], 200),
        (lambda conn: manage.list_callbacks(conn, most=10**9), manage.MOST),
    ],
    ids=["fresh", "due", "list"],
)
def test_a_read_brings_a_bounded_number_of_rows_whatever_is_owed(
    read: Callable[[Connection], list[object]], most: int, backlog: Connection
) -> None:
    assert len(read(backlog)) == most
