"""What a crash leaves: ended on the wire, and reported, however often the server dies meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.unit.calls.stored import accept, call_states, leg_states, owed, record, rows, run
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, ledger
from playvoice.calls.heartbeat import heartbeat
from playvoice.calls.recovery import LATE
from playvoice.calls.tables import calls, legs
from playvoice.companies import Company
from playvoice.media import protocol
from playvoice.sip import Credentials, Flow, IncomingCall, Request
from playvoice.sip.message import make_response, parse
from playvoice.store import Store

NextHouse = Callable[..., House]


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    return made


@pytest.fixture
def next_house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NextHouse:
    """The process after the one that died."""
    return partial(House, store, tmp_path, monkeypatch)


async def recover(house: House) -> None:
    """Run the recovery alone, so that nothing that waits is dialled."""
    async with asyncio.timeout(10):
        await house.recovery.run(house.parts)


async def ringing(house: House) -> tuple[str, IncomingCall]:
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.ring(call)
    house.wire.pass_time(1)
    return uuid, call


async def connected(house: House) -> tuple[str, IncomingCall]:
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.pass_time(1)
    house.wire.answer(call)
    await house.wire.acknowledged()
    house.wire.pass_time(1)
    return uuid, call


async def agent_rings(house: House) -> tuple[str, IncomingCall, IncomingCall]:
    uuid, customer = await connected(house)
    stream = house.media.streams[-1]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    agent = await house.wire.invited("phone")
    house.wire.ring(agent)
    await until(lambda: len(owed(house.store)) == 1, "the ring is stored")
    return uuid, customer, agent


async def talking(house: House) -> tuple[str, IncomingCall, IncomingCall]:
    uuid, customer, agent = await agent_rings(house)
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    return uuid, customer, agent


async def phones_invited(house: House) -> tuple[str, IncomingCall, IncomingCall]:
    """Two phones of one agent have their INVITE, and none rings yet."""
    house.groups.phones["20280003"] = 2
    uuid, _ = await connected(house)
    stream = house.media.streams[-1]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    return uuid, await house.wire.invited("phone"), await house.wire.invited("phone")


def challenge_bye(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the carrier take no BYE without credentials."""
    carrier = house.wire.far["carrier"]
    receive = carrier.receive

    def challenging(data: bytes, flow: Flow, now: float) -> None:
        if data.startswith(b"BYE") and b'\r\nAuthorization: Digest username="user"' not in data:
            bye = parse(data)
            assert isinstance(bye, Request)
            headers = (("WWW-Authenticate", 'Digest realm="carrier", nonce="n"'),)
            carrier.core.send(bytes(make_response(bye, 401, headers=headers)), flow)
        else:
            receive(data, flow, now)

    monkeypatch.setattr(carrier, "receive", challenging)


def cseq(message: bytes) -> int:
    (line,) = [line for line in message.split(b"\r\n") if line.startswith(b"CSeq:")]
    return int(line.split()[1])


def via(message: bytes) -> bytes:
    return next(line for line in message.split(b"\r\n") if line.startswith(b"Via:"))


# --- on the wire ------------------------------------------------------------------------------------------------------


async def test_an_invite_without_an_answer_gets_cancel(house: House, next_house: NextHouse) -> None:
    uuid, _ = await ringing(house)
    (invite,) = house.wire.sent("INVITE")
    await house.die()
    after = next_house(house)
    await recover(after)
    assert record(after.store, uuid) == (10007, 10007, "", "")
    await after.wire.cancelled()
    (cancel,) = after.wire.sent("CANCEL")
    assert (cseq(cancel), via(cancel)) == (cseq(invite), via(invite)), "they are the INVITE's (RFC 3261 section 9.1)"
    await after.quiet()
    assert after.wire.sent("INVITE") == []


async def test_what_was_left_is_ended_from_where_we_listen_now(house: House, next_house: NextHouse) -> None:
    await agent_rings(house)
    await house.die()
    after = next_house(house, local=("127.0.0.1", 5070))
    await recover(after)
    await after.wire.ended("carrier")
    await after.wire.cancelled("phone")
    await until(lambda: len(after.owners) == 1, "the carrier has confirmed")
    after.wire.pass_time(33)  # the 487 went where the INVITE came from, and nobody listens there
    await after.quiet()


async def test_an_invite_that_never_arrived_is_given_up_after_32_seconds(house: House, next_house: NextHouse) -> None:
    house.wire.network.loss = 1.0
    uuid = await house.accept()
    await until(lambda: house.wire.sent("INVITE"), "it was sent")
    await house.die()
    after = next_house(house)
    await recover(after)
    assert record(after.store, uuid) == (10007, 10007, "", "")
    after.wire.pass_time(31)
    assert len(after.owners) == 1
    after.wire.pass_time(2)
    await after.quiet()


