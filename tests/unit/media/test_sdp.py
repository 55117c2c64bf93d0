"""SDP: what was written parses back, garbage gives one error, and offers meet answers as RFC 3264 says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.media import sdp
from playvoice.media.sdp import (
    Attribute,
    Codec,
    Direction,
    Media,
    NotAcceptable,
    SdpError,
    SessionDescription,
)

OFFER = bytes(sdp.offer("192.0.2.1", 4000, session_id=7))


def description(*media: str, session: str = "c=IN IP4 192.0.2.9\r\n") -> bytes:
    head = f"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n{session}t=0 0\r\n"
    return (head + "".join(f"{line}\r\n" for line in media)).encode()


def test_an_offer_is_written_in_the_order_of_the_rfc() -> None:
    assert OFFER.decode().split("\r\n") == [
        "v=0",
        "o=- 7 1 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 4000 RTP/AVP 8 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


def test_an_offer_of_several_streams_whose_answer_is_ours_is_taken_as_if_it_were_the_answer() -> None:
    offered = description("m=video 6000 RTP/AVP 99", "a=rtpmap:99 H264/90000", "m=audio 5000 RTP/AVP 8")
    answered, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=3)
    assert sdp.accept(answered, offered) == negotiated


def test_an_ipv6_address_is_written_as_such() -> None:
    assert b"c=IN IP6 2001:db8::1\r\n" in bytes(sdp.offer("2001:db8::1", 4000, session_id=1))


def test_the_answer_takes_the_first_codec_of_the_offer_that_we_have_and_only_it() -> None:
    offered = description(
        "m=audio 5000 RTP/AVP 18 0 8 96",
        "a=rtpmap:18 G729/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
    )
    body, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=3)
    media = sdp.parse(body).media[0]
    assert media.formats == ("0", "96")
    assert negotiated.remote == ("192.0.2.9", 5000)
    assert negotiated.remote_rtcp == ("192.0.2.9", 5001)
    assert (negotiated.codec, negotiated.payload_type, negotiated.telephone_event) == (Codec.PCMU, 0, 96)
    assert dict(negotiated.receive_payload_types) == {0: Codec.PCMU}
    assert negotiated.receive_telephone_event == 96


def test_both_sides_of_an_offer_and_its_answer_agree() -> None:
    body, theirs = sdp.answer(OFFER, "192.0.2.9", 5000, (Codec.PCMU,), session_id=8)
    ours = sdp.accept(OFFER, body)
    assert (theirs.remote, ours.remote) == (("192.0.2.1", 4000), ("192.0.2.9", 5000))
    assert ours.codec is theirs.codec is Codec.PCMU
    assert ours.payload_type in theirs.receive_payload_types
    assert theirs.payload_type in ours.receive_payload_types
    assert ours.telephone_event == theirs.receive_telephone_event == 101


def test_payload_types_of_the_two_directions_may_differ() -> None:
    answered = description("m=audio 5000 RTP/AVP 97 99", "a=rtpmap:97 pcma/8000/1", "a=rtpmap:99 Telephone-Event/8000")
    negotiated = sdp.accept(OFFER, answered)
    assert (negotiated.codec, negotiated.payload_type) == (Codec.PCMA, 97)
    assert dict(negotiated.receive_payload_types) == {8: Codec.PCMA, 0: Codec.PCMU}
    assert (negotiated.telephone_event, negotiated.receive_telephone_event) == (99, 101)


def test_an_answer_without_telephone_event_means_that_no_events_go_either_way() -> None:
    negotiated = sdp.accept(OFFER, description("m=audio 5000 RTP/AVP 8"))
    assert (negotiated.telephone_event, negotiated.receive_telephone_event) == (None, None)


def test_what_was_not_offered_is_not_used_though_the_answer_names_it() -> None:
    offered = bytes(sdp.offer("192.0.2.1", 4000, (Codec.PCMA,), telephone_event=None, session_id=1))
    answered = description("m=audio 5000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000")
    negotiated = sdp.accept(offered, answered)
    assert (negotiated.codec, negotiated.telephone_event) == (Codec.PCMA, None)


def test_a_telephone_event_of_another_clock_is_none_of_ours() -> None:
    offered = description("m=audio 5000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/48000")
    body, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=1)
    assert negotiated.telephone_event is None
    assert sdp.parse(body).media[0].formats == ("8",)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("sendrecv", Direction.SENDRECV),
        ("sendonly", Direction.RECVONLY),
        ("recvonly", Direction.SENDONLY),
        ("inactive", Direction.INACTIVE),
    ],
)
@pytest.mark.parametrize("level", ["session", "media"])
def test_an_offered_direction_is_answered_by_its_mirror_image(theirs: str, ours: Direction, level: str) -> None:
    if level == "media":
        offered = description("m=audio 5000 RTP/AVP 8", f"a={theirs}")
    else:
        offered = description("m=audio 5000 RTP/AVP 8", session=f"c=IN IP4 192.0.2.9\r\nt=0 0\r\na={theirs}\r\n")
    body, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=1)
    parsed = sdp.parse(body)
    assert negotiated.direction is parsed.direction(parsed.media[0]) is ours


def test_an_answer_can_not_widen_the_direction_of_the_offer() -> None:
    offered = bytes(sdp.offer("192.0.2.1", 4000, session_id=1, direction=Direction.SENDONLY))
    assert sdp.accept(offered, description("m=audio 5000 RTP/AVP 8")).direction is Direction.SENDONLY


def test_an_address_of_zeros_is_a_hold() -> None:
    offered = description("m=audio 5000 RTP/AVP 8", "c=IN IP4 0.0.0.0")
    _body, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=1)
    assert negotiated.direction is Direction.RECVONLY


def test_a_streams_own_connection_line_wins_over_the_sessions() -> None:
    offered = bytes(sdp.offer("2001:db8::1", 4000, session_id=1))
    answered = description("m=audio 5000 RTP/AVP 8", "c=IN IP6 2001:DB8::9")
    assert sdp.accept(offered, answered).remote == ("2001:db8::9", 5000)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("192.0.2.1", "IP6 2001:db8::9"), ("192.0.2.1", "IP6 ::1"), ("2001:db8::1", "IP4 192.0.2.9")]
)
def test_audio_at_an_address_of_the_other_family_can_not_be_used(ours: str, theirs: str) -> None:
    text = description("m=audio 5000 RTP/AVP 8", f"c=IN {theirs}")
    with pytest.raises(sdp.NotAcceptable, match="families"):
        sdp.accept(sdp.offer(ours, 4000, session_id=1), text)
    with pytest.raises(sdp.NotAcceptable, match="families"):
        sdp.answer(text, ours, 4000, session_id=1)


def test_of_two_streams_the_one_of_our_family_is_taken() -> None:
    both = ("m=audio 5000 RTP/AVP 8", "c=IN IP6 2001:db8::9", "m=audio 5002 RTP/AVP 8", "c=IN IP4 192.0.2.9")
    body, negotiated = sdp.answer(description(*both), "192.0.2.1", 4000, session_id=1)
    assert negotiated.remote == ("192.0.2.9", 5002)
    assert [media.port for media in sdp.parse(body).media] == [0, 4000]


@pytest.mark.parametrize(
    ("lines", "remote", "direction"),
    [
        (("m=audio 5000 RTP/AVP 8", "c=IN IP4 192.0.2.8"), ("192.0.2.8", 5000), Direction.SENDRECV),
        (("c=IN IP6 ::", "m=audio 5000 RTP/AVP 8"), ("::", 5000), Direction.RECVONLY),
        (("c=IN IP4 0.0.0.0", "m=audio 5000 RTP/AVP 8"), ("0.0.0.0", 5000), Direction.RECVONLY),
        (("c=IN IP4 192.0.2.9", "m=audio 5000 RTP/AVP 8", "a=inactive"), ("192.0.2.9", 5000), Direction.INACTIVE),
        (("c=IN IP4 192.0.2.9", "a=x-vendor:1", "m=audio 5000 RTP/AVP 8"), ("192.0.2.9", 5000), Direction.SENDRECV),
        (
            ("c=IN IP4 192.0.2.9", "m=video 6000 RTP/AVP 34", "m=audio 5000 RTP/AVP 0 18 8", "a=sendonly"),
            ("192.0.2.9", 5000),
            Direction.RECVONLY,
        ),
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_an_answer_is_understood_however_a_carrier_writes_it(
    lines: tuple[str, ...], remote: tuple[str, int], direction: Direction, end: str
) -> None:
    head = ("v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", "t=0 0")
    negotiated = sdp.accept(OFFER, end.join((*head, *lines)).encode())
    assert (negotiated.remote, negotiated.direction) == (remote, direction)


def test_further_streams_are_answered_with_port_0_in_their_places() -> None:
    offered = description(
        "m=video 6000 RTP/AVP 31 34",
        "m=audio 5000 RTP/SAVP 8",
        "m=audio 5002 RTP/AVP 8",
        "m=audio 5004 RTP/AVP 0",
        "m=application 7000 UDP/DTLS/SCTP webrtc-datachannel",
    )
    body, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=1)
    sections = [(m.kind, m.port, m.protocol) for m in sdp.parse(body).media]
    assert sections == [
        ("video", 0, "RTP/AVP"),
        ("audio", 0, "RTP/SAVP"),
        ("audio", 4000, "RTP/AVP"),
        ("audio", 0, "RTP/AVP"),
        ("application", 0, "UDP/DTLS/SCTP"),
    ]
    assert negotiated.remote == ("192.0.2.9", 5002)


@pytest.mark.parametrize("media", ["m=image 6000 udptl t38", "m=audio 0 RTP/AVP 8", "m=video 6000 RTP/AVP 31"])
def test_a_stream_beside_the_audio_is_refused_and_the_audio_is_taken(media: str) -> None:
    for lines in ((media, "m=audio 5000 RTP/AVP 8"), ("m=audio 5000 RTP/AVP 8", media)):
        body, negotiated = sdp.answer(description(*lines), "192.0.2.1", 4000, session_id=1)
        ports = {each.port for each in sdp.parse(body).media}
        assert ports == {0, 4000}
        assert negotiated.remote == ("192.0.2.9", 5000)
        assert sdp.accept(OFFER, description(*lines)).remote == ("192.0.2.9", 5000), "in an answer, which some do"


@pytest.mark.parametrize("lines", [("a=ptime:30",), ("a=maxptime:10",), ("a=ptime:60", "a=maxptime:150")])
def test_whatever_length_of_packets_is_asked_for_ours_is_20_ms(lines: tuple[str, ...]) -> None:
    body, _ = sdp.answer(description("m=audio 5000 RTP/AVP 8", *lines), "192.0.2.1", 4000, session_id=1)
    assert sdp.parse(body).media[0].values("ptime") == ["20"]
    assert sdp.parse(body).media[0].values("maxptime") == []


@pytest.mark.parametrize(
    ("media", "why"),
    [
        ("m=audio 0 RTP/AVP 8", "refused"),
        ("m=audio 5000 RTP/AVP 18", "no common codec"),
        ("m=audio 5000 RTP/SAVP 8", "no common codec"),
        ("m=video 5000 RTP/AVP 31", "no audio"),
        ("m=image 6000 udptl t38", "no audio"),
    ],
)
def test_a_description_without_a_usable_stream_is_not_acceptable(media: str, why: str) -> None:
    with pytest.raises(NotAcceptable, match=why):
        sdp.accept(OFFER, description(media))
    with pytest.raises(NotAcceptable, match=why):
        sdp.answer(description(media), "192.0.2.1", 4000, session_id=1)


@pytest.mark.parametrize(
    ("line", "remote"),
    [
        ("a=rtcp:53020", ("192.0.2.9", 53020)),
        ("a=rtcp:53020 IN IP4 192.0.2.10", ("192.0.2.10", 53020)),
        ("a=rtcp:53020 IN IP6 2001:DB8:0::9", ("2001:db8::9", 53020)),
        ("a=rtcp:53020 IN IP4 phone.example.com", ("192.0.2.9", 53020)),
        ("a=rtcp:53020 IN IP4 224.0.0.1", ("192.0.2.9", 53020)),
        ("a=rtcp:0", ("192.0.2.9", 5001)),
        ("a=rtcp:70000", ("192.0.2.9", 5001)),
        ("a=rtcp:", ("192.0.2.9", 5001)),
        ("a=rtcp", ("192.0.2.9", 5001)),
    ],
)
def test_reports_go_to_the_port_and_address_of_the_rtcp_line_where_these_can_be_sent_to(
    line: str, remote: tuple[str, int]
) -> None:
    assert sdp.accept(OFFER, description("m=audio 5000 RTP/AVP 8", line)).remote_rtcp == remote


def test_rtcp_on_the_port_of_rtp_is_not_agreed_to() -> None:
    offered = description("m=audio 5000 RTP/AVP 8", "a=rtcp-mux")
    body, negotiated = sdp.answer(offered, "192.0.2.1", 4000, session_id=1)
    assert b"rtcp-mux" not in body
    assert negotiated.remote_rtcp == ("192.0.2.9", 5001), "RFC 5761, section 5.1.1"


@pytest.mark.parametrize("session", ["c=IN IP4 192.0.2.9\r\nb=RR:0\r\nb=RS:0\r\n", "c=IN IP4 192.0.2.9\r\n"])
def test_who_gives_rtcp_no_bandwidth_gets_no_reports(session: str) -> None:
    bandwidths = () if "b=" in session else ("b=AS:80", "b=RS:0", "b=RR:0")
    answered = description("m=audio 5000 RTP/AVP 8", *bandwidths, session=session)
    assert sdp.accept(OFFER, answered).remote_rtcp == ("192.0.2.9", 0)


@pytest.mark.parametrize("bandwidths", [("b=AS:80",), ("b=RS:0",), ("b=RS:0", "b=RR:2000"), ("b=RR:0",)])
def test_who_gives_rtcp_some_bandwidth_or_says_nothing_gets_reports(bandwidths: tuple[str, ...]) -> None:
    answered = description("m=audio 5000 RTP/AVP 8", *bandwidths)
    assert sdp.accept(OFFER, answered).remote_rtcp == ("192.0.2.9", 5001)


def test_a_further_description_keeps_the_version_while_nothing_changes_and_raises_it_by_one_after() -> None:
    same = bytes(sdp.offer("192.0.2.1", 4000, session_id=99))
    assert sdp.revise(sdp.parse(OFFER), same) == sdp.parse(OFFER)
    held = bytes(sdp.offer("192.0.2.1", 4000, session_id=99, direction=Direction.SENDONLY))
    revised = sdp.revise(sdp.parse(OFFER), held)
    assert (revised.session_id, revised.version) == ("7", "2")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "starts with v=0"),
        (b"hello", "starts with v=0"),
        (b"v=0\r\n", "o= line"),
        (b"v=0\r\no=- 1 1 IN IP4\r\n", "5 fields"),
        (description("m=audio"), "m= is not"),
        (description("m=audio 70000 RTP/AVP 8"), "port"),
        (description("m=audio x RTP/AVP 8"), "port"),
        (description("c=IN IP4"), "c= is not"),
        (description("rubbish"), "line 6"),
        (description(*["m=audio 1 RTP/AVP 8"] * 17), "16 streams"),
        (description("m=audio 1 RTP/AVP" + " 8" * 65), "65 formats"),
        (description(*["a=x"] * 600), "lines"),
        (description("a=" + "x" * 20000), "octets"),
    ],
)
def test_an_error_says_what_was_wrong(data: bytes, why: str) -> None:
    with pytest.raises(SdpError, match=why):
        sdp.parse(data)


@pytest.mark.parametrize("address", ["phone.example.com", "224.0.0.1", "255.255.255.255"])
def test_audio_is_sent_to_no_name_no_group_and_no_broadcast(address: str) -> None:
    with pytest.raises(SdpError, match=address):
        sdp.accept(OFFER, description("m=audio 5000 RTP/AVP 8", f"c=IN IP4 {address}"))


def test_an_answer_without_an_address_is_an_error() -> None:
    with pytest.raises(SdpError, match="no c= line"):
        sdp.accept(OFFER, description("m=audio 5000 RTP/AVP 8", session=""))


def test_a_sloppy_description_is_understood() -> None:
    data = (
        b"v=0\no=- 1 1 IN IP4 192.0.2.9\nc=in ip4 192.0.2.9/127\n"
        b"m=AUDIO 5000/2 rtp/avp 8\na=rtpmap:x\na=ptime:zero\na=\n\n"
    )
    negotiated = sdp.accept(OFFER, data)
    assert negotiated.remote == ("192.0.2.9", 5000)


tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
values = st.one_of(st.none(), st.text("abcXYZ0189 /:;=,.-", max_size=30).map(str.strip))
attributes = st.lists(st.builds(Attribute, tokens, values), max_size=5).map(tuple)
bandwidths = st.lists(st.sampled_from(["AS:64", "RS:0", "RR:0"]), max_size=3).map(tuple)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
sections = st.builds(
    Media,
    kind=st.sampled_from(["audio", "video", "image"]),
    port=st.integers(0, 65535),
    protocol=st.sampled_from(["RTP/AVP", "RTP/SAVP", "udptl"]),
    formats=st.lists(tokens, min_size=1, max_size=8).map(tuple),
    connection=st.none() | addresses,
    attributes=attributes,
    bandwidths=bandwidths,
)
descriptions = st.builds(
    SessionDescription,
    username=tokens,
    session_id=st.integers(0, 2**64).map(str),
    version=st.integers(0, 2**64).map(str),
    address=addresses,
    name=tokens,
    connection=st.none() | addresses,
    attributes=attributes,
    bandwidths=bandwidths,
    media=st.lists(sections, max_size=4).map(tuple),
)


@given(descriptions)
@settings(max_examples=80)
def test_what_was_written_parses_back(written: SessionDescription) -> None:
    assert sdp.parse(bytes(written)) == written


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: OFFER + tail)))
def test_garbage_gives_the_one_declared_error(data: bytes) -> None:
    try:
        sdp.accept(OFFER, data)
    except SdpError:
        pass


@given(st.lists(st.sampled_from(OFFER.decode().split("\r\n")), max_size=20), st.data())
def test_lines_in_any_order_give_a_stream_or_the_one_declared_error(lines: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, 80))
    text = "\r\n".join(["v=0", *lines])
    try:
        _body, negotiated = sdp.answer(text[: len(text) - cut].encode(), "192.0.2.1", 4000, session_id=1)
    except SdpError:
        return
    assert negotiated.remote[1] > 0
