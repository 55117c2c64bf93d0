"""Messages: how they are read, and how responses, ACK and CANCEL are made of others.

`parse` takes the bytes of one message and gives a :class:`Request` or :class:`Response` whose mandatory headers (RFC
3261 section 8.1.1) are there and readable, so that nobody above has to ask again. It unfolds lines (section 7.3.1),
takes any case and the compact forms (7.3.3), holds the limits below, and cuts a datagram's body to its Content-Length
(18.3). What it can't take is a :class:`MalformedMessage`. The values of headers are read by `playvoice.sip.grammar`; a
stream is cut into messages by `playvoice.sip.framing`.

A line that is not UTF-8 is read as Latin-1: a phone's display name in GBK should not cost a call. A line feed or
carriage return alone, which one receiver takes for the end of a line and another one not, and a null octet that is
not escaped, are refused.
"""

import re
from functools import lru_cache

from sipmessage import URI, Address, CSeq, Request, Response, Via
from sipmessage.message import COMPACT_FORMS

from playvoice.sip import grammar
from playvoice.sip.errors import MalformedMessage
from playvoice.sip.headers import new_request, new_response

MAX_MESSAGE = 65_535
"""Octets of a whole message: what UDP can carry, and as much for TCP."""
MAX_HEADER_LINES = 256
MAX_LINE = 8_192
"""Characters of an unfolded line."""
MAX_VIAS = 70
"""Values of Via: one for each hop, of which Max-Forwards allows as many (RFC 3261 section 8.1.1.6)."""
MAX_ADDRESSES = 100
"""Addresses of a header that may have several."""
READ_VALUES = 512
"""Values of headers that are kept as read, of each kind: the messages of a call name the same ones again and again."""

Message = Request | Response

FOLD = re.compile(rb"\r\n[ \t]+")
"""A line that goes on in the next one (section 7.3.1)."""
_FORBIDDEN = re.compile(rb"(?<!\r)\n|\r(?!\n)|(?<!\\)\0")
_TOKEN = re.compile(grammar.TOKEN)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.IGNORECASE)
_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CSEQ = re.compile(rf"[0-9]+\s+{grammar.TOKEN}")
_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")


def parse(data: bytes, *, stream: bool = False) -> Message:
    """Read the one message in `data`; `stream` says that it came framed by its Content-Length.

    Raises :class:`MalformedMessage`, whose `status` tells a request that can be answered.
    """
    if len(data) > MAX_MESSAGE:
        raise MalformedMessage(f"{len(data)} octets, more than {MAX_MESSAGE}")
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise MalformedMessage("no empty line ends the headers")
    unfolded = FOLD.sub(b" ", head)
    if _FORBIDDEN.search(unfolded):
        raise MalformedMessage("a CR, LF or null octet inside a line")
    lines = _decode(unfolded)
    if len(lines) > MAX_HEADER_LINES:
        raise MalformedMessage(f"{len(lines)} header lines, more than {MAX_HEADER_LINES}")
    if any(len(line) > MAX_LINE for line in lines):
        raise MalformedMessage(f"a line of more than {MAX_LINE} characters")
    message, complaint = _start_line(lines[0])
    try:
        _read_headers(message, lines[1:])
        _check_headers(message)
        if complaint is not None:
            raise complaint
        message.body = _cut_body(message, body, stream)
    except MalformedMessage as error:
        if not isinstance(message, Request) or message.method == "ACK":
            error.status = None  # neither is answered (RFC 3261 section 17)
        elif error.status is not None:
            error.request = message
        raise
    return message


def _decode(head: bytes) -> list[str]:
    try:
        return head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        return [_decode_line(line) for line in head.split(b"\r\n")]


