"""What is dropped is counted, and told of in a bounded number of lines."""

from playvoice.sip.drops import INTERVAL, MAX_REASON, Dropped, Drops, Kind
from playvoice.sip.flow import Flow, Transport

FLOW = Flow(Transport.UDP, ("192.0.2.1", 5060), ("192.0.2.2", 5060))
OTHER = Flow(Transport.UDP, ("192.0.2.9", 5060), ("192.0.2.2", 5060))


def test_the_first_is_told_at_once_and_a_flood_once_an_interval() -> None:
    drops = Drops()
    drops.note(Kind.STRANGER, FLOW, 0.0, "OPTIONS")
    assert drops.take() == [Dropped(Kind.STRANGER, 1, FLOW, "OPTIONS")]
    for _ in range(10_000):
        drops.note(Kind.STRANGER, OTHER, 3.0, "INVITE")
    assert drops.take() == []
    assert drops.next_deadline() == INTERVAL
    drops.on_deadline(INTERVAL)
    assert drops.take() == [Dropped(Kind.STRANGER, 10_000, OTHER, "INVITE")]
    assert drops.next_deadline() == 2 * INTERVAL
    assert drops.counters[Kind.STRANGER] == 10_001


def test_an_interval_in_which_nothing_came_ends_in_silence() -> None:
    drops = Drops()
    drops.note(Kind.STRANGER, FLOW, 0.0)
    drops.take()
    drops.on_deadline(INTERVAL)
    assert drops.take() == []
    assert drops.next_deadline() is None
    drops.note(Kind.STRANGER, FLOW, 11.0)
    assert [dropped.count for dropped in drops.take()] == [1]


def test_each_kind_is_told_on_its_own() -> None:
    drops = Drops()
    drops.note(Kind.STRANGER, FLOW, 0.0)
    drops.note(Kind.MALFORMED, FLOW, 1.0)
    drops.note(Kind.MALFORMED, FLOW, 2.0)
    assert [dropped.kind for dropped in drops.take()] == [Kind.STRANGER, Kind.MALFORMED]
    drops.on_deadline(INTERVAL)
    assert drops.take() == []
    assert drops.next_deadline() == 1.0 + INTERVAL


def test_a_reason_is_cut() -> None:
    drops = Drops()
    drops.note(Kind.MALFORMED, FLOW, 0.0, "x" * 70_000)
    assert len(drops.take()[0].reason) == MAX_REASON
