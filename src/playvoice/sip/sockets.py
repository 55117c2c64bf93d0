"""The sockets of a SIP endpoint: one that is bound for UDP, and one TCP connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

from playvoice.sip.flow import Flow, Transport

MAX_UNSENT = 1_048_576
"""Octets that may wait on a TCP connection: beyond it the peer reads nothing, and the connection is cut. While there is
none yet, what is beyond it is lost, as on a network."""
UNHEARD = 32
"""Seconds for which the other end of a TCP connection may acknowledge nothing, be it only a probe: as long as a request
waits (64*T1). It is gone then, or a firewall has forgotten the connection, which only another one mends (tcp(7))."""
PROBE_AFTER, PROBE_EVERY = 20, 5
"""Seconds of rest after which the system probes a connection, and between two probes."""
SOCKET_BUFFER = 4_194_304
"""Octets asked for as a UDP socket's buffers: a burst of answers waits there while the loop is busy."""
MAX_DATAGRAM = 65_535
DATAGRAMS_A_TURN = 64
"""Datagrams that are read from a socket in one turn of the loop, so that a flood leaves time for the rest."""

log = structlog.get_logger(__name__)


class Connection:
    """One TCP connection, ours or theirs; what is written before it is open waits."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.task: asyncio.Task[None] | None = None
        self.older: Connection | None = None
        """Another one with the same far end, which connects from where it listens: the newest is sent over."""
        self.backlog: list[bytes] = []
        self._writer: asyncio.StreamWriter | None = None

    def open(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        _notice_silence(writer.get_extra_info("socket"))
        for data in self.backlog:
            writer.write(data)
        self.backlog.clear()

    def write(self, data: bytes) -> None:
        if self._writer is None:
            if sum(map(len, self.backlog)) < MAX_UNSENT:
                self.backlog.append(data)
        elif self._writer.transport.get_write_buffer_size() > MAX_UNSENT:
            self.abort()
        else:
            self._writer.write(data)

    def close(self) -> None:
        """Close; what the peer has not taken by now is not waited for."""
        if self._writer is None:
            return
        if self._writer.transport.get_write_buffer_size():
            self.abort()
        else:
            self._writer.close()

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()


class UdpSocket:
    """One UDP socket, on the running loop.

    The loop's own transport reads one datagram a turn: while turns are long, answers would wait for seconds.
    """

    def __init__(self, host: str, port: int, on_received: Callable[[list[tuple[bytes, Flow]]], None]) -> None:
        self._on_received = on_received
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if self._socket.family is socket.AF_INET6:  # as asyncio does for TCP, so that 0.0.0.0 has room beside it
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self._socket.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.local = address_of(self._socket.getsockname())
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def send(self, data: bytes, remote: tuple[str, int]) -> None:
        """Send, or lose it, as the network may: SIP over UDP repeats what matters."""
        try:
            self._socket.sendto(data, remote)
        except OSError as error:
            log.debug("sip_datagram_unsent", reason=str(error))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        received = []
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data, remote = self._socket.recvfrom(MAX_DATAGRAM)
            except BlockingIOError:
                break
            except OSError as error:
                # An ICMP error tells no address here; Timer B or F ends what waits for an answer.
                log.debug("sip_icmp_error", reason=str(error))
                continue
            received.append((data, Flow(Transport.UDP, address_of(remote), self.local)))
        self._on_received(received)


def _notice_silence(sock: socket.socket) -> None:
    """Have the system end a connection whose other end is gone without a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, PROBE_AFTER),
        (socket.TCP_KEEPINTVL, PROBE_EVERY),
        (socket.TCP_USER_TIMEOUT, UNHEARD * 1000),
    ):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def address_of(name: object) -> tuple[str, int]:
    """Host and port of a socket's name, of either family."""
    assert isinstance(name, tuple)
    return str(name[0]), int(name[1])
