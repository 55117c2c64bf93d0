"""The command `playvoice`: every command that a user types, and nothing that is not about typing it."""

import asyncio
import faulthandler
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from playvoice import __version__, logs
from playvoice.commands import live, manage, phone, voices
from playvoice.commands.backup import backup, restore
from playvoice.commands.desk import DEFAULT_CONFIG, ConfigOption, read_config
from playvoice.commands.doctor.command import doctor
from playvoice.commands.init.command import init
from playvoice.commands.panels import LOOK_AND_ACT, SET_UP, TRY, InOrder
from playvoice.commands.trace import trace
from playvoice.process.descriptors import have_standard_descriptors
from playvoice.simulator.expectation import Agent, Callee

cli = typer.Typer(
    name="playvoice",
    help="A self-hosted server for IVR voice notifications.",
    no_args_is_help=True,
    add_completion=False,
    cls=InOrder,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playvoice {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """A self-hosted server for IVR voice notifications."""


@cli.command(rich_help_panel=SET_UP)
def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    log_format: Annotated[logs.Format, typer.Option(help="Log lines for people or for programs.")] = logs.Format.TEXT,
    log_level: Annotated[logs.Level, typer.Option(help="The least that is logged.")] = logs.Level.INFO,
    trace_sip: Annotated[
        Path | None,
        typer.Option(help="Write SIP messages to this file: a capture for Wireshark, or text if it ends in .txt."),
    ] = None,
    trace_number: Annotated[str, typer.Option(help="Write only those of calls with this number.")] = "",
) -> None:
    """Run the server until SIGTERM or Ctrl-C; SIGHUP, or `playvoice reload`, has it read its file anew."""
    from playvoice.process.holding import hold_hangups

    hold_hangups()
    from playvoice.app import SipTrace, run
    from playvoice.control.reloading import Configuration
    from playvoice.process.errors import StartError

    if trace_number and trace_sip is None:
        typer.echo("--trace-number needs --trace-sip FILE, which it filters", err=True)
        raise typer.Exit(2)

    settings = read_config(config)
    logs.configure(log_format, log_level)
    # A server that hangs and is ended for it (SIGABRT, of systemd's watchdog) says where.
    faulthandler.enable(logs.STANDARD_ERROR)
    try:
        file = None if trace_sip is None else SipTrace(trace_sip, trace_number)
        asyncio.run(run(Configuration(config, settings), file))
    except StartError as error:
        typer.echo(f"playvoice could not start: {error}", err=True)
        raise typer.Exit(1) from None


@cli.command(rich_help_panel=TRY)
def demo(
    voice: Annotated[
        Path | None, typer.Option(help="Your own recording instead of ours.", exists=True, dir_okay=False)
    ] = None,
    press: Annotated[str, typer.Option(help="The key that the callee presses; '' for none.")] = "1",
    tones: Annotated[bool, typer.Option("--tones", help="Have it pressed as a tone in the audio.")] = False,
    callee: Annotated[Callee, typer.Option(help="What the callee does.")] = Callee.ANSWER,
    agent: Annotated[Agent, typer.Option(help="What the agent does.")] = Agent.ANSWER,
    output: Annotated[Path, typer.Option(help="Where the recording and what was heard are left.")] = Path(
        "demo-output"
    ),
) -> None:
    """Show one notification call on this machine: real HTTP, SIP and RTP, simulated far ends."""
    from playvoice.simulator.demo import DemoOptions, run

    options = DemoOptions(press=press, tones=tones, callee=callee, agent=agent, output=output)
    raise typer.Exit(run(options if voice is None else replace(options, voice=voice)))


cli.command(rich_help_panel=SET_UP)(init)
cli.command(rich_help_panel=SET_UP)(doctor)
manage.register(cli)
voices.register(cli)
live.register(cli)
phone.register(cli)
cli.command(rich_help_panel=LOOK_AND_ACT)(trace)
cli.command(rich_help_panel=SET_UP)(backup)
cli.command(rich_help_panel=SET_UP)(restore)


def main() -> None:
    """The entry point of the command."""
    have_standard_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character still shows the rest
    for word in sys.argv[1:]:
        if not word.isprintable() and any("\udc80" <= letter <= "\udcff" for letter in word):
            typer.echo(f"playvoice: {word!r} is not UTF-8", err=True)
            sys.exit(2)
    cli()


if __name__ == "__main__":
    main()