def _decode_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _start_line(line: str) -> tuple[Message, MalformedMessage | None]:
    """Read the first line; a request that can be answered but not understood comes with its complaint."""
    if status := _STATUS_LINE.fullmatch(line):
        return new_response(int(status[1]), status[2] or ""), None
    words = line.split()
    if len(words) < 3 or not _TOKEN.fullmatch(words[0]) or not _VERSION.fullmatch(words[-1]):
        raise MalformedMessage(f"neither a request line nor a status line: {line[:80]!r}")
    method, target, version = words[0], words[1], words[-1]
    uri, complaint = URI(scheme="sip", host="invalid"), None
    if version.upper() != "SIP/2.0":
        complaint = MalformedMessage(f"version {version}", 505)
    elif line != f"{method} {target} {version}":
        complaint = MalformedMessage(f"white space in the request line: {line[:80]!r}", 400)
    elif (scheme := _SCHEME.match(target)) and scheme[1].lower() not in ("sip", "sips", "tel"):
        complaint = MalformedMessage(f"the request URI is none of SIP: {target[:80]!r}", 416)
    else:
        try:
            uri = _read_request_uri(target)
        except ValueError:
            complaint = MalformedMessage(f"the request URI is not valid: {target[:80]!r}", 400)
    return new_request(method, uri), complaint


def _read_headers(message: Message, lines: list[str]) -> None:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedMessage(f"not a header: {line[:80]!r}")
        message.headers.add(_read_name(name), value.strip())


@lru_cache(READ_VALUES)
def _read_name(text: str) -> str:
    name = text.rstrip()
    if not _TOKEN.fullmatch(name):
        raise MalformedMessage(f"not the name of a header: {name[:80]!r}")
    return COMPACT_FORMS.get(name.lower(), name)


def _check_headers(message: Message) -> None:
    """Read each mandatory header once: what fails here would fail in the middle of a transaction."""
    headers = message.headers
    missing = [name for name in _MANDATORY if headers.get(name) is None]
    if missing:
        raise MalformedMessage(f"no {', '.join(missing)}")
    for name in ("From", "To", "Call-ID", "CSeq"):
        if len(headers.getlist(name)) > 1:
            raise MalformedMessage(f"more than one {name}")
    if not headers["Call-ID"]:
        raise MalformedMessage("an empty Call-ID")
    try:
        headers.setlist("Via", _one_via_a_line(headers.getlist("Via")))
        vias_of(message)
        cseq = _read_cseq(headers["CSeq"])
    except ValueError as error:
        raise MalformedMessage(str(error)) from None
    try:
        from_of(message)
        to_of(message)
    except ValueError:
        raise MalformedMessage("From or To is not valid", 400) from None
    if cseq.sequence >= 2**31:
        raise MalformedMessage(f"CSeq {cseq.sequence} is not below 2**31", 400)
    if isinstance(message, Request) and cseq.method != message.method:
        raise MalformedMessage(f"CSeq names {cseq.method}, the request line {message.method}", 400)


def _one_via_a_line(texts: list[str]) -> list[str]:
    values = [value for text in texts for value in grammar.split_values(text)]
    if len(values) > MAX_VIAS:
        raise ValueError(f"{len(values)} values of Via, more than {MAX_VIAS}")
    return values


@lru_cache(READ_VALUES)
def _read_cseq(text: str) -> CSeq:
    if not _CSEQ.fullmatch(text):
        raise ValueError("CSeq is not valid")
    return CSeq.parse(text)


def _cut_body(message: Message, body: bytes, stream: bool) -> bytes:
    length = content_length(message)
    if length is None:
        if stream:
            raise MalformedMessage("no Content-Length on a stream", 400)
        return body
    if length > len(body):
        raise MalformedMessage(f"Content-Length is {length}, the body has {len(body)} octets", 400)
    return body[:length]


def content_length(message: Message) -> int | None:
    """Give the Content-Length, None where there is none; one that is not a number is malformed, and so are two."""
    value = message.headers.get("Content-Length")
    if value is None:
        return None
    if any(other != value for other in message.headers.getlist("Content-Length")):
        raise MalformedMessage("more than one Content-Length", 400)
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise MalformedMessage(f"Content-Length is {value[:40]!r}", 400)
    return int(value)


@lru_cache(READ_VALUES)
def parse_uri(text: str) -> URI:
    """Read a SIP, SIPS or TEL URI, without its URI headers; anything else is a `ValueError`."""
    return grammar.parse_uri(text)


