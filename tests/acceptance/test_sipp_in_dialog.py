"""A real server with SIPp as its carrier, which asks, changes and ends within a call; the scenarios say who does so."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.rtp_peer import RtpPeer
from tests.acceptance.sipp_peer import Sipp
from tests.acceptance.sipp_world import LONG, NOTICE, SippWorld, sipp_world
from tests.waiting import wait_until

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import Codec
from playvoice.simulator.world import EXTENSION

pytestmark = pytest.mark.peer("sipp")

SETTLING = 0.3
"""Seconds after an answer of ours within which a packet may still go the old way, on a busy machine."""


@pytest.fixture(scope="module")
def udp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SippWorld]:
    """A server with an agent's phone, whose trunk is SIPp over UDP."""
    with sipp_world(tmp_path_factory.mktemp("udp"), "udp", registered=True) as held:
        yield held


def call(world: SippWorld, scenario: str, directory: Path, voice: str = "long.wav", **keys: object) -> Sipp:
    """Place a call that the callee answers and ends."""
    sipp, record = call_and_record(world, scenario, directory, voice, **keys)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    return sipp


def call_and_record(
    world: SippWorld, scenario: str, directory: Path, voice: str, **keys: object
) -> tuple[Sipp, dict[str, Any]]:
    with world.carrier(scenario, directory, **keys) as sipp:
        uuid = world.dial(voice)
        sipp.finish()
        return sipp, world.record(uuid)


def received(sipp: Sipp, status: int, method: str) -> float:
    """When the first response with this status to a request of this method came."""
    return next(
        each.at
        for each in sipp.messages()
        if not each.sent and each.first_line.startswith(f"SIP/2.0 {status} ") and each.header("CSeq").endswith(method)
    )


def test_a_carrier_that_keeps_the_session_alive_is_answered_by_rfc_4028(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee:
        call(udp, "refresh", tmp_path, rtp_port=callee.port)
    assert LONG.startswith(callee.heard()), "the voice goes on without a gap"


@pytest.mark.parametrize(("scenario", "method"), [("late_offer", "INVITE"), ("update_moves", "UPDATE")])
def test_audio_that_is_moved_goes_on_at_its_new_place(
    udp: SippWorld, tmp_path: Path, scenario: str, method: str
) -> None:
    with RtpPeer() as first, RtpPeer() as second:
        sipp = call(udp, scenario, tmp_path, rtp_port=first.port, second_port=second.port)
    answered = received(sipp, 200, method)
    assert first.arrivals[-1].at <= answered + SETTLING, "nothing goes the old way any more"
    assert LONG.startswith(first.heard())
    assert len(second.arrivals) >= 5
    # One source and numbers that go on (RFC 3550 section 5.1): to the callee it is the same stream.
    last, then = first.arrivals[-1].packet, second.arrivals[0].packet
    assert then.ssrc == last.ssrc
    assert (then.sequence - last.sequence) % 65_536 == 1
    assert LONG.startswith(first.heard() + second.heard())


def test_an_offer_that_can_not_be_used_leaves_the_call_as_it_was(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee:
        sipp = call(udp, "offer_refused", tmp_path, rtp_port=callee.port)
    assert LONG.startswith(callee.heard())
    assert callee.arrivals[-1].at > received(sipp, 488, "INVITE")


@pytest.mark.parametrize(
    ("content_type", "content"),
    [("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n"), ("application/dtmf", "1")],
)
def test_a_key_by_info_brings_an_agent_whose_key_comes_back_so(
    udp: SippWorld, tmp_path: Path, content_type: str, content: str
) -> None:
    with RtpPeer() as callee:
        keys = {"rtp_port": callee.port, "content_type": content_type, "content": content}
        _, record = call_and_record(udp, "info_key", tmp_path, "long.wav", **keys)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert (record["userkey"], record["extnumber"]) == ("1", EXTENSION)


def test_two_byes_that_cross_are_both_answered_and_whoever_asked_first_hung_up(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee:
        _, record = call_and_record(udp, "byes_cross", tmp_path, "notice.wav", rtp_port=callee.port)
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLER_HUNG_UP)


@pytest.mark.parametrize("scenario", ["bye_in_reinvite", "bye_before_ack"])
def test_a_bye_within_a_reinvite_ends_the_call_and_both_are_answered(
    udp: SippWorld, tmp_path: Path, scenario: str
) -> None:
    with RtpPeer() as first, RtpPeer() as second:
        sipp = call(udp, scenario, tmp_path, rtp_port=first.port, second_port=second.port)
    ended = received(sipp, 200, "BYE")
    for callee in (first, second):
        assert not [arrival for arrival in callee.arrivals if arrival.at > ended + SETTLING], "nothing is played on"
    udp.assert_idle()


def test_offers_that_collide_with_another_get_491_and_the_call_goes_on(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, RtpPeer() as second:
        call(udp, "offers_collide", tmp_path, rtp_port=callee.port, second_port=second.port)
    assert LONG.startswith(callee.heard()), "the voice goes on without a gap"
    assert second.arrivals == [], "what was refused changes nothing"


def test_a_bye_from_another_address_is_answered_there_and_ends_the_call(udp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.2", 0))
        elsewhere.settimeout(10)
        with udp.carrier("answer_only", tmp_path, rtp_port=callee.port) as sipp:
            uuid = udp.dial("long.wav")
            wait_until(lambda: sipp.received("ACK"), "the answer is acknowledged")
            (invite,), (ok, *_) = sipp.received("INVITE"), sipp.sent(200)
            host, port = elsewhere.getsockname()
            lines = (
                f"BYE {invite.header('Contact').strip('<>')} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKelsewhere",
                f"From: {ok.header('To')}",
                f"To: {ok.header('From')}",
                f"Call-ID: {ok.header('Call-ID')}",
                *("CSeq: 1 BYE", "Max-Forwards: 70", "Content-Length: 0", "", ""),
            )
            elsewhere.sendto("\r\n".join(lines).encode(), udp.world.sip())
            assert elsewhere.recv(65_535).startswith(b"SIP/2.0 200 ")
            sipp.finish()
            record = udp.record(uuid)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    udp.assert_idle()
