import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, select
from sqlalchemy.exc import IntegrityError

from playvoice.callbacks import outbox, sweeps
from playvoice.callbacks.manage import send_again
from playvoice.callbacks.order import Failure
from playvoice.callbacks.outbox import ENDED_AFTER, Change, Postponement
from playvoice.callbacks.sweeps import Cursor
from playvoice.callbacks.tables import MAX_PAYLOAD, CallbackKind, State, callbacks
from playvoice.clock import EPOCH, wall_clock

pytestmark = pytest.mark.usefixtures("database_url")

AT = datetime(2026, 1, 1, tzinfo=UTC)
STATUS, CDR = KINDS = tuple(CallbackKind)
BEGIN = Cursor(EPOCH, 0)


def owe(
    conn: Connection,
    call: str = "c1",
    kind: CallbackKind = CallbackKind.STATUS,
    at: datetime = AT,
    company: str = "2028",
) -> int:
    outbox.owe(conn, company_code=company, call_uuid=call, kind=kind, payload={"状态": "ring"}, at=at)
    return outbox.last_id(conn)


def change(number: int, **values: Any) -> Change:
    defaults: dict[str, Any] = {
        "id": number,
        "state": State.PENDING,
        "attempts": 1,
        "early": False,
        "failure": Failure.UNREACHABLE,
        "last_status": None,
        "last_error": "refused",
        "attempted_at": AT,
        "next_attempt": AT + timedelta(hours=1),
        "done_at": None,
    }
    return Change(**(defaults | values))


def delivered(number: int, at: datetime = AT, state: State = State.DELIVERED) -> Change:
    return change(number, state=state, next_attempt=None, done_at=at, failure=None, last_error=None)


def due_of(conn: Connection, number: int) -> datetime | None:
    due: datetime | None = conn.scalar(select(callbacks.c.next_attempt).where(callbacks.c.id == number))
    return due


def test_what_is_owed_is_read_back_as_it_was_owed(conn: Connection) -> None:
    number = owe(conn)
    rows, seen = outbox.fresh(conn, 0, 10)
    assert seen == number
    assert [(row.id, row.company_code, row.call_uuid, row.kind) for row in rows] == [
        (number, "2028", "c1", CallbackKind.STATUS)
    ]
    assert json.loads(rows[0].payload) == {"状态": "ring"}
    assert (rows[0].attempts, rows[0].failure, rows[0].due) == (0, None, AT)
    assert rows[0].call_ended_at == AT + ENDED_AFTER, "nothing is known of it"


def test_a_fresh_callback_comes_with_the_earlier_ones_of_its_call(conn: Connection) -> None:
    first, other = owe(conn), owe(conn, "c2")
    second = owe(conn)
    rows, seen = outbox.fresh(conn, other, 10)
    assert [row.id for row in rows] == [first, second]
    assert outbox.fresh(conn, seen, 10) == ([], seen)


def test_fresh_callbacks_come_in_bounded_parts(conn: Connection) -> None:
    numbers = [owe(conn, f"c{index}") for index in range(5)]
    rows, seen = outbox.fresh(conn, 0, 2)
    assert ([row.id for row in rows], seen) == (numbers[:2], numbers[1])


def test_the_record_of_a_call_marks_its_end_for_all_of_its_callbacks(conn: Connection) -> None:
    owe(conn)
    record = owe(conn, kind=CallbackKind.CDR, at=AT + timedelta(seconds=9))
    outbox.record(conn, [delivered(record)], [])
    rows, _ = outbox.fresh(conn, 0, 10)
    assert [row.call_ended_at for row in rows] == [AT + timedelta(seconds=9)]


def test_a_call_without_a_record_is_marked_as_ended(conn: Connection) -> None:
    owe(conn)
    outbox.end_of_call(conn, call_uuid="c1", at=AT)
    assert outbox.fresh(conn, 0, 10)[0][0].call_ended_at == AT


def test_due_calls_come_whole_and_the_soonest_first(conn: Connection) -> None:
    late, soon = owe(conn, "late"), owe(conn, "soon")
    held = owe(conn, "soon")
    foreign = owe(conn, "x", company="9")
    outbox.record(conn, [], [Postponement(held, AT + timedelta(hours=2))])
    outbox.record(conn, [change(late)], [])
    rows, again = outbox.due(conn, "2028", STATUS, AT, BEGIN, 10)
    assert [row.id for row in rows] == [soon, held]
    assert again == Cursor(AT + timedelta(hours=1), 0)
    assert [row.id for row in outbox.due(conn, "9", STATUS, AT, BEGIN, 10)[0]] == [foreign]


