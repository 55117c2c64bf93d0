"""Which line of a TOML text a key stands on.

A small scan, not a parser: it knows table headers and keys at the beginning of a line. What it doesn't know
(dotted keys, inline tables, elements of a list) is found at the nearest line around it.
"""

import re

from playvoice.config.environment import Location

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*(?:=|\.)""")


def find_lines(text: str) -> dict[Location, int]:
    """Return the line, from 1, on which each table and each key of the text begins."""
    lines: dict[Location, int] = {}
    counts: dict[Location, int] = {}
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            table = _enter(header[2], counts, is_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1] or key[2] or key[3]), number)
    return lines


def line_of(location: Location, lines: dict[Location, int]) -> int | None:
    """Return the line of the place, or of the nearest one around it; None where the text has neither."""
    for end in range(len(location), 0, -1):
        if location[:end] in lines:
            return lines[location[:end]]
    return None


def _enter(name: str, counts: dict[Location, int], *, is_array: bool) -> Location:
    """Count a header in and return the place of its table, with the index wherever a table is one of several."""
    table: Location = ()
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for at, part in enumerate(parts, start=1):
        table = (*table, part)
        if is_array and at == len(parts):
            counts[table] = counts.get(table, 0) + 1
        if table in counts:
            table = (*table, counts[table] - 1)
    return table
