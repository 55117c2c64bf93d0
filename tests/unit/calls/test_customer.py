"""A trunk with several addresses: what goes to the next one, and what does not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.calls.stage import Stage
from tests.unit.calls.stored import call_states, record
from tests.unit.calls.wire import CARRIER
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, customer, journal
from playvoice.sip import CallState, Credentials, Flow, Transport
from playvoice.store import Store

NOBODY = Flow(Transport.UDP, ("127.0.0.9", 5060), ("127.0.0.1", 5060))
"""An address of the trunk from which nothing comes back."""
SOMEBODY = Flow(Transport.UDP, CARRIER, ("127.0.0.1", 5060))
SAME = replace(SOMEBODY, local=("127.0.0.1", 5062))
"""A second address at which the same carrier hears us."""


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "LOOK_AGAIN", 0.005)
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    monkeypatch.setattr(journal, "AGAIN", 0.01)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


async def test_a_503_goes_to_the_next_address_of_the_trunk(house: House) -> None:
    house.routes.others = (SAME,)
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), 503)
    call = await house.wire.invited()
    assert house.routes.failures == [SOMEBODY]
    assert house.routes.taken == 1, "the first address's place is given back"
    house.wire.answer(call)
    await house.wire.acknowledged()
    assert call_states(house.store) == {uuid: "answered"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [((), 0.0), ((("Retry-After", "120 (full);duration=3600"),), 120.0), ((("Retry-After", "soon"),), 0.0)],
)
async def test_a_503_says_for_how_long_it_is_meant(
    house: House, headers: tuple[tuple[str, str], ...], seconds: float
) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    call.reject(house.wire.network.now, 503, headers=headers)
    house.wire.settle()
    await house.ended(uuid)
    assert (house.routes.failures, house.routes.retry_after) == ([SOMEBODY], [seconds])


async def test_a_call_that_every_address_refuses_ends(house: House) -> None:
    house.routes.others = (SAME,)
    uuid = await house.accept()
    for _ in range(2):
        house.wire.reject(await house.wire.invited(), 503)
    await house.ended(uuid)
    assert house.routes.failures == [SOMEBODY, SAME]
    assert record(house.store, uuid) == (10004, 10004, "", "")


@pytest.mark.parametrize("status", [500, 488, 486])
async def test_what_the_carrier_says_of_the_call_is_true_at_its_other_addresses_too(house: House, status: int) -> None:
    house.routes.others = (SAME,)
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), status)
    await house.ended(uuid)
    assert len(house.wire.sent("INVITE")) == 1
    assert house.routes.failures == []


async def test_a_503_after_ringing_is_the_callee_s_and_ends_the_call(house: House) -> None:
    house.routes.others = (SAME,)
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.ring(call)
    house.wire.reject(call, 503)
    await house.ended(uuid)
    assert len(house.wire.sent("INVITE")) == 1
    assert house.routes.failures == []


async def test_without_a_connection_the_call_goes_to_the_next_address(house: House) -> None:
    house.routes.flow, house.routes.others = NOBODY, (SOMEBODY,)
    await house.accept()

    def is_sent() -> bool:
        house.wire.settle()
        return bool(house.wire.sent("INVITE"))

    await until(is_sent, "the first INVITE")
    house.wire.agent.connection_failed(NOBODY, house.wire.network.now)
    house.wire.flush()
    await house.wire.invited()
    assert house.routes.failures == [NOBODY]
    assert house.routes.taken == 1


async def test_a_silent_address_is_left_as_soon_as_another_one_has_a_place(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer, "LOOK_AGAIN", 0.01)
    house.routes.flow, house.routes.others, house.routes.silent = NOBODY, (SOMEBODY,), (NOBODY,)
    house.routes.trunk = replace(house.routes.trunk, trunk_timeout=0)
    house.routes.places = 1
    uuid = await house.accept()
    await until(lambda: bool(house.routes.failures), "it has been silent")
    looks = house.routes.looks
    await until(lambda: house.routes.looks >= looks + 2, "it has looked twice")
    assert house.routes.failures == [NOBODY], "that it is silent is noted once"
    assert house.wire.sent("CANCEL") == []
    house.routes.places = 2
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    assert call_states(house.store) == {uuid: "answered"}
    house.wire.pass_time(64.0)  # Timer B of the first


async def test_an_address_that_was_silent_and_says_nothing_is_left_for_the_next_one(house: House) -> None:
    house.routes.flow, house.routes.others, house.routes.silent = NOBODY, (SOMEBODY,), (NOBODY,)
    house.routes.trunk = replace(house.routes.trunk, trunk_timeout=0)
    uuid = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    assert house.routes.failures == [NOBODY]
    assert call_states(house.store) == {uuid: "answered"}
    assert house.routes.taken == 2, "the first INVITE keeps its place until it is over"
    house.wire.pass_time(64.0)


async def test_an_address_that_redirects_to_where_nobody_is_reached_is_not_asked_again(house: House) -> None:
    """Else it would redirect there again, and so on until `waittime`."""
    house.routes.others = (SAME,)
    uuid = await house.accept()
    for count, local in enumerate((SOMEBODY.local, SAME.local), start=1):
        call = await house.wire.invited()
        call.reject(house.wire.network.now, 302, headers=(("Contact", "<sip:other@127.0.0.2:5070>"),))

        def is_redirected(count: int = count) -> bool:
            house.wire.settle()
            return len(house.wire.sent("INVITE sip:other@127.0.0.2:5070")) == count

        await until(is_redirected, "the INVITE to the other target")
        house.wire.agent.connection_failed(Flow(Transport.UDP, ("127.0.0.2", 5070), local), house.wire.network.now)
        house.wire.flush()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10004, 10004, "", "")
    assert len(house.wire.sent("INVITE")) == 4


def test_a_trunk_that_was_silent_and_wants_credentials_is_not_left_for_another(stage: Stage) -> None:
    """It has said something, though nothing has come back to the INVITE with them when `trunk_timeout` is over."""
    routes, network = stage.model.house.routes, stage.model.house.wire.network
    routes.trunk = replace(routes.trunk, credentials=Credentials("user", "password"))
    routes.silent = (routes.flow,)
    stage.ask()
    stage.wait(3.5)
    network.delay = 0.3
    challenge = ("WWW-Authenticate", 'Digest realm="carrier", nonce="n"')
    stage.customer.reject(network.now, 401, headers=(challenge,))
    stage.wait(2)
    assert (routes.failures, routes.taken) == ([], 1)
    assert stage.customer.state is CallState.EARLY
    network.delay = 0.0
