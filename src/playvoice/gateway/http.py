"""The HTTP/1.1 of the API's port: uvicorn's, with bounds on the time and the work that a request may take.

uvicorn waits for a head as long as the client likes, but between two requests, and takes heads of any length and bodies
in any number of chunks; whoever opened as many connections as are served at once would shut everybody else out, and
whoever sent a body in crumbs would hold up the loop, and with it every call. The body has bounds of its own
(`playvoice.gateway.body`)::

    connection ──> HEAD ── the head is whole ──> REQUEST ── answered ──> KEEP-ALIVE (uvicorn's timer)
                    │ HEAD_SECONDS over: closed    ^                        │ the next request begins
                    │ beyond its bounds: 400       │                        │
                    └──────────────────────────────┴────── HEAD <───────────┘

Past the connections that are served as many again are let in, to hear a 503; a further one is closed.

What two readers could take for two different things is refused: lengths that contradict each other, lines that end in
LF alone and folded ones by the parser, the rest here. A request to change the protocol is a request like any other
(RFC 9110 section 7.8): clients that know of HTTP/2 ask for it with their first one. Octets beyond ASCII in a target are
taken as if they were percent-encoded: curl and PHP send what was typed.
"""

import asyncio
import re
from typing import ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 32_768
"""Octets of a request line with its headers; likewise of what stands between and behind the chunks of a body, beyond
twice the body's octets."""
MAX_HEADERS = 100
"""Each takes more memory than it has octets."""
MAX_WAITING = 32
"""Requests that came behind one that is being answered."""
FREE_CHUNKS = 500
"""Chunks of a body that may be of any size."""
MIN_CHUNK = 256
"""Octets that a chunk has on average, where there are more."""
PIECE = 16_384
"""Octets that are taken apart at once."""
REFUSAL = "Invalid HTTP request received."

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
_ABSOLUTE = re.compile(rb"https?://[^/?#]*(.*)", re.IGNORECASE)


