"""Octets to and from a far end, over TCP or over TLS on it.

What is written is as long as one request and stands in memory already, so writing waits for nobody. What is
received is bounded: past :data:`RECEIVED` octets the far end waits until they are read.
"""

import asyncio
import select
import ssl

RECEIVED = 65_536
"""Octets that are received ahead of their reader, and one reading of the socket more."""


class ConnectionCut(Exception):
    """The connection ended before what was waited for had come."""


class Stream(asyncio.Protocol):
    """One connection, with one reader at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._paused = False
        self._ended = False
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._poll = select.poll()

    # -- the loop's side ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > RECEIVED and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._failure = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- the reader's side -------------------------------------------------------------------------------------

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """:raises OSError: no TLS with a far end whose certificate is good for ``name``; the stream is of no
        use any more."""
        if self._received or self._ended:
            raise ConnectionResetError("the far end speaks before TLS does, or has gone")
        transport = await asyncio.get_running_loop().start_tls(self._transport, self, context, server_hostname=name)
        if transport is None:
            raise ConnectionResetError("the connection ended with the handshake of TLS")
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Send; where the connection has ended, reading tells."""
        if not self._transport.is_closing():
            self._transport.write(data)

    async def read(self) -> bytes:
        """Return what has come, at least one octet; none at the end of the connection.

        :raises ConnectionCut: it failed.
        """
        while not self._received and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if not self._received and self._failure is not None:
            raise ConnectionCut(str(self._failure))
        data = bytes(self._received)
        self._received.clear()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    @property
    def is_quiet(self) -> bool:
        """Whether the connection stands and nothing has come that was not read, not even its end."""
        return not (self._received or self._ended or self._transport.is_closing() or self._poll.poll(0))

    @property
    def certificate_ends(self) -> float | None:
        """Unix seconds at which the far end's certificate ends, None without TLS."""
        certificate = self._transport.get_extra_info("peercert") or {}
        return float(ssl.cert_time_to_seconds(certificate["notAfter"])) if "notAfter" in certificate else None

    def close(self) -> None:
        """Drop the connection, with what was not sent yet."""
        self._transport.abort()
