"""A server as it is watched: a real store, and rooms that say what the test wants."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from playvoice.lines.trunks import TrunkView
from playvoice.migrations import all_tables
from playvoice.monitoring.ports import Watched
from playvoice.store import Store

CARRIER = TrunkView("carrier", 3, 30, "up", True, True, ["192.0.2.1:5060"], 17, 2)


@dataclass
class Account:
    """An extension."""

    number: str
    company_code: str = "2028"
    enabled: bool = True


@dataclass
class Rooms:
    """Every room at once."""

    running: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    trunks: list[TrunkView] = field(default_factory=lambda: [CARRIER])
    extensions: list[Account] = field(default_factory=list)
    phones: dict[str, int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    customers: Counter[tuple[str, str]] = field(default_factory=Counter)
    streams: int = 0
    capacity: int = 500
    pid: int | None = 4321
    workers_started: int = 1
    under_way: int = 0
    sends: bool = True
    stops: bool = False
    files: dict[str, int] = field(default_factory=lambda: {"decode": 0, "encode": 0})
    failures: dict[str, int] = field(default_factory=lambda: {"decode": 0, "encode": 0})
    companies: list[str] = field(default_factory=list)

    def states(self) -> dict[str, int]:
        return self.running

    def counts(self) -> dict[str, int]:
        return self.waiting

    def views(self, now: float) -> list[TrunkView]:
        return self.trunks

    def contacts(self, number: str) -> list[object]:
        return [object()] * self.phones.get(number, 0)


@dataclass
class Transcoding:
    """The transcoder of these rooms."""

    rooms: Rooms

    @property
    def waiting(self) -> dict[str, int]:
        return self.rooms.files

    @property
    def failures(self) -> dict[str, int]:
        return self.rooms.failures


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Store]:
    store = Store.open(sqlite_url)
    await store.write(all_tables().create_all)
    yield store
    await store.close()


@pytest.fixture
def watched(rooms: Rooms, sqlite: Store, tmp_path: Path) -> Watched:
    return Watched(
        store=sqlite,
        calls=rooms,
        waiting=rooms,
        trunks=rooms,
        phones=rooms,
        agents=rooms,
        media=rooms,
        transcoder=Transcoding(rooms),
        companies=lambda: rooms.companies,
        sender=rooms,
        sends=lambda: rooms.sends,
        stops=lambda: rooms.stops,
        folders={"data": tmp_path},
        rtp_address="127.0.0.1",
    )
