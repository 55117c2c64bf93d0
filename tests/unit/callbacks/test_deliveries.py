from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select, update
from tests.unit.callbacks.world import OK, REFUSED, SILENT, START, Book, World

from playvoice.callbacks import outbox
from playvoice.callbacks.addresses import Standing
from playvoice.callbacks.deliveries import Attempt, Deliveries
from playvoice.callbacks.history import of_call
from playvoice.callbacks.lanes import MAX_CALLS_OF_LANE, WAITING_FOR_FAILING
from playvoice.callbacks.manage import GivenUp, Place, send_again, send_given_up_again
from playvoice.callbacks.order import Failure
from playvoice.callbacks.outcomes import Answered, Outcome
from playvoice.callbacks.sweeps import take_step
from playvoice.callbacks.tables import CallbackKind, State, callbacks

STATUS, CDR = CallbackKind
A, B = "http://a.example/status", "http://b.example/cdr"
MINUTE = timedelta(minutes=1)


def world(
    conn: Connection,
    receiver: Callable[[Attempt, datetime], Outcome] = lambda attempt, at: OK,
    *,
    cdr: str | None = A,
    status: str | None = A,
) -> World:
    urls = {("1", STATUS): status, ("1", CDR): cdr}
    return World(conn, Book({key: url for key, url in urls.items() if url is not None}), receiver)


def seconds(at: datetime) -> float:
    return (at - START).total_seconds()


def pending(conn: Connection) -> int:
    return len(conn.execute(select(callbacks.c.id).where(callbacks.c.next_attempt.is_not(None))).all())


def test_a_calls_callbacks_go_in_order_each_after_the_last_one_is_committed(conn: Connection) -> None:
    w = world(conn)
    for what in ("ring", "answer", "hangup"):
        w.owe("c", what)
    w.owe("c", "record", CDR)
    w.flight = timedelta(seconds=1)
    w.run(MINUTE)
    assert w.told() == ["c/ring", "c/answer", "c/hangup", "c/record"]
    assert w.most_at_once == 1
    assert [seconds(item.at) for item in w.log] == [1, 2, 3, 4]


def test_a_callback_that_is_owed_later_goes_at_once(conn: Connection) -> None:
    w = world(conn)
    for what in ("ring", "answer"):
        w.owe("c", what)
        w.settle()
    assert w.told() == ["c/ring", "c/answer"]
    assert w.deliveries.idle


