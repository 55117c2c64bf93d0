"""HTTP/1.1 (RFC 9112) over one stream: a request, its answer, and again.

The protocol is h11's. One connection bears one request at a time; whoever has it reads the answer with
:meth:`Connection.read` as far as he likes, and then asks :meth:`Connection.rest` whether it can bear another.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import h11

from playvoice.web.stream import ConnectionCut, Stream

Headers: TypeAlias = list[tuple[bytes, bytes]]

MAX_HEAD = 102_400
"""Octets of an answer's head, and of a line between the chunks of its body."""
MAX_INTERIM = 20
"""Interim responses (1xx) before the final one; nobody asked for any."""

PACE = 64
"""Pieces of a body between which the loop has a turn: each may be a single octet, and all may be there already."""


@dataclass(frozen=True, slots=True)
class Head:
    """An answer up to its body."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case; of a repeated header the first."""


class Connection:
    """One connection. Both of its methods that wait raise :class:`ConnectionCut`, where the connection ends
    before the answer, and :class:`h11.RemoteProtocolError`, where what comes is not HTTP."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._ended = False
        self._pieces = 0

    async def ask(self, method: str, target: str, headers: Headers, body: bytes | None) -> Head:
        """Send a request and return the head of its answer."""
        events: list[h11.Event] = [h11.Request(method=method, target=target, headers=headers)]
        if body is not None:
            events.append(h11.Data(body))
        events.append(h11.EndOfMessage())
        self._stream.write(b"".join(self._http.send(event) or b"" for event in events))
        for _response in range(MAX_INTERIM + 1):
            event = await self._next_event()
            if isinstance(event, h11.Response):
                return Head(event.status_code, _first_of_each(event.headers.raw_items()))
        raise h11.RemoteProtocolError(f"more than {MAX_INTERIM} interim responses")

    async def read(self) -> bytes:
        """Return the next octets of the answer's body; none at its end."""
        while isinstance(event := await self._next_event(), h11.Data):
            self._pieces += 1
            if self._pieces % PACE == 0:
                await asyncio.sleep(0)
            if event.data:
                return bytes(event.data)
        return b""

    def rest(self) -> bool:
        """Tell whether the answer was read to its end and the far end takes another request.

        One that has sent more than its answer gets none: what it sent would be taken for the next answer.
        """
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        if self._http.trailing_data[0]:
            return False
        self._http.start_next_cycle()
        return True

    @property
    def is_quiet(self) -> bool:
        """Whether the connection stands and nothing came unasked."""
        return self._stream.is_quiet

    @property
    def certificate_ends(self) -> float | None:
        """Unix seconds at which the far end's certificate ends, None without TLS."""
        return self._stream.certificate_ends

    def close(self) -> None:
        """Drop the connection, whatever its state."""
        self._stream.close()

    async def _next_event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                error.__traceback__ = None  # h11 raises it by a method of its own, whose frame holds it in a cycle
                if self._ended:  # h11 has no class of its own for an end that came too early
                    raise ConnectionCut(str(error)) from None
                raise
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # NEED_DATA is no enum that mypy could narrow
            data = await self._stream.read()
            self._ended = not data
            self._http.receive_data(data)


def _first_of_each(headers: Headers) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found
