"""Where a command is carried out: by the server that runs, else here, under the database's one-server lock."""

import asyncio
import os
import pwd
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Any

import typer

from playvoice.commands.invocation import playvoice
from playvoice.config import Config, ConfigError, load
from playvoice.control import ControlError, ServerNotRunning
from playvoice.control.client import ask, stream
from playvoice.control.place import SOCKET, make_private
from playvoice.control.protocol import Told

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="PLAYVOICE_CONFIG", help="The server's configuration file.")
]
DEFAULT_CONFIG = Path("playvoice.toml")
TAKEN_FOR = 10.0
"""Seconds for which a command waits for another that is at work on the database, or a server that starts or stops."""


class _Taken(Exception):
    """Another process works on the database."""


def read_config(path: Path) -> Config:
    """Read the configuration, or say all that is wrong with it and leave with 2."""
    try:
        return load(path, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"{path}: {problem}", err=True)
        raise typer.Exit(2) from None


def carry_out(config_path: Path, command: str, arguments: Mapping[str, Any]) -> Any:
    """Return the result of a command about what is stored, or say why there is none and leave with 1."""
    config, began, told = read_config(config_path), time.monotonic(), False
    while True:
        try:
            return ask(config.server.data_dir, command, arguments)
        except ServerNotRunning:
            pass
        except ControlError as error:
            fail(str(error))
        try:
            return _here(config, command, arguments)
        except _Taken as error:
            waited = time.monotonic() - began
            if waited >= TAKEN_FOR:
                fail(f"{error}; it takes no command on {config.server.data_dir / SOCKET}")
            if waited >= 1 and not told:
                typer.echo("another command, or a server that starts or stops, is at work; waiting", err=True)
                told = True
        time.sleep(0.1)


def ask_server(config_path: Path, command: str, arguments: Mapping[str, Any]) -> Any:
    """Return the result of a command that only a running server can carry out, or say why not and leave with 1."""
    config = read_config(config_path)
    try:
        return ask(config.server.data_dir, command, arguments)
    except ServerNotRunning as error:
        fail(f"{error}; start it with: {playvoice()} serve --config {config_path}")
    except ControlError as error:
        fail(str(error))


def follow_server(config_path: Path, command: str, arguments: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what a running server tells of a command; ControlError, with what to do, where it does not."""
    config = read_config(config_path)
    try:
        for answer in stream(config.server.data_dir, command, arguments):
            if isinstance(answer, Told):
                yield answer.value
    except ServerNotRunning as error:
        raise ControlError(f"{error}; start it with: {playvoice()} serve --config {config_path}") from None


def the_company(config_path: Path, code: str | None) -> str:
    """Return the code of the company that is meant: this one, or else the only one; leaves with 1 without."""
    if code is not None:
        return code
    rows = carry_out(config_path, "company.list", {})
    if len(rows) != 1:
        codes = ", ".join(row["code"] for row in rows)
        fail(f"say which company is meant by --company: {codes}" if rows else "there is no company yet")
    return str(rows[0]["code"])


def fail(text: str) -> Any:
    """Say what was wrong, and leave with 1."""
    typer.echo(f"playvoice: {text}", err=True)
    raise typer.Exit(1)


def take_data_dir(data_dir: Path) -> None:
    """Make the data directory where there is none, and let all that is made in it be for its user alone.

    ControlError where it can't be made, or root would leave files in it that another user's server can't open.
    """
    if os.geteuid() == 0:
        _refuse_to_leave_files(next(each for each in (data_dir, *data_dir.parents) if each.exists()))
    make_private(data_dir)


def _here(config: Config, command: str, arguments: Mapping[str, Any]) -> Any:
    from playvoice import migrations
    from playvoice.companies import Companies
    from playvoice.control.all_commands import stored_commands
    from playvoice.control.registry import tell_nobody
    from playvoice.control.rooms import Rooms
    from playvoice.lines import Lines
    from playvoice.media.transcoder import Transcoder
    from playvoice.migrations.upgrade import MigrationError
    from playvoice.store import Store, StoreError, StoreTaken
    from playvoice.voices import Voices
    from playvoice.web import NetworkPolicy, WebClient

    async def work() -> Any:
        take_data_dir(config.server.data_dir)
        store = Store.open(config.server.database)
        try:
            await asyncio.to_thread(migrations.upgrade, config.server.database)
            transcoder, web = Transcoder(), WebClient(NetworkPolicy(()), max_connections=1)
            voices = Voices(store, transcoder, web, config.server.data_dir)
            rooms = Rooms(store, lambda: config, Companies(store, random=SystemRandom()), Lines(store, config), voices)
            try:
                return await stored_commands(rooms).find(command).run(arguments, tell_nobody)
            finally:
                await voices.close()
                await web.aclose()
                await transcoder.close()
        finally:
            await store.close()

    try:
        return asyncio.run(work())
    except StoreTaken as error:
        raise _Taken(str(error)) from None
    except (ControlError, StoreError, MigrationError, OSError) as error:
        fail(str(error))


def _refuse_to_leave_files(directory: Path) -> None:
    owner = directory.stat().st_uid
    if owner != 0:
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = str(owner)
        raise ControlError(
            f"{directory} is user {name}'s: where no server runs, type this as {name}, whose server could not open what"
            " root makes there"
        )
