from datetime import UTC, datetime, timedelta

from playvoice.callbacks.addresses import BRISK, FAILING_AT, MAX_AT_ONCE, PACE, Address, Standing

AT = datetime(2026, 1, 1, tzinfo=UTC)


def begin(address: Address, count: int) -> None:
    for _ in range(count):
        address.began(len(address.under_way), AT)


def test_the_first_attempt_runs_alone_and_then_twenty_at_once() -> None:
    address = Address("http://a.example")
    begin(address, 1)
    assert not address.has_room(AT)
    address.ended(0, AT, answered=True)
    begin(address, MAX_AT_ONCE - 1)
    assert address.has_room(AT)
    begin(address, 1)
    assert (MAX_AT_ONCE, address.has_room(AT)) == (20, False)


def test_after_ten_failures_in_a_row_one_attempt_at_a_time_goes_out_a_second_apart() -> None:
    address = Address("http://a.example")
    for _ in range(FAILING_AT - 1):
        address.refused(AT)
    assert address.has_room(AT)
    address.silent(AT)
    assert not address.has_room(AT)
    assert address.has_room(AT + PACE)
    begin(address, 1)
    assert not address.has_room(AT + PACE)


def test_the_first_success_makes_an_address_well_again() -> None:
    address = Address("http://a.example")
    for _ in range(25):
        address.silent(AT)
    assert not address.has_room(AT)
    begin(address, 1)
    address.ended(0, AT, answered=True)
    address.succeeded(AT)
    begin(address, 19)
    assert address.has_room(AT)


def test_an_address_recovers_with_the_first_answer_of_all_and_the_first_after_two_silent_attempts() -> None:
    address = Address("http://a.example")
    assert address.refused(AT)
    address.silent(AT)
    assert not address.succeeded(AT)
    address.silent(AT)
    address.silent(AT)
    assert address.refused(AT)
    assert not address.succeeded(AT)


def test_an_address_was_silent_since_a_failure_that_no_answer_followed() -> None:
    address = Address("http://a.example")
    assert address.was_silent_since(AT)
    address.succeeded(AT)
    assert address.was_silent_since(AT)
    assert not address.was_silent_since(AT - timedelta(seconds=1))


def test_an_address_is_proven_by_an_answer_within_a_second_and_slow_without() -> None:
    address = Address("http://a.example")
    assert address.standing(AT) is Standing.NEW
    for seconds, answered, standing in [
        (1.0, True, Standing.PROVEN),
        (1.1, True, Standing.SLOW),
        (0.1, True, Standing.PROVEN),
        (0.1, False, Standing.SLOW),
    ]:
        address.began(1, AT)
        address.ended(1, AT + timedelta(seconds=seconds), answered=answered)
        assert address.standing(AT) is standing


def test_an_address_is_slow_as_soon_as_an_attempt_takes_longer_than_a_second() -> None:
    address = Address("http://a.example")
    address.began(1, AT)
    address.ended(1, AT, answered=True)
    address.began(2, AT)
    address.began(3, AT + BRISK)
    assert address.standing(AT + BRISK) is Standing.PROVEN
    assert address.standing(AT + BRISK * 1.01) is Standing.SLOW
    address.ended(2, AT + BRISK * 1.01, answered=True)
    address.ended(3, AT + BRISK * 1.02, answered=True)
    assert address.standing(AT + BRISK * 1.02) is Standing.PROVEN
