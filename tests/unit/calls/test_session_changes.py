"""What a far end changes inside a running call: hold, resume, another address, another codec, another Contact."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.unit.calls.stored import Gate, call_states, record, written
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor
from playvoice.calls.tables import legs
from playvoice.media import protocol, sdp
from playvoice.media.g711 import Codec
from playvoice.sip import CallState, DialogState, IncomingCall, InviteState, Response, SessionAnswered, SessionRefused
from playvoice.sip.dialog import finish
from playvoice.sip.message import make_response
from playvoice.sip.transaction import Deliver, Effect
from playvoice.store import Store


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


async def answered(house: House) -> IncomingCall:
    """A customer who hears the voice."""
    await house.accept()
    call = await house.wire.invited()
    house.wire.answer(call)
    await house.wire.acknowledged()
    return call


async def agent_of(house: House) -> IncomingCall:
    """An agent who talks with the customer."""
    customer = house.media.streams[0]
    customer.on_event(protocol.KeyPressed(customer.number, "1"))
    agent = await house.wire.invited("phone")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    return agent


def connects(house: House, stream: int) -> list[protocol.Connect]:
    """What the worker was told of this stream's far end."""
    return [told for told in house.media.worker.told if isinstance(told, protocol.Connect) and told.stream == stream]


def offer(
    *, version: int, direction: sdp.Direction = sdp.Direction.SENDRECV, port: int = 40_000, codec: Codec = Codec.PCMA
) -> bytes:
    return bytes(sdp.offer("127.0.0.9", port, (codec,), session_id=1, version=version, direction=direction))


async def answer_to(house: House, call: IncomingCall, body: bytes, name: str = "carrier") -> sdp.SessionDescription:
    assert call.session.offer(house.wire.network.now, body)
    event = await house.wire.expect(name, SessionAnswered)
    assert isinstance(event, SessionAnswered)
    return sdp.parse(event.body)


async def test_hold_and_resume_of_the_customer_reach_the_stream_and_the_voice_goes_on(house: House) -> None:
    call = await answered(house)
    first = sdp.parse(call.request.body)
    held = await answer_to(house, call, offer(version=2, direction=sdp.Direction.SENDONLY))
    resumed = await answer_to(house, call, offer(version=3))
    assert (held.session_id, resumed.session_id) == (first.session_id,) * 2
    versions = [int(description.version) for description in (first, held, resumed)]
    assert versions == [versions[0], versions[0] + 1, versions[0] + 2]
    assert held.direction(held.media[0]) is sdp.Direction.RECVONLY
    assert resumed.direction(resumed.media[0]) is sdp.Direction.SENDRECV
    assert [(one.sends, one.receives) for one in connects(house, 1)] == [(True, True), (False, True), (True, True)]
    plays = [told for told in house.media.worker.told if isinstance(told, protocol.Play | protocol.StopPlaying)]
    assert len(plays) == 1, "the voice is neither stopped nor begun again"
    house.wire.hang_up(call)


async def test_a_moved_customer_with_another_codec_is_sent_to_there_in_it(house: House) -> None:
    call = await answered(house)
    await answer_to(house, call, offer(version=2, port=41_000, codec=Codec.PCMU))
    last = connects(house, 1)[-1]
    assert (last.host, last.port, last.codec) == ("127.0.0.9", 41_000, int(Codec.PCMU))
    house.wire.hang_up(call)


async def test_the_old_way_to_hold_an_address_of_zeros_stops_what_we_send(house: House) -> None:
    call = await answered(house)
    await answer_to(house, call, offer(version=2).replace(b"127.0.0.9", b"0.0.0.0"))
    last = connects(house, 1)[-1]
    assert (last.sends, last.receives) == (False, True)
    house.wire.hang_up(call)


async def test_other_payload_types_are_those_that_we_send_and_take_from_then_on(house: House) -> None:
    call = await answered(house)
    changed = offer(version=2).replace(b"RTP/AVP 8 101", b"RTP/AVP 97 98")
    changed = changed.replace(b"rtpmap:8 ", b"rtpmap:97 ").replace(b":101 ", b":98 ")
    await answer_to(house, call, changed)
    last = connects(house, 1)[-1]
    assert (last.payload_type, last.telephone_event, last.receive_telephone_event) == (97, 98, 98)
    assert last.receive == {"97": int(Codec.PCMA)}
    house.wire.hang_up(call)