class BoundedHttp(HttpToolsProtocol):
    """One connection; give the class to uvicorn as `http`."""

    HEAD_SECONDS: ClassVar[float] = 30.0
    """From the connection, or the first octet of a further request, to the end of its head."""

    SEND_SECONDS: ClassVar[float] = 30.0
    """In which a client takes what waits for it, also of a connection that is closed behind it."""

    ANSWER_SECONDS: ClassVar[float] = 3600.0
    """In which a client takes a whole answer that it does not take at once, however steadily it reads."""

    _timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _in_line = True
    """In the request line, of a request that began with a piece; else its octets are the parser's to judge."""
    _octets = 0
    """Of the head, or after it of the rest of the message."""
    _body_octets = 0
    _message_ended = False
    """With the piece that came last."""
    _chunks = 0
    _refuses = False
    """What came behind the requests that are being answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > 2 * self.limit_concurrency:
            self.logger.warning("A connection too many was closed.")
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if self.transport.is_closing() or self._refuses:
                break
            self._take(data[start : start + PIECE])
        self._watch()

    def _take(self, piece: bytes) -> None:
        self._message_ended = False
        self._unset_keepalive_if_required()
        if self._in_line:
            line, newline, rest = piece.partition(b"\n")
            self._in_line = not newline
            piece = _percent_encoded(line) + newline + rest
        try:
            self._parse(piece)
        except httptools.HttpParserError as error:
            ours = error.__context__  # what a callback raised; else the URL might be told, with a token in it
            self._refuse(str(ours if isinstance(ours, ValueError) else error))
        if self._refuses or self.transport.is_closing() or self._message_ended:
            return
        self._octets += len(piece)
        if self._octets > MAX_HEAD + 2 * self._body_octets:
            self._refuse(f"more than {MAX_HEAD} octets beside the body")

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                (end,) = upgrade.args
                data = self._head_without_upgrade() + data[end:]

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _refuse(self, why: str) -> None:
        """Answer 400 to what can't be read, behind the answers to what came before it."""
        self.logger.warning("An HTTP request was refused: %s.", why)
        is_broken_in_body = self.cycle is not None and self.cycle.more_body
        if self.pipeline and is_broken_in_body:
            self.pipeline.popleft()  # nobody has begun to answer it
        elif is_broken_in_body or not self._answers:
            self.send_400_response(REFUSAL)
            return
        self.transport.pause_reading()
        self._refuses = True

    def on_message_begin(self) -> None:
        if self._message_ended:
            self._in_line = False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one behind the body is thrown away, as a trailer may be (RFC 9110 section 6.5.1)."""
        if not self._in_head:
            return
        if len(self.headers) == MAX_HEADERS:
            raise ValueError(f"a request has more than {MAX_HEADERS} headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("this is no proxy")
            return
        self._in_head = False
        self._octets = self._body_octets = self._chunks = 0
        version = self.parser.get_http_version()
        _check_head(version, self.headers)
        if len(self.pipeline) == MAX_WAITING:
            raise ValueError(f"more than {MAX_WAITING} requests wait for their answers")
        self.url = _in_origin_form(self.url)
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110 section 10.1.1
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Count; what it raises is answered with 400, as whatever else can't be read."""
        if self._chunks > FREE_CHUNKS and self._body_octets < self._chunks * MIN_CHUNK:
            raise ValueError(f"{self._chunks} chunks of {self._body_octets} octets in all")
        self._chunks += 1

    def on_body(self, body: bytes) -> None:
        self._body_octets += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._in_head:
            return  # of a request to change the protocol the head comes once more
        self._in_head = self._in_line = self._message_ended = True
        self._octets = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._stop_watching_answer()
        super().on_response_complete()
        if self._refuses and self.timeout_keep_alive_task is not None:
            self.send_400_response(REFUSAL)
        self._watch()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Let a client that has said all, and closed its side, hear its answers."""
        if not self._answers or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_sending()
        if self._answers and self._answer_timer is None:
            self._answer_timer = self.loop.call_later(self.ANSWER_SECONDS, self._cut, self.ANSWER_SECONDS)

    def resume_writing(self) -> None:
        self._stop_watching_sending()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        self._stop_watching_sending()
        self._stop_watching_answer()
        super().connection_lost(exc)

    @property
    def _answers(self) -> bool:
        """A request was taken and has not been answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Let the timer run while a request is waited for, or what is left of one that was answered already."""
        rests = self.timeout_keep_alive_task is not None
        if self.transport.is_closing():
            self._stop_watching()
            self._watch_sending()
        elif self._answers or rests:
            self._stop_watching()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.HEAD_SECONDS, self._give_up)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch_sending(self) -> None:
        if self._send_timer is None:
            self._send_timer = self.loop.call_later(self.SEND_SECONDS, self._cut, self.SEND_SECONDS)

    def _stop_watching_sending(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _stop_watching_answer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _cut(self, seconds: float) -> None:
        self.logger.warning("A client did not take its answer within %g seconds.", seconds)
        self.transport.abort()

    def _give_up(self) -> None:
        self._timer = None
        self.logger.warning("A request's head was not complete within %g seconds.", self.HEAD_SECONDS)
        self.transport.close()
        self._watch()


def _check_head(version: str, headers: list[tuple[bytes, bytes]]) -> None:
    """Raise a ValueError where a head can't be understood by everybody in one way."""
    if version not in ("1.0", "1.1"):
        raise ValueError(f"HTTP/{version} is not spoken here")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1") or not all(map(_HOST.fullmatch, hosts)):
        raise ValueError("a request names one host (RFC 9112 section 3.2)")
    if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in headers):
        raise ValueError("the one transfer coding is chunked (RFC 9112 section 6.1)")


def _percent_encoded(line: bytes) -> bytes:
    return _BEYOND_ASCII.sub(lambda octet: b"%%%02X" % octet[0][0], line)


def _in_origin_form(target: bytes) -> bytes:
    """Return the path alone where a target is a whole URL, as proxies send it (RFC 9112 section 3.2.2)."""
    if target.startswith(b"/"):
        return target
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise ValueError("a target is a path, or a URL with http or https")
    return match[1] if match[1].startswith(b"/") else b"/" + match[1]
