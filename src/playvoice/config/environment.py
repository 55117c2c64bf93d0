"""Environment variables laid over the file's data.

`PLAYVOICE_SECTION__KEY` sets a key of a section, `PLAYVOICE_TRUNK__NAME__KEY` and
`PLAYVOICE_COMPANY__CODE__KEY` one of a trunk or company that the file has, so that a secret need not stand
in the file. Case doesn't matter, and any character but a letter or digit is written `_`. A list is a JSON
array; any other text is itself, also one that begins with a bracket, as `[::1]:8080`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from playvoice.config.models import Config

PREFIX = "PLAYVOICE_"
_NAMED = {"trunk": "name", "company": "code"}
_SECTIONS = {key for key in Config.model_fields if key not in ("trunks", "companies")}

Location = tuple[str | int, ...]


def overlay(data: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[Location, str], dict[str, str]]:
    """Set in `data` what the environment says.

    Returns which place was set by which variable, and what is wrong with the variables that no place was
    found for.
    """
    places: dict[Location, str] = {}
    problems: dict[str, str] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        parts = variable.removeprefix(PREFIX).lower().split("__")
        found = next(_places(data, parts), None)
        if found is None:
            problems[variable] = (
                f"sets nothing; expected {PREFIX}SECTION__KEY with one of {', '.join(sorted(_SECTIONS))},"
                f" {PREFIX}TRUNK__NAME__KEY or {PREFIX}COMPANY__CODE__KEY with one that the file has"
            )
            continue
        location, table = found
        table[str(location[-1])] = _value(value)
        places[location] = variable
    return places, problems


def _places(data: dict[str, Any], parts: list[str]) -> Iterator[tuple[Location, dict[str, Any]]]:
    match parts:
        case [section, key] if section in _SECTIONS:
            table = data.setdefault(section, {})
            if isinstance(table, dict):
                yield (section, key), table
        case [section, name, key] if section in _NAMED and isinstance(data.get(section), list):
            for index, table in enumerate(data[section]):
                if isinstance(table, dict) and _as_variable(table.get(_NAMED[section])) == name:
                    yield (section, index, key), table


def _as_variable(name: object) -> str:
    return re.sub(r"[^0-9a-z]", "_", str(name).lower())


def _value(text: str) -> object:
    if not text.lstrip().startswith("["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
