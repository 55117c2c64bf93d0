"""The command line of `playvoice init`."""

import os
from pathlib import Path
from typing import Annotated

import typer


def init(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="PLAYVOICE_CONFIG", help="The file to write.")
    ] = Path("playvoice.toml"),
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; take the defaults for what no option says.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    trunk: Annotated[str | None, typer.Option(help="The carrier's address: HOST, HOST:PORT or a SIP URI.")] = None,
    by: Annotated[str | None, typer.Option(help="How it knows you: address or registration.")] = None,
    username: Annotated[str | None, typer.Option(help="User name of the registration.")] = None,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="PLAYVOICE_INIT_PASSWORD", help="Its password; better by the environment.", show_envvar=True
        ),
    ] = None,
    listen: Annotated[str | None, typer.Option(help="This machine's IP address for SIP and audio.")] = None,
    sip_port: Annotated[str | None, typer.Option(help="The port for SIP.")] = None,
    external_address: Annotated[str | None, typer.Option(help="The public address of a NAT in front.")] = None,
    rtp_ports: Annotated[str | None, typer.Option(help="UDP ports for audio, FIRST-LAST.")] = None,
    http: Annotated[str | None, typer.Option(help="Where the API listens, HOST:PORT.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone of the times in the API.")] = None,
    company: Annotated[str | None, typer.Option(help="The company's code.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
    number: Annotated[list[str] | None, typer.Option(help="A caller number; may be given several times.")] = None,
    extension: Annotated[list[str] | None, typer.Option(help="An agent's extension; several times.")] = None,
    group: Annotated[str | None, typer.Option(help="The agents' group.")] = None,
    cdr_callback: Annotated[str | None, typer.Option(help="URL that gets the call records.")] = None,
    status_callback: Annotated[str | None, typer.Option(help="URL that gets the agents' states.")] = None,
    voice_dir: Annotated[str | None, typer.Option(help="Folder of the voice files.")] = None,
) -> None:
    """Ask a few questions and write a commented playvoice.toml that works.

    What an option says is not asked. The file has secrets that are made at random; only its owner may read it.
    """
    from playvoice.commands.init.guesses import local_zone
    from playvoice.commands.init.next_steps import what_next
    from playvoice.commands.init.questions import Dialogue, Unusable, ask_all
    from playvoice.commands.init.setting_up import SetupError, set_up

    said = {
        "trunk": trunk,
        "by": by,
        "username": username,
        "password": password,
        "listen": listen,
        "sip-port": sip_port,
        "external-address": external_address,
        "rtp-ports": rtp_ports,
        "http": http,
        "timezone": timezone,
        "company": company,
        "name": name,
        "number": ",".join(number) if number else None,
        "extension": ",".join(extension) if extension else None,
        "group": group,
        "cdr-callback": cdr_callback,
        "status-callback": status_callback,
        "voice-dir": voice_dir,
    }
    if os.path.exists(config) and not force:
        typer.echo(
            f"{config} is there already and stays as it is; name another with --config, or give --force", err=True
        )
        raise typer.Exit(1)
    given = {option: value for option, value in said.items() if value is not None}
    try:
        answers = ask_all(Dialogue(given, yes=yes), local_zone(os.environ.items()))
        voice = set_up(config, answers, force=force)
    except Unusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except SetupError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except typer.Abort:
        typer.echo("\nnothing was written", err=True)
        raise typer.Exit(1) from None
    typer.echo(what_next(config, answers, voice))