async def test_an_old_invite_that_its_far_end_does_not_know_any_more_is_cancelled_once_and_not_at_each_start(
    house: House, next_house: NextHouse
) -> None:
    uuid, call = await ringing(house)
    await house.die()
    old = datetime.now(UTC) - LATE - timedelta(seconds=1)
    run(house.store, lambda conn: conn.execute(update(legs).values(started_at=old)))
    after = next_house(house)
    after.wire.reject(call, 486)  # nobody knows what it is about
    after.wire.pass_time(40)
    await recover(after)
    assert record(after.store, uuid) == (10007, 10007, "", "")
    await after.quiet()
    assert len(after.wire.sent("CANCEL")) == 1
    last = next_house(after)
    await recover(last)
    assert last.wire.sent("CANCEL") == []


async def test_each_dialog_gets_bye_with_its_cseq_raised_by_1000(house: House, next_house: NextHouse) -> None:
    uuid, _, _ = await talking(house)
    await house.die()
    after = next_house(house)
    await recover(after)
    assert record(after.store, uuid) == (10007, 10040, "1", "20280003")
    await after.wire.ended("carrier")
    await after.wire.ended("phone")
    assert [cseq(bye) for bye in after.wire.sent("BYE")] == [1002, 1002]
    await after.quiet()


async def test_a_dialog_that_the_far_end_has_ended_meanwhile_is_over_too(house: House, next_house: NextHouse) -> None:
    uuid, customer = await connected(house)
    await house.die()
    after = next_house(house)
    customer.bye(house.wire.network.now)
    after.wire.pass_time(33)
    await recover(after)
    assert record(after.store, uuid) == (10007, 10040, "", "")
    await after.quiet()


@pytest.mark.parametrize("answers_late", [False, True], ids=["answered before", "answer crosses the CANCEL"])
async def test_a_carrier_that_challenges_bye_gets_the_credentials_of_its_trunk(
    house: House, next_house: NextHouse, monkeypatch: pytest.MonkeyPatch, answers_late: bool
) -> None:
    uuid, call = await (ringing if answers_late else connected)(house)
    await house.die()
    after = next_house(house)
    after.routes.trunk = replace(after.routes.trunk, credentials=Credentials("user", "secret"))
    challenge_bye(after, monkeypatch)
    if answers_late:
        call.answer(house.wire.network.now, house.wire.description(call))
        after.wire.network.take("carrier")  # the answer is on its way
    await recover(after)
    await after.wire.ended()
    assert len(after.wire.sent("BYE")) == 2, "one without credentials, and one with them"
    await after.quiet()
    assert record(after.store, uuid)[0] == 10007


async def test_what_the_far_end_has_not_confirmed_is_ended_again_after_a_second_crash(
    house: House, next_house: NextHouse
) -> None:
    uuid, _, _ = await agent_rings(house)
    await house.die()
    second = next_house(house)
    second.wire.network.loss = 1.0
    await recover(second)
    assert leg_states(second.store) == ["ending", "ending"]
    reported = owed(second.store)
    await second.die()
    third = next_house(second)
    third.wire.network.loss = 0.0
    await recover(third)
    await third.wire.ended("carrier")
    await third.wire.cancelled("phone")
    await third.quiet()
    assert owed(third.store) == reported, "it is reported once"
    assert record(third.store, uuid) == (10007, 10040, "1", "")


async def test_after_the_confirmation_a_crash_leaves_nothing_to_do(house: House, next_house: NextHouse) -> None:
    await ringing(house)
    await house.die()
    second = next_house(house)
    await recover(second)
    await second.wire.cancelled()
    await second.quiet()
    third = next_house(second)
    await recover(third)
    third.wire.settle()
    assert (third.wire.sent(""), len(third.owners), len(owed(third.store))) == ([], 0, 1)


async def test_an_answer_that_crosses_the_cancel_gets_ack_and_bye(house: House, next_house: NextHouse) -> None:
    _, call = await ringing(house)
    await house.die()
    after = next_house(house)
    call.answer(house.wire.network.now, house.wire.description(call))
    after.wire.network.take("carrier")  # the answer is on its way
    await recover(after)
    await after.wire.acknowledged()
    await after.wire.ended()
    await after.quiet()
    assert len(after.wire.sent("BYE")) == 1


