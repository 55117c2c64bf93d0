"""Keys of a customer: the ways on which they come, which of them a trunk's `dtmf` takes, and one press counted once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calls.world import House
from tests.waiting import until

from playvoice.calls import conductor, legs
from playvoice.calls.keys import SAME_PRESS, Presses, Way
from playvoice.config import Dtmf
from playvoice.media import protocol, sdp
from playvoice.media.g711 import Codec
from playvoice.sip import IncomingCall, Request, RequestInCall, informing
from playvoice.sip.info import key_of
from playvoice.sip.message import parse
from playvoice.store import Store

# --- the rule -----------------------------------------------------------------------------------------------------


def counted(reports: list[tuple[float, Way, str]]) -> str:
    presses = Presses()
    return "".join(key for at, way, key in reports if presses.counts(key, way, at))


def test_a_press_that_two_ways_report_counts_once_whichever_comes_first() -> None:
    assert counted([(1.0, Way.RTP, "1"), (1.3, Way.INFO, "1")]) == "1"
    assert counted([(1.0, Way.INFO, "1"), (1.3, Way.RTP, "1")]) == "1"


def test_what_one_way_reports_twice_are_two_presses() -> None:
    assert counted([(1.0, Way.INFO, "1"), (1.1, Way.INFO, "1")]) == "11"


def test_quick_presses_that_are_reported_twice_each_count_once_each() -> None:
    rtp = [(1.0 + 0.2 * number, Way.RTP, key) for number, key in enumerate("1123")]
    info = [(at + 0.5, Way.INFO, key) for at, _, key in rtp]
    assert counted(sorted([*rtp, *info], key=lambda report: report[0])) == "1123"


def test_another_key_and_a_much_later_report_are_presses_of_their_own() -> None:
    assert counted([(1.0, Way.RTP, "1"), (1.1, Way.INFO, "2")]) == "12"
    assert counted([(1.0, Way.RTP, "1"), (1.0 + SAME_PRESS + 0.01, Way.INFO, "1")]) == "11"


def test_an_info_that_tells_a_long_press_when_it_ends_is_of_the_press_that_began_it() -> None:
    presses = Presses()
    assert presses.counts("1", Way.RTP, 10.0)
    assert not presses.counts("1", Way.INFO, 15.0, lasted=4.9)
    assert presses.counts("1", Way.INFO, 16.0, lasted=0.1)


@given(st.text(alphabet="012*#", max_size=40), st.floats(0.05, 1.5), st.floats(0.0, 1.9))
def test_however_quickly_keys_are_pressed_each_counts_once(keys: str, pause: float, late: float) -> None:
    rtp = [(pause * number, Way.RTP, key) for number, key in enumerate(keys)]
    info = [(at + min(late, 10 * pause), Way.INFO, key) for at, _, key in rtp]
    assert counted(sorted([*rtp, *info], key=lambda report: report[0])) == keys


# --- what a trunk takes -------------------------------------------------------------------------------------------


@pytest.fixture
async def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(conductor, "HEARTBEAT", 3600.0)
    made = House(store, tmp_path, monkeypatch)
    await made.conductor.start()
    yield made
    await made.stop()
    await made.quiet()


def answer_of(call: IncomingCall, *, telephone_events: bool = True) -> bytes:
    """The answer of a phone that takes telephone-events, or doesn't."""
    offered = call.request.body
    body, _ = sdp.answer(offered, "127.0.0.9", 40_000, (Codec.PCMA,), telephone_events=telephone_events, session_id=1)
    return body


async def answered(house: House, dtmf: Dtmf, *, telephone_events: bool) -> IncomingCall:
    """A customer over a trunk of this kind who hears the voice."""
    house.routes.trunk = replace(house.routes.trunk, dtmf=dtmf)
    await house.accept()
    call = await house.wire.invited()
    call.answer(house.wire.network.now, answer_of(call, telephone_events=telephone_events))
    house.wire.settle()
    await house.wire.acknowledged()
    return call


def offers_events(call: IncomingCall) -> bool:
    return sdp.parse(call.request.body).media[0].telephone_event is not None


def info(house: House, call: IncomingCall, key: str, name: str = "carrier", method: str = "INFO") -> None:
    """Press a key by INFO."""
    assert call.dialog is not None
    request = call.dialog.request(method, call._agent.make_via(call.flow), call.dialog.local_cseq + 1)
    call.dialog = replace(call.dialog, local_cseq=call.dialog.local_cseq + 1)
    request.body = f"Signal={key}\r\nDuration=160\r\n".encode()
    request.headers.set("Content-Type", "application/dtmf-relay")
    request.headers.set("Content-Length", str(len(request.body)))
    house.wire.far[name].core.send(bytes(request), call.flow)


