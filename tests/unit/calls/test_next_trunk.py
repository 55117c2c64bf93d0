"""Two trunks: what one says that lets the other be tried, and what ends the call."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.calls.stored import call_states, record
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, customer
from playvoice.lines import Trunk
from playvoice.sip import URI
from playvoice.store import Store

SECOND = Trunk("second", URI.parse("sip:second@127.0.0.2:5060"), "second.example.com", prefix="9")


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    monkeypatch.setattr(customer, "LOOK_AGAIN", 0.005)
    made = House(store, tmp_path, monkeypatch)
    made.routes.other_trunks = (SECOND,)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


@pytest.mark.parametrize("status", [401, 403, 407, 408, 488, 500, 503, 504, 580])
async def test_a_trunk_that_can_not_take_the_call_is_left_for_the_next_one(house: House, status: int) -> None:
    uuid = await house.accept()
    first = await house.wire.invited()
    house.wire.reject(first, status)
    second = await house.wire.invited()
    assert str(second.request.uri) == "sip:913333333333@127.0.0.2:5060", "written as the second one wants it"
    assert second.request.from_address.uri.host == "second.example.com"
    assert second.request.call_id != first.request.call_id
    assert house.routes.taken == 1, "the first one's place is given back"
    house.wire.reject(second, 486)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10006, 10006, "", ""), "what the last one said is the record"


@pytest.mark.parametrize("status", [401, 403, 407, 480])
async def test_a_q850_cause_is_the_record_s_whatever_status_it_comes_with(house: House, status: int) -> None:
    house.routes.other_trunks = ()
    uuid = await house.accept()
    call = await house.wire.invited()
    call.reject(house.wire.network.now, status, headers=(("Reason", "Q.850;cause=1"),))
    house.wire.settle()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10014, 10014, "", "")


@pytest.mark.parametrize("status", [302, 400, 404, 410, 480, 484, 486, 487, 600, 603, 604, 606])
async def test_what_is_true_over_every_trunk_ends_the_call(house: House, status: int) -> None:
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), status)
    await house.ended(uuid)
    assert len(house.wire.sent("INVITE")) == 1


@pytest.mark.parametrize(("status", "forgetful"), [(403, ["carrier"]), (404, []), (503, [])])
async def test_a_trunk_that_forbids_a_call_may_have_forgotten_us(
    house: House, status: int, forgetful: list[str]
) -> None:
    house.routes.other_trunks = ()
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), status)
    await house.ended(uuid)
    assert house.routes.forgetful == forgetful


@pytest.mark.parametrize("ringing", [180, 183])
async def test_nothing_follows_a_phone_that_rang(house: House, ringing: int) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    call.ring(house.wire.network.now, ringing)
    house.wire.settle()
    house.wire.reject(call, 503)
    await house.ended(uuid)
    assert len(house.wire.sent("INVITE")) == 1
    assert record(house.store, uuid) == (10004, 10004, "", "")


async def full_after_a_refusal(house: House) -> str:
    """A call that the first trunk refused while the second one has no place."""
    uuid = await house.accept()
    call = await house.wire.invited()
    house.routes.places = 0
    house.wire.reject(call, 500)
    await looked(house)
    assert call_states(house.store)[uuid] == "dialled"
    return uuid


async def looked(house: House, times: int = 3) -> None:
    """Wait until a place was looked for so many times."""
    before = house.routes.looks
    await until(lambda: house.routes.looks >= before + times, "a place is looked for")


async def test_where_the_next_trunk_has_no_place_the_call_waits_for_one(house: House) -> None:
    uuid = await full_after_a_refusal(house)
    house.routes.places = 1
    second = await house.wire.invited()
    house.wire.reject(second, 486)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10006, 10006, "", "")


async def test_who_waits_for_the_next_trunk_waits_for_no_longer_than_waittime(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = await full_after_a_refusal(house)
    (call,) = house.conductor._running.values()
    house.wire.pass_time(60)
    call._guard(call._on_deadline)()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10016, 10040, "", "")
    house.routes.places = 1
    assert len(house.wire.sent("INVITE")) == 1, "what has ended is dialled no more"


async def test_who_waits_for_the_next_trunk_is_told_of_where_there_is_none_any_more(house: House) -> None:
    uuid = await full_after_a_refusal(house)
    house.routes.other_trunks = ()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10004, 10004, "", ""), "as the first trunk said"
