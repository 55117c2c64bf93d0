"""Traces in a store: kept with the legs, removed by age and size."""

from structlog.testing import capture_logs
from tests.unit.calls.stored import later, run

from playvoice.calls import trace_store
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.trace_parts import Packed, Raw, pack
from playvoice.calls.traces import CallTrace, Traces
from playvoice.clock import Clock
from playvoice.sip import Flow, Transport
from playvoice.store import Store


def packed(uuid: str, seconds: float = 0.0, body: bytes = b"12345678") -> Packed:
    return Packed(uuid, later(seconds), body, lambda: None)


def keep(store: Store, *parts: Packed) -> None:
    run(store, lambda conn: trace_store.keep(conn, parts))


def kept(store: Store) -> int:
    return store.read_now(trace_store.size)


def test_the_parts_of_a_call_are_read_in_their_order(store: Store) -> None:
    parts = [
        pack(Raw("one", lambda now: later(now), False, notes=[(float(number), str(number), {})])) for number in range(2)
    ]
    keep(store, *parts, packed("other"))
    read = store.read_now(lambda conn: trace_store.read(conn, "one"))
    assert [part.notes[0].event for part in read] == ["0", "1"]


def test_a_part_that_can_not_be_read_is_left_out_and_told(store: Store) -> None:
    keep(store, packed("one"))
    with capture_logs() as logs:
        assert store.read_now(lambda conn: trace_store.read(conn, "one")) == []
    assert [(line["event"], line["uuid"]) for line in logs] == [("trace_unreadable", "one")]


def test_what_is_too_old_is_removed_a_few_rows_at_once(store: Store) -> None:
    keep(store, packed("old"), packed("old"), packed("border", 60), packed("young", 3_600))
    counts = [store.write_now(lambda conn: trace_store.remove(conn, later(60), 1)) for _ in range(3)]
    assert counts == [1, 1, 0]
    assert kept(store) == 16


def test_what_is_too_much_is_removed_the_oldest_first_a_few_rows_at_once(store: Store) -> None:
    keep(store, *(packed(str(number)) for number in range(6)))
    assert store.write_now(lambda conn: trace_store.remove_octets(conn, 9, 10)) == 2
    assert store.write_now(lambda conn: trace_store.remove_octets(conn, 100, 1)) == 1
    assert store.write_now(lambda conn: trace_store.remove_octets(conn, 0, 10)) == 0
    assert store.read_now(lambda conn: conn.execute(trace_store._OLDEST, {"most": 1}).one().id) == 4


async def test_a_trace_is_stored_with_the_legs_and_gives_its_memory_back(store: Store) -> None:
    confirmations = Confirmations(store)
    traces = Traces(confirmations.add_trace)
    trace: CallTrace = traces.begin("one", Clock())
    trace.follow("a")
    flow = Flow(Transport.UDP, ("192.0.2.9", 5080), ("192.0.2.1", 5060))
    traces(b"BYE x SIP/2.0\r\nCall-ID: a\r\n\r\n", flow, sent=True, now=trace.clock.now())
    trace.end()
    traces.ended("a")
    assert repr(confirmations) == "<Confirmations 1 to be stored>"
    await confirmations.written()
    (part,) = store.read_now(lambda conn: trace_store.read(conn, "one"))
    assert len(part.messages) == 1
    assert repr(traces) == "<Traces of 1 legs, 0 octets>"
