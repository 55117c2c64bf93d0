"""Registering with trunks on loopback; our own registrar, or a far end that tells what came, plays the carrier's."""

import asyncio
import socket
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog
from tests.unit.lines.configs import Section, config, trunk
from tests.unit.lines.conftest import TABLES
from tests.unit.lines.far_end import far_end
from tests.unit.lines.serving import AT, Server, serving
from tests.waiting import until

from playvoice.config import TrunkConfig
from playvoice.config.pieces import changed_piece
from playvoice.lines import manage, registering
from playvoice.lines.registrations import read_bindings
from playvoice.lines.resolving import Resolver, Service
from playvoice.lines.targets import Tried
from playvoice.sip import Flow, Transport
from playvoice.store import Store, metadata

NOWHERE = Flow(Transport.UDP, ("", 0), ("127.0.0.1", 0))


@pytest.fixture
def carrier_store(tmp_path: Path) -> Iterator[Store]:
    """The store of a server that plays the carrier; 1001 with the password `secret` is one of its accounts."""
    opened = Store.open(f"sqlite:///{tmp_path / 'carrier.db'}")
    opened.write_now(lambda conn: metadata.create_all(conn, TABLES))
    yield opened
    opened.close_now()


def itsp(local: tuple[str, int], **fields: Any) -> Section:
    """A trunk that wants a registration."""
    host, port = local
    account = {"register": True, "username": "1001", "password": "secret", "keepalive": 0}
    return trunk("itsp", f"sip:{host}:{port}") | account | fields


async def no_service(_name: str) -> list[Service]:
    return []


async def no_address(name: str) -> list[str]:
    raise OSError(f"{name} is unknown")


def is_registered(server: Server) -> bool:
    ((_, registration),) = server.lines.trunks.registrations()
    return registration.is_registered(server.endpoint.now())


def has_tried(server: Server) -> bool:
    ((_, registration),) = server.lines.trunks.registrations()
    return registration.outcome is not None


def told(logs: list[MutableMapping[str, Any]], event: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in line.items() if name not in ("event", "log_level")}
        for line in logs
        if line["event"] == event
    ]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_trunk_is_registered_with_digest_and_unregistered_at_stop(
    lines_store: Store, carrier_store: Store, transport: str
) -> None:
    async with serving(carrier_store, transport=transport) as carrier:
        host, port = carrier.flow.local
        text = config(trunks=[itsp((host, port), address=f"sip:{host}:{port};transport={transport}")])
        with structlog.testing.capture_logs() as logs:
            async with serving(lines_store, text, transport=transport) as server:
                await until(lambda: is_registered(server))
                (contact,) = carrier.lines.contacts("1001")
                expected = server.agent.contact(server.flow)
                assert (contact.uri.user, contact.uri.host, contact.uri.port) == ("1001", expected.host, expected.port)
                assert contact.uri.parameters == expected.parameters
            assert carrier.lines.contacts("1001") == []
            await until(lambda: not carrier_store.read_now(read_bindings))
        assert told(logs, "trunk_registered") == [{"trunk": "itsp"}]
        assert told(logs, "trunk_registration_failed") == told(logs, "trunks_not_unregistered") == []


async def test_a_wrong_password_is_told_once_and_calls_pass_the_trunk_over(
    lines_store: Store, carrier_store: Store
) -> None:
    async with serving(carrier_store) as carrier:
        text = config(
            trunks=[
                itsp(carrier.flow.local, password="wrong"),
                trunk("other", "sip:127.0.0.2", keepalive=0),
            ]
        )
        with structlog.testing.capture_logs() as logs:
            async with serving(lines_store, text) as server:
                await until(lambda: has_tried(server))
                taken = server.lines.take(None, Tried(), server.endpoint.now())
                assert taken is not None
                assert taken[0].name == "other"
                alone = server.lines.take(("itsp",), Tried(), server.endpoint.now())
                assert alone is not None, "it is tried where there is no other"
                ((_, registration),) = server.lines.trunks.registrations()
                assert not registration.is_registered(server.endpoint.now())
                due = registration.next_deadline()
                assert due is not None
                assert due > server.endpoint.now()
        failed = {"trunk": "itsp", "status": 401, "reason": "Unauthorized", "again_in": 30}
        assert told(logs, "trunk_registration_failed") == [failed]


async def test_requests_of_the_registrar_are_the_trunk_s(lines_store: Store) -> None:
    async with (
        far_end(NOWHERE, "carrier") as carrier,
        serving(lines_store, config(trunks=[itsp(carrier.local)])) as server,
    ):
        await until(lambda: is_registered(server))
        carrier.server = server.flow
        assert (await carrier.request("OPTIONS")).code == 200
        assert (await carrier.invite()).code == 404


async def test_register_names_the_account_and_goes_through_the_proxy(lines_store: Store) -> None:
    async with far_end(NOWHERE, "carrier") as proxy:
        host, port = proxy.local
        text = config(
            trunks=[
                itsp(
                    proxy.local,
                    address="sip:gateway@itsp.invalid",
                    proxy=f"sip:{host}:{port};lr",
                    from_user="+861012345678",
                )
            ]
        )
        resolver = Resolver(Random(1), look_up_service=no_service, look_up_address=no_address)
        async with serving(lines_store, text, resolver=resolver) as server:
            await until(lambda: is_registered(server))
    first, last = proxy.received
    assert str(first.uri) == "sip:itsp.invalid"
    assert str(first.to_address) == "<sip:+861012345678@itsp.invalid>"
    assert first.from_address.uri == first.to_address.uri
    assert first.headers["Route"] == f"<sip:{host}:{port};lr>"
    assert first.headers["Contact"].startswith("<sip:+861012345678@127.0.0.1:")
    assert (first.headers["Expires"], last.headers["Expires"]) == ("3600", "0")
    assert (last.call_id, str(last.from_address)) == (first.call_id, str(first.from_address))
    assert (first.cseq.sequence, last.cseq.sequence) == (1, 2)