async def test_a_late_answer_to_a_known_call_gets_ack_and_bye(house: House, next_house: NextHouse) -> None:
    _, call = await ringing(house)
    await house.die()
    after = next_house(house)
    after.wire.network.loss = 1.0
    await recover(after)
    after.wire.pass_time(33)
    after.wire.network.loss = 0.0
    await until(lambda: len(after.owners) == 0, "it was given up")
    after.wire.answer(call)
    await after.wire.acknowledged()
    await after.wire.ended()
    assert len(after.wire.sent("BYE")) == 1


async def test_late_answers_are_known_for_five_minutes_also_of_legs_that_had_ended(
    house: House, next_house: NextHouse
) -> None:
    uuid, call = await ringing(house)
    house.wire.reject(call, 486)
    await house.ended(uuid)
    await house.die()
    after = next_house(house)
    await recover(after)
    assert after.recovery.is_orphan(call.id)
    assert not after.recovery.is_orphan("a stranger's")
    old = datetime.now(UTC) - LATE - timedelta(seconds=1)
    run(after.store, lambda conn: conn.execute(update(legs).values(started_at=old)))
    later = next_house(after)
    await recover(later)
    assert not later.recovery.is_orphan(call.id)


async def test_a_leg_that_cannot_be_read_keeps_no_other_from_its_end(house: House, next_house: NextHouse) -> None:
    broken = await accept(house.store, "1", at=datetime.now(UTC))
    run(
        house.store,
        partial(ledger.claim, uuid=broken.uuid, leg="0", trunk="carrier", invite="{}", at=broken.accepted_at),
    )
    uuid, _ = await ringing(house)
    await house.die()
    after = next_house(house)
    await recover(after)
    await after.wire.cancelled()
    assert record(after.store, uuid) == record(after.store, broken.uuid) == (10007, 10007, "", "")


# --- the records ------------------------------------------------------------------------------------------------------


async def test_a_ring_without_a_hangup_gets_its_hangup_and_then_comes_the_record(
    house: House, next_house: NextHouse
) -> None:
    await agent_rings(house)
    await house.die()
    after = next_house(house)
    await recover(after)
    assert [message.get("status") for message in owed(after.store)] == ["ring", "hangup", None]
    assert len({message["buuid"] for message in owed(after.store)[:2]}) == 1
    assert after.woken
    await after.quiet()


async def test_an_agent_who_never_rang_is_reported_nowhere(house: House, next_house: NextHouse) -> None:
    uuid, _ = await connected(house)
    stream = house.media.streams[-1]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    await house.wire.invited("phone")
    await house.die()
    after = next_house(house)
    await recover(after)
    assert len(owed(after.store)) == 1
    assert record(after.store, uuid) == (10007, 10040, "1", "")
    await after.quiet()


async def test_an_agent_who_had_ended_before_the_crash_gets_no_second_hangup(
    house: House, next_house: NextHouse
) -> None:
    _, _, agent = await agent_rings(house)
    house.wire.reject(agent, 486)
    await until(lambda: len(owed(house.store)) == 2, "the hangup is stored")
    await house.die()
    after = next_house(house)
    await recover(after)
    assert [message.get("status") for message in owed(after.store)] == ["ring", "hangup", None]
    await after.quiet()


async def test_all_phones_of_an_agent_that_ring_get_cancel_and_he_gets_one_hangup(
    house: House, next_house: NextHouse
) -> None:
    uuid, desk, soft = await phones_invited(house)
    house.wire.ring(desk)
    house.wire.ring(soft)
    await until(lambda: len(owed(house.store)) == 1, "the ring is stored")
    await house.die()
    after = next_house(house)
    await recover(after)
    await after.wire.cancelled("phone")
    await after.wire.cancelled("phone")
    told = owed(after.store)
    assert [message.get("status") for message in told] == ["ring", "hangup", None]
    assert len({(message["buuid"], message["starttime"]) for message in told[:2]}) == 1
    assert record(after.store, uuid) == (10007, 10040, "1", "")
    await after.quiet()


async def test_an_agent_whose_first_phone_had_rung_and_refused_gets_his_hangup_with_the_second(
    house: House, next_house: NextHouse
) -> None:
    _, desk, _ = await phones_invited(house)
    house.wire.ring(desk)
    house.wire.reject(desk, 486)
    await until(lambda: "ended" in leg_states(house.store), "the refusal is stored")
    assert len(owed(house.store)) == 1
    await house.die()
    after = next_house(house)
    await recover(after)
    await after.wire.cancelled("phone")
    assert [message.get("status") for message in owed(after.store)] == ["ring", "hangup", None]
    await after.quiet()


