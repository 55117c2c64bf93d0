"""The order rule: which earlier callbacks of its call hold a callback back, and until when.

To the letter of the contract: a callback that could not be handed over (no connection, no answer) holds the later
ones back as long as the address is down; one that was answered, but not with 2xx, holds them back until five minutes
after the end of the call, and so do states that are owed to another address than the record. What is overtaken is
still retried, in no order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

OVERTAKE_AFTER = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=10)
"""How soon it is asked again whether an address that failed once has answered somebody since."""


class Failure(StrEnum):
    """How the last attempt of a callback failed."""

    UNREACHABLE = "unreachable"
    """It was not handed over: no connection, or no answer in time."""
    ANSWERED = "answered"
    """There was an answer, and it was not 2xx."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier callback of the same call that is not done."""

    url: str
    failure: Failure | None
    """None: not tried yet, or its first attempt is under way."""
    under_way: bool
    due: datetime
    """When it is tried next."""
    address_is_down: bool
    """The address has answered nobody since this one's attempt failed."""
    recovery_brings_forward: bool
    """It is down for long enough that its first answer makes everything due that waits for it."""


def held_until(
    earlier: Earlier, url: str, *, release: datetime, at: datetime, failure: Failure | None = None
) -> datetime | None:
    """Return when to ask again whether `earlier` still holds back a callback to `url`, None if it does not.

    `release` is five minutes after the end of the call, or after the latest end that it may have; `failure` is how the
    last attempt of the later one failed. Where `earlier` becomes done before, the question is asked again at once; that
    the call has ended is not told, but asked for in time.
    """
    if earlier.url != url or earlier.failure is Failure.ANSWERED:
        return None if at >= release else min(earlier.due, release, at + OVERTAKE_AFTER)
    if earlier.failure is None or earlier.under_way:
        return earlier.due
    if failure is Failure.ANSWERED or not earlier.address_is_down:
        return None  # one that was answered has overtaken it, and no recovery brings it forward
    return earlier.due if earlier.recovery_brings_forward else min(earlier.due, at + LOOK_AGAIN)


def release_of(call_ended_at: datetime) -> datetime:
    """Return from when on callbacks of a call may be overtaken."""
    return call_ended_at + OVERTAKE_AFTER
