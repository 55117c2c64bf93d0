"""What commands print: tables for people, JSON for scripts."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

MOST_DRAWN = 1_000
"""Rows of a table that is drawn to the width of the terminal."""

TIMES = frozenset({"started_at", "created_at", "next_attempt", "attempted_at", "done_at", "changed_at"})
"""Fields of rows that are instants, in ISO 8601."""


def show_json(value: object) -> None:
    """Print a value as JSON, as a script reads it."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], none: str) -> None:
    """Print these columns of rows; `none` where there is no row."""
    if not rows:
        typer.echo(none)
        return
    if len(rows) > MOST_DRAWN or not sys.stdout.isatty():
        _show_plain(rows, columns)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(as_text(row.get(column))) for column in columns))
    Console(highlight=False).print(table)


def show_fields(row: Mapping[str, Any]) -> None:
    """Print a row's fields below each other."""
    width = max(len(name) for name in row)
    for name, value in row.items():
        typer.echo(f"{name:<{width}}  {as_text(value)}".rstrip())


def _show_plain(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """A row a line, whatever its length: for a pipe, and for so many that a drawn table would be slow."""
    texts = [[column.replace("_", " ") for column in columns]]
    texts += ([as_text(row.get(column)) for column in columns] for row in rows)
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def in_zone(row: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """A row as a person reads it: its instants in the zone of the server. Scripts get them as they are."""
    return {
        name: at_text(datetime.fromisoformat(value), zone) if name in TIMES and value else value
        for name, value in row.items()
    }


def at_text(at: datetime, zone: tzinfo, *, precise: bool = False) -> str:
    """An instant in the zone of the server."""
    local = at.astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S.%f" if precise else "%Y-%m-%d %H:%M:%S")


def show_done(result: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print what was done, and what should be known of it."""
    if as_json:
        show_json(result)
        return
    typer.echo(result["done"])
    for note in result["notes"]:
        typer.echo(f"note: {note}", err=True)


def as_text(value: Any) -> str:
    """Return a value as a person reads it."""
    match value:
        case None | [] | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(as_text(item) for item in value)
        case _:
            return "".join(letter if letter.isprintable() else " " for letter in str(value))
