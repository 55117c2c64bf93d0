"""Callbacks as an operator sees them, and sends them again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection
from tests.unit.callbacks.test_outbox import AT, change, delivered, due_of, owe

from playvoice.callbacks import CallbacksError, manage, outbox
from playvoice.callbacks.tables import State

pytestmark = pytest.mark.usefixtures("database_url")
LATER = datetime(2026, 1, 9, tzinfo=UTC)


def exhausted(number: int) -> outbox.Change:
    return change(number, state=State.EXHAUSTED, attempts=11, next_attempt=None, done_at=AT)


def test_the_latest_callbacks_are_listed_first_and_only_those_asked_for(conn: Connection) -> None:
    first, second = owe(conn, "c1"), owe(conn, "c2", company="9017")
    outbox.record(conn, [delivered(first)], [])
    assert [row["id"] for row in manage.list_callbacks(conn)] == [second, first]
    assert [row["id"] for row in manage.list_callbacks(conn, company_code="2028")] == [first]
    assert [row["id"] for row in manage.list_callbacks(conn, state=State.PENDING)] == [second]
    assert [row["id"] for row in manage.list_callbacks(conn, call_uuid="c1")] == [first]
    assert [row["id"] for row in manage.list_callbacks(conn, most=1)] == [second]


def test_what_waits_behind_another_one_of_its_call_says_so(conn: Connection) -> None:
    first, second, other = owe(conn, "c1"), owe(conn, "c1"), owe(conn, "c2")
    assert {row["id"]: row["waits_behind"] for row in manage.list_callbacks(conn)} == {
        first: None,
        second: first,
        other: None,
    }
    assert manage.show_callback(conn, second)["waits_behind"] == first
    outbox.record(conn, [delivered(first)], [])
    assert manage.show_callback(conn, second)["waits_behind"] is None


def test_a_callback_that_was_tried_waits_behind_nothing(conn: Connection) -> None:
    _, second = owe(conn, "c1"), owe(conn, "c1")
    outbox.record(conn, [change(second)], [])
    assert manage.show_callback(conn, second)["waits_behind"] is None


def test_a_callback_is_shown_with_its_webhook_id_and_payload(conn: Connection) -> None:
    number = owe(conn)
    outbox.record(conn, [change(number)], [])
    shown = manage.show_callback(conn, number)
    assert (shown["webhook_id"], shown["last_error"], shown["failed_attempts"]) == (f"c1-{number}", "refused", 1)
    assert "ring" in shown["payload"]
    with pytest.raises(CallbacksError, match="there is no callback 999"):
        manage.show_callback(conn, 999)


def test_what_was_given_up_or_delivered_is_owed_anew_with_the_whole_schedule(conn: Connection) -> None:
    gone, done = owe(conn, "c1"), owe(conn, "c2")
    outbox.record(conn, [exhausted(gone), delivered(done)], [])
    assert manage.given_up(conn, None) == [gone]
    assert manage.given_up(conn, "9017") == []
    assert manage.send_again(conn, [gone, done], LATER) == ["2028"]
    for number in (gone, done):
        assert due_of(conn, number) == LATER
    rows, _ = outbox.due(conn, "2028", LATER, 10)
    assert [(row.id, row.attempts, row.failure) for row in rows] == [(gone, 0, None), (done, 0, None)]


def test_a_number_that_there_is_not_changes_nothing(conn: Connection) -> None:
    number = owe(conn)
    outbox.record(conn, [delivered(number)], [])
    with pytest.raises(CallbacksError, match="there is no callback 998, 999"):
        manage.send_again(conn, [number, 998, 999], LATER)
    assert due_of(conn, number) is None


def test_so_many_at_once_are_refused(conn: Connection) -> None:
    with pytest.raises(CallbacksError, match=f"more than the {manage.MOST}"):
        manage.send_again(conn, range(manage.MOST + 1), LATER)


def test_owed_callbacks_are_counted_up_to_a_bound(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manage, "COUNTED", 3)
    for _ in range(5):
        owe(conn)
    outbox.record(conn, [delivered(owe(conn, company="1"), AT + timedelta(1))], [])
    assert manage.owed(conn, ["2028", "1", "7"]) == {"2028": 3, "1": 0, "7": 0}


def test_what_is_owed_is_counted_with_its_oldest_of_the_next_ones(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manage, "COUNTED", 3)
    assert manage.backlogs(conn) == {}
    for _ in range(5):
        owe(conn)
    outbox.record(conn, [delivered(owe(conn, company="1"))], [])
    owe(conn, company="9017")
    assert manage.backlogs(conn) == {"2028": manage.Backlog(3, AT), "9017": manage.Backlog(1, AT)}
