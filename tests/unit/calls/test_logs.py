"""Each line about a call has its uuid, whatever happens on it."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, confirmations, journal
from playvoice.config import Dtmf
from playvoice.media import protocol
from playvoice.media.client import Stream
from playvoice.sip import Credentials
from playvoice.store import Store

Line = MutableMapping[str, Any]


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    with capture_logs() as captured:
        yield captured


@pytest.fixture
async def house(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[Line]
) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "LOOK_AGAIN", 0.005)
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    monkeypatch.setattr(journal, "AGAIN", 0.01)
    monkeypatch.setattr(confirmations, "EVERY", 0.005)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


def press(house: House) -> None:
    customer = house.media.streams[0]
    customer.on_event(protocol.KeyPressed(customer.number, "1"))


async def test_a_call_that_is_transferred(house: House, lines: list[Line]) -> None:
    uuid = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    press(house)
    agent = await house.wire.invited("phone")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    house.media.worker.released = protocol.Released(1, 1, 1, 0, 0, False, 7, 0)
    house.wire.hang_up(agent)
    await house.ended(uuid)
    await house.quiet()
    told = [line["event"] for line in lines]
    assert {"invite_sent", "customer_answered", "key_pressed", "agent_rung", "agent_connected", "call_ended"} < {*told}
    assert told.count("rtp_ignored") == 2
    assert {line.get("uuid") for line in lines} == {uuid}


async def test_a_call_that_is_refused_tells_the_reason(house: House, lines: list[Line]) -> None:
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), 403)
    await house.ended(uuid)
    await house.quiet()
    (refused,) = [line for line in lines if line["event"] == "customer_refused"]
    assert (refused["trunk"], refused["status"], refused["reason"]) == ("carrier", 403, "Forbidden")
    assert {line.get("uuid") for line in lines} == {uuid}


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        (None, "it wants a user name and password, and the trunk has none"),
        (Credentials("alice", "wrong"), "the trunk's username and password were not taken"),
    ],
)
async def test_a_trunk_that_asks_for_credentials_which_it_does_not_take_is_told_with_them(
    house: House, lines: list[Line], credentials: Credentials | None, reason: str
) -> None:
    house.routes.trunk = replace(house.routes.trunk, credentials=credentials)
    uuid = await house.accept()
    for nonce in ("first",) if credentials is None else ("first", "second"):
        call = await house.wire.invited()
        headers = (("Proxy-Authenticate", f'Digest realm="r", nonce="{nonce}"'),)
        call.reject(house.wire.network.now, 407, headers=headers)
        house.wire.settle()
    await house.ended(uuid)
    await house.quiet()
    (refused,) = [line for line in lines if line["event"] == "customer_refused"]
    assert (refused["status"], refused["reason"].endswith(f": {reason}")) == (407, True)


async def test_a_trunk_that_asks_in_a_way_that_nobody_can_answer_is_not_said_to_refuse_the_password(
    house: House, lines: list[Line]
) -> None:
    house.routes.trunk = replace(house.routes.trunk, credentials=Credentials("alice", "right"))
    uuid = await house.accept()
    call = await house.wire.invited()
    headers = (("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth-int"'),)
    call.reject(house.wire.network.now, 401, headers=headers)
    house.wire.settle()
    await house.ended(uuid)
    await house.quiet()
    (refused,) = [line for line in lines if line["event"] == "customer_refused"]
    assert refused["reason"] == "Unauthorized: it wants neither Digest with MD5 nor with SHA-256, or not with qop auth"


async def test_a_trunk_that_has_said_nothing_when_the_call_is_given_up_is_told(house: House, lines: list[Line]) -> None:
    house.routes.flow = replace(house.routes.flow, remote=("127.0.0.9", 5060))
    uuid = await house.accept()
    await until(lambda: any(line["event"] == "invite_sent" for line in lines), "it is dialled")
    assert await house.conductor.hang_up(uuid)
    (told,) = [line for line in lines if line["event"] == "trunk_said_nothing"]
    assert (told["trunk"], told["address"], told["uuid"]) == ("carrier", "udp:127.0.0.9:5060", uuid)
    house.wire.pass_time(40)  # Timer B


async def test_a_trunk_that_rings_has_said_something(house: House, lines: list[Line]) -> None:
    uuid = await house.accept()
    house.wire.ring(await house.wire.invited())
    assert await house.conductor.hang_up(uuid)
    await house.ended(uuid)
    assert "trunk_said_nothing" not in {line["event"] for line in lines}


@pytest.mark.parametrize(
    ("dtmf", "keys"), [(Dtmf.AUTO, "telephone-events"), (Dtmf.INFO, "INFO"), (Dtmf.INBAND, "tones")]
)
async def test_an_answer_is_told_with_the_way_in_which_keys_come(
    house: House, lines: list[Line], dtmf: Dtmf, keys: str
) -> None:
    house.routes.trunk = replace(house.routes.trunk, dtmf=dtmf)
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    house.wire.hang_up(call)
    await house.ended(uuid)
    (answered,) = [line for line in lines if line["event"] == "customer_answered"]
    assert answered["keys"] == keys


async def test_an_agent_who_refuses_and_one_who_is_not_there(house: House, lines: list[Line]) -> None:
    uuid = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    press(house)
    agent = await house.wire.invited("phone")
    house.groups.registered.clear()
    house.wire.reject(agent, 486)
    await house.ended(uuid)
    await house.quiet()
    (refused,) = [line for line in lines if line["event"] == "agent_refused"]
    assert (refused["status"], refused["reason"]) == (486, "Busy Here")
    assert "nobody_registered" in {line["event"] for line in lines}
    assert {line.get("uuid") for line in lines} == {uuid}


async def test_a_call_whose_voice_can_not_be_had(house: House, lines: list[Line]) -> None:
    house.voices.broken["notice.wav"] = ValueError("a fault")
    uuid = await house.accept()
    await until(lambda: "call_abandoned" in [line["event"] for line in lines], "the line behind the record")
    await house.quiet()
    assert {line["event"]: line.get("uuid") for line in lines} == {"voice_failed": uuid, "call_abandoned": uuid}


async def test_faults_of_ours(house: House, lines: list[Line], monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_stream: Stream) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(Stream, "release", broken)
    uuid = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    house.conductor._running[uuid]._on_fault(ValueError("another"))
    await house.ended(uuid)
    await house.stop()
    assert {"stream_not_released", "call_failed", "call_ended"} <= {line["event"] for line in lines}
    assert {line.get("uuid") for line in lines} == {uuid}
    monkeypatch.undo()
    house.media.streams.clear()
