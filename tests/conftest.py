"""What all tests share: far ends that may be missing, a database of each kind, and processes that run them at once."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from tests.peers import PEERS, need
from tests.postgresql import PostgresqlServer
from tests.workers import Scheduling, how_many
from xdist.remote import Producer

from playvoice.migrations import all_tables
from playvoice.store import Store

settings.register_profile("playvoice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("playvoice")  # how long an example takes says how busy the machine is, and nothing of the code

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,  # a traceback with the values of variables takes seconds
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_xdist_auto_num_workers() -> int:
    return how_many()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the peers that the test names in its markers, before any fixture asks for one."""
    for mark in item.iter_markers("peer"):
        for name in mark.args:
            if name not in PEERS:
                raise pytest.UsageError(f"peer {name!r} of {item.nodeid} is none of {', '.join(PEERS)}")
            need(name)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server for the whole session; whoever stops it starts it again."""
    server = PostgresqlServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / f'{uuid.uuid4().hex}.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgresql"))])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    return str(request.getfixturevalue("postgresql_server").create_database())


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open store with the tables of all rooms, on each kind of database in turn."""
    opened = Store.open(database_url)
    opened.write_now(all_tables().create_all)
    yield opened
    opened.close_now()
