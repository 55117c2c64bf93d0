"""What is kept of a call's story besides its rows: SIP messages and notes, as values and as the octets of a row.

A row is one part of a call: all of it as it ends, and one more for what comes late. It is compressed: a head in JSON
that says what happened when, then the messages one after the other. A message that went the same way before, to the
octet, is a retransmission (RFC 3261 section 17) and is kept once.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from playvoice.clock import EPOCH
from playvoice.sip import Flow
from playvoice.sip.masking import mask_number, mask_numbers, mask_secrets, mask_text

MAX_UNPACKED = 16_777_216
"""Octets that a row may have when it is unpacked; one that has more was not written by us."""
_MICROSECOND = timedelta(microseconds=1)
_MASKED_VALUES: Mapping[str, Callable[[str], str]] = {
    "destnumber": mask_number,
    "target": mask_text,
    "reason": mask_text,
}
"""Values of notes in which numbers stand."""

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message as it passed by."""

    at: datetime
    sent: bool
    transport: str
    remote: tuple[str, int]
    local: tuple[str, int]
    data: bytes
    """Without its secrets."""
    repeated: bool
    """It went the same way before."""
    late: bool
    """It passed by when all legs of the call had ended."""


@dataclass(frozen=True, slots=True)
class Note:
    """What happened on a call, in the words of its log."""

    at: datetime
    event: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Part:
    """What a row holds."""

    messages: tuple[Message, ...]
    notes: tuple[Note, ...]
    left_out: int
    """Messages beyond the bounds."""


class Passed(NamedTuple):
    """A message that was noted and is not packed yet; `now` is monotonic."""

    now: float
    sent: bool
    flow: Flow
    data: bytes


@dataclass(slots=True)
class Raw:
    """A part that grows."""

    call_uuid: str
    instant: Callable[[float], datetime]
    """The instant of a monotonic time of the call's clock."""
    mask_numbers: bool
    messages: list[Passed] = field(default_factory=list)
    notes: list[tuple[float, str, dict[str, Value]]] = field(default_factory=list)
    left_out: int = 0
    ended: float | None = None
    """When all legs had ended."""
    octets: int = 0
    """What it holds in memory."""
    free: Callable[[int], None] = lambda _octets: None
    """Gives that back."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A part as it is stored."""

    call_uuid: str
    at: datetime
    body: bytes
    stored: Callable[[], None]
    """To be called when it is stored, or can't be: it gives back what it held in memory."""


def pack(raw: Raw) -> Packed:
    """Make the octets of a row, without secrets."""
    flows: dict[Flow, int] = {}
    places: dict[tuple[bool, bytes], int] = {}
    bodies: list[bytes] = []
    messages: list[list[int]] = []
    for now, sent, flow, data in raw.messages:
        place = places.setdefault((sent, data), len(bodies))
        if place == len(bodies):
            masked = mask_secrets(data)
            bodies.append(mask_numbers(masked) if raw.mask_numbers else masked)
        messages.append([_microseconds(raw.instant(now)), int(sent), flows.setdefault(flow, len(flows)), place])
    head = {
        "flows": [[str(flow.transport), *flow.remote, *flow.local] for flow in flows],
        "messages": messages,
        "lengths": [len(body) for body in bodies],
        "notes": [[_microseconds(raw.instant(now)), event, _masked(values, raw)] for now, event, values in raw.notes],
        "left_out": raw.left_out,
        "ended": None if raw.ended is None else _microseconds(raw.instant(raw.ended)),
    }
    written = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    octets = b"".join((written, b"\n", *bodies))
    moments = [raw.messages[0].now] if raw.messages else [now for now, _, _ in raw.notes[:1]]
    at = raw.instant(moments[0] if moments else raw.ended or 0.0)
    return Packed(raw.call_uuid, at, zlib.compress(octets), partial(raw.free, raw.octets))


def unpack(body: bytes) -> Part:
    """Read the octets of a row; ValueError if they are not what `pack` writes."""
    try:
        octets = zlib.decompressobj().decompress(body, MAX_UNPACKED)
        head, _, rest = octets.partition(b"\n")
        return _read(json.loads(head), rest)
    except (zlib.error, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"a part of a trace can't be read: {error}") from error


def _read(head: dict[str, Any], rest: bytes) -> Part:
    bodies, place = [], 0
    for length in head["lengths"]:
        bodies.append(rest[place : place + length])
        place += length
    ended, seen, messages = head["ended"], set(), []
    for at, sent, flow, number in head["messages"]:
        transport, host, port, local_host, local_port = head["flows"][flow]
        messages.append(
            Message(
                at=_instant(at),
                sent=bool(sent),
                transport=transport,
                remote=(host, port),
                local=(local_host, local_port),
                data=bodies[number],
                repeated=number in seen,
                late=ended is not None and at > ended,
            )
        )
        seen.add(number)
    notes = tuple(Note(_instant(at), event, values) for at, event, values in head["notes"])
    return Part(tuple(messages), notes, head["left_out"])


def _masked(values: dict[str, Value], raw: Raw) -> dict[str, Value]:
    if not raw.mask_numbers:
        return values
    return {
        name: _MASKED_VALUES[name](value) if name in _MASKED_VALUES and isinstance(value, str) else value
        for name, value in values.items()
    }


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
