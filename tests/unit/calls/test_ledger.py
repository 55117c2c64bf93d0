"""Every fact is repeatable, on each kind of database: the second time changes nothing and owes nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from tests.samples import COMPANY
from tests.unit.calls.stored import AT, accept, call_states, later, leg_states, owed, record, rows, run, streamed
from tests.unit.calls.world import LINKS, SETTINGS

from playvoice.callbacks import callbacks
from playvoice.calls import ledger
from playvoice.calls.ledger import AgentOffer, End, Reports, StoredCall
from playvoice.calls.tables import LegKind, calls, legs
from playvoice.codes import HangupCause as Cause
from playvoice.media.client import StreamStats
from playvoice.store import Store

Fact = Callable[[Connection], object]

AGENT = AgentOffer("offer", "20280003", later(10))
STATS = StreamStats(900, 850, 7, 0.0123, sampled=True, far_lost=3, far_jitter=0.0047, round_trip=0.0318)
END = End(AT, later(5), later(60), Cause.NORMAL, Cause.CALLEE_HUNG_UP, "1", "20280003", "x.mp3")


def a_whole_call(stored: StoredCall) -> dict[str, Fact]:
    """All that is stored of a call whose agent answers, in order."""
    uuid, reports = stored.uuid, Reports(stored, COMPANY, SETTINGS)
    return {
        "claim": lambda conn: ledger.claim(conn, uuid, "leg-a", "carrier", "invite", AT),
        "replace_invite": lambda conn: ledger.replace_invite(conn, "leg-a", "invite with credentials"),
        "customer_answered": lambda conn: ledger.customer_answered(conn, uuid, "leg-a", "dialog a", later(5)),
        "key_decided": lambda conn: ledger.key_decided(conn, uuid, "1"),
        "add_leg": lambda conn: ledger.add_leg(conn, uuid, "leg-b", LegKind.AGENT, "invite b", later(10), offer=AGENT),
        "agent_rings": lambda conn: reports.agent_rings(conn, AGENT, "leg-b", later(11)),
        "agent_answered": lambda conn: reports.agent_answered(conn, AGENT, "leg-b", "dialog b", later(12), rang=False),
        "agent_ended": lambda conn: reports.agent_ended(conn, AGENT, ["leg-b"], later(60), rang=True, confirmed=False),
        "leg_ended": lambda conn: ledger.leg_ended(conn, "leg-a", later(60), confirmed=False),
        "keep_dialog": lambda conn: ledger.keep_dialog(conn, "leg-a", "dialog a, later"),
        "legs_streamed": lambda conn: ledger.legs_streamed(conn, [("leg-a", STATS), ("leg-b", StreamStats(sent=5))]),
        "legs_confirmed": lambda conn: ledger.legs_confirmed(conn, ["leg-b"]),
        "ended": lambda conn: reports.ended(conn, END),
    }


def everything(store: Store) -> list[object]:
    """All that a call has in the store."""
    return [rows(store, table) for table in (calls, legs, callbacks)]


async def test_each_fact_run_twice_changes_nothing_and_owes_nothing_twice(store: Store) -> None:
    for name, fact in a_whole_call(await accept(store, at=AT)).items():
        run(store, fact)
        once = everything(store)
        run(store, fact)
        assert everything(store) == once, name


async def test_facts_that_were_committed_together_can_be_run_again_together(store: Store) -> None:
    """Nobody knows whether a commit held whose answer was lost: the journal runs the whole batch once more."""
    facts = list(a_whole_call(await accept(store, at=AT)).values())
    for count in range(1, len(facts) + 1):
        run(store, *facts[:count])
        once = everything(store)
        run(store, *facts[:count])
        assert everything(store) == once, f"the first {count} facts"
    assert [message.get("status") for message in owed(store)] == ["ring", "answer", "hangup", None]


async def test_a_whole_call_leaves_its_record_and_states_in_order(store: Store) -> None:
    stored = await accept(store, at=AT)
    for fact in a_whole_call(stored).values():
        run(store, fact)
    assert [message.get("status") for message in owed(store)] == ["ring", "answer", "hangup", None]
    assert record(store, stored.uuid) == (10001, 10041, "1", "20280003")
    assert call_states(store) == {stored.uuid: "ended"}
    (call,) = rows(store, calls)
    assert (call.started_at, call.answered_at, call.ended_at) == (AT, later(5), later(60))
    assert (call.crmid, call.extnumber, call.recordfilename) == ("20280003", "20280003", "x.mp3")
    assert leg_states(store) == ["ending", "ended"]
    assert streamed(store) == [
        ("a", 900, 850, 7, 12, True, 3, 5, 32),
        ("b", 5, 0, 0, 0, False, None, None, None),
    ]


@pytest.mark.parametrize("recording", ["x.mp3", ""])
async def test_who_wants_it_gets_a_link_to_the_recording_with_the_record(store: Store, recording: str) -> None:
    company = replace(COMPANY, callback_fields=("recordurl",))
    reports = Reports(await accept(store, at=AT), company, SETTINGS)
    run(store, lambda conn: reports.ended(conn, replace(END, recordfilename=recording)))
    (message,) = owed(store)
    assert message["recordurl"] == (LINKS.link("x.mp3", END.ended_at).url if recording else "")
    assert list(message)[-2:] == ["destnumber", "recordurl"]


async def test_a_call_is_claimed_once(store: Store) -> None:
    stored = await accept(store, at=AT)
    claims = [
        store.write_now(lambda conn, leg=leg: ledger.claim(conn, stored.uuid, leg, "carrier", "invite", AT))  # type: ignore[misc]
        for leg in ("first", "second", "first")
    ]
    assert claims == [True, False, True]
    assert [row.uuid for row in rows(store, legs)] == ["first"]


async def test_a_call_that_is_gone_from_the_queue_is_claimed_by_nobody(store: Store) -> None:
    stored = await accept(store, at=AT)
    run(store, lambda conn: Reports(stored, COMPANY, SETTINGS).ended(conn, END))
    assert not store.write_now(lambda conn: ledger.claim(conn, stored.uuid, "late", "carrier", "invite", AT))
    assert call_states(store) == {stored.uuid: "ended"}


async def test_an_answer_without_ringing_reports_ring_first(store: Store) -> None:
    facts = a_whole_call(await accept(store, at=AT))
    run(store, facts["claim"], facts["add_leg"], facts["agent_answered"])
    assert [message["status"] for message in owed(store)] == ["ring", "answer"]


async def test_an_offer_to_two_phones_is_reported_as_one_agent_however_often_its_facts_run(store: Store) -> None:
    stored = await accept(store, at=AT)
    facts, reports = a_whole_call(stored), Reports(stored, COMPANY, SETTINGS)
    both: list[Fact] = [
        facts["claim"],
        facts["add_leg"],
        lambda conn: ledger.add_leg(conn, stored.uuid, "leg-c", LegKind.AGENT, "invite c", later(10), offer=AGENT),
        facts["agent_rings"],
        lambda conn: ledger.leg_ended(conn, "leg-b", later(12), confirmed=False),
        lambda conn: reports.agent_answered(conn, AGENT, "leg-c", "dialog c", later(12), rang=True),
        lambda conn: reports.agent_ended(conn, AGENT, ["leg-c"], later(60), rang=True, confirmed=True),
    ]
    for count in range(1, len(both) + 1):
        run(store, *both[:count])
    told = owed(store)
    assert [message["status"] for message in told] == ["ring", "answer", "hangup"]
    assert {message["buuid"] for message in told} == {AGENT.uuid}
    assert [(row.uuid, row.offer_uuid, row.extension) for row in rows(store, legs)] == [
        ("leg-a", None, ""),
        ("leg-b", AGENT.uuid, AGENT.extension),
        ("leg-c", AGENT.uuid, AGENT.extension),
    ]


async def test_a_leg_that_never_rang_reports_nothing(store: Store) -> None:
    stored = await accept(store, at=AT)
    facts = a_whole_call(stored)
    run(store, facts["claim"], facts["add_leg"])
    reports = Reports(stored, COMPANY, SETTINGS)
    run(store, lambda conn: reports.agent_ended(conn, AGENT, ["leg-b"], later(12), rang=False, confirmed=True))
    assert owed(store) == []
    assert leg_states(store) == ["dialled", "ended"]


async def test_waiting_calls_are_read_in_the_order_of_acceptance(store: Store) -> None:
    accepted = [await accept(store, at=later(second)) for second in (3, 2, 1)]
    run(store, lambda conn: ledger.claim(conn, accepted[1].uuid, "leg", "carrier", "invite", AT))
    assert store.read_now(ledger.read_waiting) == [accepted[0], accepted[2]]


def test_a_call_that_nobody_accepted_is_none(store: Store) -> None:
    assert store.read_now(lambda conn: ledger.read_call(conn, "nobody's")) is None


@pytest.mark.parametrize("missing", ["status_callback", "cdr_callback"])
async def test_an_address_that_is_not_set_is_owed_nothing(store: Store, missing: str) -> None:
    stored = await accept(store, at=AT)
    company = replace(COMPANY, **{missing: None})  # type: ignore[arg-type]
    facts = a_whole_call(stored)
    reports = Reports(stored, company, SETTINGS)
    run(
        store,
        facts["claim"],
        facts["add_leg"],
        lambda conn: reports.agent_rings(conn, AGENT, "leg-b", later(11)),
        lambda conn: reports.ended(conn, END),
    )
    kinds = ["record" if "hangupcause" in message else message["status"] for message in owed(store)]
    assert kinds == (["record"] if missing == "status_callback" else ["ring"])
    assert call_states(store) == {stored.uuid: "ended"}
    assert {row.call_ended_at for row in rows(store, callbacks)} == {END.ended_at}, "states need not wait for a record"
