"""The rooms of a server that is described by a file, and its commands."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from playvoice.companies import Companies
from playvoice.config import Config, load
from playvoice.control.all_commands import stored_commands
from playvoice.control.registry import Commands, tell_nobody
from playvoice.control.reloading import Configuration, Reload
from playvoice.control.rooms import Rooms
from playvoice.lines import Lines
from playvoice.media.transcoder import Transcoder
from playvoice.migrations import all_tables
from playvoice.store import Store
from playvoice.voices import Voices
from playvoice.web import NetworkPolicy, WebClient

FILE = """
[sip]
listen = ["udp:127.0.0.1:5060"]
[[trunk]]
name = "carrier"
address = "sip:127.0.0.1:5080"
max_calls = 30
[[company]]
code = "2028"
name = "Demo"
appid = "demo"
accesskey = "key"
numbers = ["2120280001"]
trunks = ["carrier"]
  [[company.extension]]
  number = "20280003"
  password = "secret"
  [[company.group]]
  name = "sales"
  members = ["20280003"]
"""


@dataclass
class Desk:
    """A server's rooms, with what the operator does to them."""

    file: Path
    configuration: Configuration
    rooms: Rooms
    commands: Commands
    allowed: list[Config]

    async def run(self, command: str, **arguments: Any) -> Any:
        return await self.commands.find(command).run(arguments, tell_nobody)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A server that has taken its file."""
    file = tmp_path / "playvoice.toml"
    file.write_text(FILE)
    configuration = Configuration(file, load(file, {}), {})
    store = Store.open(f"sqlite:///{tmp_path}/playvoice.db")
    store.write_now(all_tables().create_all)
    transcoder, web = Transcoder(), WebClient(NetworkPolicy(()), max_connections=1)
    voices = Voices(store, transcoder, web, tmp_path)
    clients = Companies(store, random=Random(1))
    rooms = Rooms(store, lambda: configuration.current, clients, Lines(store, configuration.current), voices)
    allowed: list[Config] = []
    reload = Reload(configuration, rooms, allowed.append)
    desk = Desk(file, configuration, rooms, Commands([*stored_commands(rooms), reload.command()]), allowed)
    await desk.run("reload")
    yield desk
    await voices.close()
    await web.aclose()
    await transcoder.close()
    await store.close()
