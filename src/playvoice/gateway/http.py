"""The HTTP/1.1 of the API's port: uvicorn's, with a bound on the time that a request's head may take.

uvicorn waits for a head as long as the client likes, but between two requests; whoever opened as many connections as
are served at once would shut everybody else out. The body has its own bound (`playvoice.gateway.body`)::

    connection ──> HEAD ── the head is whole ──> REQUEST ── answered ──> KEEP-ALIVE (uvicorn's timer)
                    │ HEAD_SECONDS over: closed    ^                        │ the next request begins
                    └──────────────────────────────┴────── HEAD <───────────┘
"""

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedHttp(H11Protocol):
    """One connection; give the class to uvicorn as `http`."""

    HEAD_SECONDS: ClassVar[float] = 30.0
    """From the connection, or the first octet of a further request, to the end of its head."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        """Let the timer run while a head is waited for, from its beginning on."""
        rests = self.timeout_keep_alive_task is not None
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing() or rests:
            self._stop_watching()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.HEAD_SECONDS, self._give_up)

    def _stop_watching(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        self.logger.warning("A request's head was not complete within %g seconds.", self.HEAD_SECONDS)
        self.transport.close()
