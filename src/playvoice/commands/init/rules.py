"""What an answer must be like: the rules of the configuration, asked of one value."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from playvoice.config.pieces import PieceError, check_value
from playvoice.config.values import port_number, specific_address

T = TypeVar("T")
Read = Callable[[str], T]
"""Makes a value of what was typed; ValueError says what was expected instead."""


def of(model: type[BaseModel], key: str) -> Read[str]:
    """The rule of a key whose value is a text."""
    check = _checker(model, key)

    def read(text: str) -> str:
        check(text, text)
        return text

    return read


def several(model: type[BaseModel], key: str) -> Read[tuple[str, ...]]:
    """The rule of a key whose value is a list; what was typed is separated by commas or spaces."""
    check = _checker(model, key)

    def read(text: str) -> tuple[str, ...]:
        items = split(text)
        check(items, text)
        return items

    return read


def each(model: type[BaseModel], key: str) -> Read[tuple[str, ...]]:
    """The rule of a key, for several of what it is about: at least one, each another."""
    read_one = of(model, key)

    def read(text: str) -> tuple[str, ...]:
        items = tuple(read_one(item) for item in split(text))
        if not items or len(set(items)) < len(items):
            raise ValueError(f"{text!r} can't be used; expected at least one, and none twice")
        return items

    return read


def or_nothing(read: Read[T]) -> Read[T | None]:
    """A rule that lets an empty answer pass."""
    return lambda text: read(text) if text else None


def sip_uri(read: Read[str]) -> Read[str]:
    """The rule of a SIP URI, for people who leave out `sip:`."""
    return lambda text: read(text if text.lower().startswith("sip:") else f"sip:{text}")


def port(text: str) -> int:
    """A port that can be listened on."""
    try:
        number = port_number(text)
    except ValueError:
        number = 0
    if number == 0:
        raise ValueError(f"{text!r} can't be used; expected a port from 1 to 65535")
    return number


def address(text: str) -> str:
    """An IP address of this machine."""
    try:
        return specific_address(text)
    except ValueError:
        raise ValueError(f"{text!r} can't be used; expected one IP address of this machine, as in 10.0.0.5") from None


def split(text: str) -> tuple[str, ...]:
    """What stands between commas and spaces."""
    return tuple(item for item in re.split(r"[\s,，、]+", text) if item)


def _checker(model: type[BaseModel], key: str) -> Callable[[Any, str], None]:
    def check(value: Any, typed: str) -> None:
        try:
            check_value(model, key, value)
        except PieceError as error:
            said = repr(typed) if model.model_fields[key].repr else "that"
            raise ValueError(f"{said} can't be used; {error}") from None

    return check
