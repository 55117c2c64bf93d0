"""Keys that a script presses: `2s:1,500ms:5#` is 1 two seconds after the answer, then 5 and # half a second later."""

import re
from dataclasses import dataclass

from playvoice.media.telephone_event import KEYS, MAX_KEYS
from playvoice.simulator.errors import SimulatorError

MAX_PRESSES = 64
"""Steps of a script."""
MAX_WAIT = 3_600.0
"""Seconds before a step."""

_STEP = re.compile(r"\s*(\d{1,7}(?:\.\d{1,3})?)\s*(ms|s)\s*:\s*(\S+?)\s*", re.ASCII)
_UNITS = {"s": 1.0, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Press:
    """One step of a script."""

    after: float
    """Seconds since the step before, or since the answer."""
    keys: str


def parse_presses(text: str) -> tuple[Press, ...]:
    """Read a script; SimulatorError names the step that is none."""
    steps = text.split(",") if text.strip() else []
    if len(steps) > MAX_PRESSES:
        raise SimulatorError(f"{len(steps)} steps to press, more than {MAX_PRESSES}")
    return tuple(_step(step) for step in steps)


def _step(text: str) -> Press:
    match = _STEP.fullmatch(text)
    if match is None:
        raise SimulatorError(f"{text[:40]!r} is no step to press: expected a time and keys, as in 2s:1 or 500ms:12#")
    seconds, keys = float(match[1]) * _UNITS[match[2]], match[3].upper()
    if seconds > MAX_WAIT:
        raise SimulatorError(f"{text[:40]!r} waits for longer than {MAX_WAIT:g} s")
    if len(keys) > MAX_KEYS or set(keys) - set(KEYS):
        raise SimulatorError(f"{text[:40]!r} presses what are no keys: expected up to {MAX_KEYS} of {KEYS}")
    return Press(seconds, keys)
