"""Callbacks as an operator sees them, and sends them again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.unit.callbacks.test_outbox import AT, BEGIN, STATUS, change, delivered, due_of, owe

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
    assert manage.send_again(conn, [gone, done], LATER) == ["2028"]
    for number in (gone, done):
        assert due_of(conn, number) == LATER
    rows, _ = outbox.due(conn, "2028", STATUS, LATER, BEGIN, 10)
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


def given_up_of(conn: Connection, *companies: str) -> list[int]:
    numbers = [owe(conn, f"c{index}", company=company) for index, company in enumerate(companies)]
    outbox.record(conn, [exhausted(number) for number in numbers[:-1]], [])
    gone = change(numbers[-1], state=State.GONE, attempts=1, next_attempt=None, done_at=AT)
    outbox.record(conn, [gone], [])
    return numbers


def send_all(conn: Connection, wanted: manage.GivenUp, most: int = 2) -> list[manage.Step]:
    steps: list[manage.Step] = []
    place: manage.Place | None = manage.Place()
    while place is not None:
        step = manage.send_given_up_again(conn, wanted, place, LATER, most)
        steps.append(step)
        place = step.place
    return steps


def pending_of(conn: Connection) -> set[int]:
    return {row["id"] for row in manage.list_callbacks(conn, state=State.PENDING)}


def test_what_was_given_up_is_sent_again_in_bounded_steps(conn: Connection) -> None:
    numbers = given_up_of(conn, "1", "1", "1", "2", "3")
    done = owe(conn, "done", company="2")
    outbox.record(conn, [delivered(done)], [])
    steps = send_all(conn, manage.GivenUp())
    assert sum(step.count for step in steps) == 5
    assert max(step.count for step in steps) <= 2
    assert pending_of(conn) == set(numbers)


def test_of_what_was_given_up_a_company_or_a_time_is_sent_again(conn: Connection) -> None:
    first, second, other = given_up_of(conn, "1", "1", "2")
    later = owe(conn, "later", company="1", at=AT + timedelta(hours=1))
    outbox.record(conn, [exhausted(later)], [])
    hour = timedelta(hours=1)
    send_all(conn, manage.GivenUp("1", until=AT + hour))
    assert pending_of(conn) == {first, second}
    send_all(conn, manage.GivenUp(since=AT + hour))
    assert pending_of(conn) == {first, second, later}
    send_all(conn, manage.GivenUp("2"))
    assert other in pending_of(conn)


def test_where_nothing_was_given_up_nothing_is_sent_again(conn: Connection) -> None:
    assert send_all(conn, manage.GivenUp()) == [manage.Step(0, None, None)]
    owe(conn)
    assert [step.count for step in send_all(conn, manage.GivenUp())] == [0, 0]


def test_the_latest_of_many_companies_and_states_are_listed(conn: Connection) -> None:
    numbers = [owe(conn, f"c{index}", company=str(index % 3 + 1)) for index in range(9)]
    outbox.record(conn, [delivered(number) for number in numbers[:6]], [])

    def ids(**wanted: Any) -> list[int]:
        return [row["id"] for row in manage.list_callbacks(conn, **wanted)]

    assert ids(state=State.DELIVERED, most=4) == numbers[5:1:-1]
    assert ids(company_code="1") == [numbers[6], numbers[3], numbers[0]]
    assert ids(company_code="1", state=State.PENDING) == [numbers[6]]
    assert ids(call_uuid="c2", company_code="2") == []
    assert ids(company_code="none") == []
