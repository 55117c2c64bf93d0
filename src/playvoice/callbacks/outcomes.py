"""What an attempt came to, and what is to be written of it: a function of both and of the time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playvoice.callbacks.order import Failure
from playvoice.callbacks.outbox import Change, Owed
from playvoice.callbacks.schedule import GONE, next_delay
from playvoice.callbacks.tables import MAX_ERROR, State


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered; a 2xx is success whatever its body, anything else is a failure."""

    status: int
    retry_after: timedelta | None = None

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No connection, or no answer in time."""

    error: str


Outcome = Answered | Unanswered


def judge(owed: Owed, outcome: Outcome, *, chance: float, at: datetime) -> Change:
    """Return what becomes of a callback whose attempt ended at `at`; `chance` in [0, 1) makes the jitter."""
    status = outcome.status if isinstance(outcome, Answered) else None
    if isinstance(outcome, Answered) and outcome.success:
        return _done(owed, State.DELIVERED, at, attempts=owed.attempts + 1, status=status)
    failures = owed.attempts if owed.early else owed.attempts + 1
    error = f"HTTP status {status}" if isinstance(outcome, Answered) else outcome.error[:MAX_ERROR]
    failure = Failure.ANSWERED if isinstance(outcome, Answered) else Failure.UNREACHABLE
    if status == GONE:
        return _done(owed, State.GONE, at, attempts=failures, status=status, error=error, failure=failure)
    retry_after = outcome.retry_after if isinstance(outcome, Answered) else None
    delay = next_delay(failures, chance=chance, retry_after=retry_after)
    if delay is None:
        return _done(owed, State.EXHAUSTED, at, attempts=failures, status=status, error=error, failure=failure)
    return Change(
        id=owed.id,
        state=State.PENDING,
        attempts=failures,
        early=False,
        failure=failure,
        last_status=status,
        last_error=error,
        attempted_at=at,
        next_attempt=at + delay,
        done_at=None,
    )


def at_once(owed: Owed, change: Change, at: datetime) -> Change:
    """Return what becomes of a failure at an address that was corrected meanwhile: it says nothing of the new one."""
    return replace(
        change,
        state=State.PENDING,
        attempts=owed.attempts,
        early=owed.early,
        failure=owed.failure,
        next_attempt=at,
        done_at=None,
    )


def withdrawn(owed: Owed, at: datetime) -> Change:
    """Return what becomes of a callback whose address is no longer set."""
    return Change(
        id=owed.id,
        state=State.WITHDRAWN,
        attempts=owed.attempts,
        early=False,
        failure=owed.failure,
        last_status=None,
        last_error="no address is set",
        attempted_at=owed.attempted_at,
        next_attempt=None,
        done_at=at,
    )


def _done(
    owed: Owed,
    state: State,
    at: datetime,
    *,
    attempts: int,
    status: int | None,
    error: str | None = None,
    failure: Failure | None = None,
) -> Change:
    return Change(
        id=owed.id,
        state=state,
        attempts=attempts,
        early=False,
        failure=failure,
        last_status=status,
        last_error=error,
        attempted_at=at,
        next_attempt=None,
        done_at=at,
    )