def rtp(house: House, key: str, stream: int = 0) -> None:
    """Press a key that the worker hears."""
    pressing = house.media.streams[stream]
    pressing.on_event(protocol.KeyPressed(pressing.number, key))


@pytest.mark.parametrize(
    ("dtmf", "agreed", "offered", "tones"),
    [
        (Dtmf.AUTO, True, True, False),
        (Dtmf.AUTO, False, True, True),
        (Dtmf.RFC4733, True, True, False),
        (Dtmf.RFC4733, False, True, False),
        (Dtmf.INFO, False, False, False),
        (Dtmf.INBAND, False, False, True),
    ],
)
async def test_a_trunk_says_what_is_offered_and_whether_tones_are_searched_for(
    house: House, dtmf: Dtmf, agreed: bool, offered: bool, tones: bool
) -> None:
    call = await answered(house, dtmf, telephone_events=agreed)
    assert offers_events(call) is offered
    (told,) = [message for message in house.media.worker.told if isinstance(message, protocol.Connect)]
    assert (told.receive_telephone_event >= 0, told.tones) == (agreed, tones)
    house.wire.hang_up(call)


@pytest.mark.parametrize(
    ("dtmf", "agreed", "counts"),
    [
        (Dtmf.AUTO, True, False),
        (Dtmf.AUTO, False, True),
        (Dtmf.RFC4733, False, False),
        (Dtmf.INFO, False, True),
        (Dtmf.INBAND, False, False),
    ],
)
async def test_a_key_by_info_counts_where_the_trunk_has_its_keys_so(
    house: House, dtmf: Dtmf, agreed: bool, counts: bool
) -> None:
    call = await answered(house, dtmf, telephone_events=agreed)
    info(house, call, "1")
    house.wire.settle()
    music = [message for message in house.media.worker.told if isinstance(message, protocol.Play) and message.loop]
    assert bool(music) is counts
    rtp(house, "1")  # which decides where the other one did not
    agent = await house.wire.invited("phone")
    house.wire.reject(agent, 486)
    house.wire.hang_up(call)


async def test_what_is_no_info_presses_no_key(house: House) -> None:
    call = await answered(house, Dtmf.INFO, telephone_events=False)
    info(house, call, "1", method="OPTIONS")
    house.wire.settle()
    assert house.wire.sent("SIP/2.0 200 OK")
    assert not [told for told in house.media.worker.told if isinstance(told, protocol.Play) and told.loop]
    house.wire.hang_up(call)


async def test_a_gateway_that_offers_telephone_events_later_gets_none_where_keys_come_as_tones(house: House) -> None:
    call = await answered(house, Dtmf.INBAND, telephone_events=False)
    offer = bytes(sdp.offer("127.0.0.9", 40_000, (Codec.PCMA,), session_id=1, version=2))
    assert call.session.offer(house.wire.network.now, offer)

    def connects() -> list[protocol.Connect]:
        return [message for message in house.media.worker.told if isinstance(message, protocol.Connect)]

    def told() -> bool:
        house.wire.settle()
        return len(connects()) == 2

    await until(told, "the stream knows of the new description")
    assert (connects()[1].receive_telephone_event, connects()[1].telephone_event, connects()[1].tones) == (-1, -1, True)
    house.wire.hang_up(call)


