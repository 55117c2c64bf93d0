"""`playvoice trace`: the whole story of a call in the terminal, also while the server runs."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from playvoice.codes import HangupCause
from playvoice.commands.desk import DEFAULT_CONFIG, ConfigOption, fail, read_config
from playvoice.commands.invocation import playvoice
from playvoice.commands.output import at_text, show_fields, show_json, show_table
from playvoice.config import Config

if TYPE_CHECKING:
    from playvoice.calls.story import Found, Story

CallArgument = Annotated[
    str, typer.Argument(metavar="UUID", help="A call's uuid, its record's id, or the number called.")
]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
_TOLD_BY_TRACE = frozenset({"legs", "messages", "notes", "left_out", "callbacks"})


def trace(
    call: CallArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    messages: Annotated[bool, typer.Option("--messages", help="Show each SIP message whole.")] = False,
    as_json: Json = False,
) -> None:
    """Tell the whole story of a call: request, trunks, every SIP message, keys, media, callbacks."""
    from playvoice.calls.story import to_json

    settings = read_config(config)
    story = _look_up(settings, call, as_json=as_json)
    if story is None:
        return
    if as_json:
        show_json(to_json(story))
    else:
        _show(story, settings, messages=messages)


def show_call(call: CallArgument, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show what is known of a call that waits, runs or has ended: its request and its record."""
    from playvoice.calls.story import to_json

    settings = read_config(config)
    story = _look_up(settings, call, as_json=as_json)
    if story is None:
        return
    fields = {name: value for name, value in to_json(story).items() if name not in _TOLD_BY_TRACE}
    if as_json:
        show_json(fields)
        return
    from playvoice.commands.notes import cause_text

    for name in fields:
        value = getattr(story, name)
        if isinstance(value, datetime):
            fields[name] = at_text(value, settings.server.timezone, precise=True)
        elif isinstance(value, HangupCause):
            fields[name] = cause_text(value)
    show_fields(fields)


def _look_up(settings: Config, call: str, *, as_json: bool) -> "Story | None":
    """Return the call that is meant; None where several are, which are shown. Leaves with 1 where none is."""
    from playvoice.calls.story import find, read_story, to_json
    from playvoice.store import StoreError, reading_connection

    mask = settings.trace.mask_numbers
    try:
        with reading_connection(settings.server.database) as conn:
            found = find(conn, call)
            if len(found) == 1 and (story := read_story(conn, found[0].uuid, mask=mask)) is not None:
                return story
    except StoreError as error:
        fail(str(error))
    if not found:
        fail(
            f"there is no call {call}; give a call's uuid (X-Call-UUID of the answer), its record's id, or the number"
            " that was called"
        )
    if as_json:
        show_json(to_json(_masked(found, mask=mask)))
    else:
        _show_found(_masked(found, mask=mask), settings)
    return None


def _show(story: "Story", settings: Config, *, messages: bool) -> None:
    from rich.console import Console

    from playvoice.commands.telling import render

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    zone = settings.server.timezone
    for line in render(story, console.width, zone, keep=settings.trace.max_megabytes > 0, messages=messages):
        console.print(line)


def _show_found(found: "Sequence[Found]", settings: Config) -> None:
    from playvoice.calls.story import MAX_FOUND
    from playvoice.commands.notes import cause_text

    rows = [
        {
            "uuid": each.uuid,
            "record": each.id,
            "accepted": at_text(each.accepted_at, settings.server.timezone),
            "number": each.destnumber,
            "state": each.state.value if each.cause is None else cause_text(each.cause),
        }
        for each in found
    ]
    show_table(rows, ("uuid", "record", "accepted", "number", "state"), "")
    more = f"; the {MAX_FOUND} newest" if len(found) >= MAX_FOUND else ""
    typer.echo(f"{len(found)} calls{more}: {playvoice()} trace UUID tells the story of one")


def _masked(found: "Sequence[Found]", *, mask: bool) -> "Sequence[Found]":
    from playvoice.sip.masking import mask_number

    return [replace(each, destnumber=mask_number(each.destnumber)) for each in found] if mask else found
