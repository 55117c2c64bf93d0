"""`playvoice call list|show|hangup`, `callback list|show|resend`, `reload`, `top`: about a server that runs."""

from datetime import datetime
from typing import Annotated, Any

import typer

from playvoice.commands.call import NumberOrCommand, follow, place
from playvoice.commands.desk import (
    DEFAULT_CONFIG,
    ConfigOption,
    ask_server,
    carry_out,
    fail,
    follow_server,
    read_config,
)
from playvoice.commands.output import in_zone, show_done, show_fields, show_json, show_table
from playvoice.commands.panels import LOOK_AND_ACT, SET_UP
from playvoice.commands.trace import show_call
from playvoice.control import ControlError

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
CompanyOption = Annotated[str | None, typer.Option("--company", help="Only this company's.")]
Uuid = Annotated[str, typer.Argument(metavar="UUID", help="The call's uuid.")]

call = typer.Typer(
    help="Place one call and follow it: playvoice call NUMBER --voice FILE --key 1@GROUP; or see those that run.",
    no_args_is_help=True,
    cls=NumberOrCommand,
)
callback = typer.Typer(help="What is owed to companies' servers, was delivered, or given up.", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    """Put these commands into the command line."""
    cli.add_typer(call, name="call", rich_help_panel=LOOK_AND_ACT)
    cli.add_typer(callback, name="callback", rich_help_panel=LOOK_AND_ACT)
    cli.command(rich_help_panel=SET_UP)(reload)
    cli.command(rich_help_panel=LOOK_AND_ACT)(top)


def reload(config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Have the running server read its configuration file anew; no call is disturbed."""
    show_done(ask_server(config, "reload", {}), as_json=as_json)


def top(
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two looks.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="One look as JSON, for scripts.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Follow the running server: calls, trunks, agents, queue, callbacks owed, tick time."""
    if as_json:
        show_json(ask_server(config, "status", {}))
        return
    from playvoice.commands.top import follow

    try:
        follow(follow_server(config, "top", {"every": every}), read_config(config).server.timezone)
    except ControlError as error:  # said when the page is gone, or it would go with it
        fail(str(error))


# --- calls ------------------------------------------------------------------------------------------------------------


call.command("place")(place)


@call.command("follow")
def follow_call(uuid: Uuid, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Show what happens on a call until it ends."""
    follow(config, uuid)


@call.command("list")
def list_calls(config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the calls that run."""
    rows = ask_server(config, "call.list", {})
    columns = ("uuid", "company_code", "destnumber", "state", "trunk", "key", "agents", "started_at")
    if as_json:
        show_json(rows)
        return
    zone = read_config(config).server.timezone
    show_table([in_zone(row, zone) for row in rows], columns, "no call runs")


call.command("show")(show_call)


@call.command("hangup")
def hang_up(uuid: Uuid, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """End a call that runs or waits; its record says 10007, hung up by the server."""
    show_done(ask_server(config, "call.hangup", {"uuid": uuid}), as_json=as_json)


# --- callbacks --------------------------------------------------------------------------------------------------------

TIMES = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
"""How a time is typed, in the zone of the server."""
Number = Annotated[int, typer.Argument(metavar="ID", help="The callback's number.")]


@callback.command("list")
def list_callbacks(
    of: CompanyOption = None,
    state: Annotated[
        str | None, typer.Option(help="Only those that are pending, delivered, exhausted, gone or withdrawn.")
    ] = None,
    of_call: Annotated[str | None, typer.Option("--call", help="Only those of this call's uuid.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List the latest callbacks, the last one first."""
    asked: dict[str, Any] = {"company": of, "state": state, "call": of_call}
    rows = carry_out(config, "callback.list", asked | {"most": most})
    columns = (
        "id",
        "company",
        "call",
        "kind",
        "state",
        "failed_attempts",
        "waits_behind",
        "last_error",
        "next_attempt",
    )
    if as_json:
        show_json(rows)
        return
    zone = read_config(config).server.timezone
    show_table([in_zone(row, zone) for row in rows], columns, "there is no such callback")


@callback.command("show")
def show_callback(number: Number, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show a callback with its payload."""
    row = carry_out(config, "callback.show", {"id": number})
    show_json(row) if as_json else show_fields(in_zone(row, read_config(config).server.timezone))


@callback.command("resend")
def resend(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="ID…", help="Their numbers.")] = None,
    given_up: Annotated[bool, typer.Option("--given-up", help="All that were given up.")] = False,
    of: CompanyOption = None,
    since: Annotated[
        datetime | None, typer.Option(help="With --given-up: those that arose then or later.", formats=TIMES)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="With --given-up: those that arose before.", formats=TIMES)
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send callbacks again, under the same webhook-id."""
    if bool(numbers) == given_up:
        fail("give the numbers of the callbacks, or --given-up")
    if numbers and any(each is not None for each in (of, since, until)):
        fail("--company, --since and --until go with --given-up; callbacks that are numbered are these")
    asked = {
        "ids": numbers or [],
        "given_up": given_up,
        "company": of,
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }
    show_done(carry_out(config, "callback.resend", asked), as_json=as_json)
