"""`playvoice phone`: a SIP phone in the terminal, at any server."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from playvoice.commands.panels import TRY
from playvoice.simulator.softphone.key_way import KeyWay

if TYPE_CHECKING:
    from playvoice.media.g711 import Codec
    from playvoice.simulator.softphone.notebook import Notebook
    from playvoice.simulator.softphone.softphone import Options
    from playvoice.sip import URI, Credentials, Transport

PASSWORD = "PLAYVOICE_PHONE_PASSWORD"
_OPTIONAL_VALUES = {"--auto-answer": "0", "--reject": "486"}
"""Options whose value may be left out, and what it is then."""


class PhoneCommand(TyperCommand):
    """A command some of whose options may stand without their value."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        return super().parse_args(ctx, with_values(args))


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(cls=PhoneCommand, rich_help_panel=TRY)(phone)


def with_values(arguments: list[str]) -> list[str]:
    """The arguments with each value that was left out."""
    filled: list[str] = []
    for place, argument in enumerate(arguments, start=1):
        filled.append(argument)
        if argument in _OPTIONAL_VALUES and (place == len(arguments) or arguments[place].startswith("-")):
            filled.append(_OPTIONAL_VALUES[argument])
    return filled


def phone(
    register: Annotated[
        str | None, typer.Option(metavar="URI", help="Register this account: sip:USER@HOST[:PORT][;transport=tcp].")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar=PASSWORD, show_envvar=True, help="Of the account; - asks for it without echo."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="The user of the password, where it is not the account's.")] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Listen on udp:HOST:PORT or tcp:HOST:PORT.")
    ] = None,
    call: Annotated[
        str | None, typer.Option(metavar="URI", help="Call sip:NUMBER@HOST; with --register a number is enough.")
    ] = None,
    auto_answer: Annotated[
        float | None,
        typer.Option(metavar="[SECONDS]", min=0, max=3600, help="Answer each call, at once or after so many seconds."),
    ] = None,
    reject: Annotated[
        int | None,
        typer.Option(metavar="[STATUS]", min=400, max=699, help="Refuse each call, with 486 or this status."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Leave after the first call.")] = False,
    hang_up_after: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, max=86_400, help="End each call so long after its answer.")
    ] = None,
    press: Annotated[
        str, typer.Option(metavar="SCRIPT", help="Press keys after the answer: 2s:1,500ms:12# waits before each step.")
    ] = "",
    keys: Annotated[KeyWay, typer.Option(help="How keys are sent.")] = KeyWay.AUTO,
    play: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Say this audio file (wav, mp3, ogg, flac, m4a, …)."),
    ] = None,
    tone: Annotated[int | None, typer.Option(metavar="HZ", min=100, max=3400, help="Say a tone.")] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="Say the file again and again.")] = False,
    record: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Record as a wav: what is heard left, what is said right.")
    ] = None,
    sound: Annotated[bool, typer.Option("--sound", help="Speak and listen by the sound card.")] = False,
    codecs: Annotated[str, typer.Option(help="G.711 laws in order of preference.")] = "PCMA,PCMU",
    expires: Annotated[int, typer.Option(min=10, max=86_400, help="Seconds to register for.")] = 3_600,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object for each event.")] = False,
) -> None:
    """Be a SIP phone: register or wait, call and be called, press keys, play and record."""
    from playvoice import logs
    from playvoice.media.decoded import DecodeError
    from playvoice.simulator.errors import SimulatorError
    from playvoice.simulator.softphone.manner import Manner
    from playvoice.simulator.softphone.presses import parse_presses
    from playvoice.simulator.softphone.softphone import Options
    from playvoice.simulator.softphone.source import tone as tone_of
    from playvoice.simulator.sound import load
    from playvoice.sip import SipError

    _check(
        (register or listen or call, "say what to do: --register URI, --listen ADDRESS or --call URI"),
        (not (play and (tone or sound)) and not (tone and sound), "--play, --tone and --sound exclude each other"),
        (auto_answer is None or reject is None, "--auto-answer and --reject exclude each other"),
        (record is None or os.path.isdir(record.absolute().parent), f"--record: there is no folder {_parent(record)}"),
    )
    account = _uri(register, "--register") if register is not None else None
    try:
        options = Options(
            account=account,
            credentials=_credentials(account, user, password),
            listen=_listen(listen),
            target=_target(call, account),
            once=once,
            manner=Manner(
                auto_answer=auto_answer,
                reject=reject,
                presses=parse_presses(press),
                hang_up_after=hang_up_after,
                keys=keys,
                codecs=_codecs(codecs),
            ),
            speech=load(play) if play else tone_of(tone) if tone else {},
            repeat=repeat or tone is not None,
            record=record,
            sound=sound,
            expires=expires,
        )
    except (SimulatorError, DecodeError) as error:
        raise typer.BadParameter(str(error)) from None
    logs.configure(logs.Format.TEXT, logs.Level.ERROR)
    try:
        asyncio.run(_run(options, as_json))
    except (SimulatorError, SipError) as error:
        typer.echo(f"playvoice phone: {error}", err=True)
        raise typer.Exit(1) from None


