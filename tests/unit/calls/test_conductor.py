"""The conductor: which waiting call is dialled when, and that each ends with its record and gives everything back."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog.testing
from sqlalchemy import Connection, select, update
from tests.samples import COMPANY
from tests.unit.calls.stored import AT, Gate, call_states, leg_states, owed, record, rows
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor as module
from playvoice.calls import journal, ledger
from playvoice.calls.heartbeat import heartbeat
from playvoice.calls.holdups import FAILED
from playvoice.calls.tables import calls, servers
from playvoice.codes import HangupCause as Cause
from playvoice.lines.targets import Tried
from playvoice.lines.trunk import Trunk
from playvoice.media import protocol
from playvoice.media.client import MediaEvent, Stream
from playvoice.sip import Flow
from playvoice.store import Store


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.005)
    monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    monkeypatch.setattr(journal, "AGAIN", 0.01)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


async def looks(house: House, monkeypatch: pytest.MonkeyPatch, count: int = 3) -> None:
    """Wait until the conductor has looked for a call that can be dialled so many times more."""
    heads, seen = house.waiting.heads, 0

    def counted() -> object:
        nonlocal seen
        seen += 1
        return heads()

    monkeypatch.setattr(house.waiting, "heads", counted)
    await until(lambda: seen >= count, "the conductor looks again")
    monkeypatch.setattr(house.waiting, "heads", heads)


def claim_for_another(uuid: str) -> Callable[[Connection], object]:
    return lambda conn: conn.execute(update(calls).where(calls.c.uuid == uuid).values(state="dialled", started_at=AT))


# --- a call that is dialled -------------------------------------------------------------------------------------------


async def test_what_is_accepted_is_dialled_and_gives_everything_back_at_its_end(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    assert (house.conductor.running, house.routes.taken, house.queue.waiting) == (1, 1, {})
    assert isinstance(house.media.worker.told[0], protocol.Load), "the voice is read before anybody waits for it"
    house.wire.ring(call)
    house.wire.answer(call)
    await house.wire.acknowledged()
    house.wire.hang_up(call)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "", "")
    await house.quiet()


async def test_states_are_counted_and_each_end_is_told_with_its_company(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    assert house.conductor.states() == {"dialling": 1}
    house.wire.ring(call)
    assert house.conductor.states() == {"ringing": 1}
    house.wire.reject(call, 486)
    await house.ended(uuid)
    await house.quiet()
    ((company, end),) = house.told
    assert (company, end.cause, end.answered_at) == ("2028", Cause.BUSY, None)
    assert house.conductor.states() == {}


async def test_a_call_whose_first_invite_is_being_stored_is_seen_as_dialling(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.routes.places = 0
    await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready, and waits for a trunk")
    gate = Gate(house.store, monkeypatch)
    gate.hold()
    house.routes.places = 1
    await until(lambda: house.conductor.running == 1, "it has its turn")
    assert house.conductor.states() == {"dialling": 1}
    gate.let_go()
    await house.wire.invited()


async def test_the_end_of_a_call_that_is_not_dialled_is_told_too(house: House) -> None:
    await house.accept(at=datetime.now(UTC) - timedelta(hours=2))
    await until(lambda: bool(house.told), "its end is told")
    assert [(company, end.cause) for company, end in house.told] == [("2028", Cause.TIMER_EXPIRED)]


async def test_the_call_that_has_waited_longest_is_known(house: House) -> None:
    assert await house.store.read(ledger.oldest_waiting) is None
    house.routes.places = 0
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=50)
    await house.accept(at=first)
    await house.accept()
    assert await house.store.read(ledger.oldest_waiting) == first


async def test_calls_wait_for_a_place_on_the_trunk_and_get_one_that_is_given_back(house: House) -> None:
    house.routes.places = 1
    one = await house.accept()
    first = await house.wire.invited()
    other = await house.accept()
    await until(lambda: bool(house.conductor.hold_ups), "the other one is held up")
    assert call_states(house.store) == {one: "dialled", other: "waiting"}
    assert house.conductor.hold_ups == {COMPANY.code: "1 of 1 places are taken"}
    house.wire.reject(first, 486)
    await house.ended(one)
    house.wire.reject(await house.wire.invited(), 603)
    await house.ended(other)
    assert [record(house.store, uuid)[0] for uuid in (one, other)] == [10006, 10003]


async def test_one_trunk_place_after_the_other_goes_to_the_companies_in_turn(house: House) -> None:
    house.routes.places = 0
    for company in ("1", "1", "2", "2"):
        await house.accept(company)
    await until(lambda: house.waiting.ready == 4, "all are ready")
    house.routes.places = 1
    order = []
    for _ in range(4):
        call = await house.wire.invited()
        (uuid,) = [uuid for uuid, state in call_states(house.store).items() if state == "dialled"]
        house.wire.reject(call, 486)
        await house.ended(uuid)
        order.append(next(str(m["companycode"]) for m in owed(house.store) if m["uuid"] == uuid))
    assert order in (["1", "2", "1", "2"], ["2", "1", "2", "1"])


# --- a call that is not dialled, or not yet ---------------------------------------------------------------------------


async def test_where_there_is_no_trunk_at_all_a_call_ends_with_its_record(house: House) -> None:
    house.routes.there = False
    uuid = await house.accept()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10004, 10004, "", "")
    assert house.wire.network.sent == []
    await until(lambda: house.queue.waiting == {}, "it waits no longer")
    assert owed(house.store)[0]["starttime"] == owed(house.store)[0]["endtime"]


async def test_a_call_that_expires_in_the_queue_ends_with_its_record(house: House) -> None:
    house.routes.places = 0
    uuid = await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready, and waits for a trunk")
    house.wire.pass_time(COMPANY.expire_after + 1)
    house.routes.places = 1
    await house.ended(uuid)
    assert record(house.store, uuid) == (10011, 10011, "", "")
    assert house.wire.network.sent == []
    await until(lambda: house.queue.waiting == {}, "it waits no longer")


async def test_a_call_whose_company_is_given_another_trunk_while_it_waits_is_dialled_over_that_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.routes.places = 0
    house.companies.by_code["2028"] = replace(COMPANY, trunks=("carrier",))
    await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready, and waits for a trunk")
    house.companies.by_code["2028"] = replace(COMPANY, trunks=("renamed",))
    house.routes.trunk = replace(house.routes.trunk, name="renamed")
    await looks(house, monkeypatch)
    house.routes.places = 1
    await house.wire.invited()


async def test_a_call_whose_company_goes_while_it_waits_is_not_dialled_and_owes_nothing(house: House) -> None:
    house.routes.places = 0
    uuid = await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready, and waits for a trunk")
    del house.companies.by_code["2028"]
    await house.ended(uuid)
    (call,) = rows(house.store, calls)
    assert (call.hangupcause, call.hangupdirection) == (10020, 10020)
    assert (owed(house.store), house.wire.network.sent) == ([], [])
    await until(lambda: house.queue.waiting == {}, "it waits no longer")


async def test_a_call_waits_while_media_have_no_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.media.has_room = False
    uuid = await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready")
    await looks(house, monkeypatch)
    assert (house.waiting.ready, house.media.asked, house.routes.taken) == (1, 0, 0)
    assert house.conductor.hold_ups == {COMPANY.code: "the media process has no room for one more leg"}
    house.media.has_room = True
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(uuid)


async def test_a_call_that_gets_no_rtp_port_waits_on_and_its_place_is_given_back(house: House) -> None:
    house.media.refuses = True
    uuid = await house.accept()
    await until(lambda: house.media.asked >= 3, "it is tried again")
    await until(lambda: house.routes.taken == 0, "the place is given back")
    assert (house.conductor.running, house.queue.waiting) == (0, {"2028": 1})
    assert house.conductor.hold_ups == {"2028": "no RTP port is free"}
    assert call_states(house.store) == {uuid: "waiting"}
    house.media.refuses = False
    house.wire.reject(await house.wire.invited(), 486)
    assert house.queue.waiting == {}
    await house.ended(uuid)


async def test_a_fault_while_a_port_is_reserved_costs_neither_the_call_nor_its_place(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve, faults = house.media.reserve, 0

    async def broken(on_event: Callable[[MediaEvent], None]) -> Stream:
        nonlocal faults
        faults += 1
        if faults == 1:
            raise RuntimeError("a fault of ours")
        return await reserve(on_event)

    monkeypatch.setattr(house.media, "reserve", broken)
    house.routes.places = 1
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(uuid)


async def test_a_call_that_is_hung_up_while_a_port_is_reserved_ends_and_is_not_dialled(house: House) -> None:
    house.media.held = asyncio.Event()
    uuid = await house.accept()
    await until(lambda: house.media.asked == 1, "a port is asked for")
    assert house.conductor.has(uuid)
    assert await house.conductor.hang_up(uuid)
    house.media.held.set()
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10007, "", "")
    await until(lambda: house.routes.taken == 0, "its place is given back")
    assert house.wire.network.sent == []
    await house.quiet()


async def test_a_stop_while_a_port_is_reserved_leaves_the_call_waiting_and_its_place_free(house: House) -> None:
    house.media.held = asyncio.Event()
    uuid = await house.accept()
    await until(lambda: house.media.asked, "a port is asked for")
    await house.stop()
    assert (house.routes.taken, call_states(house.store)) == (0, {uuid: "waiting"})


async def test_a_fault_while_dialling_stops_no_later_call(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    take, faults = house.routes.take, 0

    def broken(*arguments: object) -> object:
        nonlocal faults
        faults += 1
        if faults <= 2:
            raise RuntimeError("a fault of ours")
        return take(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(house.routes, "take", broken)
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(uuid)
    assert faults == 3


async def test_a_company_whose_calls_can_not_be_dialled_for_a_fault_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.companies.by_code["1"] = replace(house.companies.by_code["1"], trunks=("odd",))
    house.routes.other_trunks = (replace(house.routes.trunk, name="odd"),)
    take = house.routes.take

    def faulty(names: Sequence[str] | None, tried: Tried, now: float) -> tuple[Trunk, Flow] | None:
        if names == ("odd",):
            raise RuntimeError("a fault of ours")
        return take(names, tried, now)

    with structlog.testing.capture_logs() as log, monkeypatch.context() as fault:
        fault.setattr(house.routes, "take", faulty)
        first = await house.accept("1")
        await until(lambda: bool(house.conductor.hold_ups), "it is held up")
        second = await house.accept("2")
        house.wire.reject(await house.wire.invited(), 486)
        await house.ended(second)
        await looks(house, monkeypatch)
    assert house.conductor.hold_ups == {"1": FAILED}
    assert [line["uuid"] for line in log if line["event"] == "dialling_failed"] == [first], "told once"
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(first)


async def test_while_nothing_can_be_stored_nobody_is_dialled(
    house: House, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    first = await house.accept()
    call = await house.wire.invited()
    house.routes.places = 0
    others = [await house.accept() for _ in range(3)]
    await until(lambda: house.waiting.ready == 3, "the others are ready")
    gate = Gate(store, monkeypatch)
    gate.away = True
    await until(lambda: gate.tries >= 2, "it is noticed")
    house.routes.places = 100
    seen = gate.tries
    await until(lambda: gate.tries >= seen + 5, "the conductor has looked for calls meanwhile")
    assert (house.routes.taken, house.waiting.ready) == (1, 3), "else all would leave at once when the store is back"
    gate.away = False
    for _ in others:
        house.wire.reject(await house.wire.invited(), 486)
    house.wire.reject(call, 486)
    for uuid in (first, *others):
        await house.ended(uuid)


async def test_what_ended_while_nothing_could_be_stored_has_its_record_before_anybody_else_is_dialled(
    house: House, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    first = await house.accept()
    call = await house.wire.invited()
    house.routes.places = 0
    second = await house.accept()
    await until(lambda: house.waiting.ready == 1, "the other is ready")
    gate = Gate(store, monkeypatch)
    monkeypatch.setattr(journal, "AGAIN", 3600.0)
    gate.away = True
    await until(lambda: gate.tries >= 2, "it is noticed")
    house.wire.reject(call, 486)
    house.routes.places = 100
    seen = gate.tries
    await until(lambda: gate.tries >= seen + 5, "the record was tried in vain")
    gate.away = False
    dialled = await house.wire.invited()
    assert call_states(store) == {first: "ended", second: "dialled"}
    house.wire.reject(dialled, 486)
    await house.ended(second)


# --- stop -------------------------------------------------------------------------------------------------------------


async def test_a_call_that_runs_may_end_by_itself_and_none_is_dialled_meanwhile(house: House) -> None:
    talking = await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    draining = asyncio.ensure_future(house.conductor.drain(60, asyncio.Event()))
    await until(lambda: house.conductor._dialling is not None and house.conductor._dialling.done(), "nobody dials")
    waiting = await house.accept()
    beat = house.store.read_now(lambda conn: conn.execute(select(servers.c.heartbeat_at)).scalar())
    await until(
        lambda: house.store.read_now(lambda conn: conn.execute(select(servers.c.heartbeat_at)).scalar()) != beat,
        "that calls run is still noted, for a crash",
    )
    assert not draining.done()
    house.wire.hang_up(call)
    async with asyncio.timeout(10):
        await draining
    assert call_states(house.store) == {talking: "ended", waiting: "waiting"}
    assert record(house.store, talking) == (10001, 10041, "", "")


async def test_calls_have_so_long_to_end_by_themselves_and_no_longer_than_until_it_is_hurried(house: House) -> None:
    await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    hurried = asyncio.Event()
    async with asyncio.timeout(10):
        await house.conductor.drain(0.01, hurried)
        draining = asyncio.ensure_future(house.conductor.drain(3600, hurried))
        await asyncio.sleep(0)
        hurried.set()
        await draining
    assert house.conductor.running == 1, "what runs then is for stop to end"
    stopping = asyncio.ensure_future(house.conductor.stop(10))
    await house.wire.ended()
    await stopping


async def test_a_call_that_waits_while_others_end_can_be_hung_up_and_is_dialled_at_no_later_start(house: House) -> None:
    await house.conductor.drain(0, asyncio.Event())
    uuid = await house.accept()
    assert await house.conductor.hang_up(uuid)
    assert record(house.store, uuid) == (10007, 10007, "", "")
    assert not house.conductor.has(uuid)


async def test_a_drain_without_calls_is_over_at_once(house: House) -> None:
    async with asyncio.timeout(10):
        await house.conductor.drain(3600, asyncio.Event())


async def test_stop_ends_what_runs_with_records_and_waits_for_the_far_ends(house: House) -> None:
    ringing, talking = await house.accept(), None
    house.wire.ring(await house.wire.invited())
    talking = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    stopping = asyncio.ensure_future(house.conductor.stop(10))
    await until(lambda: call_states(house.store) == {ringing: "ended", talking: "ended"}, "both have their records")
    assert not stopping.done(), "nobody has confirmed CANCEL and BYE yet"
    assert sorted(leg_states(house.store)) == ["ending", "ending"]
    await house.wire.cancelled()
    await house.wire.ended()
    async with asyncio.timeout(10):
        await stopping
    assert leg_states(house.store) == ["ended", "ended"], "all is stored when stop returns"
    assert record(house.store, ringing) == (10007, 10007, "", "")
    assert record(house.store, talking) == (10007, 10040, "", "")


async def test_stop_waits_for_silent_far_ends_no_longer_than_it_may(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAR_ENDS", 0.05)
    uuid = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    house.wire.network.loss = 1.0
    async with asyncio.timeout(30):
        await house.conductor.stop(20)
    assert record(house.store, uuid) == (10007, 10040, "", "")
    assert leg_states(house.store) == ["ending"], "the next start ends it"
    house.wire.pass_time(33)


async def test_what_waits_is_left_waiting_by_a_stop_and_dialled_by_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    house.routes.places = 0
    accepted = [await house.accept() for _ in range(2)]
    await until(lambda: house.waiting.ready == 2, "both are ready")
    await house.stop()
    assert set(call_states(house.store).values()) == {"waiting"}
    assert owed(house.store) == []
    after = House(house.store, tmp_path, monkeypatch)
    await after.conductor.start()
    for _ in accepted:
        after.wire.reject(await after.wire.invited(), 486)
    for uuid in accepted:
        await after.ended(uuid)
    await after.stop()
    await after.quiet()


async def test_a_call_that_is_cut_before_it_is_claimed_is_not_dialled_and_has_its_record(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(house.store, monkeypatch)
    uuid = await house.accept()
    gate.hold()
    await until(lambda: house.conductor.running, "it is about to be dialled")
    stopping = asyncio.ensure_future(house.conductor.stop(10))
    await until(lambda: house.routes.taken == 0, "its place is given back")
    gate.let_go()
    async with asyncio.timeout(10):
        await stopping
    assert record(house.store, uuid) == (10007, 10007, "", "")
    assert house.wire.network.sent == []


async def test_a_call_that_somebody_else_has_claimed_is_left_to_him(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(house.store, monkeypatch)
    uuid = await house.accept()
    gate.hold()
    await until(lambda: house.conductor.running, "it is about to be dialled")
    house.store.write_now(claim_for_another(uuid))
    gate.let_go()
    await house.quiet()
    assert (house.wire.network.sent, owed(house.store)) == ([], [])
    assert call_states(house.store) == {uuid: "dialled"}


async def test_a_call_that_somebody_else_has_claimed_can_be_cut_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(house.store, monkeypatch)
    with structlog.testing.capture_logs() as told:
        uuid = await house.accept()
        gate.hold()
        await until(lambda: house.conductor.running, "it is about to be dialled")
        house.store.write_now(claim_for_another(uuid))
        house.conductor.lose(house.media.streams)
        gate.let_go()
        await house.quiet()
    assert house.wire.network.sent == []
    assert not [entry for entry in told if entry["log_level"] == "error"], "it is over once"


# --- media ------------------------------------------------------------------------------------------------------------


async def test_a_media_loss_ends_the_calls_whose_streams_it_took_and_no_other(house: House) -> None:
    lost, kept = await house.accept(), None
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    kept = await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    house.conductor.lose([house.media.streams[0]])
    await house.ended(lost)
    assert record(house.store, lost) == (10007, 10040, "", "")
    await until(lambda: house.conductor.running == 1, "one call is over")
    assert call_states(house.store)[kept] == "answered"
    house.wire.hang_up(call)
    await house.ended(kept)
    assert record(house.store, kept) == (10001, 10041, "", "")


async def test_the_loss_of_an_agents_stream_ends_its_call(house: House) -> None:
    uuid = await house.accept()
    house.wire.answer(await house.wire.invited())
    await house.wire.acknowledged()
    customer = house.media.streams[0]
    customer.on_event(protocol.KeyPressed(customer.number, "1"))
    house.wire.ring(await house.wire.invited("phone"))
    house.conductor.lose(house.media.streams[1:])
    await house.wire.cancelled("phone")
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10040, "1", "")


# --- the heartbeat ----------------------------------------------------------------------------------------------------


async def test_the_server_notes_that_it_lives_while_calls_run(house: House) -> None:
    assert rows(house.store, servers) == []
    uuid = await house.accept()
    call = await house.wire.invited()
    await until(lambda: rows(house.store, servers), "a heartbeat")
    (first,) = rows(house.store, servers)
    await until(lambda: rows(house.store, servers)[0].heartbeat_at > first.heartbeat_at, "a later heartbeat")
    house.wire.reject(call, 486)
    await house.ended(uuid)


async def test_a_fault_in_one_heartbeat_is_not_the_last_of_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([ValueError("no time")] * 2)

    def beat(conn: Connection, at: datetime) -> None:
        for failure in failures:
            raise failure
        heartbeat(conn, at)

    monkeypatch.setattr(module, "heartbeat", beat)
    with structlog.testing.capture_logs() as log:
        uuid = await house.accept()
        call = await house.wire.invited()
        await until(lambda: rows(house.store, servers), "a heartbeat")
    assert "heartbeat_failed" in [line["event"] for line in log]
    house.wire.reject(call, 486)
    await house.ended(uuid)


async def test_a_fault_as_the_heartbeat_file_is_written_is_not_the_end_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write, failures = house.parts.heartbeat.write, iter([RuntimeError("can't start new thread")])

    def faulty(at: datetime) -> None:
        for failure in failures:
            raise failure
        write(at)

    monkeypatch.setattr(house.parts.heartbeat, "write", faulty)
    with structlog.testing.capture_logs() as log:
        uuid = await house.accept()
        call = await house.wire.invited()
        await until((tmp_path / "heartbeat").exists, "it is written the next time")
    assert [line["log_level"] for line in log if line["event"] == "heartbeat_failed"] == ["error"]
    house.wire.reject(call, 486)
    await house.ended(uuid)


class Lock:
    """Holds the store's writer, as another process does that has locked the database."""

    def __init__(self, store: Store) -> None:
        self._begun, self._over = threading.Event(), threading.Event()
        self._store = store

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._store.write(self._hold))
        assert await asyncio.to_thread(self._begun.wait, 10)

    async def __aexit__(self, *_exception: object) -> None:
        self._over.set()
        await self._task

    def _hold(self, _conn: Connection) -> None:
        self._begun.set()
        assert self._over.wait(30)