async def test_an_agent_who_talks_gets_one_hangup_though_another_phone_of_his_was_stopped(
    house: House, next_house: NextHouse
) -> None:
    uuid, desk, soft = await phones_invited(house)
    house.wire.ring(desk)
    house.wire.answer(soft)
    await house.wire.acknowledged("phone")
    await until(lambda: "ended" in leg_states(house.store), "the end of the phone that was stopped is stored")
    await house.die()
    after = next_house(house)
    await recover(after)
    await after.wire.ended("phone")
    told = owed(after.store)
    assert [message.get("status") for message in told] == ["ring", "answer", "hangup", None]
    assert len({message["buuid"] for message in told[:3]}) == 1
    assert record(after.store, uuid) == (10007, 10040, "1", "20280003")
    await after.quiet()


async def test_an_agent_whose_phones_had_all_ended_before_the_crash_gets_no_second_hangup(
    house: House, next_house: NextHouse
) -> None:
    _, desk, soft = await phones_invited(house)
    house.wire.ring(soft)
    house.wire.reject(desk, 480)
    house.wire.reject(soft, 486)
    await until(lambda: len(owed(house.store)) == 2, "the hangup is stored")
    await house.die()
    after = next_house(house)
    await recover(after)
    assert [message.get("status") for message in owed(after.store)] == ["ring", "hangup", None]
    await after.quiet()


async def test_a_call_ends_at_the_last_heartbeat(house: House, next_house: NextHouse) -> None:
    uuid, _ = await connected(house)
    await house.die()
    last = datetime.now(UTC) + timedelta(seconds=100)
    run(house.store, lambda conn: heartbeat(conn, last))
    await recover(next_house(house))
    (call,) = rows(house.store, calls)
    assert (call.uuid, call.ended_at) == (uuid, last)
    assert {leg.ended_at for leg in rows(house.store, legs)} == {last}


@pytest.mark.parametrize("answered", [True, False])
async def test_a_call_ends_no_later_than_it_could_have_when_the_clock_was_set_forward(
    house: House, next_house: NextHouse, answered: bool
) -> None:
    await (connected(house) if answered else ringing(house))
    await house.die()
    run(house.store, lambda conn: heartbeat(conn, datetime.now(UTC) + timedelta(hours=3)))
    await recover(next_house(house))
    (call,) = rows(house.store, calls)
    longest = call.answered_at + timedelta(seconds=call.conntime) if answered else None
    assert call.ended_at == (longest or call.started_at + timedelta(seconds=call.waittime))


async def test_a_call_ends_when_the_server_last_lived_though_the_database_was_locked_by_then(
    house: House, next_house: NextHouse
) -> None:
    await connected(house)
    await house.die()
    stored, last = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (10, 100))
    run(house.store, lambda conn: heartbeat(conn, stored))
    house.parts.heartbeat.stored_at = stored
    house.parts.heartbeat.write(last)
    await recover(next_house(house))
    assert {leg.ended_at for leg in rows(house.store, legs)} == {last}


async def test_a_call_that_is_younger_than_the_last_heartbeat_ends_at_what_is_known_of_it(
    house: House, next_house: NextHouse
) -> None:
    run(house.store, lambda conn: heartbeat(conn, datetime.now(UTC) - timedelta(hours=1)))
    await agent_rings(house)
    await house.die()
    await recover(next_house(house))
    (call,) = rows(house.store, calls)
    rang_at = max(leg.rang_at for leg in rows(house.store, legs) if leg.rang_at)
    assert call.started_at < call.answered_at < call.ended_at == rang_at


async def test_calls_that_wait_are_left_to_be_dialled(house: House, next_house: NextHouse) -> None:
    dialled, _ = await ringing(house)
    house.routes.places = 0
    waiting = await house.accept()
    await house.die()
    after = next_house(house)
    await after.conductor.start()
    call = await after.wire.invited()
    assert call_states(after.store) == {dialled: "ended", waiting: "dialled"}
    after.wire.reject(call, 486)
    await after.ended(waiting)
    assert record(after.store, waiting) == (10006, 10006, "", "")
    await after.stop()


async def test_calls_whose_company_is_gone_end_on_the_wire_and_in_the_store_and_owe_nothing(
    house: House, next_house: NextHouse
) -> None:
    dialled, _ = await ringing(house)
    house.routes.places = 1
    waiting = await house.accept()
    await house.die()
    after = next_house(house)
    after.companies.by_code = {}
    await after.conductor.start()
    await after.wire.cancelled()
    await until(lambda: set(call_states(after.store).values()) == {"ended"}, "both have ended")
    await after.quiet()
    ends = {row.uuid: (row.hangupcause, row.hangupdirection) for row in rows(after.store, calls)}
    assert ends == {dialled: (10007, 10007), waiting: (10020, 10020)}
    assert (owed(after.store), dict(after.queue.waiting)) == ([], {})
    await after.stop()


