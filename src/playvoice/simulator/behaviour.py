"""What a simulated phone does with a call, as a value that goes through JSON.

A behaviour has a name, which sets all of it, and fields that change it:
`{"as": "answer", "answer_after": 1.5, "press": "1", "press_after": 3}`. A table gives different numbers different ones,
by the end of the number; the longest end that fits counts, `""` fits all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from playvoice.simulator.errors import SimulatorError


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Times are seconds; None means never."""

    ring_after: float | None = 0.0
    """From INVITE to 180."""
    answer_after: float | None = 0.5
    """From INVITE to 200."""
    status: int = 200
    """Final response that comes in place of the answer, at `answer_after`."""
    q850: int | None = None
    """Q.850 cause of a Reason header in that response."""
    say_after: float | None = None
    """From the answer to the phone's speech; silence is sent before and after it."""
    press: str = ""
    press_after: float = 1.0
    """From the answer to the first key."""
    press_when_heard: bool = False
    """Those seconds count from the first packet that is heard: nobody presses what no voice has asked for."""
    hang_up_after: float | None = None
    """From the answer to BYE."""

    def __post_init__(self) -> None:
        if self.status != 200 and not 300 <= self.status <= 699:
            raise SimulatorError(f"status {self.status}: expected 200 or 300 to 699")
        if set(self.press) - set("0123456789*#ABCD"):
            raise SimulatorError(f"press {self.press!r}: expected keys of a telephone")


NAMED: Mapping[str, Behaviour] = {
    "answer": Behaviour(),
    "hangup": Behaviour(hang_up_after=2.0),
    "busy": Behaviour(ring_after=None, answer_after=0.05, status=486),
    "rejected": Behaviour(ring_after=0.0, answer_after=1.0, status=603),
    "no-answer": Behaviour(answer_after=None),
    "not-found": Behaviour(ring_after=None, answer_after=0.05, status=404),
    "failure": Behaviour(ring_after=None, answer_after=0.05, status=503),
    "mute": Behaviour(ring_after=None, answer_after=None),
}
"""The behaviours that have a name. `mute` says 100 and nothing else."""

_FIELDS = frozenset(field.name for field in fields(Behaviour))


def parse(value: Any) -> Behaviour:
    """Read a behaviour: a name, or an object with the name in `as` (default `answer`) and fields to change.

    SimulatorError names what is not known.
    """
    if not isinstance(value, str | dict):
        raise SimulatorError(f"{value!r} is no behaviour: expected a name or an object")
    changes: dict[str, Any] = {"as": value} if isinstance(value, str) else dict(value)
    name = changes.pop("as", "answer")
    if name not in NAMED:
        raise SimulatorError(f"{name!r} is no behaviour: expected one of {', '.join(NAMED)}")
    if unknown := sorted(set(changes) - _FIELDS):
        raise SimulatorError(f"a behaviour has no {', '.join(unknown)}")
    return replace(NAMED[name], **changes)


class Behaviours:
    """The behaviour of each number."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = {ending: parse(value) for ending, value in table.items()}

    def of(self, number: str) -> Behaviour:
        """The behaviour whose ending is the longest that `number` has; an answer where none fits."""
        for length in range(len(number), -1, -1):
            found = self._table.get(number[len(number) - length :])
            if found is not None:
                return found
        return NAMED["answer"]
