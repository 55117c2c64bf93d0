"""The story of a call, told by what a call with all its parts left in the store."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.unit.calls.stored import AT, accept, run
from tests.unit.calls.wire import CARRIER, SERVER
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, confirmations, journal
from playvoice.calls.story import Story, find, read_story, to_json
from playvoice.calls.tables import CallState, LegKind, calls
from playvoice.codes import HangupCause
from playvoice.media import protocol
from playvoice.sip import Flow, Transport
from playvoice.store import Store


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "LOOK_AGAIN", 0.005)
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    monkeypatch.setattr(journal, "AGAIN", 0.01)
    monkeypatch.setattr(confirmations, "EVERY", 0.005)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


def story_of(house: House, uuid: str, *, mask: bool = False) -> Story:
    found = house.store.read_now(lambda conn: read_story(conn, uuid, mask=mask))
    assert found is not None
    return found


def passed(story: Story, kind: LegKind) -> list[str]:
    """The first words of what passed by on legs of a kind, each with its way."""
    legs = {leg.uuid for leg in story.legs if leg.kind is kind}
    words = []
    for each in story.messages:
        if each.leg in legs:
            first, second, *_ = each.message.data.decode().split()
            words.append(f"{'>' if each.message.sent else '<'} {second if first == 'SIP/2.0' else first}")
    return words


async def transferred(house: House) -> str:
    """A call that was answered, sent to an agent who answered, and hung up by the customer."""
    uuid = await house.accept()
    customer = await house.wire.invited()
    house.wire.ring(customer)
    house.wire.answer(customer)
    await house.wire.acknowledged()
    stream = house.media.streams[0]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    agent = await house.wire.invited("phone")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    house.wire.hang_up(customer)
    await house.ended(uuid)
    await house.quiet()
    return uuid


async def test_each_message_of_every_leg_is_told(house: House) -> None:
    story = story_of(house, await transferred(house))
    assert passed(story, LegKind.CUSTOMER) == ["> INVITE", "< 100", "< 180", "< 200", "> ACK", "< BYE", "> 200"]
    assert passed(story, LegKind.AGENT) == ["> INVITE", "< 100", "< 200", "> ACK", "> BYE", "< 200"]
    assert [leg.kind for leg in story.legs] == [LegKind.CUSTOMER, LegKind.AGENT]
    assert not any(each.message.repeated or each.message.late for each in story.messages)
    assert story.left_out == 0


async def test_keys_are_told_with_how_they_came_and_what_else_happened(house: House) -> None:
    story = story_of(house, await transferred(house))
    told = [note.event for note in story.notes]
    assert told == [
        "voice_ready",
        "invite_sent",
        "customer_answered",
        "key_pressed",
        "agent_rung",
        "agent_connected",
        "call_ended",
    ]
    assert story.notes[3].values == {"key": "1", "way": "telephone-event"}
    assert story.queued is not None


@pytest.mark.parametrize(("received", "told"), [(0, [7]), (100, [])])
async def test_packets_that_were_ignored_are_told_where_they_were_most(
    house: House, received: int, told: list[int]
) -> None:
    house.media.worker.released = protocol.Released(1, 150, received, 0, 0, False, 7, 0)
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    house.wire.hang_up(call)
    await house.ended(uuid)
    await house.quiet()
    ignored = [note for note in story_of(house, uuid).notes if note.event == "rtp_ignored"]
    assert [note.values["packets"] for note in ignored] == told


async def test_what_a_call_waited_for_is_told(house: House) -> None:
    house.routes.places = 0
    uuid = await house.accept()
    await until(lambda: bool(house.conductor.hold_ups), "it waits")
    house.routes.places = 1
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(uuid)
    await house.quiet()
    told = {note.event: note.values for note in story_of(house, uuid).notes}
    assert told["call_waited"] == {"reason": "0 of 0 places are taken"}


async def test_a_trunk_that_refused_is_told_with_its_status(house: House) -> None:
    uuid = await house.accept()
    house.wire.reject(await house.wire.invited(), 486)
    await house.ended(uuid)
    await house.quiet()
    story = story_of(house, uuid)
    (refused,) = [note for note in story.notes if note.event == "customer_refused"]
    assert refused.values == {"trunk": "carrier", "status": 486, "reason": "Busy Here", "q850": None}
    assert (story.cause, story.state) == (HangupCause.BUSY, CallState.ENDED)


async def test_a_call_that_is_not_dialled_tells_why(house: House) -> None:
    house.voices.broken["notice.wav"] = ValueError("a fault")
    uuid = await house.accept()
    await house.ended(uuid)
    await until(lambda: story_of(house, uuid).notes, "its trace is stored")
    story = story_of(house, uuid)
    assert [note.event for note in story.notes] == ["call_abandoned"]
    assert story.queued is None


async def test_after_a_crash_the_end_of_each_leg_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    before = House(store, tmp_path, monkeypatch)
    await before.conductor.start()
    uuid = await before.accept()
    before.wire.answer(await before.wire.invited())
    await before.wire.acknowledged()
    await before.die()
    after = House(store, tmp_path, monkeypatch, before)
    await after.recovery.run(after.parts)
    await after.wire.ended()
    await after.quiet()
    story = story_of(after, uuid)
    assert [note.event for note in story.notes] == ["leg_ended_after_crash"]
    assert passed(story, LegKind.CUSTOMER) == ["> BYE", "< 200"]


async def test_a_retransmission_and_what_comes_late_are_told_as_such(house: House) -> None:
    uuid = await transferred(house)
    bye = next(data for _, source, _, data in house.wire.network.sent if source == "carrier" and data[:3] == b"BYE")
    house.wire.network.run(0.1)
    house.wire.network._carry(bye, Flow(Transport.UDP, CARRIER, SERVER))
    house.wire.network.run(0.1)
    await house.parts.owners.confirmations.written()
    late = [each.message for each in story_of(house, uuid).messages if each.message.late]
    assert [message.data[:3] for message in late if not message.sent] == [b"BYE"]


async def test_numbers_can_be_hidden_of_what_was_kept_with_them(house: House) -> None:
    uuid = await transferred(house)
    number = story_of(house, uuid).destnumber
    theirs = {"customuuid": f"order {number}", "memberid": number, "ext": number, "voice_name": f"{number}.wav"}
    run(house.store, lambda conn: conn.execute(update(calls).values(theirs)))
    shown = json.dumps(to_json(story_of(house, uuid)), ensure_ascii=False)
    hidden = json.dumps(to_json(story_of(house, uuid, mask=True)), ensure_ascii=False)
    assert number in shown
    assert number not in hidden


async def test_what_follows_in_a_voices_url_is_not_told(store: Store) -> None:
    stored = await accept(store, voice="https://user:secret@example.com/a.wav?token=secret")
    story = store.read_now(lambda conn: read_story(conn, stored.uuid))
    assert story is not None
    assert story.voice_name == "https://***@example.com/a.wav?…"


async def test_callbacks_are_told_with_the_call(house: House) -> None:
    story = story_of(house, await transferred(house))
    assert [callback.kind.value for callback in story.callbacks] == ["status"] * 3 + ["cdr"]
    assert [callback.attempts for callback in story.callbacks] == [()] * 4


async def test_a_call_is_found_by_its_uuid_by_its_record_and_by_its_number(store: Store) -> None:
    first, second = await accept(store), await accept(store)

    def found(what: str) -> list[str]:
        return [each.uuid for each in store.read_now(lambda conn: find(conn, what))]

    assert found(first.uuid) == [first.uuid]
    assert found(str(second.id)) == [second.uuid]
    assert found(first.destnumber) == [second.uuid, first.uuid]
    assert found("nothing") == found("99999999999999999999999") == []


def test_there_is_no_story_of_an_unknown_call(store: Store) -> None:
    run(store, lambda conn: None)
    assert store.read_now(lambda conn: read_story(conn, "unknown")) is None


def test_json_has_instants_and_octets_as_text() -> None:
    assert to_json({"at": AT, "data": b"a\xff", "kind": LegKind.AGENT, "none": [None]}) == {
        "at": "2026-01-02T03:04:05+00:00",
        "data": "a\\xff",
        "kind": "b",
        "none": [None],
    }
