"""A real server whose carrier is SIPp, which we did not write: what it asserts is the order of messages on the wire.

Each test starts SIPp with a scenario of `sipp/` on the port that the trunk leads to, places one call, and compares the
scenario's outcome with the call record as it was delivered.
"""

import hashlib
import re
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.acceptance.rtp_peer import RtpPeer, write_capture
from tests.acceptance.sipp_peer import Message, Sipp
from tests.acceptance.sipp_world import (
    KEY_TIME,
    LONG,
    NOTICE,
    PASSWORD,
    USERNAME,
    WAIT_TIME,
    SippWorld,
    noise,
    sipp_world,
)
from tests.peers import need_raw_sockets
from tests.waiting import AT_ONCE

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import SAMPLE_RATE, Codec, decode
from playvoice.simulator.configuration import LOOPBACK
from playvoice.simulator.sound import find, read_channels
from playvoice.simulator.world import EXTENSION

pytestmark = pytest.mark.peer("sipp")

FIRST_PACKET = 0.5
"""Seconds from the answer within which the voice has to begin."""
FRAME_TIME = 0.02
CREDENTIAL = re.compile(r'(\w+)=("[^"]*"|[^\s,]+)')
ALIKE = 0.9
"""Likeness from which two sounds are the same."""
CALLEE = noise(0.8, Codec.PCMA, 4)
"""What the callee says."""


@pytest.fixture(scope="module")
def udp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SippWorld]:
    """A server with an agent's phone, whose trunk is SIPp over UDP."""
    with sipp_world(tmp_path_factory.mktemp("udp"), "udp", registered=True) as held:
        yield held


def assert_ended(record: dict[str, Any], cause: Cause, direction: Cause, *, key: str = "", agent: str = "") -> None:
    assert (record["hangupcause"], record["hangupdirection"]) == (cause, direction)
    assert (record["userkey"], record["extnumber"], record["crmid"]) == (key, agent, agent or "0")


def assert_never_answered(record: dict[str, Any], duration: int) -> None:
    assert (record["answertime"], record["billsec"], record["recordfilename"]) == ("", 0, "")
    assert record["duration"] == seconds_between(record, "starttime", "endtime")
    assert duration - 1 <= record["duration"] <= duration + 2


def assert_talked(record: dict[str, Any], seconds: float) -> None:
    """The record's times agree with each other, and with what the carrier saw, but for cutting to whole seconds."""
    assert record["duration"] == seconds_between(record, "starttime", "answertime") >= 0
    assert record["billsec"] == seconds_between(record, "answertime", "endtime")
    assert abs(record["billsec"] - seconds) <= 1.5
    assert record["recordfilename"] == f"{record['uuid']}.wav"


def seconds_between(record: dict[str, Any], earlier: str, later: str) -> int:
    times = [datetime.fromisoformat(record[name]) for name in (earlier, later)]
    return round((times[1] - times[0]).total_seconds())


def talked(sipp: Sipp) -> float:
    """Seconds from the first 200 to the BYE, as SIPp saw them."""
    byes = [each for each in sipp.messages() if each.first_line.startswith("BYE ")]
    return byes[-1].at - sipp.sent(200)[0].at


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def assert_proxy_credentials(request: Message, method: str, nonce: str) -> None:
    given = {name: value.strip('"') for name, value in CREDENTIAL.findall(request.header("Proxy-Authorization"))}
    assert (given["username"], given["realm"], given["nonce"]) == (USERNAME, "carrier.example", nonce)
    assert given["uri"] == request.first_line.split()[1]
    secret = md5(f"{USERNAME}:{given['realm']}:{PASSWORD}")
    asked = md5(f"{method}:{given['uri']}")
    stated = ":".join(given[name] for name in ("nonce", "nc", "cnonce", "qop"))
    assert given["response"] == md5(f"{secret}:{stated}:{asked}"), "the response is that of RFC 7616 section 3.4.1"


# --- calls that are answered ------------------------------------------------------------------------------------------


def test_a_callee_who_answers_hears_the_voice_sample_for_sample_and_is_hung_up_on(
    udp: SippWorld, tmp_path: Path
) -> None:
    with RtpPeer(CALLEE) as callee, udp.carrier("answer", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert callee.payload_types() == {Codec.PCMA}
    assert callee.arrivals[0].at - sipp.sent(200)[0].at <= FIRST_PACKET
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))
    assert len(sipp.received("INVITE")) == len(sipp.received("BYE")) == 1

    length, (left, right) = udp.recording(record)
    spoken = decode(Codec.PCMA, NOTICE[Codec.PCMA])
    assert len(spoken) / SAMPLE_RATE + KEY_TIME - 2 * FRAME_TIME <= length <= talked(sipp) + 2 * FRAME_TIME
    at = find(spoken, right).offset
    assert np.array_equal(right[at : at + spoken.size], spoken), "the right channel has the voice sample for sample"
    assert at <= FIRST_PACKET * SAMPLE_RATE
    assert find(decode(Codec.PCMA, CALLEE), left).likeness >= ALIKE, "the left channel has what the callee said"