async def test_while_the_database_is_locked_a_file_notes_that_the_server_lives(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    await until(lambda: rows(house.store, servers), "a heartbeat")
    async with Lock(house.store):
        since = datetime.now(UTC)

        def lives() -> bool:
            last = house.store.read_now(house.parts.heartbeat.last)
            return last is not None and last > since

        await until(lives, "the file has it")
        (row,) = rows(house.store, servers)
        assert row.heartbeat_at < since
    house.wire.reject(call, 486)
    await house.ended(uuid)


async def test_a_heartbeat_that_had_to_wait_for_the_database_is_of_when_it_was_written(house: House) -> None:
    async with Lock(house.store):
        beating = asyncio.create_task(house.store.write(module._beat))
        await asyncio.sleep(0)
        before = datetime.now(UTC)
    assert await beating >= before


async def test_a_heartbeat_file_that_can_not_be_written_ends_nothing(house: House, tmp_path: Path) -> None:
    (tmp_path / "heartbeat").mkdir()
    with structlog.testing.capture_logs() as log:
        uuid = await house.accept()
        call = await house.wire.invited()
        await until(lambda: "heartbeat_file_not_written" in [line["event"] for line in log], "it was tried")
        await until(lambda: rows(house.store, servers), "a heartbeat")
    house.wire.reject(call, 486)
    await house.ended(uuid)


# --- what an operator sees and does -----------------------------------------------------------------------------------


async def test_a_running_call_is_seen_with_its_state_and_is_hung_up(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    assert [(view.uuid, view.state) for view in house.conductor.views()] == [(uuid, "dialling")]
    house.wire.ring(call)
    await until(lambda: house.conductor.views()[0].state == "ringing", "it rings")
    house.wire.answer(call)
    await house.wire.acknowledged()
    (view,) = house.conductor.views()
    assert (view.state, view.agents, view.key) == ("playing", (), "")
    assert view.answered_at is not None
    assert await house.conductor.hang_up(uuid)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10040, "", "")
    await until(lambda: house.conductor.views() == [], "nothing is left of it")


async def test_a_waiting_call_is_hung_up_undialled(house: House) -> None:
    house.routes.places = 0
    uuid = await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready")
    assert await house.conductor.hang_up(uuid)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10007, "", "")
    assert not await house.conductor.hang_up(uuid)


