from datetime import UTC, datetime, timedelta

import pytest

from playvoice.callbacks.order import LOOK_AGAIN, OVERTAKE_AFTER, Earlier, Failure, held_until, release_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
DUE = AT + timedelta(hours=5)
RUNS = AT + timedelta(days=1)
SOON = AT + timedelta(seconds=3)
HERE, THERE = "http://a.example/cb", "http://b.example/cb"


def earlier(
    failure: Failure | None = None,
    *,
    url: str = HERE,
    under_way: bool = False,
    due: datetime = DUE,
    down: bool = False,
    noticed: bool = False,
) -> Earlier:
    return Earlier(url, failure, under_way, due, down, noticed)


@pytest.mark.parametrize("release", [RUNS, AT - timedelta(seconds=1), AT + timedelta(seconds=1)])
def test_one_that_was_not_tried_yet_goes_first_to_the_same_address(release: datetime) -> None:
    assert held_until(earlier(), HERE, release=release, at=AT) == DUE


def test_one_that_could_not_be_handed_over_holds_as_long_as_the_address_is_down() -> None:
    down = earlier(Failure.UNREACHABLE, down=True)
    long_over = AT - timedelta(days=1)
    assert held_until(down, HERE, release=long_over, at=AT) == AT + LOOK_AGAIN
    assert held_until(earlier(Failure.UNREACHABLE), HERE, release=RUNS, at=AT) is None
    assert held_until(down, HERE, release=long_over, at=AT, failure=Failure.UNREACHABLE) == AT + LOOK_AGAIN


def test_one_that_was_answered_has_overtaken_one_that_could_not_be_handed_over() -> None:
    down = earlier(Failure.UNREACHABLE, down=True)
    assert held_until(down, HERE, release=RUNS, at=AT, failure=Failure.ANSWERED) is None


def test_one_that_could_not_be_handed_over_is_looked_at_again_no_later_than_it_is_due() -> None:
    assert held_until(earlier(Failure.UNREACHABLE, down=True, due=SOON), HERE, release=RUNS, at=AT) == SOON


def test_where_the_recovery_will_be_noticed_nobody_looks_before() -> None:
    down = earlier(Failure.UNREACHABLE, down=True, noticed=True)
    assert held_until(down, HERE, release=RUNS, at=AT) == DUE


def test_one_that_is_being_tried_again_holds_until_its_result() -> None:
    assert held_until(earlier(Failure.UNREACHABLE, under_way=True), HERE, release=RUNS, at=AT) is not None


def test_one_that_was_answered_but_not_taken_holds_while_the_call_runs_and_is_asked_whether_it_does() -> None:
    assert held_until(earlier(Failure.ANSWERED), HERE, release=RUNS, at=AT) == AT + OVERTAKE_AFTER
    assert held_until(earlier(Failure.ANSWERED, due=SOON), HERE, release=RUNS, at=AT) == SOON


def test_one_that_was_answered_but_not_taken_holds_until_five_minutes_after_the_end() -> None:
    release = release_of(AT)
    assert release == AT + OVERTAKE_AFTER == AT + timedelta(minutes=5)
    assert held_until(earlier(Failure.ANSWERED), HERE, release=release, at=AT) == release
    assert held_until(earlier(Failure.ANSWERED, due=SOON), HERE, release=release, at=AT) == SOON
    assert held_until(earlier(Failure.ANSWERED), HERE, release=release, at=release) is None


@pytest.mark.parametrize("failure", [None, *Failure])
def test_one_owed_to_another_address_holds_until_five_minutes_after_the_end(failure: Failure | None) -> None:
    release = AT + timedelta(seconds=1)
    elsewhere = earlier(failure, url=THERE, down=True)
    assert held_until(elsewhere, HERE, release=RUNS, at=AT) == AT + OVERTAKE_AFTER
    assert held_until(elsewhere, HERE, release=release, at=AT) == release
    assert held_until(elsewhere, HERE, release=release, at=release) is None