def test_a_callee_who_hangs_up_while_the_voice_plays_ends_the_call(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, udp.carrier("hang_up", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial("long.wav")
        sipp.finish()
        record = udp.record(uuid)
    assert LONG.startswith(callee.heard()), "what was heard is the beginning of the voice"
    assert_ended(record, Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_a_call_lasts_no_longer_than_it_may(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, udp.carrier("answer", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial("long.wav", conntime="2")
        sipp.finish()
        record = udp.record(uuid)
    assert LONG.startswith(callee.heard())
    assert 2.0 <= talked(sipp) < 3.5
    assert_ended(record, Cause.TIMER_EXPIRED, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_a_key_as_telephone_event_ends_the_voice_and_brings_an_agent(udp: SippWorld, tmp_path: Path) -> None:
    need_raw_sockets()
    speech = noise(10.0, Codec.PCMA, 5)
    write_capture(tmp_path / "key.pcap", speech, keys=[(0.5, "1")])
    began = time.monotonic()
    with udp.carrier("press_key", tmp_path) as sipp:
        uuid = udp.dial("long.wav")
        sipp.finish()
        record = udp.record(uuid)
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP, key="1", agent=EXTENSION)
    assert_talked(record, talked(sipp))
    assert udp.states(uuid) == ["ring", "answer", "hangup"]
    assert udp.world.agents is not None
    audio = udp.world.agents.wait_for("audio", 5, lambda each: bool(each["time"] > began))
    heard = read_channels(Path(audio["heard"]))[1][0]
    second = heard[SAMPLE_RATE // 4 : SAMPLE_RATE // 4 + SAMPLE_RATE // 2]
    assert find(second, decode(Codec.PCMA, speech)).likeness >= ALIKE, "the agent hears the callee"
    _, (left, _) = udp.recording(record)
    assert find(decode(Codec.PCMA, speech[: SAMPLE_RATE // 4]), left).likeness >= ALIKE, "so does the recording"


def test_the_voice_waits_for_the_200_when_a_carrier_opens_early_media(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, udp.carrier("early_media", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMA]
    # The scenario waits 0.6 s between 183 and 200.
    assert callee.arrivals[0].at - sipp.received("INVITE")[0].at >= 0.4, "nothing is played before the answer"
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_a_callee_who_holds_hears_nothing_until_he_resumes_and_the_voice_has_gone_on(
    udp: SippWorld, tmp_path: Path
) -> None:
    with RtpPeer() as callee, udp.carrier("hold_resume", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial("long.wav")
        sipp.finish()
        record = udp.record(uuid)
    assert len(sipp.received("PRACK")) == 1
    hold, resume = [each.at for each in _firsts(sipp, "INVITE ", "INVITE", sent=True)]
    held, resumed = [each.at for each in _firsts(sipp, "SIP/2.0 200 ", "INVITE", sent=False)]
    times = [arrival.at for arrival in callee.arrivals]
    assert min(times) >= sipp.sent(200)[0].at, "nothing is played before the answer, though the 183 had one"
    assert [at for at in times if at < hold]
    assert not [at for at in times if held + 2 * FRAME_TIME < at < resume], "held"
    assert [at for at in times if at > resumed]
    before = b"".join(arrival.packet.payload for arrival in callee.arrivals if arrival.at < hold)
    after = b"".join(arrival.packet.payload for arrival in callee.arrivals if arrival.at > resumed)
    assert LONG.startswith(before), "the voice from its beginning"
    assert LONG.find(after) - len(before) >= (resume - held - 0.1) * SAMPLE_RATE, "it went on while nobody heard it"
    assert_ended(record, Cause.NORMAL, Cause.CALLEE_HUNG_UP)


def _firsts(sipp: Sipp, start: str, method: str, *, sent: bool) -> list[Message]:
    """The messages of one direction that begin so and belong to this method, without repetitions."""
    found: dict[str, Message] = {}
    for each in sipp.messages():
        if each.sent is sent and each.first_line.startswith(start) and each.header("CSeq").endswith(method):
            found.setdefault(each.header("CSeq"), each)
    return list(found.values())


def test_a_far_end_that_asks_who_calls_accepts_the_trunks_credentials(udp: SippWorld, tmp_path: Path) -> None:
    keys = {"username": USERNAME, "password": PASSWORD}
    with RtpPeer() as callee, udp.carrier("challenge_401", tmp_path, rtp_port=callee.port, **keys) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert sipp.sent(200), "SIPp's verifyauth found the credentials right"
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_a_proxy_that_asks_who_calls_gets_the_trunks_credentials(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, udp.carrier("challenge_407", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    first, second = sipp.received("INVITE")
    assert first.header("Proxy-Authorization") == ""
    assert [each.header("CSeq") for each in (first, second)] == ["1 INVITE", "2 INVITE"]
    assert_proxy_credentials(second, "INVITE", "5f2b9c7d")
    assert sipp.received("ACK")[-1].header("Proxy-Authorization") == second.header("Proxy-Authorization")
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_a_proxy_that_asks_who_hangs_up_gets_the_trunks_credentials(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, udp.carrier("bye_challenged", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    first, second = sipp.received("BYE")
    assert (first.header("CSeq"), second.header("CSeq")) == ("2 BYE", "3 BYE")
    assert_proxy_credentials(second, "BYE", "77aa01")
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)


@pytest.mark.parametrize("scenario", ["no_contact", "no_tag", "answer_in_183_only", "multipart"])
def test_an_answer_against_the_letter_makes_a_call_as_any_other(udp: SippWorld, tmp_path: Path, scenario: str) -> None:
    with RtpPeer() as callee, udp.carrier(scenario, tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert callee.arrivals[0].at - sipp.sent(200)[0].at <= FIRST_PACKET
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_ack_and_bye_go_by_the_recorded_route_to_the_contact(udp: SippWorld, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as contact, RtpPeer() as callee:
        contact.bind((LOOPBACK, 0))
        port = contact.getsockname()[1]
        with udp.carrier("record_route", tmp_path, rtp_port=callee.port, contact_port=port) as sipp:
            uuid = udp.dial()
            sipp.finish()
            record = udp.record(uuid)
        contact.setblocking(False)
        with pytest.raises(BlockingIOError):
            contact.recv(2_048)
    route = f"<sip:{LOOPBACK}:{udp.port.number};transport=UDP;lr>, <sip:inner.example;lr>"
    for method in ("ACK", "BYE"):
        (request,) = sipp.received(method)
        assert request.first_line == f"{method} sip:callee@{LOOPBACK}:{port} SIP/2.0"
        assert request.header("Route") == route, "the route is the recorded one, from the last proxy on"
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_each_repetition_of_the_200_gets_the_ack_again(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, udp.carrier("lost_ack", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    acks = sipp.received("ACK", repeated=True)
    assert len(acks) >= 2, "the 200 was repeated after 0.5 s, and the ACK with it"
    assert {ack.text for ack in acks} == {acks[0].text}, "it is the same ACK each time"
    assert len(sipp.sent(200)) - len(acks) in (0, 1), "each 200 got one; the last one may have crossed the BYE"
    assert callee.heard() == NOTICE[Codec.PCMA], "the voice plays once"
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


def test_a_second_phone_that_answers_is_hung_up_on_and_the_first_call_goes_on(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as first, RtpPeer() as second:
        ports = {"rtp_port": first.port, "fork_rtp_port": second.port}
        with udp.carrier("fork", tmp_path, **ports) as sipp:
            uuid = udp.dial()
            sipp.finish()
            record = udp.record(uuid)
    assert first.heard() == NOTICE[Codec.PCMA]
    assert second.arrivals == [], "nothing is played to the second phone"
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))


# --- calls that are not -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "cause"),
    [
        ("busy", Cause.BUSY),
        ("decline", Cause.REJECTED),
        ("not_found", Cause.NOT_FOUND),
        ("unavailable", Cause.LINE_FAILURE),
        ("busy_by_reason", Cause.BUSY),
    ],
)
def test_a_refusal_is_acknowledged_and_its_cause_recorded(
    udp: SippWorld, tmp_path: Path, scenario: str, cause: Cause
) -> None:
    with udp.carrier(scenario, tmp_path) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert len(sipp.received("INVITE")) == 1
    assert_ended(record, cause, cause)
    assert_never_answered(record, 0)


def test_a_callee_who_does_not_answer_in_time_is_cancelled(udp: SippWorld, tmp_path: Path) -> None:
    with udp.carrier("no_answer", tmp_path) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    invite, cancel = sipp.received("INVITE")[0], sipp.received("CANCEL")[0]
    assert cancel.header("Via") == invite.header("Via"), "a CANCEL has the branch of what it cancels"
    assert cancel.at - invite.at >= WAIT_TIME - 0.1
    assert_ended(record, Cause.NO_ANSWER, Cause.CALLER_HUNG_UP)
    assert_never_answered(record, WAIT_TIME)


@pytest.mark.parametrize("scenario", ["answer_crosses_cancel", "late_answer"])
def test_an_answer_that_comes_too_late_is_hung_up_on_and_changes_no_record(
    udp: SippWorld, tmp_path: Path, scenario: str
) -> None:
    with RtpPeer() as callee, udp.carrier(scenario, tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert callee.arrivals == [], "nothing is played"
    assert sipp.received("BYE")[0].at - sipp.sent(200)[-1].at < AT_ONCE, "the callee is not kept"
    assert_ended(record, Cause.NO_ANSWER, Cause.CALLER_HUNG_UP)
    assert_never_answered(record, WAIT_TIME)
