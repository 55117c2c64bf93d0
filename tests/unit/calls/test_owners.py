"""Whose SIP calls are whose; and a leg that we end, whatever crosses, until its far end has confirmed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.unit.calls.stored import AT, Gate, accept, leg_states, rows, run
from tests.unit.calls.wire import Wire, invite
from tests.waiting import until

from playvoice.calls import ledger
from playvoice.calls import owners as module
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.journal import Journal
from playvoice.calls.owners import Ending, Owners
from playvoice.calls.tables import LegKind, legs
from playvoice.clock import Clock
from playvoice.sip import (
    COMPLETED_ELSEWHERE,
    CallState,
    Event,
    IncomingCall,
    OutgoingCall,
    Provisional,
    RequestReceived,
)
from playvoice.store import Store


class Listener:
    """An owner that notes."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def on_sip(self, event: Event) -> None:
        self.heard.append(event)


class SimulatedClock(Clock):
    """A call's clock on the network's time."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def now(self) -> float:
        return self._wire.network.now


class Bench:
    """One stored leg to the carrier, and the end of it."""

    def __init__(self, store: Store, wire: Wire) -> None:
        self.store = store
        self.wire = wire
        self.faults: list[Exception] = []
        self.journal = Journal(store, self.faults.append)
        self.given_back = 0
        target, flow, from_ = invite(wire)
        self.sip = wire.agent.prepare_invite(target=target, flow=flow, from_=from_, body=OFFER)
        wire.owners.own(self.sip, Listener())

    def give_back(self) -> None:
        self.given_back += 1

    def send(self) -> None:
        self.sip.send(self.wire.network.now)
        self.wire.flush()
        self.wire.settle()

    def end(self, reason: str = "") -> None:
        clock = SimulatedClock(self.wire)
        ending = Ending(self.wire.owners, self.journal, clock, self.wire, leg="leg", then=self.give_back)
        ending.begin(self.sip, reason)
        self.wire.settle()

    async def confirmed(self) -> None:
        """Its far end is done with it, all of it is stored, and what it held is given back, once."""
        async with asyncio.timeout(10):
            await self.wire.owners.empty()
        await self.journal.written()
        assert (leg_states(self.store), self.given_back, self.faults) == (["ended"], 1, [])
        assert self.sip.state is CallState.ENDED
        assert len(self.wire.owners) == 0


OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


@pytest.fixture
async def bench(store: Store) -> Bench:
    stored = await accept(store)
    run(store, lambda conn: ledger.add_leg(conn, stored.uuid, "leg", LegKind.CUSTOMER, "invite", AT, trunk="carrier"))
    return Bench(store, Wire(Owners(Confirmations(store))))


@pytest.fixture
def owners(store: Store) -> Owners:
    return Owners(Confirmations(store))


def outgoing(wire: Wire) -> OutgoingCall:
    target, flow, from_ = invite(wire)
    return wire.agent.prepare_invite(target=target, flow=flow, from_=from_)


# --- owners -----------------------------------------------------------------------------------------------------------


async def test_an_event_goes_to_the_owner_of_its_call_and_to_no_other(owners: Owners) -> None:
    wire = Wire(owners)
    mine, other = outgoing(wire), outgoing(wire)
    listeners = Listener(), Listener()
    owners.own(mine, listeners[0])
    owners.own(other, listeners[1])
    event = Provisional(mine, 180, b"")
    assert owners.handle(event)
    assert (listeners[0].heard, listeners[1].heard) == ([event], [])
    assert (len(owners), repr(owners)) == (2, "<Owners of 2 SIP calls>")


async def test_an_event_of_nobody_is_not_handled(owners: Owners) -> None:
    wire = Wire(owners)
    stranger = outgoing(wire)
    assert not owners.handle(Provisional(stranger, 180, b""))
    owners.own(stranger, Listener())
    owners.disown(stranger)
    assert not owners.handle(Provisional(stranger, 180, b""))


async def test_a_request_outside_calls_is_not_handled(owners: Owners) -> None:
    wire = Wire(owners)
    _, flow, from_ = invite(wire)
    far = wire.far["carrier"]
    far.request(
        "OPTIONS",
        from_.uri,
        flow=wire.network.flow(flow.remote, flow.local),
        from_=from_,
        to=from_,
        now=wire.network.now,
    )
    wire.settle()
    (event,) = wire.unowned
    assert isinstance(event, RequestReceived)


async def test_the_last_owner_takes_over_from_the_one_before(owners: Owners) -> None:
    call = outgoing(Wire(owners))
    first, second = Listener(), Listener()
    owners.own(call, first)
    owners.own(call, second)
    owners.handle(Provisional(call, 180, b""))
    assert (len(first.heard), len(second.heard)) == (0, 1)


async def test_empty_waits_until_nobody_owns_anything(owners: Owners) -> None:
    wire = Wire(owners)
    calls = [outgoing(wire) for _ in range(2)]
    for call in calls:
        owners.own(call, Listener())
    empty = asyncio.ensure_future(owners.empty())
    owners.disown(calls[0])
    await asyncio.sleep(0)
    assert not empty.done()
    owners.disown(calls[1])
    owners.disown(calls[1])
    async with asyncio.timeout(10):
        await empty


# --- endings ----------------------------------------------------------------------------------------------------------


async def test_an_invite_that_was_not_sent_is_over_at_once_and_never_leaves(bench: Bench) -> None:
    bench.end()
    bench.send()
    await bench.confirmed()
    assert bench.wire.network.sent == []


async def test_a_ringing_leg_gets_cancel_and_is_over_when_its_invite_is_answered_by_487(bench: Bench) -> None:
    bench.send()
    call = await bench.wire.invited()
    bench.wire.ring(call)
    bench.end()
    await bench.wire.cancelled()
    await bench.confirmed()


async def test_a_leg_that_nobody_answers_is_over_after_timer_b(bench: Bench) -> None:
    bench.wire.network.loss = 1.0
    bench.send()
    bench.end()
    bench.wire.pass_time(31)
    assert bench.given_back == 0, "it keeps its place so long"
    bench.wire.pass_time(2)
    await bench.confirmed()
    assert bench.wire.sent("CANCEL") == [], "no CANCEL before a provisional response (RFC 3261 section 9.1)"


async def test_a_ringing_leg_that_never_confirms_the_cancel_is_over_after_32_seconds(bench: Bench) -> None:
    bench.send()
    call = await bench.wire.invited()
    bench.wire.ring(call)
    bench.wire.network.loss = 1.0
    bench.end()
    bench.wire.pass_time(31)
    assert bench.given_back == 0, "it keeps its place so long"
    bench.wire.pass_time(2)
    await bench.confirmed()


async def answered(bench: Bench) -> IncomingCall:
    bench.send()
    call = await bench.wire.invited()
    bench.wire.answer(call)
    return call


async def test_a_connected_leg_gets_bye(bench: Bench) -> None:
    await answered(bench)
    bench.sip.ack(bench.wire.network.now)
    bench.end()
    await bench.wire.ended()
    await bench.confirmed()
    assert len(bench.wire.sent("BYE")) == 1


async def test_a_bye_of_the_far_end_that_crosses_ours_is_the_end(bench: Bench) -> None:
    call = await answered(bench)
    bench.sip.ack(bench.wire.network.now)
    bench.wire.settle()
    call.bye(bench.wire.network.now)
    bench.end()
    await bench.wire.ended()
    await bench.confirmed()


async def test_an_answer_that_was_not_acknowledged_is_stored_before_ack_and_bye(bench: Bench) -> None:
    await answered(bench)
    bench.end()
    assert bench.wire.sent("ACK") == bench.wire.sent("BYE") == []
    await until(lambda: bench.wire.sent("BYE"), "the BYE follows the commit")
    (leg,) = rows(bench.store, legs)
    assert leg.dialog
    assert len(bench.wire.sent("ACK")) == 1
    bench.wire.settle()
    await bench.wire.ended()
    await bench.confirmed()


async def test_an_answer_that_crosses_the_cancel_gets_ack_and_bye(bench: Bench) -> None:
    bench.send()
    call = await bench.wire.invited()
    bench.wire.ring(call)
    body = bench.wire.description(call)
    call.answer(bench.wire.network.now, body)
    bench.wire.network.take("carrier")  # the 200 is on its way
    bench.end()
    await bench.wire.acknowledged()
    await bench.wire.ended()
    await bench.confirmed()


async def test_an_answer_that_comes_twice_is_ended_once(bench: Bench) -> None:
    bench.send()
    call = await bench.wire.invited()
    call.answer(bench.wire.network.now, bench.wire.description(call))
    bench.wire.network.run(0)
    bench.wire.network.run(0)
    assert bench.sip.state is CallState.ANSWERED, "the answer is there, and nobody was told yet"
    bench.end()
    await bench.wire.ended()
    await bench.confirmed()
    assert len(bench.wire.sent("BYE")) == 1


async def test_while_nothing_can_be_stored_an_answer_that_crossed_waits_for_its_bye(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = asyncio.Event()
    write = bench.store.write

    async def slow(fact: Callable[[Connection], Any]) -> Any:
        await stored.wait()
        return await write(fact)

    monkeypatch.setattr(bench.store, "write", slow)
    await answered(bench)
    bench.end()
    bench.wire.pass_time(20)
    assert bench.wire.sent("ACK") == bench.wire.sent("BYE") == []
    stored.set()
    await bench.wire.ended()
    await bench.confirmed()


async def test_nobody_is_done_before_it_is_stored_that_the_far_end_is(bench: Bench) -> None:
    """Who waits for `empty` closes the store next."""
    states: list[list[str]] = []

    async def empty() -> None:
        await bench.wire.owners.empty()
        states.append(leg_states(bench.store))

    bench.send()
    waiting = asyncio.ensure_future(empty())
    bench.wire.ring(await bench.wire.invited())
    bench.end()
    await bench.wire.cancelled()
    async with asyncio.timeout(10):
        await waiting
    assert states == [["ended"]]


async def test_a_confirmation_does_not_overtake_the_end_that_it_confirms(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(bench.store, monkeypatch)
    bench.send()
    call = await bench.wire.invited()
    bench.wire.ring(call)
    gate.hold()
    bench.journal.add(lambda conn: ledger.leg_ended(conn, "leg", AT, confirmed=False))
    bench.end()
    assert bench.sip.state is CallState.ENDED
    assert repr(bench.wire.owners.confirmations) == "<Confirmations 0 to be stored>", "its end is not stored yet"
    gate.let_go()
    await bench.confirmed()
    assert rows(bench.store, legs)[0].ended_at == AT


# --- faults of ours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("faults", "ended"), [(1, True), (module.TRIES, False)])
async def test_a_leg_is_ended_anew_after_a_fault_and_given_up_after_some(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, faults: int, ended: bool
) -> None:
    """What it held is given back either way; the next start ends what was given up."""
    monkeypatch.setattr(module, "AGAIN", 0.01)
    cancel, tries = bench.sip.cancel, 0

    def faulty(now: float, reason: str = "") -> None:
        nonlocal tries
        tries += 1
        if tries <= faults:
            raise RuntimeError("a fault of ours")
        cancel(now, reason)

    monkeypatch.setattr(bench.sip, "cancel", faulty)
    bench.send()
    bench.end()
    assert (len(bench.wire.owners), bench.given_back) == (1, 0)

    def is_given_back() -> bool:
        bench.wire.settle()
        return bench.given_back > 0

    await until(is_given_back, "its place is free")
    await bench.wire.owners.empty()
    assert (tries, bench.given_back) == (min(faults + 1, module.TRIES), 1)
    assert leg_states(bench.store) == ["ended" if ended else "dialled"]


async def test_a_leg_that_is_ended_anew_after_a_fault_says_the_same_reason(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.01)
    cancel, reasons = bench.sip.cancel, []

    def faulty(now: float, reason: str = "") -> None:
        reasons.append(reason)
        if len(reasons) == 1:
            raise RuntimeError("a fault of ours")
        cancel(now, reason)

    monkeypatch.setattr(bench.sip, "cancel", faulty)
    bench.send()
    bench.wire.ring(await bench.wire.invited())
    bench.end(COMPLETED_ELSEWHERE)
    await until(lambda: len(reasons) == 2, "it is ended anew")
    bench.wire.settle()
    await bench.confirmed()
    (sent,) = bench.wire.sent("CANCEL")
    assert f"Reason: {COMPLETED_ELSEWHERE}\r\n".encode() in sent, "or the phone shows a missed call"
