from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.callbacks.schedule import DELAYS, MAX_RETRY_AFTER, next_delay, parse_retry_after

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, 5),
        (2, 60),
        (3, 300),
        (4, 1800),
        (5, 7200),
        (6, 18000),
        (7, 36000),
        (8, 50400),
        (9, 72000),
        (10, 86400),
        (11, None),
        (99, None),
    ],
)
def test_each_failure_has_its_delay_and_the_eleventh_is_the_last(failures: int, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert next_delay(failures, chance=0.0) == expected


@given(st.integers(1, len(DELAYS)), st.floats(0, 1, exclude_max=True))
def test_jitter_lengthens_a_delay_by_at_most_a_tenth(failures: int, chance: float) -> None:
    delay = next_delay(failures, chance=chance)
    assert delay is not None
    assert DELAYS[failures - 1] <= delay <= DELAYS[failures - 1] * 1.1


def test_no_delay_precedes_a_failure() -> None:
    with pytest.raises(ValueError, match="0 have failed"):
        next_delay(0, chance=0.0)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(timedelta(seconds=1), 5), (timedelta(seconds=120), 120), (timedelta(days=3), 86400)],
)
def test_retry_after_lengthens_a_delay_up_to_a_day_and_never_shortens_it(retry_after: timedelta, seconds: int) -> None:
    assert next_delay(1, chance=0.0, retry_after=retry_after) == timedelta(seconds=seconds)


def test_retry_after_does_not_add_an_attempt() -> None:
    assert next_delay(11, chance=0.0, retry_after=timedelta(seconds=60)) is None


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        (None, None),
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta()),
        ("99999999999999999999", MAX_RETRY_AFTER),
        ("Thu, 01 Jan 2026 00:02:00 GMT", timedelta(seconds=120)),
        ("Wed, 31 Dec 2025 00:00:00 GMT", timedelta()),
        ("Thu, 01 Jan 2026 00:02:00 -0000", timedelta(seconds=120)),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("١٢", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, wait: timedelta | None) -> None:
    assert parse_retry_after(text, AT) == wait


@given(st.text(max_size=60) | st.from_regex(r"\w{3}, \d{1,3} \w{3} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{1,9}"))
def test_an_odd_retry_after_is_never_an_error(text: str) -> None:
    wait = parse_retry_after(text, AT)
    assert wait is None or wait >= timedelta()
