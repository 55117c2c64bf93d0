import pytest

from playvoice.companies.attempts import BOUND, MOST, WINDOW, Attempts


def guessed(times: int, *, source: str = "192.0.2.1", appid: str = "a", at: float = 0.0) -> Attempts:
    attempts = Attempts()
    for _ in range(times):
        attempts.wrong(source, appid, at)
    return attempts


def test_the_bound_is_reached_by_the_twentieth_wrong_key_and_lasts_until_the_window_is_over() -> None:
    assert guessed(MOST - 1).wait("192.0.2.1", "a", 1.0) == 0
    attempts = guessed(MOST)
    assert attempts.wait("192.0.2.1", "a", 1.0) == WINDOW - 1
    assert attempts.wait("192.0.2.1", "a", WINDOW) == 0
    attempts.wrong("192.0.2.1", "a", WINDOW)
    assert attempts.wait("192.0.2.1", "a", WINDOW) == 0, "a new window counts from one"


@pytest.mark.parametrize(("source", "appid"), [("192.0.2.2", "a"), ("192.0.2.1", "b"), ("", "a")])
def test_wrong_keys_count_for_their_source_and_appid_alone(source: str, appid: str) -> None:
    assert guessed(MOST).wait(source, appid, 1.0) == 0


def test_all_addresses_of_an_ipv6_network_of_64_bits_are_one_source() -> None:
    attempts = guessed(MOST, source="2001:db8::1")
    assert attempts.wait("2001:db8::ffff:1", "a", 1.0) > 0
    assert attempts.wait("2001:db8:0:1::1", "a", 1.0) == 0


def test_an_endless_appid_is_not_kept_whole() -> None:
    attempts = guessed(MOST, appid="x" * 4_000_000)
    assert max(len(appid) for _, appid in attempts._counts) < 100


def test_what_is_remembered_is_bounded_and_the_oldest_goes() -> None:
    attempts = guessed(MOST)
    for number in range(BOUND - 1):
        attempts.wrong("192.0.2.9", str(number), 1.0)
    assert attempts.wait("192.0.2.1", "a", 1.0) > 0
    attempts.wrong("192.0.2.9", "one more", 1.0)
    assert attempts.wait("192.0.2.1", "a", 1.0) == 0
    assert len(attempts._counts) == BOUND
