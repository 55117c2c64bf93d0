"""What the figures of a soak say. Pure: measured values in, judgements out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.evidence import Callback, Evidence, Leg

ZONE = ZoneInfo("Asia/Shanghai")
"""The server's, by default: times in call records are in it."""
JUDGED_FROM = 4_000
"""Calls from which on memory is judged: before that, caches fill."""
CROSSED = 1.0
"""Seconds from a phone's 180 to the CANCEL that it crossed: on its way when the call had been ended, and never told."""
STOPPED = 0.03
"""The share of a process's memory that the curve's second half may still climb by."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How a process's memory grew in the second half of the calls, by the least-squares line."""

    megabytes_per_1000_calls: float
    megabytes: float
    """Over the whole second half."""
    share: float
    """The same against what the process has."""
    calls: int
    """In all."""

    @property
    def is_growing(self) -> bool:
        """Whether it has not stopped; a short soak can't tell."""
        return self.calls >= JUDGED_FROM and self.share > STOPPED

    def figures(self) -> dict[str, float | bool | None]:
        """For scripts; `has_stopped` is None where the soak was too short to tell."""
        return {
            "mb_per_1000_calls": round(self.megabytes_per_1000_calls, 3),
            "mb": round(self.megabytes, 2),
            "has_stopped": None if self.calls < JUDGED_FROM else not self.is_growing,
        }

    def __str__(self) -> str:
        return f"{self.megabytes_per_1000_calls:.2f} MB in 1000 calls ({self.share:.1%} in the second half)"


def growth(curve: Sequence[Mapping[str, Any]], process: str) -> Growth | None:
    """Judge a process's resident memory, whose last place is that of the idle server; None where it was never there."""
    places = [(place["calls"], place[process]["rss"]) for place in curve[:-1] if process in place]
    if len(places) < 4:
        return None
    half = places[len(places) // 2 :]
    per_call, calls = slope(half), half[-1][0] - half[0][0]
    return Growth(per_call * 1000, per_call * calls, per_call * calls / half[-1][1], places[-1][0])


def slope(places: Sequence[tuple[float, float]]) -> float:
    """The slope of the least-squares line through at least two places."""
    mean_x = sum(x for x, _ in places) / len(places)
    mean_y = sum(y for _, y in places) / len(places)
    spread = sum((x - mean_x) ** 2 for x, _ in places)
    return sum((x - mean_x) * (y - mean_y) for x, y in places) / spread


def without_crossings(evidence: Evidence) -> Evidence:
    """The evidence without the rings of agents' phones whose call was ended before the server heard them."""
    return replace(evidence, agents=tuple(replace(leg, rang=None) if _crossed(leg) else leg for leg in evidence.agents))


def _crossed(leg: Leg) -> bool:
    if leg.rang is None or leg.ended is None or leg.end != "cancel":
        return False
    return leg.ended - leg.rang < CROSSED


def delays(records: Iterable[Callback], *, besides: str) -> list[float]:
    """Seconds from the ends of calls to the delivery of their records, sorted, of all companies but one.

    A record tells its end in whole seconds, so that each is up to one second too long.
    """
    return sorted(
        (record.at - _end(record)) / timedelta(seconds=1)
        for record in records
        if str(record.payload["companycode"]) != besides
    )


def _end(record: Callback) -> datetime:
    text = str(record.payload["endtime"])
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE).astimezone(UTC)
