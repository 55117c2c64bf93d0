"""`playvoice call NUMBER`: one call from the shell, over the running server's own HTTP API, with its timeline."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from playvoice.commands import voices
from playvoice.commands.desk import (
    DEFAULT_CONFIG,
    ConfigOption,
    ask_server,
    fail,
    follow_server,
    read_config,
    the_company,
)
from playvoice.commands.invocation import playvoice
from playvoice.control import ControlError

_REACHED_AT = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
"""Where a server is reached that listens on all addresses."""


class NumberOrCommand(TyperGroup):
    """What is no command's name begins the arguments of `place`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or `place` for a number."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["place", *args]
        return super().resolve_command(ctx, args)


def place(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number to call.")],
    voice: Annotated[
        str, typer.Option(help="A URL, a file of this machine, or the name of a voice file of the company.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY@GROUP", help="Which key leads to which group; @GROUP without a key. Several may be."),
    ] = None,
    company: Annotated[str | None, typer.Option(help="The company's code; not needed where there is one.")] = None,
    shown: Annotated[str, typer.Option("--from", metavar="DISNUMBER", help="The caller number.")] = "",
    waittime: Annotated[int, typer.Option(min=1, help="Seconds to the answer.")] = 60,
    conntime: Annotated[int, typer.Option(min=1, help="Seconds connected at most.")] = 3600,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Call a number and play a voice, and show what happens until the call has ended."""
    code = the_company(config, company)
    if "://" not in voice and os.path.isfile(voice):
        voice = _take_in(config, code, Path(voice))
    fields = {
        "service": "App.Sip_Call.PlayVoice",
        "token": str(ask_server(config, "token", {"code": code})),
        "destnumber": number,
        "voicetype": "2" if "://" in voice else "1",
        "voicefile": voice,
        "chengshudu": "1",
        "userid": ",".join(key) if key else _first_group(config, code),
        "disnumber": shown,
        "waittime": str(waittime),
        "conntime": str(conntime),
    }
    follow(config, _request(config, fields))


def follow(config: Path, uuid: str) -> None:
    """Show what happens on a call until it ends; leaves with 1 where nobody answered."""
    from playvoice.calls.trace_parts import Note
    from playvoice.commands.notes import sentence

    zone = read_config(config).server.timezone
    answered = False
    try:
        for number, told in enumerate(follow_server(config, "call.follow", {"uuid": uuid})):
            if number == 0:
                typer.echo(f"call {uuid}")
            at = datetime.fromisoformat(told["at"])
            note = Note(at, told["event"], told["values"])
            answered = answered or note.event == "customer_answered"
            typer.echo(f"{at.astimezone(zone):%H:%M:%S.%f}"[:-3] + f"  {sentence(note)}")
    except KeyboardInterrupt:
        typer.echo(f"the call goes on; end it with: {playvoice()} call hangup {uuid}", err=True)
        raise typer.Exit(130) from None
    except ControlError as error:
        fail(str(error))
    typer.echo(f"its whole story: {playvoice()} trace {uuid}")
    if not answered:
        raise typer.Exit(1)


def _take_in(config: Path, code: str, file: Path) -> str:
    """Put a file into the company's library, under its own name, and return that."""
    known = ask_server(config, "voice.list", {"company": code})
    if all(row["name"] != file.name or row["from"] != "voice_dir" for row in known):
        typer.echo(voices.add(config, code, file, file.name)["done"])
    return file.name


def _request(config: Path, fields: dict[str, str]) -> str:
    """Send the request and return the call's uuid; leaves with 1 where it is refused."""
    import httpx2

    host, _, port = str(ask_server(config, "status", {})["http"]).rpartition(":")
    address = f"http://{_REACHED_AT.get(host, host)}:{port}/"
    try:
        response = httpx2.post(address, data=fields, headers={"Accept-Language": "en"}, timeout=30, trust_env=False)
        answer = response.json()
    except (httpx2.HTTPError, ValueError) as error:
        fail(f"{address} did not answer as a PlayVoice does: {error}")
    match answer:
        case {"ret": 200, "data": {"status": 0}} if uuid := response.headers.get("x-call-uuid"):
            return str(uuid)
        case {"ret": 200, "data": {"errors": {"code": code, "codemsg": text}}}:
            fail(f"the call was refused: {code} {text}")
        case {"msg": str(text)} if text:
            fail(f"the call was refused: {text}")
    return str(fail(f"{address} did not answer as a PlayVoice does: HTTP status {response.status_code}"))


def _first_group(config: Path, code: str) -> str:
    """A request names a group in any case; nobody is rung where no key is pressed."""
    rows = ask_server(config, "group.list", {"company": code})
    if not rows:
        fail(f"company {code} has no group that a key could lead to; see {playvoice()} group add --help")
    return f"1@{rows[0]['name']}"
