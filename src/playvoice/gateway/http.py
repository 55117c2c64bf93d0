"""The HTTP/1.1 of the API's port: uvicorn's, with bounds on a request's head.

uvicorn waits for a head as long as the client likes, but between two requests, and takes one of any length; whoever
opened as many connections as are served at once would shut everybody else out. The body has its own bounds
(`playvoice.gateway.body`)::

    connection ──> HEAD ── the head is whole ──> REQUEST ── answered ──> KEEP-ALIVE (uvicorn's timer)
                    │ HEAD_SECONDS over: closed    ^                        │ the next request begins
                    │ more than MAX_HEAD: 400      │                        │
                    └──────────────────────────────┴────── HEAD <───────────┘
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedHttp(HttpToolsProtocol):
    """One connection; give the class to uvicorn as `http`."""

    HEAD_SECONDS: ClassVar[float] = 30.0
    """From the connection, or the first octet of a further request, to the end of its head."""
    MAX_HEAD: ClassVar[int] = 65_536
    """Octets of a head, past which no more of it is read."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_octets = 0
    _message_ended = False
    """With the octets that came last."""
    _refusal = ""
    """Of what came behind the requests that are being answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._message_ended = False
        super().data_received(data)
        if self._in_head and not self._message_ended:
            self._head_octets += len(data)
            if self._head_octets > self.MAX_HEAD:
                self._refuse()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse what can't be read, behind the answers to what came before it."""
        if self._answers and not self.cycle.more_body:
            self.transport.pause_reading()
            self._refusal = msg
        else:
            super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        self._in_head = False
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("a request names one host (RFC 9112 section 3.2)")
        super().on_headers_complete()

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

    def _refuse(self) -> None:
        message = f"The request's head has more than {self.MAX_HEAD} octets."
        self.logger.warning(message)
        self.send_400_response(message)
