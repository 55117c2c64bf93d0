"""What a run does, drawn from its seed: which calls are asked for when, and what is killed among them.

The same seed gives the same plan. What the plan can't fix is how far the server is at a moment; the far ends write
that down.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from playvoice.simulator.configuration import GROUP

CALLS_PER_SECOND = 3.0
SHORTEST, LONGEST = 2.0, 3.2
"""Seconds from the beginning of a round to its kill, or to what lasts until then."""
AT_THE_KILL = 3
"""Requests that are sent within some milliseconds of the kill, so that some are under way."""
AFTER_THE_KILL = 2
"""Requests that are sent right after it: nothing listens, or they are the next ones to be served."""
SECOND_KILL = (0.6, 1.2)
"""When, as a share of what the first server needed from its start to readiness."""
IN_MIGRATION = (0.0, 0.12)
"""When, from the moment in which a server has taken the database to change it, as a share of the same."""
MIGRATIONS = 2
"""Starts in a row that are killed while they migrate."""
OUTAGE = 3.0
"""Seconds before the kill from which nothing can be stored: more than a record's end may be off by, with a heartbeat's
second."""
BEFORE = (0.5, 1.5)
"""Seconds before the kill from which phones hear nothing, or the receiver is slow."""
GROUP_KEY = "1"


class Kind(Enum):
    """What is killed in a round, and when. Callbacks have no process of their own: the main process sends them."""

    SERVER = "the server"
    """Its whole process group."""
    MAIN = "the main process while nothing can be stored"
    """And nothing else: what it had started has to end by itself. The last heartbeat that is stored is old by then."""
    MEDIA = "the media worker"
    """And nothing else: it is replaced, and only its calls end."""
    DECODER = "the decoder"
    """While a voice that calls wait for is decoded."""
    ENCODER = "the encoder"
    """While a recording is encoded."""
    START = "the server, and the next one while it starts"
    MIGRATION = "the server, and the next ones while they migrate"
    """The database is brought back to an older revision before them."""
    RECORDINGS = "the server and its encoder in the midst of a recording"
    CALLBACKS = "the server while callbacks are under way"
    """The receiver answers slowly."""
    DEAF = "the server while agents' phones hear nothing"
    """Legs are wanted and given up without a word of theirs."""

    @property
    def is_of_server(self) -> bool:
        """Whether the server dies of it."""
        return self not in (Kind.MEDIA, Kind.DECODER, Kind.ENCODER)


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
    kind: Kind
    requests: tuple[Request, ...]
    """In order of their times; some are due after the kill."""
    kill_at: float
    second_kill: float
    """Of START: when the next server is killed as well, as a share of what a start takes."""
    in_migration: tuple[float, ...]
    """Of MIGRATION: when each migration is killed, from its beginning and as a share of what a start takes."""
    before: float
    """Of DEAF and CALLBACKS: seconds before the kill from which phones hear nothing, or the receiver is slow."""


def draw(rounds: int, seed: int) -> tuple[Round, ...]:
    """The plan of so many rounds."""
    generator, kinds = random.Random(seed), draw_kinds(seed)
    return tuple(_draw_round(generator, number, next(kinds)) for number in range(1, rounds + 1))


def draw_kinds(seed: int) -> Iterator[Kind]:
    """Kinds of rounds without end: all of them, in an order of the seed's, then all of them again in another one."""
    generator = random.Random(f"kinds of rounds {seed}")
    while True:
        yield from generator.sample(list(Kind), len(Kind))


def callee_table() -> dict[str, Mapping[str, Any]]:
    """The carrier's behaviours by the end of the number."""
    return {str(place): behaviour for place, behaviour in enumerate(CALLEES.values())}


def _draw_round(generator: random.Random, number: int, kind: Kind) -> Round:
    kill_at = generator.uniform(SHORTEST, LONGEST) + (OUTAGE if kind is Kind.MAIN else 0.0)
    before = [generator.uniform(0.0, kill_at) for _ in range(round(CALLS_PER_SECOND * kill_at))]
    around = [kill_at + generator.uniform(-0.025, 0.002) for _ in range(AT_THE_KILL)]
    after = [kill_at + generator.uniform(0.05, 0.3) for _ in range(AFTER_THE_KILL)]
    requests = [
        _draw_request(generator, number, place, at) for place, at in enumerate(sorted([*before, *around, *after]))
    ]
    return Round(
        number,
        kind,
        tuple(requests),
        kill_at,
        second_kill=generator.uniform(*SECOND_KILL),
        in_migration=tuple(generator.uniform(*IN_MIGRATION) for _ in range(MIGRATIONS)),
        before=generator.uniform(*BEFORE),
    )


def _draw_request(generator: random.Random, round_number: int, place: int, at: float) -> Request:
    kind = generator.choices(list(CALLEES), WEIGHTS)[0]
    destnumber = f"139{round_number:04d}{place:03d}{list(CALLEES).index(kind)}"
    key = f"chaos-{generator.getrandbits(64):016x}" if generator.random() < 0.5 else ""
    only_no_key = kind == "presses nothing" and generator.random() < 0.5
    return Request(destnumber, kind, at, key, f"@{GROUP}" if only_no_key else f"{GROUP_KEY}@{GROUP}")