@lru_cache(READ_VALUES)
def _read_request_uri(text: str) -> URI:
    return grammar.parse_uri(text, headers=False)  # RFC 3261 section 19.1.1


@lru_cache(READ_VALUES)
def read_address(text: str) -> Address:
    """Read the value of a header that has one address; `ValueError` for what is none."""
    return grammar.parse_address(text)


@lru_cache(READ_VALUES)
def _read_via(text: str) -> Via:
    return grammar.parse_via(text)


def from_of(message: Message) -> Address:
    """The From of a message."""
    return read_address(message.headers["From"])


def to_of(message: Message) -> Address:
    """The To of a message."""
    return read_address(message.headers["To"])


def tag_of(address: Address) -> str | None:
    """The tag parameter of a From or To header."""
    return address.parameters.get("tag")


def cseq_of(message: Message) -> CSeq:
    """The CSeq of a message."""
    return _read_cseq(message.headers["CSeq"])


def addresses_of(message: Message, name: str) -> list[Address]:
    """All addresses of a header, Contact or Record-Route say; `ValueError` for what is none, and for too many."""
    return grammar.parse_all(message.headers.getlist(name), MAX_ADDRESSES)


def vias_of(message: Message) -> list[Via]:
    """All values of Via, the last hop's first, of a message that `parse` gave: one a line."""
    return [_read_via(value) for value in message.headers.getlist("Via")]


def top_via(message: Message) -> Via:
    """The first of them."""
    return _read_via(message.headers["Via"])


def make_response(
    request: Request,
    status: int,
    reason: str = "",
    *,
    to_tag: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    content_type: str = "application/sdp",
) -> Response:
    """Make the response to `request`: RFC 3261 section 8.2.6, Record-Route as section 12.1.1 wants it.

    `to_tag` is added to a To that has none; one that can't be read goes back as it came.
    """
    response = new_response(status, reason or REASONS.get(status, "Unknown"), body)
    response.headers.setlist("Via", list(request.headers.getlist("Via")))
    if 100 < status < 300 and (routes := request.headers.getlist("Record-Route")):
        response.headers.setlist("Record-Route", list(routes))
    response.headers.set("From", request.headers["From"])
    response.headers.set("To", _with_tag(request.headers["To"], to_tag))
    response.headers.set("Call-ID", request.headers["Call-ID"])
    response.headers.set("CSeq", request.headers["CSeq"])
    if status == 100 and (timestamp := request.headers.get("Timestamp")) is not None:
        response.headers.set("Timestamp", timestamp)
    for name, value in headers:
        response.headers.add(name, value)
    if body:
        response.headers.set("Content-Type", content_type)
    response.headers.set("Content-Length", str(len(body)))
    return response


def _with_tag(to: str, tag: str | None) -> str:
    try:
        return to if tag is None or tag_of(read_address(to)) is not None else f"{to};tag={tag}"
    except ValueError:
        return to


def make_ack_for_failure(invite: Request, response: Response) -> Request:
    """Make the ACK that a client transaction sends for a 3xx to 6xx: RFC 3261 section 17.1.1.3."""
    return _same_branch(invite, "ACK", to=response.headers["To"])


def make_cancel(invite: Request) -> Request:
    """Make the CANCEL of an INVITE: RFC 3261 section 9.1."""
    return _same_branch(invite, "CANCEL", to=invite.headers["To"])


def _same_branch(invite: Request, method: str, *, to: str) -> Request:
    request = new_request(method, invite.uri)
    request.headers.set("Via", str(top_via(invite)))
    request.headers.set("Max-Forwards", "70")
    for value in invite.headers.getlist("Route"):
        request.headers.add("Route", value)
    request.headers.set("From", invite.headers["From"])
    request.headers.set("To", to)
    request.headers.set("Call-ID", invite.headers["Call-ID"])
    request.cseq = CSeq(sequence=cseq_of(invite).sequence, method=method)
    request.headers.set("Content-Length", "0")
    return request


REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    469: "Bad Info Package",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
"""The reason phrases of RFC 3261 section 21 that we send."""
