"""Who we are towards a trunk and towards an agent's phone: the lines of the INVITE as they go out."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import REQUEST
from tests.unit.calls.world import House

from playvoice.calls import conductor
from playvoice.config import CallerId
from playvoice.lines import Trunk
from playvoice.media import protocol, sdp
from playvoice.media.g711 import Codec
from playvoice.sip import URI, Address, Credentials, Request, UserAgent
from playvoice.sip.message import parse
from playvoice.sip.network import FakeNetwork
from playvoice.store import Store

IDENTITY = ("From", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Privacy")
TRUNK = Trunk("carrier", URI.parse("sip:127.0.0.2:5060"), "pbx.example.com")


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


def lines_of(data: bytes, *names: str) -> dict[str, str]:
    """The lines of these headers; From without its tag."""
    head = data.decode().partition("\r\n\r\n")[0].split("\r\n")
    found = [line.partition(": ") for line in head[1:]]
    return {name: value.partition(";tag=")[0] for name, _, value in found if name in names}


async def invite(house: House, trunk: Trunk, **numbers: str) -> bytes:
    """The INVITE to a customer over this trunk; the customer is busy."""
    house.routes.trunk = trunk
    uuid = (await house.queue.accept(replace(REQUEST, **numbers), datetime.now(UTC))).uuid  # type: ignore[arg-type]
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(uuid)
    (data,) = house.wire.sent("INVITE")
    return data


CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"From": "<sip:2120280001@pbx.example.com>"}),
    (
        {"from_user": "account", "caller_id": CallerId.PAI},
        {
            "From": "<sip:account@pbx.example.com>",
            "P-Asserted-Identity": "<sip:2120280001@pbx.example.com>",
        },
    ),
    (
        {"caller_id": CallerId.PPI},
        {
            "From": "<sip:2120280001@pbx.example.com>",
            "P-Preferred-Identity": "<sip:2120280001@pbx.example.com>",
        },
    ),
    (
        {"from_user": "+861012345678", "caller_id": CallerId.RPID},
        {
            "From": "<sip:+861012345678@pbx.example.com>",
            "Remote-Party-ID": "<sip:2120280001@pbx.example.com>;party=calling;screen=yes;privacy=off",
        },
    ),
]


@pytest.mark.parametrize(("fields", "expected"), CASES)
async def test_the_caller_number_stands_where_the_trunk_wants_it_and_nowhere_else(
    house: House, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    data = await invite(house, replace(TRUNK, **fields))
    assert lines_of(data, *IDENTITY) == expected


async def test_numbers_with_a_plus_go_out_as_they_are_but_for_strip_and_prefix(house: House) -> None:
    trunk = replace(TRUNK, strip="+86", prefix="00", caller_id=CallerId.PAI)
    data = await invite(house, trunk, destnumber="+8613333333333", disnumber="+862120280001")
    assert data.startswith(b"INVITE sip:0013333333333@127.0.0.2:5060 SIP/2.0\r\n")
    assert lines_of(data, "To", *IDENTITY) == {
        "To": "<sip:0013333333333@127.0.0.2:5060>",
        "From": "<sip:+862120280001@pbx.example.com>",
        "P-Asserted-Identity": "<sip:+862120280001@pbx.example.com>",
    }


async def test_a_proxy_stands_in_route_and_the_trunk_in_the_request_line(house: House) -> None:
    trunk = replace(TRUNK, address=URI.parse("sip:itsp.example.com"), proxy=URI.parse("sip:127.0.0.2:5060"))
    data = await invite(house, trunk)
    assert data.startswith(b"INVITE sip:13333333333@itsp.example.com SIP/2.0\r\n")
    assert lines_of(data, "Route") == {"Route": "<sip:127.0.0.2:5060;lr>"}


@pytest.mark.parametrize(
    ("codecs", "formats"),
    [
        ((Codec.PCMA, Codec.PCMU), "8 0 101"),
        ((Codec.PCMU, Codec.PCMA), "0 8 101"),
        ((Codec.PCMU,), "0 101"),
    ],
)
async def test_the_offer_has_the_codecs_of_the_trunk_in_its_order(
    house: House, codecs: tuple[Codec, ...], formats: str
) -> None:
    data = await invite(house, replace(TRUNK, codecs=codecs))
    assert f"\r\nm=audio 20002 RTP/AVP {formats}\r\n".encode() in data


async def test_a_later_offer_of_the_trunk_is_answered_with_its_codecs_only(house: House) -> None:
    house.routes.trunk = replace(TRUNK, codecs=(Codec.PCMU,))
    await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    both = sdp.offer("127.0.0.9", 40_000, (Codec.PCMA, Codec.PCMU), session_id=1, version=2)
    assert call.session.offer(house.wire.network.now, bytes(both))
    house.wire.settle()
    (answer,) = [data for data in house.wire.sent("SIP/2.0 200") if b"m=audio" in data]
    assert b"RTP/AVP 0 101\r\n" in answer
    house.wire.hang_up(call)


async def test_an_agent_s_phone_shows_the_customer_and_nothing_of_the_trunk_s_identity(house: House) -> None:
    house.routes.trunk = replace(TRUNK, from_user="account", caller_id=CallerId.PAI, prefix="9")
    await house.accept()
    customer = await house.wire.invited()
    house.wire.answer(customer)
    await house.wire.acknowledged()
    stream = house.media.streams[0]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    await house.wire.invited("phone")
    data = house.wire.sent("INVITE")[-1]
    assert data.startswith(b"INVITE sip:20280003@127.0.0.3:5060 SIP/2.0\r\n")
    assert lines_of(data, "Route", *IDENTITY) == {"From": "<sip:13333333333@example.com>"}
    house.wire.hang_up(customer)
    await house.wire.ended("carrier")


@given(st.text(min_size=1), st.text(min_size=1), st.text(max_size=70), st.sampled_from(list(CallerId)))
def test_whatever_a_number_or_a_name_is_it_stays_inside_its_header(
    destnumber: str, disnumber: str, username: str, caller_id: CallerId
) -> None:
    """The API and the configuration let none of this in; it would do no harm."""
    trunk = replace(TRUNK, caller_id=caller_id, from_user=username or None, credentials=Credentials("u", "p"))
    network, agent = FakeNetwork(), UserAgent()
    call = agent.prepare_invite(
        target=trunk.request_uri(destnumber),
        flow=network.flow(("127.0.0.1", 5060), ("127.0.0.2", 5060)),
        from_=trunk.from_address(disnumber),
        headers=trunk.headers(disnumber),
        body=b"v=0\r\n",
    )
    call.send(0.0)
    ((data, _),) = agent.take_sends()
    head, _, body = data.partition(b"\r\n\r\n")
    assert body == b"v=0\r\n"
    allowed = {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Allow", "Supported", "User-Agent"}
    allowed |= {"Content-Type", "Content-Length", "Session-Expires", "Min-SE", *IDENTITY}
    assert {line.partition(":")[0] for line in head.decode().split("\r\n")[1:]} <= allowed
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert b"\r" not in head.replace(b"\r\n", b"")
    request = parse(data)
    assert isinstance(request, Request)
    assert (request.uri.user or "") == destnumber
    assert request.uri.host == trunk.address.host
    assert (request.from_address.uri.user or "") == (username or disnumber)
    for name, value in trunk.headers(disnumber):
        assert request.headers.getlist(name) == [value]
        assert (Address.parse(value).uri.user or "") == disnumber
