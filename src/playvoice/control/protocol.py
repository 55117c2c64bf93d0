"""The lines that go over the control socket, each one JSON object and a line feed::

    client ── {"command": NAME, "arguments": {…}}
    server ── an empty line    every few seconds while the command runs: the server lives
    server ── {"tell": …}      as often as the command has something to tell while it runs
    server ── {"part": [ROW, …]} as often as a list has more rows than a line
    server ── {"result": …}    or  {"error": TEXT}, the last line

One command a connection; who closes it early ends a command that tells, and leaves any other to its end.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from playvoice.control.errors import ControlError

MAX_LINE = 1_048_576
"""Octets of a line either way, its line feed included."""
ALIVE = b"\n"
ALIVE_EVERY = 3.0
"""Seconds between two empty lines."""
ROWS = 200
"""Rows of a list in a line."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a client wants."""

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """Something to show while the command runs."""

    value: Any


@dataclass(frozen=True, slots=True)
class Part:
    """The next rows of a list that the result ends."""

    rows: list[Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What the command came to."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the command was not carried out, in words for the operator."""

    text: str


Answer = Told | Part | Result | Failure


def write_order(order: Order) -> bytes:
    """Return the line of an order; ControlError where it is longer than a line may be."""
    return _line({"command": order.command, "arguments": dict(order.arguments)})


def read_order(line: bytes) -> Order:
    """Read a client's line; ControlError if it is none."""
    match _object(line):
        case {"command": str(command), "arguments": dict(arguments), **rest} if not rest:
            return Order(command, arguments)
    raise ControlError('the line is no order; expected {"command": NAME, "arguments": {…}}')


def write_answer(answer: Answer) -> bytes:
    """Return the line of an answer; ControlError where it is longer than a line may be."""
    match answer:
        case Told(value):
            return _line({"tell": value})
        case Part(rows):
            return _line({"part": rows})
        case Result(value):
            return _line({"result": value})
        case Failure(text):
            return _line({"error": text})


def parts_of(value: Any) -> Iterator[Part | Result]:
    """A result as the answers that it goes over the socket in: a list of many rows takes several lines."""
    begin = 0
    if isinstance(value, list):
        while len(value) - begin > ROWS:
            yield Part(value[begin : begin + ROWS])
            begin += ROWS
    yield Result(value[begin:] if begin else value)


def read_answer(line: bytes) -> Answer:
    """Read a server's line; ControlError if it is none."""
    match _object(line):
        case {"tell": value, **rest} if not rest:
            return Told(value)
        case {"part": list(rows), **rest} if not rest:
            return Part(rows)
        case {"result": value, **rest} if not rest:
            return Result(value)
        case {"error": str(text), **rest} if not rest:
            return Failure(text)
    raise ControlError("the server's line is no answer; is it of another version?")


def _line(value: Mapping[str, Any]) -> bytes:
    try:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise ControlError(f"{error.object[error.start : error.end]!r} is no character; expected UTF-8") from None
    if len(line) > MAX_LINE:
        raise ControlError(f"{len(line)} octets are more than the {MAX_LINE} of a line; ask for less at once")
    return line


def _object(line: bytes) -> object:
    if not line.endswith(b"\n"):
        raise ControlError("the line has no end")
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ControlError("the line is no JSON") from None