async def _run(options: "Options", as_json: bool) -> None:
    from playvoice.commands.phone_terminal import Lines, Pipe, Screen, single_keys, watch
    from playvoice.simulator.journal import Journal
    from playvoice.simulator.softphone.softphone import Softphone

    pipe = Pipe(sys.stdout)
    screen = None
    notebook: Notebook
    if as_json:
        notebook = Journal(pipe)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        notebook = screen = Screen(pipe)
    else:
        notebook = Lines(pipe)
    phone = Softphone(options, notebook)
    pipe.gone = phone.leave
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, phone.leave)
    if screen is None:
        await phone.run()
        return
    with single_keys(sys.stdin.fileno()):
        watching = asyncio.create_task(watch(phone, screen, sys.stdin.fileno()))
        try:
            await phone.run()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


def _check(*rules: tuple[object, str]) -> None:
    for holds, problem in rules:
        if not holds:
            raise typer.BadParameter(problem)


def _parent(path: Path | None) -> Path | None:
    return path.absolute().parent if path is not None else None


def _uri(text: str, option: str) -> "URI":
    from playvoice.sip.message import parse_uri

    try:
        uri = parse_uri(text if text.startswith("sip:") else f"sip:{text}")
    except ValueError:
        raise typer.BadParameter(f"{option}: {text!r} is no SIP address: expected sip:USER@HOST:PORT") from None
    if not uri.user or (uri.parameters.get("transport") or "udp").lower() not in ("udp", "tcp"):
        raise typer.BadParameter(f"{option}: {text!r} is not of the form sip:USER@HOST:PORT, over udp or tcp")
    return uri


def _target(text: str | None, account: "URI | None") -> "URI | None":
    if text is None:
        return None
    if account is not None and "@" not in text:
        port = f":{account.port}" if account.port else ""
        parameters = f";transport={account.parameters['transport']}" if "transport" in account.parameters else ""
        text = f"sip:{text.removeprefix('sip:')}@{account.host}{port}{parameters}"
    return _uri(text, "--call")


def _listen(text: str | None) -> "tuple[Transport, str, int] | None":
    from playvoice.sip import Transport
    from playvoice.sip.flow import ip_of

    if text is None:
        return None
    transport, _, address = text.partition(":")
    host, _, port = address.rpartition(":")
    known = ip_of(host)
    if transport not in set(Transport) or known is None or not port.isdigit() or int(port) > 65_535:
        raise typer.BadParameter(f"--listen: {text!r} is not of the form udp:IP-ADDRESS:PORT or tcp:IP-ADDRESS:PORT")
    return Transport(transport), known, int(port)


def _codecs(text: str) -> "tuple[Codec, ...]":
    from playvoice.media.g711 import Codec

    names = [name.strip().upper() for name in text.split(",")]
    unknown = [name for name in names if name not in Codec.__members__]
    if unknown:
        raise typer.BadParameter(f"--codecs: {unknown[0]!r} is none that is spoken here: expected PCMA, PCMU or both")
    return tuple(Codec[name] for name in dict.fromkeys(names))


def _credentials(account: "URI | None", user: str | None, password: str | None) -> "Credentials | None":
    from playvoice.sip import Credentials

    name = user or (account.user if account is not None else None)
    if name is None or password is None:
        return None
    if password == "-":
        password = _ask(name)
    return Credentials(name, password)


def _ask(name: str) -> str:
    """The password as it is typed, without echo, or as a program writes it to standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {name}", hide_input=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise typer.BadParameter("--password: - was given, and standard input has no password")
    return password
