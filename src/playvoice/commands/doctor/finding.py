"""What a check found: what was seen, how bad that is, and what to do about it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    """It works, or may work, and should be looked at."""
    FAILURE = "failure"
    """Calls will fail by it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination."""

    check: str
    """Its name."""
    outcome: Outcome
    seen: str
    """What was seen, with its values; never a secret."""
    do: str = ""
    """What to do, or where to look; empty where there is nothing."""


def ok(check: str, seen: str, do: str = "") -> Finding:
    return Finding(check, Outcome.OK, seen, do)


def warning(check: str, seen: str, do: str) -> Finding:
    return Finding(check, Outcome.WARNING, seen, do)


def failure(check: str, seen: str, do: str) -> Finding:
    return Finding(check, Outcome.FAILURE, seen, do)


@dataclass(frozen=True, slots=True)
class Check:
    """Something to be looked at; several may run at once."""

    name: str
    run: Callable[[], Awaitable[Sequence[Finding]]]
    seconds: float = 10.0
    """After which it is given up."""
