"""The names of trunks, asked of a real name server on loopback that may refuse, lie or say nothing."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from tests.unit.lines.dns_server import DnsServer, Fault, dns_server

from playvoice.lines import Trunk, Trunks, resolving
from playvoice.lines.resolving import MAX_TARGETS, Resolver
from playvoice.sip import URI

SERVICE = "_sip._udp.carrier.example"
NAMED = Trunk("named", URI.parse("sip:carrier.example"), "pbx.example.org")
ADDRESSES = {
    "carrier.example": "192.0.2.99",
    "a.carrier.example": "192.0.2.1",
    "b.carrier.example": "192.0.2.2",
    "c.carrier.example": "192.0.2.3",
    "elsewhere.example": "198.51.100.1",
}


async def look_up_address(name: str) -> list[str]:
    if name == "silent.carrier.example":
        await asyncio.Event().wait()
    if name not in ADDRESSES:
        raise OSError(f"{name} is unknown")
    return [ADDRESSES[name]]


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with dns_server() as made:
        yield made


@pytest.fixture
def known() -> Trunks:
    return Trunks([NAMED], Resolver(Random(1), look_up_address=look_up_address), Random(1))


async def hosts(known: Trunks) -> list[str]:
    """Where calls go after a look-up, first things first."""
    await known.refresh_addresses()
    return [f"{target.host}:{target.port}" for target in known.targets(NAMED, 0.0)]


async def test_srv_records_lead_by_their_priorities(server: DnsServer, known: Trunks) -> None:
    server.records[SERVICE] = [
        (20, 0, 5062, "c.carrier.example"),
        (10, 0, 5061, "b.carrier.example"),
        (5, 0, 5060, "a.carrier.example"),
    ]
    assert await hosts(known) == ["192.0.2.1:5060", "192.0.2.2:5061", "192.0.2.3:5062"]
    assert server.asked == [SERVICE]
    assert known.at("192.0.2.3") is NAMED


@pytest.mark.parametrize("exists", [True, False])
async def test_a_name_without_srv_records_leads_by_its_address(server: DnsServer, known: Trunks, exists: bool) -> None:
    if exists:
        server.records[SERVICE] = []
    assert await hosts(known) == ["192.0.2.99:5060"]


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.SERVFAIL, Fault.REFUSED, Fault.GARBAGE])
async def test_a_server_that_gives_no_answer_leads_nowhere_else(
    server: DnsServer, known: Trunks, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.records[SERVICE] = [(1, 0, 5061, "a.carrier.example")]
    assert await hosts(known) == ["192.0.2.1:5061"]
    server.records[SERVICE] = fault
    monkeypatch.setattr(resolving, "SERVICE_TIMEOUT", 0.2)
    assert await hosts(known) == ["192.0.2.1:5061"], "what was known stays, and the name's own address is not taken"


async def test_records_of_a_name_that_nobody_asked_for_are_not_taken(server: DnsServer, known: Trunks) -> None:
    server.records[SERVICE] = Fault.OTHER_NAME
    assert await hosts(known) == ["192.0.2.99:5060"]


async def test_a_service_that_is_said_not_to_be_there_is_not_looked_for_elsewhere(
    server: DnsServer, known: Trunks
) -> None:
    server.records[SERVICE] = [(0, 0, 0, "")]
    assert await hosts(known) == []


async def test_a_record_that_leads_nowhere_does_not_cost_the_others(
    server: DnsServer, known: Trunks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "HOST_TIMEOUT", 0.2)
    server.records[SERVICE] = [
        (1, 0, 5060, "silent.carrier.example"),
        (2, 0, 5060, "gone.carrier.example"),
        (3, 0, 5060, "a.carrier.example"),
    ]
    assert await hosts(known) == ["192.0.2.1:5060"]


async def test_of_very_many_records_the_best_are_taken(server: DnsServer, known: Trunks) -> None:
    many: list[tuple[int, int, int, str]] = [(9, 0, 6000 + n, "c.carrier.example") for n in range(3 * MAX_TARGETS)]
    server.records[SERVICE] = [*many, (1, 0, 5060, "a.carrier.example")]
    found = await hosts(known)
    assert found[0] == "192.0.2.1:5060"
    assert len(found) == MAX_TARGETS
