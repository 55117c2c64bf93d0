from datetime import UTC, datetime, timedelta

from playvoice.callbacks.addresses import FAILING_AT, MAX_AT_ONCE, PACE, Address

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_twenty_attempts_run_at_once_to_an_address() -> None:
    address = Address("http://a.example")
    address.in_flight = MAX_AT_ONCE - 1
    assert address.has_room(AT)
    address.in_flight = MAX_AT_ONCE
    assert (MAX_AT_ONCE, address.has_room(AT)) == (20, False)


def test_after_ten_failures_in_a_row_one_attempt_at_a_time_goes_out_a_second_apart() -> None:
    address = Address("http://a.example")
    for _ in range(FAILING_AT - 1):
        address.refused(AT)
    assert address.has_room(AT)
    address.silent(AT)
    assert not address.has_room(AT)
    assert address.has_room(AT + PACE)
    address.in_flight = 1
    assert not address.has_room(AT + PACE)


def test_the_first_success_makes_an_address_well_again() -> None:
    address = Address("http://a.example")
    for _ in range(25):
        address.silent(AT)
    assert not address.has_room(AT)
    address.succeeded(AT)
    address.in_flight = 19
    assert address.has_room(AT)


def test_an_address_recovers_with_the_first_answer_after_two_silent_attempts() -> None:
    address = Address("http://a.example")
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