@pytest.mark.parametrize("refused", [False, True])
async def test_a_call_that_is_hung_up_while_its_port_is_reserved_is_never_dialled(house: House, refused: bool) -> None:
    house.media.held = asyncio.Event()
    uuid = await house.accept()
    await until(lambda: house.media.asked == 1, "a port is being reserved")
    assert house.conductor.has(uuid)
    assert await house.conductor.hang_up(uuid)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10007, 10007, "", "")
    assert not await house.conductor.hang_up(uuid)
    house.media.refuses = refused
    house.media.held.set()
    await until(lambda: (house.routes.taken, house.media.held_streams) == (0, []), "all is given back")
    assert (house.wire.network.sent, house.voices.lent, house.queue.waiting) == ([], set(), {})


async def test_a_call_that_is_hung_up_while_it_is_claimed_ends_with_one_record_and_is_never_dialled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.routes.places = 0
    uuid = await house.accept()
    await until(lambda: house.waiting.ready == 1, "it is ready")
    gate = Gate(house.store, monkeypatch)
    gate.hold()
    house.routes.places = 1
    await until(lambda: house.conductor.running == 1, "it is being claimed")
    assert await house.conductor.hang_up(uuid)
    gate.let_go()
    await house.ended(uuid)
    await house.quiet()
    assert record(house.store, uuid) == (10007, 10007, "", "")
    assert house.wire.network.sent == []