async def test_a_registrar_that_says_nothing_does_not_hold_up_the_stop(
    lines_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registering, "CLOSE_TIMEOUT", 0.05)
    async with far_end(NOWHERE, "carrier") as carrier:
        carrier.silent_to.add("REGISTER")
        with structlog.testing.capture_logs() as logs:
            async with serving(lines_store, config(trunks=[itsp(carrier.local)])):
                await until(lambda: carrier.requests)
        assert told(logs, "trunks_not_unregistered") == [{"trunks": ["itsp"]}]


async def test_a_registrar_without_an_address_or_a_connection_is_told_of_and_tried_again(lines_store: Store) -> None:
    nowhere = itsp(("nowhere.invalid", 5060), name="nowhere")
    with structlog.testing.capture_logs() as logs, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and never listens
        port = deaf.getsockname()[1]
        refusing = itsp(("", 0), name="refusing", address=f"sip:127.0.0.1:{port};transport=tcp")
        async with serving(lines_store, config(trunks=[nowhere, refusing]), transport="tcp") as server:
            await until(lambda: len(told(logs, "trunk_registration_failed")) == 2)
            assert all(each.next_deadline() is not None for _, each in server.lines.trunks.registrations())
    failures = {each["trunk"]: each for each in told(logs, "trunk_registration_failed")}
    assert failures["nowhere"]["status"] == failures["refusing"]["status"] == 503
    assert "can't be resolved" in failures["nowhere"]["reason"]
    assert failures["refusing"]["reason"] == "no connection"


@pytest.mark.parametrize("change", ["removed", "somebody else"])
async def test_a_trunk_that_is_gone_or_another_account_now_is_unregistered(
    lines_store: Store, carrier_store: Store, change: str
) -> None:
    async with serving(carrier_store) as carrier:
        first = itsp(carrier.flow.local)
        async with serving(lines_store, config(trunks=[first])) as server:
            await until(lambda: is_registered(server))
            assert carrier.lines.contacts("1001")
            if change == "removed":
                await lines_store.write(lambda conn: manage.remove_trunk(conn, "itsp"))
            else:
                other = changed_piece(TrunkConfig, {"username": "1002", "password": "other"})
                await lines_store.write(lambda conn: manage.change_trunk(conn, "itsp", other, AT))
            await server.lines.refresh()
            await until(lambda: not carrier.lines.contacts("1001"))
            assert bool(server.lines.trunks.registrations()) == (change != "removed")


async def test_a_trunk_that_is_the_same_account_by_another_way_keeps_its_contact(
    lines_store: Store, carrier_store: Store
) -> None:
    async with serving(carrier_store) as carrier:
        first = itsp(carrier.flow.local)
        async with serving(lines_store, config(trunks=[first])) as server:
            await until(lambda: is_registered(server))
            passed: list[bytes] = []
            server.endpoint._taps = (lambda data, _flow, *, sent, now: passed.append(data),)
            host, port = carrier.flow.local
            way = changed_piece(TrunkConfig, {"proxy": f"sip:{host}:{port};lr"})
            await lines_store.write(lambda conn: manage.change_trunk(conn, "itsp", way, AT))
            await server.lines.refresh()
            assert not is_registered(server)
            await until(lambda: is_registered(server))
            assert [data for data in passed if data.startswith(b"REGISTER")]
            assert not [data for data in passed if b"\r\nExpires: 0\r\n" in data], "it could come after the new one"
            assert carrier.lines.contacts("1001")


async def test_a_trunk_registers_as_soon_as_its_name_is_looked_up_and_not_before(
    lines_store: Store, carrier_store: Store
) -> None:
    answers = asyncio.Event()

    async def look_up(_name: str) -> list[str]:
        await answers.wait()
        return ["127.0.0.1"]

    resolver = Resolver(Random(1), look_up_service=no_service, look_up_address=look_up)
    async with serving(carrier_store) as carrier:
        named = itsp(("itsp.example.com", carrier.flow.local[1]))
        text = config(trunks=[named, trunk("late", "sip:late.example.com", keepalive=0)])
        async with serving(lines_store, text, resolver=resolver) as server:
            server.lines._registering.send_due(server.endpoint)
            assert not has_tried(server), "it would be tried again in half a minute"
            answers.set()
            await until(lambda: is_registered(server))


async def test_the_name_of_a_new_trunk_is_looked_up_at_once(lines_store: Store) -> None:
    async def look_up(_name: str) -> list[str]:
        return ["192.0.2.7"]

    resolver = Resolver(Random(1), look_up_service=no_service, look_up_address=look_up)
    async with serving(lines_store, config(trunks=[]), resolver=resolver) as server:
        new = TrunkConfig(name="new", address="sip:new.example.com", keepalive=0)
        await lines_store.write(lambda conn: manage.add_trunk(conn, new, AT))
        await server.lines.refresh()
        await until(lambda: server.lines.trunks.at("192.0.2.7") is not None)
