"""The HTTP/1.1 of the API's port: uvicorn's, with bounds on the time and the work that a request may take.

uvicorn waits for a head as long as the client likes, but between two requests, and takes heads of any length and bodies
in any number of chunks; whoever opened as many connections as are served at once would shut everybody else out, and
whoever sent a body in crumbs would hold up the loop, and with it every call. The body has bounds of its own
(`playvoice.gateway.body`)::

    connection ──> HEAD ── the head is whole ──> REQUEST ── answered ──> KEEP-ALIVE (uvicorn's timer)
                    │ HEAD_SECONDS over: closed    ^                        │ the next request begins
                    │ more than MAX_HEAD: 400      │                        │
                    └──────────────────────────────┴────── HEAD <───────────┘

Past the connections that are served as many again are let in, to hear a 503; a further one is closed.
"""

import asyncio
import re
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 32_768
"""Octets of a request line with its headers."""
FREE_CHUNKS = 500
"""Chunks of a body that may be of any size."""
MIN_CHUNK = 256
"""Octets that a chunk has on average, where there are more."""
PIECE = 16_384
"""Octets that are taken apart at once."""

_ABSOLUTE = re.compile(rb"https?://[^/?#]*(.*)", re.IGNORECASE)


class BoundedHttp(HttpToolsProtocol):
    """One connection; give the class to uvicorn as `http`."""

    HEAD_SECONDS: ClassVar[float] = 30.0
    """From the connection, or the first octet of a further request, to the end of its head."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_octets = 0
    _message_ended = False
    """With the piece that came last."""
    _chunks = 0
    _chunk_octets = 0
    _refusal = ""
    """Of what came behind the requests that are being answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > 2 * self.limit_concurrency:
            self.logger.warning("A connection too many was closed.")
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if self.transport.is_closing() or self._refusal:
                break
            self._take(data[start : start + PIECE])
        self._watch()

    def _take(self, piece: bytes) -> None:
        self._message_ended = False
        super().data_received(piece)
        if self._in_head and not self._message_ended:
            self._head_octets += len(piece)
            if self._head_octets > MAX_HEAD:
                self.logger.warning("A request's head has more than %d octets.", MAX_HEAD)
                self.send_400_response("Invalid HTTP request received.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what can't be read, behind the answers to what came before it."""
        if self._answers and not self.cycle.more_body:
            self.transport.pause_reading()
            self._refusal = msg
        else:
            super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._chunks = self._chunk_octets = 0
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("a request names one host (RFC 9112 section 3.2)")
        self.url = _in_origin_form(self.url)
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Count; what it raises is answered with 400, as whatever else can't be read."""
        if self._chunks > FREE_CHUNKS and self._chunk_octets < self._chunks * MIN_CHUNK:
            raise ValueError(f"{self._chunks} chunks of {self._chunk_octets} octets in all")
        self._chunks += 1

    def on_body(self, body: bytes) -> None:
        self._chunk_octets += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = self._message_ended = True
        self._head_octets = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refusal and not self._answers:
            super().send_400_response(self._refusal)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    @property
    def _answers(self) -> bool:
        """A request was taken and has not been answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Let the timer run while a request is waited for, or what is left of one that was answered already."""
        rests = self.timeout_keep_alive_task is not None
        if self._answers or rests or self.transport.is_closing():
            self._stop_watching()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.HEAD_SECONDS, self._give_up)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        self.logger.warning("A request's head was not complete within %g seconds.", self.HEAD_SECONDS)
        self.transport.close()


def _in_origin_form(target: bytes) -> bytes:
    """Return the path alone where a target is a whole URL, as proxies send it (RFC 9112 section 3.2.2)."""
    if target.startswith(b"/"):
        return target
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise ValueError("a target is a path, or a URL with http or https")
    return match[1] if match[1].startswith(b"/") else b"/" + match[1]
