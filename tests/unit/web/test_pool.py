"""How many connections there are, which one is taken, and when one is closed."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

import pytest
from tests.unit.web.conftest import Exchange, FarEnd, Start

from playvoice.web import AddressRefused, ConnectFailed, NetworkPolicy, WebAddress
from playvoice.web.connection import Connection
from playvoice.web.network import CheckedNetwork
from playvoice.web.policy import IPAddress
from playvoice.web.pool import Pool
from playvoice.web.stream import ConnectionCut

LOOPBACK = NetworkPolicy([ipaddress.ip_network("127.0.0.1/32")])
MakePool: TypeAlias = Callable[..., Pool]
SECONDS = 5.0


class Stalling:
    """A resolver that never answers, and says when it was asked."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def __call__(self, name: str, port: int) -> Sequence[IPAddress]:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    pools: list[Pool] = []

    def make(*, most: int = 4, kept: int = 4, rest: float = 60.0, network: CheckedNetwork | None = None) -> Pool:
        context = ssl.create_default_context()
        pools.append(Pool(network or CheckedNetwork(LOOPBACK), context, most=most, kept=kept, rest=rest))
        return pools[-1]

    yield make
    for pool in pools:
        await pool.aclose()


async def ok(exchange: Exchange) -> None:
    await exchange.answer(200, b"fine")


def at(end: FarEnd) -> WebAddress:
    return LOOPBACK.check_url(end.url)


async def ask(connection: Connection) -> None:
    """Make one whole exchange, so that the connection can rest."""
    head = await connection.ask("POST", "/", [(b"host", b"x"), (b"content-length", b"1")], b"x")
    assert head.status == 200
    assert await connection.read() == b"fine"
    assert await connection.read() == b""


async def use(pool: Pool, address: WebAddress) -> Connection:
    connection = await pool.take(address, SECONDS)
    await ask(connection)
    pool.give_back(address, connection)
    return connection


async def all_closed(end: FarEnd) -> None:
    """Wait until the far end has no connection any more."""
    async with asyncio.timeout(SECONDS):
        await end.left()


async def test_of_the_connections_at_rest_the_last_one_is_taken(make_pool: MakePool, far_end: Start) -> None:
    pool, address = make_pool(), at(await far_end(ok))
    first, second = [await pool.take(address, SECONDS) for _ in range(2)]
    for connection in (first, second):
        await ask(connection)
        pool.give_back(address, connection)
    assert await pool.take(address, SECONDS) is second
    assert await pool.take(address, SECONDS) is first
    assert repr(pool) == "<Pool taken=2 resting=0 most=4>"


async def test_a_connection_serves_its_own_origin_only(make_pool: MakePool, far_end: Start) -> None:
    one, other = await far_end(ok), await far_end(ok)
    pool = make_pool()
    await use(pool, at(one))
    await use(pool, at(other))
    assert (one.connections, other.connections) == (1, 1)
    assert repr(pool) == "<Pool taken=0 resting=2 most=4>"


async def test_a_connection_that_has_rested_its_time_is_not_used_again(make_pool: MakePool, far_end: Start) -> None:
    one, other = await far_end(ok), await far_end(ok)
    pool = make_pool(rest=0)
    await use(pool, at(one))
    await use(pool, at(other))
    await all_closed(one)
    await use(pool, at(other))
    assert other.connections == 2


async def test_one_that_rests_makes_room_for_one_that_is_needed(make_pool: MakePool, far_end: Start) -> None:
    one, other = await far_end(ok), await far_end(ok)
    pool = make_pool(most=1)
    await use(pool, at(one))
    await use(pool, at(other))
    await all_closed(one)
    assert repr(pool) == "<Pool taken=0 resting=1 most=1>"


async def test_past_the_kept_ones_of_an_origin_a_connection_is_closed(make_pool: MakePool, far_end: Start) -> None:
    pool, address = make_pool(kept=1), at(await far_end(ok))
    first, second = [await pool.take(address, SECONDS) for _ in range(2)]
    for connection in (first, second):
        await ask(connection)
        pool.give_back(address, connection)
    assert not second.is_quiet
    assert await pool.take(address, SECONDS) is first


async def test_a_connection_whose_answer_was_not_read_to_its_end_does_not_rest(
    make_pool: MakePool, far_end: Start
) -> None:
    pool, address = make_pool(), at(await far_end(ok))
    connection = await pool.take(address, SECONDS)
    await connection.ask("GET", "/", [(b"host", b"x")], None)
    pool.give_back(address, connection)
    assert repr(pool) == "<Pool taken=0 resting=0 most=4>"
    assert not connection.is_quiet


async def test_a_place_is_left_when_there_is_no_connection(make_pool: MakePool, far_end: Start) -> None:
    pool = make_pool(most=1)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        nobody = LOOPBACK.check_url(f"http://127.0.0.1:{reserved.getsockname()[1]}/")
        with pytest.raises(ConnectFailed):
            await pool.take(nobody, SECONDS)
    with pytest.raises(AddressRefused):
        await pool.take(NetworkPolicy([ipaddress.ip_network("10.0.0.0/8")]).check_url("http://10.0.0.1/"), SECONDS)
    await use(pool, at(await far_end(ok)))


async def test_a_place_is_left_by_who_gives_up_connecting(make_pool: MakePool, far_end: Start) -> None:
    resolver = Stalling()
    pool = make_pool(most=1, network=CheckedNetwork(LOOPBACK, resolver))
    address = LOOPBACK.check_url("http://slow.example/")
    taking = asyncio.create_task(pool.take(address, SECONDS))
    await resolver.asked.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    with pytest.raises(ConnectFailed, match=r"no connection to http://slow\.example/ within 0\.01 s"):
        await pool.take(address, 0.01)
    await use(pool, at(await far_end(ok)))


async def test_who_waits_for_a_place_gets_the_connection_that_is_given_back(
    make_pool: MakePool, far_end: Start
) -> None:
    pool, address = make_pool(most=1), at(await far_end(ok))
    connection = await pool.take(address, SECONDS)
    waiting = asyncio.create_task(pool.take(address, SECONDS))
    await ask(connection)
    assert not waiting.done()
    pool.give_back(address, connection)
    assert await waiting is connection


async def test_closing_cuts_the_connections_in_use(make_pool: MakePool, far_end: Start) -> None:
    async def stall(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    end = await far_end(stall)
    pool = make_pool()
    connection = await pool.take(at(end), SECONDS)
    asking = asyncio.create_task(connection.ask("GET", "/", [(b"host", b"x")], None))
    await end.asked.wait()
    await pool.aclose()
    with pytest.raises(ConnectionCut):
        await asking


async def test_a_connection_that_has_rested_its_time_is_closed_though_nobody_asks_for_anything(
    make_pool: MakePool, far_end: Start
) -> None:
    end = await far_end(ok)
    pool = make_pool(rest=0.01)
    await use(pool, at(end))
    await all_closed(end)
    assert repr(pool) == "<Pool taken=0 resting=0 most=4>"
