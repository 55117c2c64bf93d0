"""What a run does, drawn from its seed: which calls are asked for when, and when the server is killed.

The same seed gives the same plan. What the plan can't fix is how far the server is at a moment; the far ends write
that down.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playvoice.simulator.configuration import GROUP

CALLS_PER_SECOND = 3.0
SHORTEST, LONGEST = 2.0, 3.6
"""Seconds from the beginning of a round to its kill."""
AT_THE_KILL = 3
"""Requests that are sent within some milliseconds of the kill, so that some are under way."""
WHILE_DOWN = 1
KINDS_OF_ROUNDS = 3
"""In turn: a plain kill; a kill of the next server as well, while it starts and clears up; agents' phones that hear
nothing for a while before the kill."""
SECOND_KILL = (0.6, 1.2)
"""When, as a share of what the first server needed from its start to readiness."""
DEAF = (0.5, 1.5)
"""Seconds before the kill from which phones hear nothing."""
GROUP_KEY = "1"

CALLEES: Mapping[str, Mapping[str, Any]] = {
    "presses": {"as": "answer", "answer_after": 0.4, "press": GROUP_KEY, "press_after": 0.5},
    "presses and leaves": {
        "as": "answer", "answer_after": 0.2, "press": GROUP_KEY, "press_after": 0.3, "hang_up_after": 1.6,
    },
    "presses nothing": {"as": "answer", "answer_after": 0.3},
    "answers late": {"as": "answer", "answer_after": 1.6, "press": GROUP_KEY, "press_after": 0.4},
    "leaves early": {"as": "answer", "answer_after": 0.3, "hang_up_after": 0.6},
    "busy": {"as": "busy"},
    "rejects": {"as": "rejected", "answer_after": 0.8},
    "no answer": {"as": "no-answer"},
}  # fmt: skip
"""What callees do; the last digit of a number is the place of its kind in this table."""
WEIGHTS = (5, 3, 3, 3, 2, 1, 1, 2)

AGENTS: Mapping[str, Mapping[str, Any]] = {
    "20280001": {"as": "answer", "answer_after": 0.9, "hang_up_after": 1.5},
    "20280002": {"as": "rejected", "ring_after": 0.05, "answer_after": 0.5},
    "20280003": {"as": "answer", "answer_after": 1.3},
    "20280004": {"as": "no-answer"},
}
"""Extensions and what their phones do."""


@dataclass(frozen=True, slots=True)
class Request:
    """One PlayVoice request; no two ask for the same number, so that what the carrier saw tells them apart."""

    destnumber: str
    kind: str
    """Of the callee, as in CALLEES."""
    at: float
    """Seconds from the beginning of the round."""
    key: str
    """Its `Idempotency-Key`; such a request is repeated if nothing answers it. `""`: none."""
    userid: str


@dataclass(frozen=True, slots=True)
class Round:
    """Requests, then a kill among them."""

    number: int
    requests: tuple[Request, ...]
    """In order of their times; some are due after the kill, when nothing listens."""
    kill_at: float
    second_kill: float | None
    """When the next server is killed as well, as a share of what a start takes; None: it is not."""
    deaf_from: float | None
    """Seconds from the beginning of the round from which agents' phones stand still until the kill, so that legs are
    wanted and given up without a word of theirs; None: they don't."""


def draw(rounds: int, seed: int) -> tuple[Round, ...]:
    """The plan of so many rounds."""
    generator = random.Random(seed)
    return tuple(_draw_round(generator, number) for number in range(1, rounds + 1))


def callee_table() -> dict[str, Mapping[str, Any]]:
    """The carrier's behaviours by the end of the number."""
    return {str(place): behaviour for place, behaviour in enumerate(CALLEES.values())}


def _draw_round(generator: random.Random, number: int) -> Round:
    kill_at = generator.uniform(SHORTEST, LONGEST)
    before = [generator.uniform(0.0, kill_at) for _ in range(round(CALLS_PER_SECOND * kill_at))]
    around = [kill_at + generator.uniform(-0.025, 0.002) for _ in range(AT_THE_KILL)]
    after = [kill_at + generator.uniform(0.05, 0.3) for _ in range(WHILE_DOWN)]
    requests = [
        _draw_request(generator, number, place, at) for place, at in enumerate(sorted([*before, *around, *after]))
    ]
    second, deaf = generator.uniform(*SECOND_KILL), generator.uniform(*DEAF)
    kind = number % KINDS_OF_ROUNDS
    return Round(
        number,
        tuple(requests),
        kill_at,
        second_kill=second if kind == 2 else None,
        deaf_from=kill_at - deaf if kind == 0 else None,
    )


def _draw_request(generator: random.Random, round_number: int, place: int, at: float) -> Request:
    kind = generator.choices(list(CALLEES), WEIGHTS)[0]
    destnumber = f"139{round_number:04d}{place:03d}{list(CALLEES).index(kind)}"
    key = f"chaos-{generator.getrandbits(64):016x}" if generator.random() < 0.5 else ""
    only_no_key = kind == "presses nothing" and generator.random() < 0.5
    return Request(destnumber, kind, at, key, f"@{GROUP}" if only_no_key else f"{GROUP_KEY}@{GROUP}")
