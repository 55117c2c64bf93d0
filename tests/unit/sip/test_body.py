"""The session description in a body, as carriers pack it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sipmessage import Response
from tests.unit.sip.pair import World

from playvoice.sip import CallState, Flow, IncomingCallReceived, SessionChangeReceived, Transport, UserAgent
from playvoice.sip.body import description_of, is_unsupported
from playvoice.sip.message import parse

DESCRIPTION = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\n"
ISUP = b"\x01\x02--\r\n--\x00"


def multipart(*parts: tuple[bytes, bytes], boundary: bytes = b"b1", end: bytes = b"\r\n") -> bytes:
    """A body of parts, each with its headers."""
    lines = [b"--" + boundary + end + head + end * (2 if head else 1) + content for head, content in parts]
    return end.join([*lines, b"--" + boundary + b"--" + end])


def response(body: bytes, content_type: str | None, *headers: tuple[str, str]) -> Response:
    """A response with this body."""
    lines = ["SIP/2.0 200 OK", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "From: <sip:a@b>;tag=1"]
    lines += ["To: <sip:c@d>;tag=2", "Call-ID: x", "CSeq: 1 INVITE", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {content_type}"] if content_type is not None else []
    lines += [f"{name}: {value}" for name, value in headers]
    message = parse("\r\n".join([*lines, "", ""]).encode() + body)
    assert isinstance(message, Response)
    return message


@pytest.mark.parametrize("kind", ["application/sdp", "Application/SDP ; charset=utf-8", None])
def test_a_description_alone_is_the_body(kind: str | None) -> None:
    assert description_of(response(DESCRIPTION, kind)) == DESCRIPTION


@pytest.mark.parametrize("kind", ["text/plain", "application/isup", "application/sdpx", "multipart/mixed", ";", ""])
def test_another_type_is_no_description(kind: str) -> None:
    assert description_of(response(b"hello" if not kind.strip(";") else DESCRIPTION, kind)) == b""


def test_a_body_in_an_encoding_that_we_do_not_read_is_no_description() -> None:
    assert description_of(response(DESCRIPTION, "application/sdp", ("Content-Encoding", "gzip"))) == b""
    assert description_of(response(DESCRIPTION, "application/sdp", ("Content-Encoding", "identity"))) == DESCRIPTION


@pytest.mark.parametrize("value", ["multipart/mixed;boundary=b1", 'MULTIPART/related; type="x/y"; Boundary="b1"'])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_the_description_is_found_among_other_parts(value: str, end: bytes) -> None:
    isup = (b"Content-Type: application/ISUP;version=itu-t92+" + end + b"Content-Disposition: signal", ISUP)
    sdp = (b"Content-Disposition: session" + end + b"content-type: application/sdp; charset=x", DESCRIPTION)
    for parts in ((isup, sdp), (sdp, isup), ((b"", b"plain text"), sdp)):
        body = multipart(*parts, end=end)
        assert description_of(response(body, value)) == DESCRIPTION
    preamble = b"This is for old readers." + end + multipart(isup, sdp, end=end)
    assert description_of(response(preamble, value)) == DESCRIPTION


def test_what_stands_behind_the_closing_line_or_has_no_end_of_its_headers_is_no_part() -> None:
    kind = "multipart/mixed;boundary=b1"
    sdp = (b"Content-Type: application/sdp", DESCRIPTION)
    assert description_of(response(multipart((b"Content-Type: a/b", b"")) + multipart(sdp), kind)) == b""
    assert description_of(response(b"--b1\r\nContent-Type: application/sdp", kind)) == b""
    assert description_of(response(multipart(sdp, boundary=b"b12"), kind)) == b"", "another boundary begins like ours"


@given(st.binary(max_size=300), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_whatever_comes_there_is_a_description_or_none(body: bytes, boundary: str) -> None:
    found = description_of(response(body, f"multipart/mixed;boundary={boundary}"))
    assert found in body


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_in_a_body_that_we_do_not_read_gets_415_and_the_call_goes_on(method: str) -> None:
    world = World()
    call, incoming = world.talk()
    assert incoming.dialog is not None
    for disposition in ("", ";handling=optional"):
        request = incoming.dialog.request(method, world.callee.make_via(incoming.flow), 50 + len(disposition))
        request.headers.set("Content-Type", "application/isup")
        request.headers.set("Content-Disposition", f"signal{disposition}")
        request.headers.set("Content-Length", "2")
        request.body = b"\x01\x02"
        assert is_unsupported(request) is not bool(disposition)
        world.callee.core.send(bytes(request), incoming.flow)
    world.run()
    refused = parse(world.messages("caller", "415")[0])
    assert refused.headers["Accept"] == "application/sdp"
    assert len(world.messages("caller", "415")) == 1
    told = [event for event in world.network.take("caller") if isinstance(event, SessionChangeReceived)]
    assert len(told) == (method == "INVITE"), "what may be passed over is a request without an offer"
    assert call.state is CallState.CONFIRMED


def test_an_offer_among_other_parts_reaches_the_owner() -> None:
    world = World()
    _, incoming = world.talk()
    assert incoming.dialog is not None
    request = incoming.dialog.request("INVITE", world.callee.make_via(incoming.flow), 50)
    request.body = multipart((b"Content-Type: application/isup", ISUP), (b"Content-Type: application/sdp", DESCRIPTION))
    request.headers.set("Content-Type", "multipart/mixed;boundary=b1")
    request.headers.set("Content-Length", str(len(request.body)))
    world.callee.core.send(bytes(request), incoming.flow)
    world.run()
    (event,) = world.network.take("caller")
    assert isinstance(event, SessionChangeReceived)
    assert event.change.offer == DESCRIPTION


@pytest.mark.parametrize(("kind", "taken"), [(b"application/sdp", True), (b"text/plain", False)])
def test_the_first_offer_of_a_call_is_found_as_later_ones_are(kind: bytes, taken: bool) -> None:
    agent = UserAgent()
    body = multipart((b"Content-Type: application/isup", ISUP), (b"Content-Type: " + kind, DESCRIPTION))
    lines = ["INVITE sip:192.0.2.2 SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "From: <sip:a@b>;tag=1"]
    lines += ["To: <sip:c@d>", "Call-ID: x", "CSeq: 1 INVITE", "Contact: <sip:192.0.2.1>"]
    lines += ["Content-Type: multipart/mixed;boundary=b1", f"Content-Length: {len(body)}"]
    flow = Flow(Transport.UDP, ("192.0.2.1", 5060), ("192.0.2.2", 5060))
    agent.receive("\r\n".join([*lines, "", ""]).encode() + body, flow, 0.0)
    assert [type(event) for event in agent.take_events()] == [IncomingCallReceived] * taken
    status = parse(agent.take_sends()[-1][0])
    assert isinstance(status, Response)
    assert status.code == (100 if taken else 415)