async def test_the_same_offer_again_gets_the_same_answer(house: House) -> None:
    call = await answered(house)
    first = await answer_to(house, call, offer(version=2))
    assert await answer_to(house, call, offer(version=2)) == first
    house.wire.hang_up(call)


async def test_an_offer_that_cannot_be_used_is_refused_and_the_call_goes_on(house: House) -> None:
    call = await answered(house)
    for body in (b"v=0\r\nnonsense", offer(version=2).replace(b"m=audio 40000", b"m=audio 0")):
        assert call.session.offer(house.wire.network.now, body)
        event = await house.wire.expect("carrier", SessionRefused)
        assert isinstance(event, SessionRefused)
        assert event.status == 488
    assert len(connects(house, 1)) == 1
    assert call.state is CallState.CONFIRMED
    house.wire.hang_up(call)


async def test_an_agent_who_holds_stays_bridged_and_the_customers_stream_is_left_alone(house: House) -> None:
    customer = await answered(house)
    agent = await agent_of(house)
    await answer_to(house, agent, offer(version=2, direction=sdp.Direction.INACTIVE), "phone")
    assert [(one.sends, one.receives) for one in connects(house, 2)] == [(True, True), (False, False)]
    assert len(connects(house, 1)) == 1
    assert not any(isinstance(told, protocol.Unbridge) for told in house.media.worker.told)
    house.wire.hang_up(customer)


async def test_keys_come_by_info_once_a_new_description_takes_no_telephone_events(house: House) -> None:
    call = await answered(house)
    without = sdp.offer("127.0.0.9", 40_000, (Codec.PCMA,), session_id=1, version=2, telephone_event=None)
    await answer_to(house, call, bytes(without))
    assert call.dialog is not None
    request = call.dialog.request("INFO", call._agent.make_via(call.flow), call.dialog.local_cseq + 1)
    call.dialog = replace(call.dialog, local_cseq=call.dialog.local_cseq + 1)
    request.body = b"Signal=1\r\n"
    request.headers.set("Content-Type", "application/dtmf-relay")
    request.headers.set("Content-Length", str(len(request.body)))
    house.wire.far["carrier"].core.send(bytes(request), call.flow)
    agent = await house.wire.invited("phone")
    house.wire.reject(agent, 486)
    house.wire.hang_up(call)


async def test_a_new_contact_is_stored_so_that_a_later_process_ends_the_call_there(house: House) -> None:
    call = await answered(house)
    assert call.dialog is not None
    dialog = call.dialog = replace(call.dialog, local_cseq=call.dialog.local_cseq + 1)
    request = dialog.request("UPDATE", call._agent.make_via(call.flow), dialog.local_cseq)
    request.headers.set("Contact", "<sip:moved@127.0.0.2:5060>")
    request.headers.set("Content-Length", "0")
    house.wire.far["carrier"].core.send(bytes(request), call.flow)

    def stored() -> bool:
        house.wire.settle()
        (text,) = house.store.read_now(lambda conn: conn.execute(select(legs.c.dialog)).scalars().all())
        return DialogState.from_json(text).remote_target == "sip:moved@127.0.0.2:5060"

    await until(stored, "the new target is stored")
    house.wire.hang_up(call)


def refuse_as_too_short(house: House, call: IncomingCall) -> None:
    call.reject(house.wire.network.now, 422, headers=(("Min-SE", "3600"),))
    house.wire.settle()


async def test_while_nothing_can_be_stored_a_contact_that_changes_all_the_time_is_one_thing_to_be_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await answered(house)
    await written(house.store)
    gate = Gate(house.store, monkeypatch)
    gate.away = True
    for port in range(6001, 6051):
        assert call.dialog is not None
        sequence = call.dialog.local_cseq + 1
        call.dialog = replace(call.dialog, local_cseq=sequence)
        request = call.dialog.request("UPDATE", call._agent.make_via(call.flow), sequence)
        request.headers.set("Contact", f"<sip:moved@127.0.0.2:{port}>")
        house.wire.far["carrier"].core.send(bytes(finish(request)), call.flow)
        house.wire.settle()
    (running,) = house.conductor._running.values()
    assert repr(running._call.journal) == "<Journal 1 facts waiting>"
    gate.away = False
    await running.written()
    (stored,) = house.store.read_now(lambda conn: conn.execute(select(legs.c.dialog)).scalars().all())
    assert DialogState.from_json(stored).remote_target == "sip:moved@127.0.0.2:6050"
    house.wire.hang_up(call)


