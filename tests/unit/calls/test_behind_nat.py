"""A server behind a NAT, its carrier outside, its agent's phone beside it: what each of them is told, on the wire."""

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import cast

import pytest
from tests.unit.calls import world
from tests.unit.calls.wire import PHONE, SERVER
from tests.unit.calls.world import House

from playvoice.calls import conductor
from playvoice.lines import ToldAddress
from playvoice.media import protocol, sdp
from playvoice.sip import Event, Flow, IncomingCall, SessionAnswered, UserAgent
from playvoice.store import Store

EXTERNAL = "203.0.113.7"
TOLD = ToldAddress(SERVER[0], EXTERNAL, (ip_network(f"{PHONE[0]}/32"),))


class Nat:
    """The external address: what comes there is passed on to the server, as from whom it came."""

    def __init__(self, inside: UserAgent) -> None:
        self._inside = inside

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        self._inside.receive(data, replace(flow, local=SERVER), now)

    def take_sends(self) -> list[tuple[bytes, Flow]]:
        return []

    def take_events(self) -> list[Event]:
        return []

    def next_deadline(self) -> float | None:
        return None

    def handle_deadline(self, now: float) -> None:
        pass


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    monkeypatch.setattr(world, "SETTINGS", replace(world.SETTINGS, media_address=TOLD.for_media))
    made = House(store, tmp_path, monkeypatch)
    made.wire.agent.core.advertise = TOLD.for_sip
    made.wire.network.attach("nat", cast(UserAgent, Nat(made.wire.agent)), (EXTERNAL, SERVER[1]))
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


def messages(house: House, to: str) -> list[str]:
    """All that the server sent to a far end."""
    return [data.decode() for _, source, target, data in house.wire.network.sent if (source, target) == ("server", to)]


def addresses_of(message: str) -> set[str]:
    """The hosts that a message of ours tells as ours: in Via, Contact, and the lines o= and c=."""
    request = not message.startswith("SIP/2.0")
    found = set()
    for line in message.splitlines():
        if line.startswith("Via:") and request:
            found.add(line.split()[2].partition(":")[0])
        elif line.startswith("Contact:"):
            found.add(line.partition("sip:")[2].partition(":")[0])
        elif line.startswith(("o=", "c=")):
            found.add(line.split()[-1])
    return found


async def a_talk(house: House) -> tuple[IncomingCall, IncomingCall]:
    """A customer who talks with an agent."""
    await house.accept()
    customer = await house.wire.invited()
    house.wire.answer(customer)
    await house.wire.acknowledged()
    stream = house.media.streams[0]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    agent = await house.wire.invited("phone")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    return customer, agent


async def test_the_carrier_is_told_the_external_address_in_whatever_is_sent_and_the_phone_never(house: House) -> None:
    customer, agent = await a_talk(house)
    for name, call in (("carrier", customer), ("phone", agent)):
        body = bytes(sdp.offer("127.0.0.9", 41_000, session_id=1, version=2))
        assert call.session.offer(house.wire.network.now, body)
        await house.wire.expect(name, SessionAnswered)
    house.wire.hang_up(customer)
    await house.wire.ended("phone")
    for name, own in (("carrier", EXTERNAL), ("phone", SERVER[0])):
        told = {
            message.partition("\r\n")[0].partition(" sip:")[0]: addresses_of(message)
            for message in messages(house, name)
        }
        assert {"INVITE", "ACK"} <= told.keys()
        assert {address for hosts in told.values() for address in hosts} == {own}, told
        with_body = [message for message in messages(house, name) if "\r\nc=" in message]
        assert [message.partition(" ")[0] for message in with_body] == ["INVITE", "SIP/2.0"], "an offer and an answer"
        assert all(f"\r\nc=IN IP4 {own}\r\n" in message for message in with_body)
        assert all("\r\nContact: <sip:" in message for message in with_body)


async def test_what_the_carrier_sends_to_the_external_address_belongs_to_the_call(house: House) -> None:
    customer, _ = await a_talk(house)
    assert customer.dialog is not None
    assert customer.dialog.remote_target == f"sip:{EXTERNAL}:{SERVER[1]}"
    house.wire.hang_up(customer)
    await house.wire.ended("phone")
    assert house.wire.sent("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.2"), "the BYE that came through the NAT"
