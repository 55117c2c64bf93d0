"""A real server with SIPp as its carrier, which answers and refuses in the words of many carriers.

What differs from carrier to carrier is how an answer is written, and what comes before it. Each row of the tables is
one call; the scenarios say who does that.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.acceptance.rtp_peer import RtpPeer
from tests.acceptance.sipp_peer import Sipp
from tests.acceptance.sipp_world import LONG, NOTICE, SippWorld, noise, sipp_world
from tests.acceptance.test_sipp_carrier import assert_ended, assert_talked, talked
from tests.waiting import AT_ONCE

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import Codec, decode
from playvoice.simulator.sound import find

pytestmark = pytest.mark.peer("sipp")

ENOUGH = 5
"""Packets after which a callee has heard the voice."""


@pytest.fixture(scope="module")
def udp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SippWorld]:
    with sipp_world(tmp_path_factory.mktemp("udp"), "udp", registered=False) as held:
        yield held


@pytest.fixture(scope="module")
def tcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SippWorld]:
    with sipp_world(tmp_path_factory.mktemp("tcp"), "tcp", registered=False) as held:
        yield held


def ended(record: dict[str, Any]) -> tuple[int, int]:
    return record["hangupcause"], record["hangupdirection"]


def answer(world: SippWorld, scenario: str, directory: Path, **keys: object) -> Sipp:
    """Place a call to a callee who answers and hangs up; he hears the voice from its beginning on, packet by packet.

    Of the keys `description` may name `{port}`, where he hears.
    """
    with RtpPeer() as callee:
        if "description" in keys:
            keys["description"] = str(keys["description"]).replace("{port}", str(callee.port))
        with world.carrier(scenario, directory, rtp_port=callee.port, **keys) as sipp:
            uuid = world.dial("long.wav")
            sipp.finish()
            record = world.record(uuid)
    assert len(callee.arrivals) >= ENOUGH
    assert LONG.startswith(callee.heard())
    assert ended(record) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    return sipp


# --- how an answer is written -----------------------------------------------------------------------------------------

HEAD = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")
EVENTS = ("a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15")
AUDIO = ("m=audio {port} RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", *EVENTS)
DESCRIPTIONS: dict[str, Sequence[str]] = {
    "has an address for its stream only": (*HEAD[:3], HEAD[4], AUDIO[0], HEAD[3], *AUDIO[1:]),
    "has neither a name nor a time": (HEAD[0], HEAD[1], HEAD[3], *AUDIO),
    "maps no static payload type": (*HEAD, "m=audio {port} RTP/AVP 8"),
    "writes the codec in small letters and with its channel": (*HEAD, AUDIO[0], "a=rtpmap:8 pcma/8000/1", *EVENTS),
    "has telephone-events under a number of its own": (
        *(*HEAD, "m=audio {port} RTP/AVP 8 96"),
        *("a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16"),
    ),
    "has a codec that was not offered before the one that was": (
        *(*HEAD, "m=audio {port} RTP/AVP 18 8 101"),
        *("a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=no", *EVENTS),
    ),
    "refuses a fax, a video and a second audio that nobody offered": (
        *(*HEAD, *AUDIO),
        *("m=image 0 udptl t38", "m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 18"),
    ),
    "has what a browser's gateway adds": (
        *(*HEAD, "a=group:BUNDLE 0", "a=ice-lite", "b=AS:80", "b=TIAS:64000"),
        *(*AUDIO, "b=RS:600", "b=RR:2000", "a=mid:0", "a=label:1", "a=ssrc:1 cname:x", "a=rtcp-mux"),
        *("a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901"),
        "a=candidate:1 1 UDP 2130706431 127.0.0.1 {port} typ host",
    ),
    "names a host in its origin, with numbers of 64 bits": (
        *(HEAD[0], "o=SBC 18446744073709551615 18446744073709551614 IN IP4 sbc-7.carrier.example"),
        *(*HEAD[2:], *AUDIO),
    ),
    "wants packets of 60 ms": (*HEAD, *AUDIO, "a=ptime:60", "a=maxptime:60"),
    "has spaces at the ends of its lines": [f"{line} " for line in (*HEAD, *AUDIO)],
    "has 9,000 octets of attributes": (*HEAD, *AUDIO, *(f"a=X-vendor-{number}:{'x' * 80}" for number in range(90))),
}
"""What the body of a 200 is like."""


def lines(texts: Sequence[str], end: str = "\r\n") -> str:
    return "".join(f"{text}{end}" for text in texts)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_call_is_made_by_a_description_that(udp: SippWorld, tmp_path: Path, name: str) -> None:
    answer(udp, "described", tmp_path, headers=contact(udp), description=lines(DESCRIPTIONS[name]))


def test_a_call_is_made_by_a_description_whose_lines_end_with_line_feeds_alone(udp: SippWorld, tmp_path: Path) -> None:
    answer(udp, "described", tmp_path, headers=contact(udp), description=lines((*HEAD, *AUDIO), "\n"))


def contact(world: SippWorld) -> str:
    return f"Contact: <{world.port.uri}>"


HEADERS: dict[str, Sequence[str]] = {
    "has a name of quotes, commas and brackets in its Contact": (r'Contact: "Gate \"7\", <not@this>; x" <{uri}>;q=1',),
    "has no brackets around its Contact": ("Contact: {bare}",),
    "has headers that nobody here asks for": (
        *("Contact: <{uri}>", "P-Charging-Vector: icid-value=1;orig-ioi=a.example", "Server: SBC/7 (odd; one)"),
        *("P-Asserted-Identity: <sip:+8613333330000@a.example>, <tel:+8613333330000>", 'Warning: 399 a.example "?"'),
        *("History-Info: <sip:1@a.example?Reason=SIP%3Bcause%3D302>;index=1", "X-Empty:", "Allow-Events: refer"),
    ),
    "has octets that are no UTF-8": ("Contact: <{uri}>", "Server: \udcd6\udcd0\udcb9\udcfa"),
    "folds values over lines": ("Contact:\r\n\t<{uri}>", "Supported: timer\r\n ,\r\n  replaces"),
    "refreshes the session itself": ("Contact: <{uri}>", "Require: timer", "Session-Expires: 1800;refresher=uas"),
    "has no Allow but an empty one": ("Contact: <{uri}>", "Allow:", "Supported:"),
    "has a line of 8,000 characters": ("Contact: <{uri}>", f"X-Long: {'x' * 7_900}"),
    "has 200 lines": ("Contact: <{uri}>", *(f"X-Line-{number}: {number}" for number in range(200))),
    "has 20,000 octets": ("Contact: <{uri}>", *(f"X-Line-{number}: {'x' * 4_000}" for number in range(5))),
}
"""What the head of a 200 is like."""


@pytest.mark.parametrize("name", HEADERS)
def test_a_call_is_made_by_an_answer_that(udp: SippWorld, tmp_path: Path, name: str) -> None:
    bare = udp.port.uri.partition(";")[0]
    headers = "\r\n".join(HEADERS[name]).format(uri=udp.port.uri, bare=bare)
    answer(udp, "described", tmp_path, headers=headers, description=lines((*HEAD, *AUDIO)))


def test_compact_names_and_folded_lines_are_read(udp: SippWorld, tmp_path: Path) -> None:
    answer(udp, "compact", tmp_path, fold="\r\n\t ")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_ack_takes_its_way_over_twenty_proxies(
    request: pytest.FixtureRequest, tmp_path: Path, transport: str
) -> None:
    world: SippWorld = request.getfixturevalue(transport)
    proxies = [f"<sip:proxy-{number}.{'long-' * 40}name.example;lr>" for number in range(19)]
    first = f"<{world.port.uri};lr>"
    headers = "\r\n".join([contact(world), *(f"Record-Route: {proxy}" for proxy in proxies), f"Record-Route: {first}"])
    sipp = answer(world, "described", tmp_path, headers=headers, description=lines((*HEAD, *AUDIO)))
    (ack,) = sipp.received("ACK")
    assert ack.header("Route").split(", ") == [first, *reversed(proxies)]


def test_over_tcp_and_in_mu_law_a_call_goes_the_same_way(tcp: SippWorld, tmp_path: Path) -> None:
    with RtpPeer() as callee:
        keys = {"rtp_port": callee.port, "payload_type": Codec.PCMU.value, "codec": "PCMU"}
        with tcp.carrier("answer", tmp_path, **keys) as sipp:
            uuid = tcp.dial("notice-ulaw.wav")
            sipp.finish()
            record = tcp.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMU]
    assert callee.payload_types() == {Codec.PCMU}
    assert_ended(record, Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert_talked(record, talked(sipp))
    assert all("/TCP " in each.header("Via") for each in sipp.messages())


def test_over_tcp_an_answer_may_have_50_000_octets(tcp: SippWorld, tmp_path: Path) -> None:
    headers = "\r\n".join([contact(tcp), *(f"X-Line-{number}: {'x' * 4_000}" for number in range(12))])
    answer(tcp, "described", tmp_path, headers=headers, description=lines((*HEAD, *AUDIO)))


@pytest.mark.parametrize("packet", [10, 30, 60], ids=lambda packet: f"{packet} ms")
def test_what_a_callee_says_in_packets_of_another_length_is_recorded_sample_for_sample(
    udp: SippWorld, tmp_path: Path, packet: int
) -> None:
    said = noise(0.78, Codec.PCMA, packet)
    with RtpPeer(said, packet=packet) as callee, udp.carrier("answer", tmp_path, rtp_port=callee.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMA], "he hears packets of 20 ms all the same"
    _, (left, _) = udp.recording(record)
    spoken = decode(Codec.PCMA, said)
    at = find(spoken, left).offset
    assert np.array_equal(left[at : at + spoken.size], spoken)


# --- what comes before an answer --------------------------------------------------------------------------------------


def test_reliable_responses_are_acknowledged_once_each_and_the_last_description_counts(
    udp: SippWorld, tmp_path: Path
) -> None:
    with RtpPeer() as early:
        sipp = answer(udp, "reliable", tmp_path, early_port=early.port)
    assert early.arrivals == [], "the UPDATE has moved the audio before it began"
    numbers = {method: [each.header("CSeq") for each in sipp.received(method)] for method in ("PRACK", "ACK")}
    assert numbers == {"PRACK": ["2 PRACK", "3 PRACK"], "ACK": ["1 ACK"]}, "what comes again is not acknowledged again"


def test_a_prack_that_is_lost_is_sent_again_until_it_is_answered(udp: SippWorld, tmp_path: Path) -> None:
    sipp = answer(udp, "lost_prack", tmp_path)
    pracks = sipp.received("PRACK", repeated=True)
    times = [each.at for each in pracks]
    assert len({each.text for each in pracks}) == 1, "however often the 183 comes, it has one PRACK"
    assert len(sipp.sent(183)) > len(pracks) >= 3
    assert times[1] - times[0] >= 0.4
    assert times[2] - times[1] >= 0.9, "Timer E doubles (RFC 3261 section 17.1.2.2)"


def test_a_prack_that_is_challenged_comes_again_with_credentials(udp: SippWorld, tmp_path: Path) -> None:
    sipp = answer(udp, "prack_challenged", tmp_path)
    assert [each.header("CSeq") for each in sipp.received("PRACK")] == ["2 PRACK", "3 PRACK"]


def test_a_session_as_long_as_the_carrier_wants_is_asked_for(udp: SippWorld, tmp_path: Path) -> None:
    sipp = answer(udp, "longer_session", tmp_path)
    first, second = sipp.received("INVITE")
    assert (first.header("Min-SE"), second.header("Min-SE")) == ("90", "3600")
    assert first.header("Call-ID") == second.header("Call-ID")


def test_credentials_that_have_grown_old_are_given_anew(udp: SippWorld, tmp_path: Path) -> None:
    sipp = answer(udp, "challenge_stale", tmp_path)
    assert [each.header("CSeq") for each in sipp.received("INVITE")] == ["1 INVITE", "2 INVITE", "3 INVITE"]


def test_credentials_are_given_to_all_who_ask_for_them(udp: SippWorld, tmp_path: Path) -> None:
    sipp = answer(udp, "challenge_twice", tmp_path)
    *_, invite = sipp.received("INVITE")
    *_, ack = sipp.received("ACK")
    for request in (invite, ack):
        assert 'nonce="outer"' in request.header("Proxy-Authorization")
        assert 'nonce="inner"' in request.header("Authorization")


def test_a_password_that_the_carrier_does_not_take_is_offered_once(udp: SippWorld, tmp_path: Path) -> None:
    assert refuse(udp, "challenge_refused", tmp_path) == Cause.FORBIDDEN


def test_of_two_places_that_a_carrier_names_the_preferred_one_is_tried_first(udp: SippWorld, tmp_path: Path) -> None:
    sipp = answer(udp, "redirect", tmp_path)
    targets = [each.first_line.split()[1].split("@")[0] for each in sipp.received("INVITE")]
    assert targets[1:] == ["sip:first", "sip:second"]


def test_a_call_that_is_sent_from_place_to_place_ends_after_five(udp: SippWorld, tmp_path: Path) -> None:
    assert refuse(udp, "redirect_loop", tmp_path) == Cause.OTHER


def test_phones_that_a_carrier_rings_beside_the_one_that_answers_are_no_part_of_the_call(
    udp: SippWorld, tmp_path: Path
) -> None:
    with RtpPeer() as other, RtpPeer() as early:
        answer(udp, "early_forks", tmp_path, other_port=other.port, early_port=early.port)
    assert other.arrivals == early.arrivals == [], "the voice goes to where the 200 says"


EARLY: dict[str, str] = {
    "nothing but an empty line": "",
    "no description at all": "this is no description",
    "a description of another kind of session": lines((*HEAD, "m=video 5004 RTP/AVP 96")),
    "a codec that nobody offered": lines((*HEAD, "m=audio 5004 RTP/AVP 18")),
    "a refused stream": lines((*HEAD, "m=audio 0 RTP/AVP 8")),
}
"""What the body of a 18x is like that is followed by a proper one in the 200."""


@pytest.mark.parametrize("name", EARLY)
def test_a_call_is_made_although_what_rang_had(udp: SippWorld, tmp_path: Path, name: str) -> None:
    answer(udp, "odd_early", tmp_path, early=EARLY[name])


@pytest.mark.parametrize("name", EARLY)
def test_an_answer_is_acknowledged_and_ended_that_has(udp: SippWorld, tmp_path: Path, name: str) -> None:
    with udp.carrier("unusable", tmp_path, description=EARLY[name]) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    (ok, *_), (bye,) = sipp.sent(200), sipp.received("BYE")
    assert bye.at - ok.at < AT_ONCE
    assert record["hangupcause"] == Cause.LINE_FAILURE
    assert (record["billsec"], record["recordfilename"]) == (0, "")


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[str, str, Cause]] = {
    "has its Q.850 cause behind another reason": (
        *("480 Temporarily Unavailable", 'Reason: SIP;cause=480;text="no, really", Q.850;cause=18'),
        Cause.NO_ANSWER,
    ),
    "has its Q.850 cause in a header of its own, with a text of commas": (
        *("404 Not Found", 'Reason: SIP;cause=404\r\nReason: Q.850 ; text="Unallocated, (unassigned)" ; cause=1'),
        Cause.NOT_FOUND,
    ),
    "hides a number that has changed behind 503": (
        *("503 Service Unavailable", "Reason: Q.850;cause=22;location=LN\r\nRetry-After: 1"),
        Cause.NUMBER_CHANGED,
    ),
    "has a Q.850 cause that says nothing": ("486 Busy Here", "Reason: Q.850;cause=127", Cause.BUSY),
    "has a reason that can't be read": ("486 Busy Here", "Reason: Q.850;cause=many", Cause.BUSY),
    "has no phrase": ("600 ", "Server: x", Cause.BUSY),
    "has a status that nobody knows": ("699 Unheard Of", "Server: x", Cause.OTHER),
    "says that codecs do not fit": ("488 Not Acceptable Here", 'Warning: 304 a.example "none"', Cause.LINE_FAILURE),
    "sends the call to a stranger": ("302 Moved", "Contact: <sip:1@stranger.example>", Cause.OTHER),
    "sends the call to a telephone number": ("301 Moved", "Contact: <tel:+8613333330000>", Cause.OTHER),
    "sends the call nowhere": ("300 Choices", "Server: x", Cause.OTHER),
    "wants another proxy": ("305 Use Proxy", "Contact: <sip:stranger.example>", Cause.OTHER),
    "wants a shorter session without saying which": ("422 Session Interval Too Small", "Server: x", Cause.OTHER),
    "asks who calls in a way that nobody can answer": (
        *("401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="y", algorithm=UNHEARD-OF'),
        Cause.FORBIDDEN,
    ),
    "asks who calls without a challenge": ("407 Proxy Authentication Required", "Server: x", Cause.FORBIDDEN),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_call_ends_by_a_refusal_that(udp: SippWorld, tmp_path: Path, name: str) -> None:
    status, headers, cause = REFUSALS[name]
    assert refuse(udp, "refusal", tmp_path, status_line=f"SIP/2.0 {status}", headers=headers) == cause


@pytest.mark.parametrize(
    ("status", "headers", "cause"),
    [
        ("486 Busy Here", "Server: x", Cause.BUSY),
        ("480 Temporarily Unavailable", "Reason: Q.850;cause=20", Cause.UNREACHABLE),
        ("503 Service Unavailable", "Server: x", Cause.LINE_FAILURE),
    ],
)
def test_a_refusal_after_an_announcement_ends_the_call(
    udp: SippWorld, tmp_path: Path, status: str, headers: str, cause: Cause
) -> None:
    with RtpPeer() as callee:
        keys = {"rtp_port": callee.port, "status_line": f"SIP/2.0 {status}", "headers": headers}
        assert refuse(udp, "announced", tmp_path, **keys) == cause
    assert callee.arrivals == [], "nobody answered, and nothing is played"


def refuse(world: SippWorld, scenario: str, directory: Path, **keys: object) -> int:
    """Place a call that the carrier refuses; gives the cause in its record."""
    with world.carrier(scenario, directory, **keys) as sipp:
        uuid = world.dial("long.wav")
        sipp.finish()
        record = world.record(uuid)
    cause, direction = ended(record)
    assert cause == direction
    assert (record["answertime"], record["billsec"], record["recordfilename"]) == ("", 0, "")
    return cause
