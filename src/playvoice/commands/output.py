"""What commands print: tables for people, JSON for scripts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_json(value: object) -> None:
    """Print a value as JSON, as a script reads it."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], none: str) -> None:
    """Print these columns of rows; `none` where there is no row."""
    if not rows:
        typer.echo(none)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(as_text(row.get(column))) for column in columns))
    _console().print(table)


def show_fields(row: Mapping[str, Any]) -> None:
    """Print a row's fields below each other."""
    width = max(len(name) for name in row)
    for name, value in row.items():
        typer.echo(f"{name:<{width}}  {as_text(value)}".rstrip())


def show_done(result: Mapping[str, Any]) -> None:
    """Print what was done, and what should be known of it."""
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
            return str(value)


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=200, no_color=True)
