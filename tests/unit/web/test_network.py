"""Names are looked up in threads of which dead name servers can't take all."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator

import pytest

from playvoice.web import ConnectFailed, NetworkPolicy, network
from playvoice.web.network import MAX_LOOKUPS, CheckedNetwork, SystemResolver
from playvoice.web.policy import IPAddress
from playvoice.web.pool import Pool

HERE: list[IPAddress] = [ipaddress.ip_address("127.0.0.1")]


class Names:
    """What the system does: `dead…` hangs until the end, all others are answered at once."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str, port: int) -> list[IPAddress]:
        self.asked.append(name)
        if name.startswith("dead"):
            self.end.wait(20)
            raise OSError("no name server answers")
        return HERE


@pytest.fixture
async def names() -> AsyncIterator[Names]:
    found = Names()
    yield found
    found.end.set()


async def give_up_on(resolver: SystemResolver, name: str) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await resolver(name, 80)


async def test_a_name_that_is_being_looked_up_is_not_looked_up_again(names: Names) -> None:
    resolver = SystemResolver(names)
    for _ in range(2 * MAX_LOOKUPS):
        await give_up_on(resolver, "dead.example")
    assert names.asked == ["dead.example"]
    assert await resolver("well.example", 80) == HERE


async def test_each_name_is_looked_up_anew_when_it_is_asked_for_again(names: Names) -> None:
    resolver = SystemResolver(names)
    assert [await resolver("well.example", 80) for _ in range(2)] == [HERE, HERE]
    assert names.asked == ["well.example"] * 2


async def test_dead_names_take_the_places_of_the_others_for_a_moment_only(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "SLOW_AFTER", 0.05)
    resolver = SystemResolver(names)
    for number in range(2 * MAX_LOOKUPS):
        await give_up_on(resolver, f"dead{number}.example")
    async with asyncio.timeout(10):
        assert await resolver("well.example", 80) == HERE
    names.end.set()
    with pytest.raises(OSError, match="no name server answers"):
        await resolver("dead0.example", 80)


async def test_past_its_bound_a_slow_look_up_keeps_its_place(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "SLOW_AFTER", 0.01)
    monkeypatch.setattr(network, "MAX_SLOW_LOOKUPS", 1)
    resolver = SystemResolver(names)
    for number in range(MAX_LOOKUPS + 5):
        await give_up_on(resolver, f"dead{number}.example")
    await give_up_on(resolver, "well.example")
    names.end.set()
    assert await resolver("well.example", 80) == HERE


async def test_an_address_that_says_nothing_leaves_time_for_the_next_one() -> None:
    """The first is a machine that is down: its queue of connections is full, and nobody takes any."""
    with socket.socket() as down, socket.socket() as up, contextlib.ExitStack() as waiting:
        down.bind(("127.0.0.2", 0))
        port = down.getsockname()[1]
        up.bind(("127.0.0.1", port))
        up.listen()
        down.listen(0)
        for _ in range(3):
            fills = waiting.enter_context(socket.socket())
            fills.setblocking(False)
            fills.connect_ex(("127.0.0.2", port))

        async def both(name: str, port: int) -> list[IPAddress]:
            return [ipaddress.ip_address("127.0.0.2"), *HERE]

        policy = NetworkPolicy([ipaddress.ip_network("127.0.0.0/8")])
        pool = Pool(CheckedNetwork(policy, both), ssl.create_default_context(), most=1, kept=1, rest=1.0)
        address = policy.check_url(f"http://two.example:{port}/")
        pool.give_back(address, await pool.take(address, 0.4))


async def test_of_a_name_with_many_addresses_those_that_are_tried_are_of_both_families() -> None:
    """Where a machine's IPv6 is broken, the system may still put a far end's many addresses of it first."""
    with socket.socket() as up:
        up.bind(("127.0.0.1", 0))
        up.listen()

        async def many(name: str, port: int) -> list[IPAddress]:
            return [*(ipaddress.ip_address(f"100::{number}") for number in range(8)), *HERE]

        policy = NetworkPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("100::/64")])
        pool = Pool(CheckedNetwork(policy, many), ssl.create_default_context(), most=1, kept=1, rest=1.0)
        address = policy.check_url(f"http://two.example:{up.getsockname()[1]}/")
        pool.give_back(address, await pool.take(address, 10))


async def test_a_look_up_for_which_there_is_no_thread_fails_as_any_other(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    network = CheckedNetwork(NetworkPolicy(), SystemResolver(names))
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", refused)
        with pytest.raises(ConnectFailed, match="can't start new thread"):
            await network.connect("well.example", 80, 0.0)