async def test_a_gateway_that_sends_info_and_leaves_the_tones_presses_once(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    call = await answered(house, Dtmf.AUTO, telephone_events=False)
    rtp(house, "7")
    info(house, call, "7")
    house.wire.settle()
    info(house, call, "1")
    agent = await house.wire.invited("phone")
    house.wire.reject(agent, 486)
    house.wire.hang_up(call)
    lines = [line for line in capsys.readouterr().out.splitlines() if "key_pressed" in line]
    assert [("way=tone" in line, "way=INFO" in line) for line in lines] == [(True, False), (False, True)]


# --- what the other one hears while two talk --------------------------------------------------------------------------

CUSTOMER, AGENT = 0, 1
"""The streams of the two who talk."""


async def talking(house: House, dtmf: Dtmf, *, events: bool, agents_events: bool) -> tuple[IncomingCall, IncomingCall]:
    """A customer over a trunk of this kind with an agent; either takes telephone-events or doesn't."""
    customer = await answered(house, dtmf, telephone_events=events)
    rtp(house, "1") if dtmf is not Dtmf.INFO else info(house, customer, "1")
    agent = await house.wire.invited("phone")
    agent.answer(house.wire.network.now, answer_of(agent, telephone_events=agents_events))
    house.wire.settle()
    await house.wire.acknowledged("phone")
    return customer, agent


def heard(house: House) -> tuple[list[str], list[tuple[int, str]]]:
    """The keys that we have told by INFO, and those that the worker sends as telephone-events, by stream."""
    for _ in range(5):
        house.wire.settle()
        for event in [event for events in house.wire.events.values() for event in events]:
            if isinstance(event, RequestInCall):
                event.request.respond(200, house.wire.network.now)
    requests = [parse(data) for data in house.wire.sent("INFO")]
    by_info = [key_of(request) or "" for request in requests if isinstance(request, Request)]
    numbers = [stream.number for stream in house.media.streams]
    sent = [told for told in house.media.worker.told if isinstance(told, protocol.SendKeys)]
    return by_info, [(numbers.index(told.stream), told.keys) for told in sent]


@pytest.mark.parametrize(
    ("dtmf", "events", "by_info"),
    [(Dtmf.AUTO, True, []), (Dtmf.AUTO, False, ["5"]), (Dtmf.INFO, False, ["5"]), (Dtmf.INBAND, False, [])],
)
async def test_an_agents_telephone_event_goes_on_by_info_where_a_trunk_has_its_keys_so(
    house: House, dtmf: Dtmf, events: bool, by_info: list[str]
) -> None:
    customer, _ = await talking(house, dtmf, events=events, agents_events=True)
    rtp(house, "5", AGENT)
    assert heard(house) == (by_info, []), "telephone-events the worker relays"
    house.wire.hang_up(customer)


async def test_a_key_by_info_is_a_telephone_event_to_the_other_one(house: House) -> None:
    customer, agent = await talking(house, Dtmf.INFO, events=False, agents_events=True)
    info(house, customer, "7")
    info(house, agent, "8", "phone")
    assert heard(house) == ([], [(AGENT, "7")]), "an agent's INFO beside his telephone-events is the same press"
    house.wire.hang_up(customer)


async def test_an_agent_whose_phone_has_info_alone_presses_keys_too(house: House) -> None:
    customer, agent = await talking(house, Dtmf.AUTO, events=True, agents_events=False)
    info(house, agent, "8", "phone")
    assert heard(house) == ([], [(CUSTOMER, "8")])
    house.wire.hang_up(customer)


async def test_the_key_that_brought_the_agent_and_those_before_him_are_not_for_him(house: House) -> None:
    customer = await answered(house, Dtmf.INFO, telephone_events=False)
    info(house, customer, "9")
    info(house, customer, "1")
    agent = await house.wire.invited("phone")
    info(house, customer, "2")
    house.wire.answer(agent)
    await house.wire.acknowledged("phone")
    assert heard(house) == ([], [])
    house.wire.hang_up(customer)


async def test_a_far_end_is_told_no_more_keys_by_info_than_its_bye_can_count_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legs, "MAX_INFORMED", 2)
    customer, _ = await talking(house, Dtmf.INFO, events=False, agents_events=True)
    for key in "345":
        rtp(house, key, AGENT)
    assert heard(house) == (["3", "4"], [])
    house.wire.hang_up(customer)


async def test_keys_beyond_those_that_may_wait_are_told_of_as_lost(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(informing, "MAX_WAITING", 1)
    customer, _ = await talking(house, Dtmf.INFO, events=False, agents_events=True)
    for key in "34":
        rtp(house, key, AGENT)
    assert heard(house) == (["3"], [])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "key_not_passed_on" in line]
    assert "key=4" in line
    house.wire.hang_up(customer)


async def test_a_leg_that_an_info_finds_gone_ends_the_call(house: House) -> None:
    customer, _ = await talking(house, Dtmf.INFO, events=False, agents_events=True)
    house.wire.far["carrier"].dialogs.release(customer)  # it answers 481 from now on
    rtp(house, "3", AGENT)
    assert heard(house)[0] == ["3"]
    assert len(house.wire.sent("BYE")) == 2, "to the one that is gone, and to the agent"