def test_a_failing_callback_is_tried_after_each_delay_and_then_given_up(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: REFUSED)
    w.owe("c", "ring")
    w.run(timedelta(days=10))
    gaps = [0, 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert w.seconds("c", "ring") == [sum(gaps[: index + 1]) for index in range(11)]
    row = conn.execute(select(callbacks)).one()
    assert (row.state, row.attempts, row.last_status) == (State.EXHAUSTED, 11, 500)
    (told,) = of_call(conn, "c")
    assert [(seconds(attempt.at), attempt.status) for attempt in told.attempts] == [
        (at, 500) for at in w.seconds("c", "ring")
    ]
    assert w.deliveries.idle


def test_the_answer_410_ends_this_callback_and_not_the_address(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: Answered(410) if "ring" in attempt.owed.payload else OK)
    w.owe("c", "ring")
    w.owe("c", "answer")
    w.run(MINUTE)
    assert w.told(None) == ["c/ring", "c/answer"]
    states = conn.execute(select(callbacks.c.state).order_by(callbacks.c.id)).scalars().all()
    assert states == [State.GONE, State.DELIVERED]


@pytest.mark.parametrize("status", [301, 302, 404, 500, 100])
def test_anything_but_2xx_is_a_failure_a_redirect_included(conn: Connection, status: int) -> None:
    w = world(conn, lambda attempt, at: Answered(status))
    w.owe("c", "ring")
    w.settle()
    assert pending(conn) == 1


def test_retry_after_is_honoured(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: Answered(503, timedelta(seconds=30)) if at == START else OK)
    w.owe("c", "ring")
    w.run(MINUTE)
    assert w.seconds("c", "ring") == [0, 30]


def test_a_down_address_holds_the_later_ones_back_and_gets_them_in_order_when_it_is_up(conn: Connection) -> None:
    up = START + timedelta(seconds=100)
    w = world(conn, lambda attempt, at: OK if at >= up else SILENT)
    w.owe("c", "ring")
    w.owe("c", "answer")
    w.run(timedelta(seconds=100))
    assert w.seconds("c", "ring") == [0, 5, 65]
    assert w.seconds("c", "answer") == []
    w.run(timedelta(seconds=1000))
    assert w.seconds("c", "ring") == [0, 5, 65, 365]
    assert w.told() == ["c/ring", "c/answer"]


def test_when_an_address_recovers_what_waited_for_it_goes_at_once_and_in_order(conn: Connection) -> None:
    up = START + timedelta(seconds=100)
    w = world(conn, lambda attempt, at: OK if at >= up else SILENT)
    for call in ("c", "d"):
        w.owe(call, "ring")
        w.owe(call, "answer")
    w.run(timedelta(seconds=120))
    w.owe("e", "ring")
    w.settle()
    assert w.told()[0] == "e/ring"
    assert sorted(w.told()[1:]) == ["c/answer", "c/ring", "d/answer", "d/ring"]
    for call in ("c", "d"):
        assert w.told().index(f"{call}/ring") < w.told().index(f"{call}/answer")
    assert w.deliveries.idle


@pytest.mark.parametrize("restarts", [False, True])
def test_an_address_that_recovers_gets_what_waits_for_it_of_every_company(conn: Connection, restarts: bool) -> None:
    up = START + timedelta(seconds=400)
    w = world(conn, lambda attempt, at: OK if at >= up else SILENT)
    w.book.urls["2", STATUS] = A
    w.owe("c", "ring", company="1")
    w.owe("d", "ring", company="2")
    w.owe("d", "answer", company="2")
    w.run(timedelta(seconds=420))
    if restarts:
        w.restart()
    w.owe("e", "ring", company="1")
    w.settle()
    assert w.told()[0] == "e/ring"
    assert sorted(w.told()[1:]) == ["c/ring", "d/answer", "d/ring"]


def test_an_address_that_recovers_again_before_all_was_brought_forward_gets_what_failed_between(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(conn, lambda attempt, at: OK if 100 <= seconds(at) < 110 or seconds(at) >= 200 else SILENT)
    w.owe("c", "ring")
    w.run(timedelta(seconds=100))
    with monkeypatch.context() as patch:
        patch.setattr(w.deliveries, "next_sweep", lambda: None)
        for at, call in ((102, "d"), (112, "e"), (202, "f")):
            w.run(timedelta(seconds=at))
            w.owe(call, "ring")
            w.owe(call, "answer")
            w.settle()
    assert w.told() == ["d/ring", "d/answer", "f/ring", "f/answer"]
    w.settle()
    assert sorted(w.told()[4:]) == ["c/ring", "e/answer", "e/ring"]
    assert w.deliveries.idle


def test_one_that_nobody_answers_while_the_backlog_of_its_address_is_brought_forward_does_not_hold_back(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(conn, lambda attempt, at: OK if seconds(at) >= 372 and seconds(at) != 373 else SILENT)
    w.flight = timedelta(seconds=2)
    w.owe("c", "ring")
    w.owe("c", "answer")
    w.run(timedelta(seconds=370))
    w.owe("d", "ring")
    next_sweep = w.deliveries.next_sweep
    with monkeypatch.context() as patch:
        patch.setattr(w.deliveries, "next_sweep", lambda: None)
        w.run(timedelta(seconds=372))
        sweep = next_sweep()
        assert sweep is not None
        assert take_step(conn, sweep, w.at, 500) is None, "gone through but for its last commit"
        w.run(timedelta(seconds=374))
        w.deliveries.swept(sweep, None)
    w.owe("e", "ring")
    w.run(timedelta(seconds=390))
    assert w.told() == ["d/ring", "e/ring", "c/answer"]
    assert w.seconds("c", "ring") == [2, 9, 71, 373]


def test_an_attempt_that_was_brought_forward_costs_none_of_the_schedule(conn: Connection) -> None:
    up = START + timedelta(seconds=100)

    def receiver(attempt: Attempt, at: datetime) -> Outcome:
        return OK if at >= up and attempt.owed.call_uuid == "e" else SILENT

    w = world(conn, receiver)
    w.owe("c", "ring")
    w.run(timedelta(seconds=120))
    w.owe("e", "ring")
    w.run(timedelta(days=10))
    assert len(w.seconds("c", "ring")) == 12
    assert w.seconds("c", "ring")[:5] == [0, 5, 65, 120, 420]
    assert pending(conn) == 0


def test_one_that_nobody_answers_does_not_hold_back_while_the_address_answers_others(conn: Connection) -> None:
    def receiver(attempt: Attempt, at: datetime) -> Outcome:
        return SILENT if attempt.owed.payload == '{"what":"ring"}' else OK

    w = world(conn, receiver)
    w.owe("c", "ring")
    w.owe("c", "answer")
    for second in (20, 40):
        w.run(timedelta(seconds=second))
        w.owe("d", str(second))
    w.run(MINUTE)
    assert w.seconds("c", "ring") == [0, 5, 20]
    assert w.told() == ["d/20", "d/40", "c/answer"]


def test_one_that_was_answered_but_not_taken_holds_until_five_minutes_after_the_end(conn: Connection) -> None:
    def receiver(attempt: Attempt, at: datetime) -> Outcome:
        return REFUSED if attempt.owed.payload == '{"what":"ring"}' else OK

    w = world(conn, receiver)
    w.owe("c", "ring")
    w.owe("c", "answer")
    w.run(timedelta(seconds=200))
    w.owe("c", "record", CDR)
    w.run(timedelta(seconds=499))
    assert w.told() == []
    w.run(timedelta(seconds=501))
    assert w.seconds("c", "answer") == [500]
    assert w.told() == ["c/answer", "c/record"]
    w.run(timedelta(days=10))
    assert len(w.seconds("c", "ring")) == 11


def test_one_that_was_refused_holds_until_five_minutes_after_the_end_where_no_record_is_owed(conn: Connection) -> None:
    later = Answered(503, timedelta(hours=24))
    w = world(conn, lambda attempt, at: later if "ring" in attempt.owed.payload else OK, cdr=None)
    w.owe("c", "ring")
    w.run(timedelta(seconds=10))
    w.owe("c", "hangup")
    w.run(timedelta(seconds=1_000))
    outbox.end_of_call(conn, call_uuid="c", at=w.at)
    w.run(timedelta(days=1))
    assert w.seconds("c", "hangup") == [1_300]


def test_what_is_sent_again_when_the_record_is_no_longer_kept_waits_for_no_end_of_the_call(conn: Connection) -> None:
    late = START + timedelta(days=8)

    def receiver(attempt: Attempt, at: datetime) -> Outcome:
        refused = attempt.endpoint.url == A and (at < late or "ring" in attempt.owed.payload)
        return REFUSED if refused else OK

    w = world(conn, receiver, cdr=B)
    for what in ("ring", "hangup"):
        w.owe("c", what)
    w.owe("c", "record", CDR)
    w.run(timedelta(days=8))
    outbox.remove_delivered(conn, w.at - timedelta(days=7), 10)
    assert send_given_up_again(conn, GivenUp(), Place(), w.at).count == 2
    w.deliveries.expect(["1"])
    w.run(timedelta(days=8, minutes=1))
    assert w.told() == ["c/record", "c/hangup"]


def test_one_that_was_answered_waits_for_no_earlier_one_whose_address_is_down(conn: Connection) -> None:
    def receiver(attempt: Attempt, at: datetime) -> Outcome:
        if seconds(at) >= 500:
            return OK
        return SILENT if seconds(at) >= 400 or attempt.owed.kind is STATUS else REFUSED

    w = world(conn, receiver)
    w.owe("c", "ring")
    w.owe("c", "record", CDR)
    w.run(MINUTE)
    w.owe("d", "record", CDR)
    w.run(timedelta(seconds=500))
    assert w.seconds("c", "ring") == [0, 5, 60, 120, 420], "brought forward by the answer to the other call"
    assert w.seconds("c", "record") == [70, 75, 135, 435]
    w.owe("e", "record", CDR)
    w.settle()
    assert sorted(w.told()) == ["c/record", "c/ring", "d/record", "e/record"]


def test_states_that_are_owed_to_another_address_hold_the_record_for_five_minutes(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if attempt.endpoint.url == A else OK, cdr=B)
    w.owe("c", "hangup")
    w.owe("c", "record", CDR)
    w.run(timedelta(seconds=299))
    assert w.told() == []
    w.run(timedelta(seconds=301))
    assert w.seconds("c", "record") == [300]


def test_without_trouble_the_record_goes_to_its_own_address_after_the_states(conn: Connection) -> None:
    w = world(conn, cdr=B)
    w.owe("c", "hangup")
    w.owe("c", "record", CDR)
    w.settle()
    assert [item.url for item in w.log] == [A, B]


def test_correcting_an_address_heals_the_backlog(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if attempt.endpoint.url == A else OK)
    w.owe("c", "ring")
    w.run(timedelta(seconds=10))
    w.book.urls["1", STATUS] = B
    w.run(timedelta(seconds=100))
    assert [item.url for item in w.log] == [A, A, B]


@pytest.mark.parametrize("outcome", [SILENT, REFUSED])
def test_an_attempt_that_was_under_way_when_its_address_was_corrected_counts_for_nothing(
    conn: Connection, outcome: Outcome
) -> None:
    w = world(conn, lambda attempt, at: outcome if attempt.endpoint.url == A else OK)
    w.owe("c", "ring")
    w.flight = timedelta(seconds=10)
    w.run(timedelta(seconds=3))
    w.book.urls["1", STATUS] = B
    w.deliveries.moved("1", STATUS, w.at)
    w.run(timedelta(seconds=30))
    assert [(item.url, seconds(item.at)) for item in w.log] == [(A, 10), (B, 20)]
    assert conn.execute(select(callbacks.c.attempts)).scalar_one() == 1


def test_what_was_owed_to_an_address_that_is_no_longer_set_is_withdrawn(conn: Connection) -> None:
    w = world(conn, cdr=None)
    w.owe("c", "ring")
    w.owe("c", "record", CDR)
    w.owe("d", "record", CDR)
    w.settle()
    assert w.told() == ["c/ring"]
    states = conn.execute(select(callbacks.c.state).order_by(callbacks.c.id)).scalars().all()
    assert states == [State.DELIVERED, State.WITHDRAWN, State.WITHDRAWN]
    assert w.deliveries.idle


def test_twenty_run_at_once_to_an_address(conn: Connection) -> None:
    w = world(conn)
    w.flight = timedelta(seconds=1)
    for index in range(50):
        w.owe(f"c{index}", "ring")
    w.run(MINUTE)
    assert w.most_at_once == 20
    assert [seconds(item.at) for item in w.log] == [1] + [2] * 20 + [3] * 20 + [4] * 9


def test_addresses_take_turns_where_all_together_are_too_many(conn: Connection) -> None:
    w = world(conn)
    w.deliveries = Deliveries(w.book, chance=lambda: 0.0, max_in_flight=4)
    w.book.urls["2", STATUS] = B
    w.flight = timedelta(seconds=1)
    for index in range(4):
        w.owe(f"a{index}", "ring")
    for index in range(4):
        w.owe(f"b{index}", "ring", company="2")
    for url in (A, B):
        w.deliveries._address(url).last = Standing.PROVEN
    w.run(MINUTE)
    assert w.most_at_once == 4
    assert sorted(item.url for item in w.log[:4]) == [A, A, B, B]


def test_a_kind_that_moves_to_the_address_of_another_changes_nothing_about_the_other(conn: Connection) -> None:
    w = world(
        conn, lambda attempt, at: OK if attempt.owed.kind is CDR and attempt.endpoint.url == A else REFUSED, cdr=B
    )
    w.owe("c", "ring")
    w.owe("d", "record", CDR)
    w.run(timedelta(seconds=30))
    w.book.urls["1", CDR] = A
    w.deliveries.moved("1", CDR, w.at)
    w.run(MINUTE)
    assert (w.seconds("c", "ring"), w.seconds("d", "record")) == ([0, 5], [0, 5, 30])


def test_what_failed_just_before_its_address_was_corrected_is_in_the_store_before_that_is_gone_through(
    conn: Connection,
) -> None:
    w = world(conn)
    w.owe("c", "ring")
    rows, _ = outbox.fresh(conn, 0, 10)
    w.deliveries.add(rows, w.at)
    (attempt,) = w.deliveries.attempts(w.at)
    w.deliveries.finished(attempt, SILENT, w.at)
    batch = w.deliveries.take_changes()
    w.book.urls["1", STATUS] = B
    w.deliveries.moved("1", STATUS, w.at)
    assert w.deliveries.next_sweep() is None
    w.deliveries.give_back(batch)
    assert w.deliveries.next_sweep() is None
    w.deliveries.committed(w.deliveries.take_changes(), w.at)
    assert w.deliveries.next_sweep() is not None


def test_what_is_postponed_when_its_address_is_corrected_is_so_in_the_store_before_that_is_gone_through(
    conn: Connection,
) -> None:
    w = world(conn, lambda attempt, at: SILENT)
    w.owe("c", "ring")
    w.owe("c", "answer")
    while not w.deliveries._postponements:
        w.step()
    w.book.urls["1", STATUS] = B
    w.deliveries.moved("1", STATUS, w.at)
    assert w.deliveries.next_sweep() is None
    w.deliveries.committed(w.deliveries.take_changes(), w.at)
    assert w.deliveries.next_sweep() is not None


def test_one_that_was_brought_forward_and_then_postponed_goes_right_after_the_one_that_held_it_back(
    conn: Connection,
) -> None:
    w = world(conn)
    w.owe("d", "ring")
    w.settle()
    tried = {"attempts": 3, "failure": Failure.UNREACHABLE, "attempted_at": START - 60 * MINUTE}
    for what, early, due in (("ring", False, START), ("answer", True, START + 60 * MINUTE)):
        w.owe("c", what)
        newest = callbacks.c.id == outbox.last_id(conn)
        conn.execute(update(callbacks).where(newest).values(early=early, next_attempt=due, **tried))
    w.settle()
    assert w.told() == ["d/ring", "c/ring", "c/answer"]


def test_two_kinds_that_move_to_an_address_one_after_the_other_are_both_brought_forward(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: REFUSED if attempt.endpoint.url == A else OK)
    w.owe("c", "ring")
    w.owe("d", "record", CDR)
    w.run(timedelta(seconds=30))
    for kind in (CDR, STATUS):
        w.book.urls["1", kind] = B
        w.deliveries.moved("1", kind, w.at)
    w.run(MINUTE)
    assert (w.seconds("c", "ring"), w.seconds("d", "record")) == ([0, 5, 30], [0, 5, 30])


def test_after_a_start_what_was_not_tried_since_a_change_of_its_company_is_due(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: REFUSED)
    w.owe("before", "ring")
    w.run(7 * MINUTE)
    w.owe("since", "ring")
    w.book.changed_at = w.at
    w.run(14 * MINUTE)
    w.book.urls["1", STATUS] = B
    for _ in range(2):
        w.restart()
        w.settle()
    assert w.seconds("before", "ring") == [0, 5, 65, 365, 840]
    assert w.seconds("since", "ring") == [420, 425, 485, 785]


def test_a_change_that_is_more_than_a_day_ago_costs_a_start_nothing(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: REFUSED)
    w.owe("c", "ring")
    w.run(MINUTE)
    for hours, sweeps in ((26, True), (27, False)):
        w.book.changed_at = w.at - timedelta(hours=hours)
        w.restart()
        assert (w.deliveries.next_sweep() is not None) is sweeps


def test_of_all_places_slow_addresses_have_half_and_with_new_ones_three_quarters(conn: Connection) -> None:
    w = world(conn)
    w.deliveries = Deliveries(w.book, chance=lambda: 0.0, max_in_flight=8)
    w.flight = timedelta(seconds=10)
    for company, standing in (("2", Standing.SLOW), ("3", Standing.NEW), ("4", Standing.PROVEN)):
        w.book.urls[company, STATUS] = url = f"http://{company}.example"
        w.deliveries._address(url).last = standing
        for index in range(20):
            w.owe(f"{company}-{index}", "ring", company=company)
    w.settle()
    flying = [attempt.owed.company_code for _, attempt in w.flying]
    assert [flying.count(company) for company in "234"] == [4, 1, 3]


def test_where_nobody_answered_before_a_start_an_address_is_slow_at_first(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if attempt.endpoint.url == A else OK, cdr=B)
    for index in range(15):
        w.owe(f"c{index}", "ring")
    w.run(timedelta(seconds=3))
    assert outbox.unanswered(conn, ["1", "2"]) == [("1", STATUS)]
    w.restart()
    w.deliveries.doubt("1", STATUS)
    assert w.deliveries._address(A).standing(w.at) is Standing.SLOW
    assert w.deliveries._address(B).standing(w.at) is Standing.NEW


def test_after_ten_failures_in_a_row_one_runs_at_a_time_until_one_succeeds(conn: Connection) -> None:
    up = START + timedelta(seconds=30)
    w = world(conn, lambda attempt, at: OK if at >= up else SILENT)
    w.flight = timedelta(milliseconds=10)
    for index in range(60):
        w.owe(f"c{index}", "ring")
    w.run(timedelta(seconds=2))
    w.most_at_once = 0
    w.run(timedelta(seconds=29))
    assert w.most_at_once == 1
    w.run(timedelta(minutes=20))
    assert w.most_at_once == 20
    assert pending(conn) == 0


def test_a_dead_receiver_delays_no_other_company(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if attempt.endpoint.url == A else OK)
    w.book.urls["2", STATUS] = B
    for index in range(300):
        w.owe(f"c{index}", "ring")
    w.run(timedelta(seconds=20))
    w.owe("d", "ring", company="2")
    w.settle()
    assert w.told() == ["d/ring"]
    assert seconds(w.log[-1].at) == 20


def test_a_long_backlog_of_a_dead_receiver_takes_little_memory(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT)
    w.flight = timedelta(seconds=10)
    for index in range(3 * MAX_CALLS_OF_LANE):
        w.owe(f"c{index}", "ring")
    w.settle()
    assert len(w.deliveries._calls) <= MAX_CALLS_OF_LANE
    w.run(timedelta(minutes=5))
    w.restart()
    w.run(timedelta(minutes=10))
    assert len(w.deliveries._calls) <= 250
    assert pending(conn) == 3 * MAX_CALLS_OF_LANE


def test_a_backlog_larger_than_memory_is_delivered_whole_when_the_receiver_takes_it(conn: Connection) -> None:
    w = world(conn)
    w.flight = timedelta(milliseconds=20)
    for index in range(3000):
        w.owe(f"c{index}", "ring")
    w.restart()
    w.run(MINUTE)
    assert len(w.told()) == len(set(w.told())) == 3000
    assert w.deliveries.idle


def test_a_dead_address_of_the_states_holds_each_record_until_five_minutes_after_its_call(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if attempt.endpoint.url == A else OK, cdr=B)
    w.flights[A] = timedelta(seconds=10)
    for index in range(100):
        w.run(timedelta(seconds=2 * index))
        w.owe(f"c{index}", "ring")
        w.owe(f"c{index}", "hangup")
        w.owe(f"c{index}", "record", CDR)
        w.settle()
    w.run(timedelta(seconds=250))
    w.restart()
    w.run(timedelta(minutes=10))
    late = [w.seconds(f"c{index}", "record")[0] - 2 * index for index in range(100)]
    assert max(late) == pytest.approx(300)


def test_a_dead_address_of_the_records_delays_no_state(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if attempt.endpoint.url == B else OK, cdr=B)
    w.flight = timedelta(seconds=1)
    for index in range(100):
        w.owe(f"c{index}", "record", CDR)
    w.run(MINUTE)
    w.restart()
    w.run(2 * MINUTE)
    w.owe("d", "ring")
    w.run(3 * MINUTE)
    assert w.seconds("d", "ring") == [121]
    assert len(w.deliveries._calls) <= WAITING_FOR_FAILING + 1


def test_a_slow_address_of_the_states_holds_a_record_no_longer_though_they_wait_in_memory(conn: Connection) -> None:
    w = world(conn, cdr=B)
    w.flights[A] = timedelta(seconds=9)
    for index in range(1_000):
        w.owe(f"c{index}", "ring")
        w.owe(f"c{index}", "record", CDR)
    w.run(timedelta(minutes=10))
    assert max(w.seconds(f"c{index}", "record")[0] for index in range(1_000)) == 300


def test_what_is_left_to_the_store_after_its_address_was_corrected_is_found_there(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: SILENT if at < START + MINUTE else OK)
    w.flights[A] = timedelta(seconds=10)
    for index in range(40):
        w.owe(f"c{index}", "ring")
    w.run(timedelta(seconds=1))
    w.book.urls["1", STATUS] = B
    w.deliveries.moved("1", STATUS, w.at)
    w.run(timedelta(minutes=10))
    assert len(w.told()) == 40


def test_what_is_sent_again_while_another_of_its_call_is_under_way_goes_at_once(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: REFUSED if attempt.endpoint.url == A else OK, cdr=B)
    w.flights[B] = timedelta(seconds=10)
    w.owe("c", "ring")
    w.owe("c", "record", CDR)
    w.run(timedelta(seconds=305))
    assert [attempt.endpoint.url for _, attempt in w.flying] == [B]
    w.deliveries.expect(send_again(conn, [1], w.at))
    w.run(timedelta(seconds=306))
    assert w.seconds("c", "ring") == [0, 5, 65, 305]


def test_an_address_that_fails_while_it_waits_for_a_place_has_its_pace(conn: Connection) -> None:
    w = world(conn, lambda attempt, at: REFUSED)
    w.deliveries = Deliveries(w.book, chance=lambda: 0.0, max_in_flight=2)
    w.flight = timedelta(milliseconds=100)
    for index in range(30):
        w.owe(f"c{index}", "ring")
    w.run(timedelta(seconds=4))
    ends = [seconds(item.at) for item in w.log]
    assert ends[9:13] == pytest.approx([0.6, 0.6, 1.7, 2.8])


def test_after_a_crash_what_was_under_way_is_sent_again_with_the_same_id(conn: Connection) -> None:
    seen: list[int] = []

    def receiver(attempt: Attempt, at: datetime) -> Outcome:
        seen.append(attempt.owed.id)
        return OK

    w = world(conn, receiver)
    w.owe("c", "ring")
    w.owe("c", "answer")
    w.deliveries.begin_read()
    rows, _ = outbox.fresh(conn, 0, 10)
    w.deliveries.add(rows, w.at)
    first = w.deliveries.attempts(w.at)
    w.restart()
    w.settle()
    assert [attempt.owed.id for attempt in first] == seen[:1]
    assert w.told() == ["c/ring", "c/answer"]


def test_rows_that_were_read_before_their_result_was_committed_are_not_sent_twice(conn: Connection) -> None:
    w = world(conn)
    w.owe("c", "ring")
    w.deliveries.begin_read()
    stale, _ = outbox.fresh(conn, 0, 10)
    w.deliveries.add(stale, w.at)
    (attempt,) = w.deliveries.attempts(w.at)
    w.deliveries.begin_read()
    w.deliveries.finished(attempt, OK, w.at)
    batch = w.deliveries.take_changes()
    outbox.record(conn, batch.changes, batch.postponements)
    w.deliveries.committed(batch, w.at)
    w.deliveries.add(stale, w.at)
    assert w.deliveries.attempts(w.at) == []
    w.settle()
    assert w.log == []


def test_a_batch_that_could_not_be_committed_comes_again(conn: Connection) -> None:
    w = world(conn)
    w.owe("c", "ring")
    w._read()
    (attempt,) = w.deliveries.attempts(w.at)
    w.deliveries.finished(attempt, OK, w.at)
    w.deliveries.give_back(w.deliveries.take_changes())
    assert w.deliveries.has_changes
    w.settle()
    assert pending(conn) == 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_receivers_do_nothing_is_lost_and_the_order_rule_holds(data: st.DataObject) -> None:
    """Receivers fail at random for half an hour, the server crashes at random, and then everything answers."""
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        callbacks.create(conn)
        heal = START + timedelta(minutes=30)

        def receiver(attempt: Attempt, at: datetime) -> Outcome:
            outcomes: list[Outcome] = [OK] if at >= heal else [OK, REFUSED, SILENT]
            return data.draw(st.sampled_from(outcomes))

        w = world(conn, receiver, cdr=data.draw(st.sampled_from([A, B])))
        w.flight = timedelta(seconds=1)
        calls = [f"c{index}" for index in range(data.draw(st.integers(1, 4)))]
        at = 0
        for what in ("ring", "answer", "hangup", "record"):
            for call in calls:
                w.owe(call, what, CDR if what == "record" else STATUS)
                at += data.draw(st.integers(0, 40))
                w.run(timedelta(seconds=at))
                if data.draw(st.integers(0, 9)) == 0:
                    w.restart()
        ended = w.at
        w.run(timedelta(days=2))
        assert w.deliveries.idle
        assert pending(conn) == 0
        for call in calls:
            told = [item for item in w.log if item.call == call and item.outcome == OK]
            # A crash may send again what was under way; nothing else may.
            firsts = list(dict.fromkeys(item.payload for item in told))
            assert len(firsts) == 4
            _assert_order(w, call, ended)
    engine.dispose()


def _assert_order(w: World, call: str, ended: datetime) -> None:
    """Nothing overtakes before its time an earlier callback whose last attempt was answered, but not taken."""
    order = [f'{{"what":"{what}"}}' for what in ("ring", "answer", "hangup", "record")]
    outcomes: dict[str, Outcome | None] = dict.fromkeys(order)
    for item in (item for item in w.log if item.call == call):
        if item.at < ended:
            for earlier in order[: order.index(item.payload)]:
                assert outcomes[earlier] is not None, "one that was not tried yet was overtaken"
                assert outcomes[earlier] != REFUSED, "one that was refused was overtaken while the call ran"
        outcomes[item.payload] = item.outcome
