"""Messages: what stands in front of the grammar of `sipmessage`, on the way in and on the way out.

`parse` takes the bytes of one message and gives a :class:`Request` or :class:`Response` whose mandatory headers (RFC
3261 section 8.1.1) are there and readable, so that nobody above has to ask again. It unfolds lines (section 7.3.1),
takes any case and the compact forms (7.3.3), holds the limits below, and cuts a datagram's body to its Content-Length
(18.3). What it can't take is a :class:`MalformedMessage`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from sipmessage import URI, Address, CSeq, Request, Response, Via
from sipmessage.message import COMPACT_FORMS

from playvoice.sip.errors import MalformedMessage

MAX_MESSAGE = 65_535
"""Octets of a whole message: what UDP can carry, and as much for TCP."""
MAX_HEADER_LINES = 256
MAX_LINE = 8_192
"""Characters of an unfolded line."""
READ_VALUES = 512
"""Values of headers that are kept as read, of each kind: the messages of a call name the same ones again and again."""

Message = Request | Response

_FOLD = re.compile(rb"\r\n[ \t]+")
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d) (.*)", re.IGNORECASE)
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)
_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
_SPACED_SLASH = re.compile(r"\s*/\s*")


def parse(data: bytes, *, stream: bool = False) -> Message:
    """Read the one message in `data`; `stream` says that it came framed by its Content-Length.

    Raises :class:`MalformedMessage`, whose `status` tells a request that can be answered.
    """
    if len(data) > MAX_MESSAGE:
        raise MalformedMessage(f"{len(data)} octets, more than {MAX_MESSAGE}")
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise MalformedMessage("no empty line ends the headers")
    try:
        lines = _FOLD.sub(b" ", head).decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise MalformedMessage("the headers are not UTF-8") from None
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
        if error.status is not None and isinstance(message, Request):
            error.request = message
        raise
    return message


def _start_line(line: str) -> tuple[Message, MalformedMessage | None]:
    """Read the first line; a request that can be answered but not understood comes with its complaint."""
    if status := _STATUS_LINE.fullmatch(line):
        return Response(int(status[1]), status[2]), None
    words = line.split(" ")
    method, version = words[0], words[-1]
    if len(words) < 3 or not _TOKEN.fullmatch(method) or not _VERSION.fullmatch(version):
        raise MalformedMessage(f"neither a request line nor a status line: {line[:80]!r}")
    status_of_complaint = None if method == "ACK" else 400  # an ACK is never answered (RFC 3261 section 17)
    nowhere = URI(scheme="sip", host="invalid")
    if version.upper() != "SIP/2.0":
        unsupported = status_of_complaint and 505
        return Request(method, nowhere), MalformedMessage(f"version {version}", unsupported)
    try:
        return Request(method, parse_uri(" ".join(words[1:-1]))), None
    except ValueError:
        complaint = MalformedMessage(f"the request URI is not valid: {words[1][:80]!r}", status_of_complaint)
        return Request(method, nowhere), complaint


def _read_headers(message: Message, lines: list[str]) -> None:
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.rstrip()
        if not colon or not _TOKEN.fullmatch(name):
            raise MalformedMessage(f"not a header: {line[:80]!r}")
        message.headers.add(COMPACT_FORMS.get(name.lower(), name), value.strip())


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
    headers.setlist("Via", [_SPACED_SLASH.sub("/", value, count=2) for value in headers.getlist("Via")])
    try:
        for value in headers.getlist("Via"):
            _read_vias(value)
        top_via(message)
        cseq = message.cseq
    except (ValueError, IndexError) as error:
        raise MalformedMessage(str(error) or "Via is not valid") from None
    status = 400 if isinstance(message, Request) and message.method != "ACK" else None
    try:
        from_of(message)
        to_of(message)
    except ValueError:
        raise MalformedMessage("From or To is not valid", status) from None
    if cseq.sequence >= 2**31:
        raise MalformedMessage(f"CSeq {cseq.sequence} is not below 2**31", status)
    if isinstance(message, Request) and cseq.method != message.method:
        raise MalformedMessage(f"CSeq names {cseq.method}, the request line {message.method}", status)


def _cut_body(message: Message, body: bytes, stream: bool) -> bytes:
    status = 400 if isinstance(message, Request) and message.method != "ACK" else None
    length = content_length(message)
    if length is None:
        if stream:
            raise MalformedMessage("no Content-Length on a stream", status)
        return body
    if length > len(body):
        raise MalformedMessage(f"Content-Length is {length}, the body has {len(body)} octets", status)
    return body[:length]


def content_length(message: Message) -> int | None:
    """Give the Content-Length, None where there is none; one that is not a number is malformed."""
    value = message.headers.get("Content-Length")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise MalformedMessage(f"Content-Length is {value[:40]!r}", 400)
    return int(value)


@lru_cache(READ_VALUES)
def parse_uri(text: str) -> URI:
    """Read a SIP, SIPS or TEL URI, in any case of the scheme; anything else is a `ValueError`.

    Unlike `URI.parse` it takes the URI headers (after `?`, RFC 3261 section 19.1.1), which a request URI may not
    have and which mean nothing to us, and drops them.
    """
    scheme, colon, rest = text.strip().partition(":")
    user, at, host = rest.rpartition("@")
    host = host.partition("?")[0]
    return URI.parse(f"{scheme.lower()}{colon}{user}{at}{host}")


@lru_cache(READ_VALUES)
def read_address(text: str) -> Address:
    """Read the value of a header that has one address; `ValueError` for what is none."""
    return Address.parse(text)


def from_of(message: Message) -> Address:
    """The From of a message."""
    return read_address(message.headers["From"])


def to_of(message: Message) -> Address:
    """The To of a message."""
    return read_address(message.headers["To"])


def tag_of(address: Address) -> str | None:
    """The tag parameter of a From or To header."""
    return address.parameters.get("tag")


@lru_cache(READ_VALUES)
def _read_vias(text: str) -> tuple[Via, ...]:
    return tuple(Via.parse_many(text))


def top_via(message: Message) -> Via:
    """The first Via of a message that `parse` gave."""
    return _read_vias(message.headers["Via"])[0]


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

    `to_tag` is added to a To that has none.
    """
    response = Response(status, reason or REASONS.get(status, "Unknown"), body)
    response.headers.setlist("Via", list(request.headers.getlist("Via")))
    if 100 < status < 300 and (routes := request.headers.getlist("Record-Route")):
        response.headers.setlist("Record-Route", list(routes))
    response.headers.set("From", request.headers["From"])
    to = to_of(request)
    if to_tag is not None and tag_of(to) is None:
        response.to_address = Address(uri=to.uri, name=to.name, parameters=to.parameters.replace(tag=to_tag))
    else:
        response.headers.set("To", request.headers["To"])
    response.headers.set("Call-ID", request.headers["Call-ID"])
    response.headers.set("CSeq", request.headers["CSeq"])
    for name, value in headers:
        response.headers.add(name, value)
    if body:
        response.headers.set("Content-Type", content_type)
    response.headers.set("Content-Length", str(len(body)))
    return response


