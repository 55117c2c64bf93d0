"""When a callback is tried again, as a function of what has been tried; no clock and no chance of its own.

A jitter only ever lengthens a delay, so that an attempt is never sooner than the contract says.
"""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""After the first failed attempt 5 s, after the second a minute, …; the failure after the last one is the end."""

MAX_RETRY_AFTER = timedelta(hours=24)
JITTER = 0.1
LONGEST_WAIT = max(DELAYS[-1] * (1 + JITTER), MAX_RETRY_AFTER)
"""Between two attempts of a callback."""
GONE = 410


def next_delay(failures: int, *, chance: float, retry_after: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after the `failures`-th failed attempt (1 is the first), None if it was the last.

    `chance` in [0, 1) places the delay between its nominal value and a tenth more. A receiver's `retry_after`
    can lengthen the delay, up to 24 h; it can't shorten it, or a receiver that always says 1 would soon be given up.
    """
    if failures < 1:
        raise ValueError(f"a delay follows a failed attempt, and {failures} have failed")
    if failures > len(DELAYS):
        return None
    delay = DELAYS[failures - 1] * (1 + JITTER * chance)
    return delay if retry_after is None else max(delay, min(retry_after, MAX_RETRY_AFTER))


def parse_retry_after(text: str | None, at: datetime) -> timedelta | None:
    """Read a `Retry-After` header, seconds or an HTTP date (RFC 9110 section 10.2.3), as the wait from `at` on.

    What can't be read is None: a receiver's odd header costs it nothing but its wish.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    try:
        wait = date - at
    except OverflowError:
        return None
    return max(timedelta(), timedelta(seconds=math.ceil(wait.total_seconds())))