async def test_an_interval_that_is_too_short_is_made_longer_on_both_legs_and_the_invite_stored_anew(
    house: House,
) -> None:
    await house.accept()
    refuse_as_too_short(house, await house.wire.invited())
    customer = await house.wire.invited()
    assert customer.request.headers["Session-Expires"] == "3600"
    (stored,) = house.store.read_now(lambda conn: conn.execute(select(legs.c.invite)).scalars().all())
    assert InviteState.from_json(stored).cseq == customer.request.cseq.sequence == 2
    house.wire.answer(customer)
    await house.wire.acknowledged()
    stream = house.media.streams[0]
    stream.on_event(protocol.KeyPressed(stream.number, "1"))
    refuse_as_too_short(house, await house.wire.invited("phone"))
    agent = await house.wire.invited("phone")
    assert agent.request.headers["Session-Expires"] == "3600"
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    house.wire.hang_up(customer)


async def test_legs_are_kept_alive_while_people_talk_and_one_that_is_silent_ends_the_call(house: House) -> None:
    customer = await answered(house)
    await agent_of(house)
    house.wire.pass_time(901)
    assert len(house.wire.sent("UPDATE")) == 2, "one for each leg"
    assert customer.state is CallState.CONFIRMED
    house.wire.far["carrier"].receive = lambda data, flow, now: None  # type: ignore[method-assign]
    house.wire.pass_time(900 + 32 + 32 + 1)  # the refresh and the BYE after it have no answer
    await house.wire.ended("phone")
    (uuid,) = call_states(house.store)
    await house.ended(uuid)
    assert record(house.store, uuid) == (10001, 10041, "1", "20280003"), "as if the customer had hung up"


async def test_the_description_of_a_reliable_183_is_the_answer_and_nothing_is_played_before_the_200(
    house: House,
) -> None:
    await house.accept()
    call = await house.wire.invited()
    reliable = (("Require", "100rel"), ("RSeq", "1"))
    call.ring(house.wire.network.now, 183, house.wire.description(call), reliable)
    house.wire.settle()
    assert len(house.wire.sent("PRACK")) == 1
    assert not connects(house, 1)
    assert not any(isinstance(told, protocol.Play) for told in house.media.worker.told)
    call.answer(house.wire.network.now, b"")
    await house.wire.acknowledged()
    assert [(one.host, one.port) for one in connects(house, 1)] == [("127.0.0.9", 40_000)]
    assert any(isinstance(told, protocol.Play) for told in house.media.worker.told)
    house.wire.hang_up(call)


# --- before the answer: another INVITE on the same leg ----------------------------------------------------------------


def redirect(house: House, call: IncomingCall, *contacts: str) -> None:
    call.reject(house.wire.network.now, 302, headers=tuple(("Contact", contact) for contact in contacts))
    house.wire.settle()


async def test_a_redirected_call_is_stored_anew_before_it_goes_to_its_next_target_and_each_is_tried(
    house: House,
) -> None:
    await house.accept()
    redirect(house, await house.wire.invited(), "<sip:b@127.0.0.2>;q=0.5", "<sip:a@127.0.0.2>", "<sip:c@127.0.0.3>")
    first = await house.wire.invited()
    assert str(first.request.uri) == "sip:a@127.0.0.2"
    (stored,) = house.store.read_now(lambda conn: conn.execute(select(legs.c.invite)).scalars().all())
    assert (InviteState.from_json(stored).uri, InviteState.from_json(stored).cseq) == ("sip:a@127.0.0.2", 2)
    house.wire.reject(first, 404)
    second = await house.wire.invited()
    assert str(second.request.uri) == "sip:b@127.0.0.2"
    assert second.request.headers["Call-ID"] == first.request.headers["Call-ID"]
    assert house.routes.begun_again == ["carrier"] * 2, "each counts for the calls of a second"
    assert house.routes.taken == 1, "and there is one call"
    house.wire.answer(second)
    await house.wire.acknowledged()
    house.wire.hang_up(second)