def make_ack_for_failure(invite: Request, response: Response) -> Request:
    """Make the ACK that a client transaction sends for a 3xx to 6xx: RFC 3261 section 17.1.1.3."""
    return _same_branch(invite, "ACK", to=response.headers["To"])


def make_cancel(invite: Request) -> Request:
    """Make the CANCEL of an INVITE: RFC 3261 section 9.1."""
    return _same_branch(invite, "CANCEL", to=invite.headers["To"])


def _same_branch(invite: Request, method: str, *, to: str) -> Request:
    request = Request(method, invite.uri)
    request.headers.set("Via", str(top_via(invite)))
    request.headers.set("Max-Forwards", "70")
    for value in invite.headers.getlist("Route"):
        request.headers.add("Route", value)
    request.headers.set("From", invite.headers["From"])
    request.headers.set("To", to)
    request.headers.set("Call-ID", invite.headers["Call-ID"])
    request.cseq = CSeq(sequence=invite.cseq.sequence, method=method)
    request.headers.set("Content-Length", "0")
    return request


class StreamFramer:
    """Cuts a TCP stream into messages by their Content-Length: RFC 3261 section 18.3.

    CRLFs between messages, a peer's keep-alive (RFC 5626 section 3.5.1), are dropped. A stream on which nothing can
    be found is a :class:`MalformedMessage`: its connection has to be closed, since nobody knows where the next
    message begins. The error has the head of a message whose length is not known, or is too much.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __repr__(self) -> str:
        return f"<StreamFramer {len(self._buffer)} octets waiting>"

    @property
    def is_empty(self) -> bool:
        """No message has begun and is not whole yet."""
        return not self._buffer

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what came and give the messages that are whole now, those before a fault as well."""
        self._buffer += data
        while message := self._next():
            yield message

    def _next(self) -> bytes | None:
        start = 0
        while start < len(self._buffer) and self._buffer[start] in b"\r\n":
            start += 1
        del self._buffer[:start]
        end_of_head = self._buffer.find(b"\r\n\r\n")
        if end_of_head < 0:
            if len(self._buffer) > MAX_MESSAGE:
                raise MalformedMessage("headers without an end")
            return None
        head = bytes(self._buffer[: end_of_head + 4])
        try:
            total = len(head) + _content_length_of(head[:-2])
            if total > MAX_MESSAGE:
                raise MalformedMessage(f"{total} octets, more than {MAX_MESSAGE}")
        except MalformedMessage as error:
            error.head = head[:MAX_MESSAGE]
            raise
        if len(self._buffer) < total:
            return None
        message = bytes(self._buffer[:total])
        del self._buffer[:total]
        return message


_LENGTH_LINE = re.compile(rb"\r\n(?:content-length|l)[ \t]*:\s*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)


def _content_length_of(head: bytes) -> int:
    found = _LENGTH_LINE.search(_FOLD.sub(b" ", head))
    if found is None:
        raise MalformedMessage("no Content-Length on a stream")
    return int(found[1])


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
    420: "Bad Extension",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
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