async def test_a_fault_in_the_report_of_one_call_costs_no_other_its_report(
    house: House, next_house: NextHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = [await accept(house.store, company) for company in ("1", "2")]
    for stored in (broken, whole):
        run(
            house.store,
            partial(
                ledger.claim, uuid=stored.uuid, leg=stored.uuid, trunk="carrier", invite=INVITE, at=stored.accepted_at
            ),
        )
    await house.die()
    after = next_house(house)
    get = after.companies.get

    def faulty(code: str) -> Company | None:
        if code == "1":
            raise RuntimeError("a fault of ours")
        return get(code)

    monkeypatch.setattr(after.companies, "get", faulty)
    await recover(after)
    assert record(after.store, whole.uuid) == (10007, 10007, "", "")
    assert call_states(after.store) == {broken.uuid: "dialled", whole.uuid: "ended"}


INVITE = (
    '{"call_id":"c","local":"<sip:1@example.com>;tag=a","remote":"<sip:2@127.0.0.2>","uri":"sip:2@127.0.0.2",'
    '"via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKx","cseq":1,"route":[],'
    '"flow":{"transport":"udp","remote":["127.0.0.2",5060],"local":["127.0.0.1",5060]},"pinned":false}'
)


# --- recordings -------------------------------------------------------------------------------------------------------


async def test_what_was_recorded_of_a_cut_call_becomes_its_recording(house: House, next_house: NextHouse) -> None:
    uuid, _ = await connected(house)
    house.recordings.raw(uuid).write_bytes(b"what was said")
    await house.die()
    after = next_house(house)
    await recover(after)
    await after.recordings.encoded()
    (call,) = rows(after.store, calls)
    assert owed(after.store)[-1]["recordfilename"] == call.recordfilename == f"{uuid}.wav"
    assert after.recordings.path(call.recordfilename, call.answered_at).read_bytes() == b"wavwhat was said"
    assert list(after.recordings.left()) == []


async def test_a_recording_that_was_not_encoded_before_the_crash_is_encoded_now(
    house: House, next_house: NextHouse
) -> None:
    uuid, call = await connected(house)
    house.recordings.raw(uuid).write_bytes(b"what was said")
    house.encoder.broken = True
    house.wire.hang_up(call)
    await house.ended(uuid)
    await house.recordings.encoded()
    await house.die()
    assert list(house.recordings.left()) == [uuid]
    after = next_house(house)
    await recover(after)
    await after.recordings.encoded()
    (row,) = rows(after.store, calls)
    assert after.recordings.path(row.recordfilename, row.answered_at).exists()
    assert list(after.recordings.left()) == []


async def test_a_raw_recording_that_cannot_be_removed_keeps_no_server_from_its_start(
    house: House, next_house: NextHouse
) -> None:
    house.recordings.raw("of-no-call").mkdir()
    uuid = await house.accept()
    await house.wire.invited()
    await house.die()
    after = next_house(house)
    await recover(after)
    assert record(after.store, uuid) == (10007, 10007, "", "")
    assert list(after.recordings.left()) == ["of-no-call"]


async def test_the_recording_of_a_call_whose_record_could_not_be_written_waits_for_the_record(
    house: House, next_house: NextHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid, _ = await connected(house)
    house.recordings.raw(uuid).write_bytes(b"what was said")
    await house.die()
    faulty = next_house(house)

    def fail(_code: str) -> Company | None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(faulty.companies, "get", fail)
    await recover(faulty)
    assert call_states(faulty.store) == {uuid: "answered"}
    await faulty.die()
    after = next_house(faulty)
    await recover(after)
    assert owed(after.store)[-1]["recordfilename"] == f"{uuid}.wav"
    await after.recordings.encoded()
    assert list(after.recordings.left()) == []


async def test_what_no_record_names_is_removed(house: House, next_house: NextHouse) -> None:
    uuid, _ = await ringing(house)
    for stray in (uuid, "of-no-call"):
        house.recordings.raw(stray).write_bytes(b"what was said")
    await house.die()
    after = next_house(house)
    await recover(after)
    await after.recordings.encoded()
    assert list(after.recordings.left()) == []
    assert owed(after.store)[-1]["recordfilename"] == ""
