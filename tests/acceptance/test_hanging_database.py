"""A PostgreSQL that stands still while the kernel takes what is sent to it: no error comes, and no answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from tests.acceptance.outage import HANGS_UP, STAYS, Customer, carrier_of, live_through, log_of, make_world
from tests.postgresql import PostgresqlServer

from playvoice.process.stopping import STOP_REST
from playvoice.simulator.world import World
from playvoice.store.postgresql import CONNECT_TIMEOUT_S

pytestmark = pytest.mark.peer("postgresql")

BUSY = 5.0
"""Seconds that a busy machine may add to any bound."""


@pytest.fixture(scope="module")
def database(postgresql_server: PostgresqlServer) -> str:
    return postgresql_server.create_database()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    with make_world(tmp_path_factory.mktemp("hanging"), database=database) as made:
        yield made


def test_a_database_that_stands_still_costs_no_call_its_record_and_heals_without_a_hand(
    world: World, postgresql_server: PostgresqlServer
) -> None:
    live_through(world, postgresql_server.hanging())


def test_tables_that_somebody_has_locked_cost_no_call_its_record(world: World, database: str) -> None:
    @contextmanager
    def locked() -> Iterator[None]:
        with psycopg.connect(database) as other:
            tables = other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            other.execute(f"LOCK TABLE {', '.join(name for (name,) in tables)} IN EXCLUSIVE MODE".encode())
            yield

    live_through(world, locked())


def test_a_stop_and_a_start_while_the_database_stands_still_are_over_in_time_and_cost_no_record(
    world: World, postgresql_server: PostgresqlServer
) -> None:
    customer, carrier = Customer(world), carrier_of(world)
    stays = customer.connected(STAYS)
    with postgresql_server.hanging():
        world.server.process.terminate()
        world.server.process.wait(STOP_REST + BUSY)
        carrier.wait_for("bye", 5, number=stays.number)
        before = len(log_of(world))
        assert world.launch_server().process.wait(CONNECT_TIMEOUT_S + 2 * BUSY) == 1
        said = log_of(world)[before:]
        assert "playvoice could not start: the database can't be opened: connection timeout expired" in said
        assert "Traceback" not in said
    world.start_server()
    record = customer.record(stays)
    assert (record["hangupcause"], record["hangupdirection"]) == (10007, 10040)
    Customer(world).connected(HANGS_UP)
    customer.check()
