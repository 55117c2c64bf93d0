"""A carrier whose every callee answers at once, made to be cheap: it shares the machine with what is measured.

It speaks just enough SIP over UDP (RFC 3261) to be called by a server that works, by templates and without timers::

    INVITE -> 180, 200    again: the same 200    ACK -> noted    BYE, CANCEL, OPTIONS -> 200

A CANCEL comes after the final response here, so it has no effect (section 9.2). All phones share one RTP socket: each
sends silence every 20 ms while its call lasts, as phones do, and what comes is told apart by the port it came from.
"""

import asyncio
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, HEADER

LOOPBACK = "127.0.0.1"
BUFFER = 4_194_304
"""Octets of the sockets' buffers: what comes while this process does something else is not lost."""
MAX_PACKET = 2_048
PACKET_TIME = 0.02
"""Seconds between two packets of a phone."""
_SILENCE = bytes([Codec.PCMA.silence]) * FRAME
_AUDIO_PORT = re.compile(rb"^m=audio (\d+) ", re.MULTILINE)
_DIALLED = re.compile(rb"INVITE sip:([^@;]+)@")
_COPIED = (b"from", b"call-id", b"cseq")

Headers = Mapping[bytes, bytes]


@dataclass(slots=True)
class Callee:
    """A call as its callee saw it. Times are monotonic seconds, 0 for what has not happened."""

    server_port: int
    """Where the server wants RTP."""
    answer: bytes
    invited_at: float
    answered_at: float = 0.0
    acknowledged_at: float = 0.0
    heard_at: float = 0.0
    """The first packet of the voice."""
    packets: int = 0
    ended_at: float = 0.0


class Carrier(asyncio.DatagramProtocol):
    """The carrier's end of the trunk. `start` binds it, `close` ends it."""

    def __init__(self) -> None:
        self.callees: dict[str, Callee] = {}
        """All calls so far, by the number that was dialled."""
        self._by_call_id: dict[bytes, Callee] = {}
        self._talking: dict[int, Callee] = {}
        """Those that are not over, by the server's RTP port."""
        self._sip: asyncio.DatagramTransport | None = None
        self._rtp = _udp_socket()
        self._rtcp = _udp_socket()
        """RTCP is sent here, and nobody reads it."""
        self._talker: asyncio.Task[None] | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; gives the address for SIP."""
        loop = asyncio.get_running_loop()
        sock = _udp_socket()
        self._sip, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)
        loop.add_reader(self._rtp, self._listen)
        self._talker = asyncio.create_task(self._talk())
        return LOOPBACK, int(sock.getsockname()[1])

    async def close(self) -> None:
        """Fall silent."""
        asyncio.get_running_loop().remove_reader(self._rtp)
        if self._talker is not None:
            self._talker.cancel()
            await asyncio.gather(self._talker, return_exceptions=True)
        if self._sip is not None:
            self._sip.close()
        self._rtp.close()
        self._rtcp.close()

    # --- SIP ------------------------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        assert self._sip is not None
        method = data.partition(b" ")[0]
        head, _, body = data.partition(b"\r\n\r\n")
        headers = _read_headers(head)
        if method == b"INVITE":
            callee = self._by_call_id.get(headers[b"call-id"]) or self._ring(head, headers, body, addr)
            self._sip.sendto(callee.answer, addr)
        elif method == b"ACK":
            if (acknowledged := self._by_call_id.get(headers[b"call-id"])) and not acknowledged.acknowledged_at:
                acknowledged.acknowledged_at = time.monotonic()
        elif not data.startswith(b"SIP/2.0"):
            if method == b"BYE":
                self._hang_up(headers[b"call-id"])
            self._sip.sendto(_response(b"200 OK", headers), addr)

    def _ring(self, head: bytes, headers: Headers, body: bytes, addr: tuple[str | object, int]) -> Callee:
        """180 for a new call; its answer is ready."""
        assert self._sip is not None
        dialled, audio = _DIALLED.match(head), _AUDIO_PORT.search(body)
        if dialled is None or audio is None:
            raise ValueError(f"an INVITE that this carrier can't read: {head[:80]!r}")
        now = time.monotonic()
        contact = b"Contact: <sip:%b:%d>\r\n" % self._address()
        self._sip.sendto(_response(b"180 Ringing", headers, contact), addr)
        answer = _response(b"200 OK", headers, contact + b"Content-Type: application/sdp\r\n", self._description())
        callee = Callee(int(audio[1]), answer, invited_at=now, answered_at=now)
        self.callees[dialled[1].decode()] = callee
        self._by_call_id[headers[b"call-id"]] = callee
        self._talking[callee.server_port] = callee
        return callee

    def _hang_up(self, call_id: bytes) -> None:
        callee = self._by_call_id.pop(call_id, None)
        if callee is not None:
            callee.ended_at = time.monotonic()
            if self._talking.get(callee.server_port) is callee:
                del self._talking[callee.server_port]

    def _address(self) -> tuple[bytes, int]:
        assert self._sip is not None
        return LOOPBACK.encode(), self._sip.get_extra_info("sockname")[1]

    def _description(self) -> bytes:
        host = LOOPBACK.encode()
        return (
            b"v=0\r\no=- 1 1 IN IP4 %b\r\ns=-\r\nc=IN IP4 %b\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\n"
            b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:%d\r\n"
        ) % (host, host, self._rtp.getsockname()[1], self._rtcp.getsockname()[1])

    # --- RTP ------------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Note what has come for the phones."""
        now = time.monotonic()
        try:
            while True:
                _, (_, port) = self._rtp.recvfrom(MAX_PACKET)
                if (callee := self._talking.get(port)) is not None:
                    callee.packets += 1
                    callee.heard_at = callee.heard_at or now
        except BlockingIOError:
            pass

    async def _talk(self) -> None:
        """Send a packet of silence for every call, each 20 ms."""
        begun = time.monotonic()
        number = 0
        while True:
            packet = HEADER.pack(0x80, int(Codec.PCMA), number & 0xFFFF, number * FRAME & 0xFFFFFFFF, 1) + _SILENCE
            for port in self._talking:
                try:
                    self._rtp.sendto(packet, (LOOPBACK, port))
                except OSError:
                    pass  # the server has closed this one
            number += 1
            await asyncio.sleep(max(0.0, begun + number * PACKET_TIME - time.monotonic()))


def _udp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    sock.bind((LOOPBACK, 0))
    return sock


def _read_headers(head: bytes) -> Headers:
    """Each header by its name in lower case; of one that stands several times, the last."""
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _response(status: bytes, request: Headers, more: bytes = b"", body: bytes = b"") -> bytes:
    """The response to a request that came over no proxy: it has one Via."""
    to = request[b"to"] if b";tag=" in request[b"to"] else request[b"to"] + b";tag=carrier"
    copied = b"".join(b"%b: %b\r\n" % (name, request[name]) for name in _COPIED)
    head = b"SIP/2.0 %b\r\nVia: %b\r\nTo: %b\r\n%b%bContent-Length: %d\r\n\r\n"
    return head % (status, request[b"via"], to, copied, more, len(body)) + body
