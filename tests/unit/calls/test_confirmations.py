"""Confirmed legs, gathered and stored together."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs
from tests.unit.calls.stored import AT, accept, leg_states, rows, run

from playvoice.calls import confirmations as module
from playvoice.calls import ledger, trace_parts
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.tables import LegKind
from playvoice.calls.tables import legs as table
from playvoice.calls.tables import traces as traces_table
from playvoice.calls.trace_parts import Passed
from playvoice.calls.traces import Traces
from playvoice.clock import Clock
from playvoice.media.client import StreamStats
from playvoice.sip import Flow, Transport
from playvoice.store import OutcomeUnknown, Store, StoreUnavailable

FLOW = Flow(Transport.UDP, ("192.0.2.9", 5080), ("192.0.2.1", 5060))


@pytest.fixture
async def legs(store: Store) -> list[str]:
    """Three legs that are ending."""
    stored = await accept(store)
    names = ["leg-1", "leg-2", "leg-3"]

    def ending(conn: Connection) -> None:
        for name in names:
            ledger.add_leg(conn, stored.uuid, name, LegKind.AGENT, "invite", AT)
            ledger.leg_ended(conn, name, AT, confirmed=False)

    run(store, ending)
    return names


def counted(store: Store, monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> list[object]:
    """Each write of the store; the first ones fail."""
    seen: list[object] = []
    write = store.write

    async def count(fact: Callable[[Connection], Any]) -> Any:
        seen.append(fact)
        if len(seen) <= failures:
            raise StoreUnavailable("the disk is full")
        return await write(fact)

    monkeypatch.setattr(store, "write", count)
    return seen


async def test_what_comes_together_is_stored_by_one_statement(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = counted(store, monkeypatch)
    confirmations = Confirmations(store)
    for leg in legs:
        confirmations.add(leg)
    assert repr(confirmations) == "<Confirmations 3 to be stored>"
    await confirmations.written()
    assert leg_states(store) == ["ended"] * 3
    assert len(writes) == 1


async def test_what_nobody_waits_for_is_stored_all_the_same(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    stored = asyncio.Event()
    write = store.write

    async def tell(fact: Callable[[Connection], Any]) -> Any:
        result = await write(fact)
        stored.set()
        return result

    monkeypatch.setattr(store, "write", tell)
    Confirmations(store).add(legs[0])
    async with asyncio.timeout(10):
        await stored.wait()
    assert sorted(leg_states(store)) == ["ended", "ending", "ending"]


async def test_while_nothing_can_be_stored_they_wait(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    writes = counted(store, monkeypatch, failures=3)
    confirmations = Confirmations(store)
    confirmations.add(legs[0])
    await confirmations.written()
    assert len(writes) == 4
    assert sorted(leg_states(store)) == ["ended", "ending", "ending"]


async def test_many_are_stored_in_several_statements(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    writes = counted(store, monkeypatch)
    confirmations = Confirmations(store)
    for leg in legs:
        confirmations.add(leg)
    await confirmations.written()
    assert (leg_states(store), len(writes)) == (["ended"] * 3, 2)


async def test_what_the_streams_did_is_stored_in_the_same_commit_as_the_confirmations(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = counted(store, monkeypatch, failures=1)
    monkeypatch.setattr(module, "EVERY", 0.01)
    confirmations = Confirmations(store)
    confirmations.add_stream(legs[0], StreamStats(sent=50))
    confirmations.add(legs[0])
    confirmations.add_stream(legs[1], StreamStats(sent=60))
    assert repr(confirmations) == "<Confirmations 3 to be stored>"
    await confirmations.written()
    assert len(writes) == 2, "the first one failed"
    assert [(row.packets_sent, row.state) for row in rows(store, table)] == [
        (50, "ended"),
        (60, "ending"),
        (None, "ending"),
    ]


async def test_a_fault_in_what_is_stored_costs_what_comes_later_nothing(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmations = Confirmations(store)
    with capture_logs() as log:
        confirmations.add_stream(legs[0], StreamStats(jitter=float("inf")))
        await confirmations.written()
    assert [line["event"] for line in log] == ["confirmations_failed"]
    confirmations.add(legs[1])
    await confirmations.written()
    assert [row.state for row in rows(store, table)] == ["ending", "ended", "ending"]


@pytest.mark.parametrize("held", [True, False])
async def test_a_trace_is_stored_once_whether_a_commit_of_unknown_outcome_held_or_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    write, writes = store.write, 0
    confirmations = Confirmations(store)
    traces = Traces(confirmations.add_trace)

    async def lose(fact: Callable[[Connection], Any]) -> Any:
        nonlocal writes
        writes += 1
        if writes > 1 or held:
            await write(fact)
        if writes == 1:
            end(traces, "two", b"comes meanwhile")
            raise OutcomeUnknown("the connection was lost while it committed")

    monkeypatch.setattr(store, "write", lose)
    end(traces, "one", b"message")
    await confirmations.written()
    assert [row.call_uuid for row in rows(store, traces_table)] == ["one", "two"]
    assert (writes, traces.held) == (2, 0)


def end(traces: Traces, uuid: str, data: bytes) -> None:
    """A call of one message is over."""
    trace = traces.begin(uuid, Clock())
    trace.follow(uuid)
    trace.add(Passed(0.0, True, FLOW, data))
    traces.ended(uuid)
    trace.end()


async def test_a_trace_that_can_not_be_packed_costs_the_others_nothing_and_gives_its_memory_back(
    store: Store, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_parts, "mask_secrets", fail_at(b"bad"))
    confirmations = Confirmations(store)
    traces = Traces(confirmations.add_trace)
    with capture_logs() as log:
        for uuid, data in (("one", b"bad"), ("two", b"good")):
            end(traces, uuid, data)
        confirmations.add(legs[0])
        await confirmations.written()
    assert [(line["event"], line["uuid"]) for line in log] == [("trace_not_packed", "one")]
    assert [row.call_uuid for row in rows(store, traces_table)] == ["two"]
    assert (traces.held, sorted(leg_states(store))) == (0, ["ended", "ending", "ending"])


def fail_at(wanted: bytes) -> Callable[[bytes], bytes]:
    def mask(data: bytes) -> bytes:
        if data == wanted:
            raise RuntimeError("a fault of ours")
        return data

    return mask
