"""A changed configuration file is taken while calls run.

What it says of trunks, companies, their phones, groups, numbers and voices, `[security] allow_networks` and
`[monitoring] allow`, counts from then on; calls that run go on as they began. The rest is what the server was built of,
and is taken at the next start.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from playvoice import companies, lines, voices
from playvoice.config import Config, ConfigError, load
from playvoice.control.errors import CommandFailed
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms

log = structlog.get_logger(__name__)


def apply(conn: Connection, config: Config, at: datetime) -> None:
    """Create or update what the file describes; raises what the rooms refuse."""
    companies.apply(conn, config, at)
    lines.apply(conn, config, at)
    voices.apply(conn, config, at)


class Configuration:
    """The configuration file of a running server, as it was read last."""

    def __init__(self, path: Path, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._environ = environ
        self.current = config

    async def read_anew(self) -> list[str]:
        """Read the file; return the keys of it that count only from the next start on. ConfigError if it is wrong.

        In a thread: a file of many companies takes longer than the event loop may rest.
        """
        config = await asyncio.to_thread(load, self._path, self._environ)
        waiting = list(_at_next_start(self.current, config))
        self.current = self.current.model_copy(
            update={name: getattr(config, name) for name in ("trunks", "companies", "security", "monitoring")}
        )
        return waiting


class Reload:
    """Takes the file into a running server."""

    def __init__(self, configuration: Configuration, rooms: Rooms, allow: Callable[[Config], None]) -> None:
        """`allow` makes `[security] allow_networks` count."""
        self._configuration = configuration
        self._rooms = rooms
        self._allow = allow
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> list[str]:
        """Take the file; return the keys that count only from the next start on. CommandFailed, and nothing changed."""
        async with self._one_at_a_time:
            return await self._run()

    async def _run(self) -> list[str]:
        before = self._configuration.current
        try:
            waiting = await self._configuration.read_anew()
        except ConfigError as error:
            raise CommandFailed(str(error)) from None
        config = self._configuration.current
        try:
            await self._rooms.change(lambda conn, at: apply(conn, config, at))
        except BaseException:
            self._configuration.current = before
            raise
        self._allow(config)
        log.info("configuration_reloaded", at_next_start=waiting)
        return waiting

    def command(self) -> Command[Any]:
        """Return the command `reload`."""

        async def handler(_asked: Arguments, _tell: Tell) -> object:
            waiting = await self.run()
            notes = [f"{key} was changed, and counts from the next start on" for key in waiting]
            return {"done": "the configuration file was taken", "notes": notes}

        return Command("reload", Arguments, handler)


def _at_next_start(before: Config, after: Config) -> Iterator[str]:
    for section in ("server", "sip", "rtp", "trace", "retention"):
        old, new = getattr(before, section), getattr(after, section)
        for key in type(old).model_fields:
            if getattr(old, key) != getattr(new, key):
                yield f"[{section}] {key}"
