import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.lines import resolving
from playvoice.lines.resolving import Resolver, Service, Target, in_order, literal
from playvoice.sip import URI, Transport

ADDRESSES = {"a.example.org": ["192.0.2.1"], "b.example.org": ["192.0.2.2", "192.0.2.3"]}
SERVICES = {
    "_sip._udp.example.org": [
        Service(20, 0, "a.example.org", 5080),
        Service(10, 0, "b.example.org", 5070),
        Service(30, 0, "gone.example.org", 5070),
    ]
}


async def look_up_service(name: str) -> list[Service]:
    return SERVICES.get(name, [])


async def look_up_address(name: str) -> list[str]:
    if name not in ADDRESSES:
        raise OSError(f"{name} is unknown")
    return ADDRESSES[name]


async def resolve(uri: str) -> list[str]:
    resolver = Resolver(random.Random(1), look_up_service=look_up_service, look_up_address=look_up_address)
    targets = await resolver.resolve(URI.parse(uri))
    return [f"{target.transport}:{target.host}:{target.port}" for target in targets]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:192.0.2.7", ["udp:192.0.2.7:5060"]),
        ("sip:192.0.2.7:5080;transport=TCP", ["tcp:192.0.2.7:5080"]),
        ("sip:[2001:db8::1]:5080", ["udp:2001:db8::1:5080"]),
        ("sip:a.example.org:5090", ["udp:192.0.2.1:5090"]),
        ("sip:b.example.org;transport=tcp", ["tcp:192.0.2.2:5060", "tcp:192.0.2.3:5060"]),
        ("sip:example.org", ["udp:192.0.2.2:5070", "udp:192.0.2.3:5070", "udp:192.0.2.1:5080"]),
        ("sip:example.org:5060", []),
        ("sip:nowhere.example.org", []),
    ],
)
async def test_where_a_uri_leads(uri: str, expected: list[str]) -> None:
    assert await resolve(uri) == expected


async def test_a_look_up_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_name: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(resolving, "LOOKUP_TIMEOUT", 0.0)
    resolver = Resolver(random.Random(1), look_up_address=hang)
    assert await resolver.resolve(URI.parse("sip:a.example.org:5060")) == []


async def test_names_of_the_system_s_hosts_file_resolve() -> None:
    (first, *_) = await Resolver(random.Random(1)).resolve(URI.parse("sip:localhost:5080"))
    assert first == Target(Transport.UDP, "127.0.0.1", 5080)


def test_a_name_is_no_literal() -> None:
    assert literal(URI.parse("sip:example.org")) is None


def test_among_equals_the_weight_decides_how_often_one_is_first() -> None:
    services = [Service(1, 90, "often", 1), Service(1, 10, "seldom", 1), Service(0, 0, "always", 1)]
    generator = random.Random(7)
    seconds = [in_order(services, generator)[1].host for _ in range(1000)]
    assert 850 < seconds.count("often") < 950


@settings(max_examples=40)
@given(st.lists(st.builds(Service, st.integers(0, 3), st.integers(0, 3), st.text(max_size=3), st.just(1))))
def test_ordering_loses_no_record_and_keeps_priorities(services: list[Service]) -> None:
    ordered = in_order(services, random.Random(1))
    assert sorted(ordered, key=repr) == sorted(services, key=repr)
    assert [service.priority for service in ordered] == sorted(service.priority for service in services)