def test_where_more_is_due_than_was_asked_for_it_is_asked_again_at_once(conn: Connection) -> None:
    for index in range(3):
        owe(conn, f"c{index}")
    rows, again = outbox.due(conn, "2028", STATUS, AT, BEGIN, 2)
    assert again is not None
    rows += outbox.due(conn, "2028", STATUS, AT, again, 2)[0]
    assert [row.call_uuid for row in rows] == ["c0", "c1", "c2"]


def test_a_company_that_is_owed_nothing_is_not_asked_again(conn: Connection) -> None:
    assert outbox.due(conn, "2028", STATUS, AT, BEGIN, 2) == ([], None)


def test_due_callbacks_of_the_other_kind_are_gone_past_a_few_at_once(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LOOKED_AT", 3)
    for index in range(5):
        owe(conn, f"c{index}")
    owe(conn, "c4", CDR)
    place: Cursor | None = BEGIN
    reads = []
    while place is not None:
        rows, place = outbox.due(conn, "2028", CDR, AT, place, 2)
        reads.append([row.kind for row in rows])
    assert reads[:2] == [[], [STATUS, CDR]]


def test_the_companies_that_are_owed_anything_are_found(conn: Connection) -> None:
    for code in ("2028", "9", "100", "2028"):
        owe(conn, code, company=code)
    outbox.record(conn, [delivered(owe(conn, "done", company="7"))], [])
    assert outbox.companies_owed(conn) == ["100", "2028", "9"]


def test_an_outcome_is_written_down(conn: Connection) -> None:
    number = owe(conn)
    outbox.record(conn, [change(number, failure=Failure.ANSWERED, last_status=500, last_error="HTTP status 500")], [])
    row = conn.execute(select(callbacks)).one()
    assert (row.state, row.attempts, row.failure, row.last_status) == ("pending", 1, "answered", 500)
    assert (row.attempted_at, row.next_attempt, row.done_at) == (AT, AT + timedelta(hours=1), None)
    outbox.record(conn, [delivered(number)], [])
    assert outbox.fresh(conn, 0, 10)[0] == []


def test_bringing_forward_takes_what_waits_for_the_address_and_nothing_else(conn: Connection) -> None:
    recovered = AT + timedelta(minutes=10)
    unreachable, held, answered, later, elsewhere = (owe(conn, str(index)) for index in range(5))
    record = owe(conn, "record", CallbackKind.CDR)
    far = AT + timedelta(hours=1)
    outbox.record(
        conn,
        [
            change(unreachable),
            change(answered, failure=Failure.ANSWERED),
            change(later, attempted_at=recovered + timedelta(seconds=1)),
            change(record),
        ],
        [Postponement(held, far)],
    )
    owe(conn, "foreign", company="9")
    conn.execute(
        insert(callbacks),
        {
            "company_code": "9",
            "call_uuid": "f",
            "kind": "status",
            "payload": "{}",
            "created_at": AT,
            "next_attempt": far,
        },
    )
    cursor: Cursor | None = Cursor(recovered, 0)
    steps = 0
    while cursor is not None:
        cursor = sweeps.bring_forward(conn, "2028", (CallbackKind.STATUS,), recovered, cursor, 2)
        steps += 1
    assert steps >= 2
    assert [due_of(conn, number) for number in (unreachable, held)] == [recovered, recovered]
    assert [due_of(conn, number) for number in (answered, later, record)] == [far, far, far]
    assert due_of(conn, elsewhere) == AT
    early = conn.execute(select(callbacks.c.id).where(callbacks.c.early)).scalars().all()
    assert early == [unreachable]


def test_bringing_forward_keeps_the_first_delay_between_two_attempts(conn: Connection) -> None:
    number = owe(conn)
    outbox.record(conn, [change(number)], [])
    at = AT + timedelta(seconds=1)
    assert sweeps.bring_forward(conn, "2028", KINDS, at, Cursor(at, 0), 10) is None
    assert due_of(conn, number) == AT + timedelta(seconds=5)


def test_what_was_delivered_before_a_time_is_removed_in_bounded_parts_and_nothing_else(conn: Connection) -> None:
    for index in range(3):
        outbox.record(conn, [delivered(owe(conn, str(index)), AT)], [])
    given_up = [owe(conn, state) for state in (State.EXHAUSTED, State.GONE, State.WITHDRAWN)]
    outbox.record(conn, [delivered(n, AT, s) for n, s in zip(given_up, list(State)[2:], strict=True)], [])
    pending, later = owe(conn, "pending"), AT + timedelta(microseconds=1)
    assert outbox.remove_delivered(conn, AT, 10) == 0, "exactly as old as it may be"
    assert [outbox.remove_delivered(conn, later, 2) for _ in range(3)] == [2, 1, 0]
    assert outbox.remove_given_up(conn, AT, 10) == 0
    assert [outbox.remove_given_up(conn, later, 2) for _ in range(3)] == [2, 1, 0]
    assert conn.execute(select(callbacks.c.id)).scalars().all() == [pending]


def test_what_is_old_is_found_in_an_index_however_much_there_is_of_other_states() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        callbacks.create(conn)
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {outbox._old.compile(conn)}", (State.DELIVERED, 0, 1, 0)).all()
    engine.dispose()
    assert [row[3] for row in plan] == [
        "SEARCH callbacks USING COVERING INDEX ix_callbacks_done (state=? AND done_at<?)"
    ]


def test_ids_are_never_given_out_again(conn: Connection) -> None:
    number = owe(conn)
    outbox.record(conn, [delivered(number)], [])
    outbox.remove_delivered(conn, AT + timedelta(days=8), 10)
    assert owe(conn) > number


def test_a_payload_past_its_bound_is_not_stored(conn: Connection) -> None:
    with pytest.raises(IntegrityError, match="payload_length"):
        outbox.owe(
            conn,
            company_code="1",
            call_uuid="c",
            kind=CallbackKind.CDR,
            payload={"x": "y" * MAX_PAYLOAD},
            at=AT,
        )


def test_what_was_tried_before_the_clock_was_set_back_waits_as_long_as_it_would_have(conn: Connection) -> None:
    tried, untried, earlier, done = owe(conn, "c1"), owe(conn, "c2"), owe(conn, "c3"), owe(conn, "c4")
    back = AT - timedelta(hours=1)
    changes = [
        change(tried, next_attempt=AT + timedelta(seconds=300)),
        change(earlier, attempted_at=back - timedelta(hours=1), next_attempt=AT),
        delivered(done),
    ]
    outbox.record(conn, changes, [])
    assert sweeps.owed_of_the_future(conn, ["2028", "9017"], back) == ["2028"]
    after: Cursor | None = Cursor(back, 0)
    for _ in range(3):
        assert after is not None, "each step looks at one"
        after = sweeps.bring_back(conn, "2028", back, after, 1, now=back)
    assert due_of(conn, tried) == back + timedelta(seconds=300)
    assert due_of(conn, untried) == back
    assert due_of(conn, earlier) == AT, "that was long enough ago"
    assert due_of(conn, done) is None
    assert sweeps.owed_of_the_future(conn, ["2028"], back) == [], "once is enough"
    owed, _ = outbox.due(conn, "2028", STATUS, back, BEGIN, 10)
    assert [row.id for row in owed] == [untried]


def test_what_was_sent_again_by_a_clock_that_was_set_back_is_due_no_earlier_when_it_is_set_back_once_more(
    conn: Connection,
) -> None:
    number = owe(conn)
    outbox.record(conn, [delivered(number)], [])
    back = AT - timedelta(hours=1)
    send_again(conn, [number], back)
    back -= timedelta(seconds=10)
    assert sweeps.bring_back(conn, "2028", back, Cursor(back, 0), 10, now=back) is None
    assert due_of(conn, number) == back


def test_what_arises_by_a_clock_that_was_set_back_since_is_due_at_once(conn: Connection) -> None:
    now = wall_clock()
    number = owe(conn, at=now + timedelta(hours=1))
    due = due_of(conn, number)
    assert due is not None
    assert due < now + timedelta(minutes=1)


def test_while_nobody_sets_the_clock_nothing_is_of_the_future(conn: Connection) -> None:
    outbox.record(conn, [change(owe(conn))], [])
    assert sweeps.owed_of_the_future(conn, ["2028"], AT) == []


def test_of_calls_with_very_many_callbacks_a_few_are_read_at_once(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_READ", 10)
    monkeypatch.setattr(outbox, "CALLS_AT_ONCE", 1)
    for index in range(4):
        for _ in range(8):
            owe(conn, f"c{index}")
    rows, again = outbox.due(conn, "2028", STATUS, AT, BEGIN, 4)
    assert ({row.call_uuid for row in rows}, len(rows)) == ({"c0", "c1"}, 16)
    assert again is not None
    rows, again = outbox.due(conn, "2028", STATUS, AT, again, 4)
    assert ({row.call_uuid for row in rows}, len(rows), again) == ({"c2", "c3"}, 16, None)


def test_bringing_forward_to_another_address_takes_what_was_answered_too(conn: Connection) -> None:
    number = owe(conn)
    outbox.record(conn, [change(number, failure=Failure.ANSWERED)], [])
    at = AT + timedelta(minutes=1)
    assert sweeps.bring_forward(conn, "2028", KINDS, at, Cursor(at, 0), 10, moved=True) is None
    assert due_of(conn, number) == at
