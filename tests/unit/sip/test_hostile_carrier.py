"""Whatever a carrier answers and asks, a call of ours comes to its end, and nothing is left of it."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.sip.carrier import CONTACT, Line

from playvoice.sip import (
    Answered,
    CallEnded,
    CallState,
    Challenged,
    Credentials,
    Failed,
    IncomingCallReceived,
    Rejected,
    RequestInCall,
    RequestReceived,
    SessionChangeReceived,
)
from playvoice.sip.late import LATE
from playvoice.sip.message import make_response

VALUES = [
    *("", "x", "*", "<>", "<sip:>", "<sip:@>", "<sip:a@b>", "<sip:a@192.0.2.2:0>", "<sip:a@[::1]>;lr", "<tel:+1>"),
    *("<sips:a@192.0.2.2;transport=tls>", '"', "<sip:a@b", "<mailto:a@b>", "<sip:192.0.2.2;lr>, <sip:p>", ",", ";"),
    *(
        "0",
        "1",
        "-1",
        "99999999999999999999",
        "100rel",
        "timer",
        "100rel, timer",
        "1800;refresher=uas",
        "1;refresher=x",
    ),
    *("Digest", 'Digest realm="r", nonce="n"', 'Digest realm="r", nonce="n", qop="auth-int"', "Basic realm=x"),
    *("application/sdp", "multipart/mixed", "multipart/mixed;boundary=b", "text/plain", "Q.850;cause=17", "Q.850"),
    *("é\u2028", "\x00\x01", "a" * 3000, "INVITE, UPDATE", "UPDATE"),
]
NAMES = [
    *("Contact", "Record-Route", "Require", "RSeq", "Session-Expires", "Min-SE", "Supported", "Allow", "Reason"),
    *("Content-Type", "Content-Disposition", "Content-Encoding", "WWW-Authenticate", "Proxy-Authenticate"),
    *("Retry-After", "Warning", "To", "From", "Via", "Call-ID", "CSeq", "Content-Length"),
]
headers = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4)
statuses = st.sampled_from([100, 180, 183, 199, 200, 202, 299, 302, 401, 407, 408, 422, 481, 486, 491, 500, 603, 699])
bodies = st.sampled_from([b"", b"v=0", b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--", b"\xff\x00"])
METHODS = ["INVITE", "UPDATE", "INFO", "OPTIONS", "BYE", "CANCEL", "ACK", "PRACK", "FOO"]


def end_what_is_told(line: Line) -> int:
    """Do what an owner does, until the call has ended; gives how many ends were told."""
    ends = 0
    for event in line.events():
        match event:
            case Answered():
                line.call.ack(line.now)
            case SessionChangeReceived(change=change):
                change.accept(line.now, b"v=0")
            case RequestInCall(request=request) | RequestReceived(request=request):
                request.respond(200, line.now)
            case IncomingCallReceived(call=call):
                call.reject(line.now, 404)
            case Challenged():
                if line.call.authorize():
                    line.call.send(line.now)
                else:
                    ends += 1
            case CallEnded() | Failed() | Rejected():
                ends += 1
    return ends


@settings(max_examples=150, deadline=None)
@example([("200", [("Contact", "<sip:a@b")], b"", None)], [("INFO", [], b""), ("INVITE", [], b"v=0")])
@given(
    st.lists(st.tuples(statuses.map(str), headers, bodies, st.sampled_from(["callee", "fork", None])), max_size=5),
    st.lists(st.tuples(st.sampled_from(METHODS), headers, bodies), max_size=4),
)
def test_whatever_comes_the_call_ends_once_and_nothing_is_left(
    responses: list[tuple[str, list[tuple[str, str]], bytes, str | None]],
    requests: list[tuple[str, list[tuple[str, str]], bytes]],
) -> None:
    line = Line(Credentials("trunk", "secret"))
    line.invite()
    ends = 0
    for status, more, body, tag in responses:
        response = make_response(line.requests("INVITE")[-1], int(status), to_tag=tag, headers=(CONTACT,), body=body)
        line.carrier.say(_with(bytes(response), more))
        line.run()
        ends += end_what_is_told(line)
    for number, (method, more, body) in enumerate(requests, start=1):
        line.carrier.say(_with(line.in_dialog(method, cseq=number, body=body), more))
        line.run()
        ends += end_what_is_told(line)
    line.call.cancel(line.now)
    for _ in range(4):
        line.call.bye(line.now)
        line.run(33)
        ends += end_what_is_told(line)
    line.run(2 * LATE)
    ends += end_what_is_told(line)
    assert all(data.startswith(b"SIP/2.0 400 ") for data in line.carrier.unreadable), "what we say of our own is sound"
    assert ends == 1
    assert line.call.state is CallState.ENDED
    assert line.us.next_deadline() is None
    assert repr(line.us) == "<UserAgent 0 dialogs, 0 transactions>"


def _with(message: bytes, more: list[tuple[str, str]]) -> bytes:
    """The message with these headers in place of its own."""
    head, _, body = message.partition(b"\r\n\r\n")
    for name, _ in more:
        head = re.sub(rb"\r\n" + name.encode() + rb": [^\r]*", b"", head, flags=re.IGNORECASE)
    lines = [f"{name}: {value}".encode() for name, value in more]
    return b"\r\n".join([head, *lines]) + b"\r\n\r\n" + body
