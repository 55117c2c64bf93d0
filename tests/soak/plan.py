"""What is asked for during a soak, drawn from its seed: calls of mixed ends at a steady rate, for two companies.

The receiver of the second company is dead as long as calls are made.
"""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from playvoice.simulator.configuration import GROUP

KEY = "1"
SECOND = "2029"
"""The code of the company whose receiver is dead."""
URLS = 6
"""Voices that are named by URL, in turn; each is downloaded once, and asked for again later."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way for a call to go."""

    callee: Mapping[str, Any]
    weight: int
    voice: str = "library"
    """`library`, `url`, or `missing`: a URL behind which there is nothing."""


KINDS: Mapping[str, Kind] = {
    "reaches an agent": Kind({"as": "answer", "answer_after": 0.3, "press": KEY, "press_after": 0.4}, 8),
    "reaches one by the voice of a URL": Kind(
        {"as": "answer", "answer_after": 0.3, "press": KEY, "press_after": 0.4}, 3, "url"
    ),
    "leaves while talking": Kind(
        {"as": "answer", "answer_after": 0.2, "press": KEY, "press_after": 0.3, "hang_up_after": 2.0}, 3
    ),
    "leaves while an agent's phone rings": Kind(
        {"as": "answer", "answer_after": 0.2, "press": KEY, "press_after": 0.3, "hang_up_after": 0.8}, 3
    ),
    "leaves while the voice plays": Kind({"as": "answer", "answer_after": 0.2, "hang_up_after": 0.5}, 3),
    "presses a wrong key": Kind({"as": "answer", "answer_after": 0.2, "press": "7", "press_after": 0.3}, 2),
    "presses nothing": Kind({"as": "answer", "answer_after": 0.2}, 3, "url"),
    "busy": Kind({"as": "busy"}, 2),
    "rejects": Kind({"as": "rejected", "answer_after": 0.5}, 2),
    "not found": Kind({"as": "not-found"}, 1),
    "no answer": Kind({"as": "no-answer"}, 1),
    "answers as it is cancelled": Kind({"as": "answer", "answer_after": 5.0}, 1),
    "has no voice": Kind({"as": "answer"}, 1, "missing"),
}
"""The last two digits of a number are the place of its kind in this table."""

AGENTS: Mapping[str, Mapping[str, Any]] = {
    **{f"202800{n:02}": {"as": "answer", "answer_after": 0.7, "hang_up_after": 1.0} for n in range(1, 21)},
    **{f"202800{n:02}": {"as": "answer", "answer_after": 0.7} for n in range(21, 23)},
    **{f"202800{n:02}": {"as": "rejected", "answer_after": 0.3} for n in range(23, 25)},
    **{f"202800{n:02}": {"as": "no-answer"} for n in range(25, 27)},
}
"""Extensions and what their phones do."""


@dataclass(frozen=True, slots=True)
class Request:
    """One PlayVoice request; no two ask for the same number."""

    company: str
    """Empty for the first one."""
    destnumber: str
    voice: str
    """As in `Kind`."""
    url: int
    """Which of the URLs."""
    userid: str = f"{KEY}@{GROUP}"


def callee_table() -> dict[str, Mapping[str, Any]]:
    """The carrier's behaviours by the end of the number."""
    return {f"{place:02}": kind.callee for place, kind in enumerate(KINDS.values())}


def draw(seed: int) -> Iterator[Request]:
    """Requests without end; every fifth is of the company whose receiver is dead."""
    generator = random.Random(seed)
    urls = itertools.cycle(range(URLS))
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    for place in range(10_000_000):
        name = generator.choices(names, weights)[0]
        yield Request(
            company=SECOND if place % 5 == 4 else "",
            destnumber=f"13{place:07}{names.index(name):02}",
            voice=KINDS[name].voice,
            url=next(urls) if KINDS[name].voice == "url" else 0,
        )
