"""Messages in front of the grammar: limits, folding, compact forms, what can be answered and what can't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sipmessage import Request, Response

from playvoice.sip.errors import MalformedMessage
from playvoice.sip.framing import StreamFramer
from playvoice.sip.message import (
    MAX_MESSAGE,
    make_cancel,
    make_response,
    parse,
    parse_uri,
    tag_of,
    vias_of,
)

INVITE = (
    b"INVITE sip:bob@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b"Record-Route: <sip:192.0.2.9;lr>\r\n"
    b"From: <sip:alice@192.0.2.1>;tag=a\r\n"
    b"To: <sip:bob@example.com>\r\n"
    b"Call-ID: one@192.0.2.1\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"body"
)


def changed(old: bytes, new: bytes) -> bytes:
    assert old in INVITE
    return INVITE.replace(old, new)


def test_a_request_is_read_with_its_body() -> None:
    message = parse(INVITE)
    assert isinstance(message, Request)
    assert (message.method, str(message.uri), message.body) == ("INVITE", "sip:bob@example.com", b"body")


def test_what_follows_the_content_length_in_a_datagram_is_dropped() -> None:
    assert parse(INVITE + b"\r\nmore").body == b"body"


def test_folded_lines_compact_forms_and_any_case_are_understood() -> None:
    message = parse(
        b"OPTIONS sip:a@b SIP/2.0\r\nv: SIP / 2.0 / UDP 192.0.2.1;branch=z9hG4bK2\r\nF:\r\n <sip:a@b>\r\n\t;tag=x\r\n"
        b"t: <sip:a@b>\r\nI: two\r\ncSEQ: 2\r\n OPTIONS\r\nL: 0\r\n\r\n"
    )
    assert tag_of(message.from_address) == "x"
    assert (message.call_id, message.cseq.sequence, message.via[0].host) == ("two", 2, "192.0.2.1")


def test_a_response_is_read() -> None:
    message = parse(INVITE.replace(b"INVITE sip:bob@example.com SIP/2.0", b"SIP/2.0 180 Ringing now"))
    assert isinstance(message, Response)
    assert (message.code, message.phrase) == (180, "Ringing now")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (changed(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia"), 505),
        (changed(b"sip:bob@example.com SIP", b"http:/x y SIP"), 400),
        (changed(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), 400),
        (changed(b"CSeq: 1 INVITE", b"CSeq: 2147483648 INVITE"), 400),
        (changed(b"Content-Length: 4", b"Content-Length: 5"), 400),
        (changed(b"Content-Length: 4", b"Content-Length: -1"), 400),
        (changed(b"From: <sip:alice@192.0.2.1>", b"From: <nobody>"), 400),
        (changed(b"From: <sip:alice@192.0.2.1>", b"From: <sip:al\xffice@192.0.2.1>"), 400),
        (changed(b"sip:bob@example.com SIP", b"http://example.com SIP"), 416),
    ],
)
def test_a_request_that_can_be_answered_names_the_status(data: bytes, status: int) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(data)
    assert caught.value.status == status
    assert caught.value.request is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\x00\x01\x02\x03",
        b"INVITE sip:a@b SIP/2.0\r\n",
        changed(b"Call-ID: one@192.0.2.1\r\n", b""),
        changed(b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", b"Via: nonsense"),
        changed(b"CSeq: 1 INVITE", b"CSeq: one INVITE"),
        changed(b"alice", b"al\nice"),
        changed(b"alice", b"al\rice"),
        changed(b"alice", b"al\0ice"),
        changed(b"Max-Forwards: 70", b"Max-Forwards 70"),
        changed(b"To: <sip:bob@example.com>\r\n", b"To: <sip:b@c>\r\nTo: <sip:b@d>\r\n"),
        INVITE.replace(b"INVITE", b"ACK").replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"),
        INVITE + b"x" * MAX_MESSAGE,
        changed(b"Max-Forwards: 70", b"X: " + b"y" * 9000),
        changed(b"Max-Forwards: 70", b"\r\n".join([b"X: y"] * 300)),
    ],
)
def test_what_can_not_be_answered_has_no_status(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(data)
    assert caught.value.status is None


@given(st.binary(max_size=400))
def test_garbage_is_the_one_declared_error(data: bytes) -> None:
    try:
        parse(data)
    except MalformedMessage:
        pass


@given(st.integers(0, len(INVITE) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_message_is_read_or_is_the_one_declared_error(place: int, damage: bytes) -> None:
    try:
        message = parse(INVITE[:place] + damage + INVITE[place + len(damage) :])
    except MalformedMessage:
        return
    assert vias_of(message)
    assert message.call_id


def test_what_was_written_is_read_back() -> None:
    message = parse(INVITE)
    again = parse(bytes(message))
    assert str(again.headers) == str(message.headers)
    assert again.body == message.body


def test_a_response_repeats_what_it_must_and_adds_our_tag_once() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    response = make_response(request, 200, to_tag="t1")
    assert response.headers["Record-Route"] == "<sip:192.0.2.9;lr>"
    assert tag_of(response.to_address) == "t1"
    assert (response.phrase, response.headers["Via"]) == ("OK", request.headers["Via"])
    assert make_response(request, 486).headers.get("Record-Route") is None


def test_a_100_repeats_the_timestamp_by_which_a_client_measures_the_way() -> None:
    request = parse(INVITE.replace(b"CSeq:", b"Timestamp: 54.2\r\nCSeq:"))
    assert isinstance(request, Request)
    assert [make_response(request, status).headers.get("Timestamp") for status in (100, 180)] == ["54.2", None]


def test_a_cancel_has_the_branch_of_its_invite() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    cancel = make_cancel(request)
    assert (cancel.method, str(cancel.cseq)) == ("CANCEL", "1 CANCEL")
    assert cancel.headers["Via"] == request.headers["Via"]
    assert isinstance(parse(bytes(cancel)), Request)


@pytest.mark.parametrize("text", ["SIP:bob@example.com", "sip:bob@example.com?subject=x", "sips:[2001:db8::1]:5061"])
def test_a_uri_is_read_in_any_case_and_without_its_headers(text: str) -> None:
    assert str(parse_uri(text)).startswith(("sip:bob@example.com", "sips:[2001:db8::1]:5061"))


@pytest.mark.parametrize("text", ["", "bob", "http://example.com", "sip:", "sip:bob@"])
def test_what_is_no_uri_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_uri(text)


@given(st.lists(st.integers(1, 300), max_size=20))
def test_a_stream_gives_its_messages_however_it_is_cut(cuts: list[int]) -> None:
    stream = b"\r\n\r\n" + INVITE + b"\r\n" + INVITE
    framer, messages, start = StreamFramer(), list[bytes](), 0
    for cut in [*cuts, len(stream)]:
        messages += framer.feed(stream[start : start + cut])
        start += cut
    assert messages == [INVITE, INVITE]


def test_a_stream_without_content_length_or_end_is_given_up() -> None:
    with pytest.raises(MalformedMessage, match="Content-Length"):
        list(StreamFramer().feed(changed(b"Content-Length: 4\r\n", b"")))
    with pytest.raises(MalformedMessage, match="without an end"):
        list(StreamFramer().feed(b"x" * (MAX_MESSAGE + 1)))
    with pytest.raises(MalformedMessage, match="more than"):
        list(StreamFramer().feed(changed(b"Content-Length: 4", b"Content-Length: 99999999")))


def test_a_fault_in_a_stream_takes_no_message_before_it_away() -> None:
    messages = StreamFramer().feed(INVITE + b"nonsense\r\n\r\n")
    assert next(messages) == INVITE
    with pytest.raises(MalformedMessage) as caught:
        next(messages)
    assert caught.value.head == b"nonsense\r\n\r\n"