@pytest.mark.parametrize("contact", ["<sip:a@127.0.0.3>", "<sip:a@elsewhere.example>", ""])
async def test_a_call_that_is_redirected_to_where_we_do_not_go_ends_as_other(house: House, contact: str) -> None:
    uuid = await house.accept()
    redirect(house, await house.wire.invited(), *([contact] if contact else []))
    await house.ended(uuid)
    assert record(house.store, uuid) == (10020, 10020, "", "")


async def test_a_call_that_rang_is_not_redirected(house: House) -> None:
    uuid = await house.accept()
    call = await house.wire.invited()
    house.wire.ring(call)
    redirect(house, call, "<sip:a@127.0.0.2>")
    await house.ended(uuid)
    assert record(house.store, uuid) == (10020, 10020, "", "")
    assert len(house.wire.sent("INVITE")) == 1


async def test_an_update_before_the_answer_moves_the_audio_and_nothing_is_played_before_the_200(house: House) -> None:
    await house.accept()
    call = await house.wire.invited()
    reliable = (("Require", "100rel"), ("RSeq", "1"))
    call.ring(house.wire.network.now, 183, house.wire.description(call), reliable)
    house.wire.settle()
    assert call.dialog is not None
    request = call.dialog.request("UPDATE", call._agent.make_via(call.flow), 1)
    request.body = offer(version=2, port=42_000)
    request.headers.set("Content-Type", "application/sdp")
    request.headers.set("Content-Length", str(len(request.body)))
    house.wire.far["carrier"].core.send(bytes(request), call.flow)
    house.wire.settle()
    assert not any(isinstance(told, protocol.Play) for told in house.media.worker.told)
    call.answer(house.wire.network.now, b"")
    await house.wire.acknowledged()
    assert connects(house, 1)[-1].port == 42_000
    call.dialog = replace(call.dialog, local_cseq=1)
    house.wire.hang_up(call)


async def test_what_an_update_changed_in_one_early_dialog_is_nothing_to_another_one_that_answers(house: House) -> None:
    """As where a carrier's announcement, a ring-back tone of the callee's say, is a fork of its own."""
    await house.accept()
    announcement = await house.wire.invited()
    reliable = (("Require", "100rel"), ("RSeq", "1"))
    announcement.ring(house.wire.network.now, 183, house.wire.description(announcement), reliable)
    house.wire.settle()
    assert announcement.dialog is not None
    request = announcement.dialog.request("UPDATE", announcement._agent.make_via(announcement.flow), 1)
    inactive = offer(version=2, codec=Codec.PCMU, direction=sdp.Direction.INACTIVE)
    house.wire.far["carrier"].core.send(bytes(finish(request, inactive)), announcement.flow)
    house.wire.settle()
    assert connects(house, 1)[-1].codec == Codec.PCMU
    answer = make_response(
        announcement.request,
        200,
        to_tag="callee",
        headers=(("Contact", "<sip:callee@127.0.0.2:5060>"),),
        body=offer(version=1, port=42_000, codec=Codec.PCMA),
    )
    house.wire.far["carrier"].core.send(bytes(answer), announcement.flow)
    house.wire.settle()
    told = connects(house, 1)[-1]
    assert (told.codec, told.port, told.sends) == (Codec.PCMA, 42_000, True)
    assert any(isinstance(told, protocol.Play) for told in house.media.worker.told)


async def test_options_inside_a_call_are_answered_with_what_we_can_do(house: House) -> None:
    call = await answered(house)
    assert call.dialog is not None
    call.dialog = replace(call.dialog, local_cseq=call.dialog.local_cseq + 1)
    request = call.dialog.request("OPTIONS", call._agent.make_via(call.flow), call.dialog.local_cseq)
    heard: list[Effect] = []
    house.wire.far["carrier"].core.start_client(
        finish(request), call.flow, house.wire.network.now, lambda effect, _now: heard.append(effect)
    )
    house.wire.settle()
    (effect,) = heard
    assert isinstance(effect, Deliver)
    assert isinstance(effect.message, Response)
    assert effect.message.code == 200
    told = {name: effect.message.headers[name] for name in ("Allow", "Accept", "Supported")}
    assert told == {
        "Allow": "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE",
        "Accept": "application/sdp",
        "Supported": "timer",
    }
    house.wire.hang_up(call)
