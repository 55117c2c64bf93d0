"""The one module of this package that does I/O: sockets, one timer, and the user agent between them.

Whoever gives a command to the user agent calls :meth:`SipEndpoint.flush` afterwards: it sends what is to be sent, hands
the events to the owner, and arms the timer for the next deadline.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from playvoice.sip.call import Call
from playvoice.sip.drops import Kind
from playvoice.sip.errors import MalformedMessage, SipError
from playvoice.sip.events import Event
from playvoice.sip.flow import Flow, Transport
from playvoice.sip.framing import StreamFramer
from playvoice.sip.tap import Tap, call_id_of
from playvoice.sip.user_agent import UserAgent

MAX_CONNECTIONS = 1_000
"""TCP connections at once; a further one is closed."""
MAX_UNSENT = 1_048_576
"""Octets that may wait on a TCP connection; beyond it the peer reads nothing, and the connection is cut."""
CONNECT_TIMEOUT = 5.0
MESSAGE_TIMEOUT = 32.0
"""Seconds within which a message has to be whole on a TCP connection, and the first one on a connection of theirs.

A connection of somebody who may not rest is closed so long after its last message."""
SOCKET_BUFFER = 4_194_304
"""Octets asked for as a UDP socket's buffers: a burst of answers waits there while the loop is busy."""
PING, PONG = b"\r\n\r\n", b"\r\n"
"""What a phone keeps its connection open with, and sees that it is (RFC 5626 sections 3.5.1 and 4.4.1)."""
MAX_DATAGRAM = 65_535
DATAGRAMS_A_TURN = 64
"""Datagrams that are read from a socket in one turn of the loop, so that a flood leaves time for the rest."""

Listen = tuple[str, str, int]
"""Transport (`udp` or `tcp`), address and port; port 0 lets the system choose."""

log = structlog.get_logger(__name__)


class SipEndpoint:
    """Listens on UDP and TCP, and drives one user agent."""

    def __init__(
        self,
        agent: UserAgent,
        listen: Iterable[Listen],
        on_event: Callable[[Event], None],
        *,
        may_rest: Callable[[Flow], bool] = lambda _flow: True,
        message_timeout: float = MESSAGE_TIMEOUT,
        taps: Sequence[Tap] = (),
    ) -> None:
        """`may_rest` tells whether a connection of theirs is kept while nothing comes over it."""
        self.agent = agent
        self._may_rest = may_rest
        self._taps = taps
        self._message_timeout = message_timeout
        self._listen = list(listen)
        self._on_event = on_event
        self._udp: dict[tuple[str, int], _UdpSocket] = {}
        self._servers: list[asyncio.Server] = []
        self._connections: dict[tuple[str, int], _Connection] = {}
        self._connecting: dict[Flow, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._flushing = False
        self.addresses: list[Flow] = []
        """What is bound, as flows from nowhere: transport and local address."""

    def __repr__(self) -> str:
        return f"<SipEndpoint on {', '.join(f'{a.transport}:{a.local[0]}:{a.local[1]}' for a in self.addresses)}>"

    @staticmethod
    def now() -> float:
        """The clock of this endpoint: monotonic seconds."""
        return time.monotonic()

    async def start(self) -> None:
        """Bind everything. SipError names the address that can't be had."""
        for transport, host, port in self._listen:
            try:
                if transport == Transport.UDP:
                    local = self._listen_udp(host, port)
                else:
                    local = await self._listen_tcp(host, port)
            except OSError as error:
                await self.close()
                raise SipError(f"{transport}:{host}:{port} can't be listened on: {error.strerror or error}") from None
            self.addresses.append(Flow(Transport(transport), ("", 0), local))

    def _listen_udp(self, host: str, port: int) -> tuple[str, int]:
        sock = _UdpSocket(host, port, self._take_datagrams)
        self._udp[sock.local] = sock
        return sock.local

    async def _listen_tcp(self, host: str, port: int) -> tuple[str, int]:
        server = await asyncio.start_server(self._accept, host, port, limit=65_536)
        self._servers.append(server)
        return _address(server.sockets[0].getsockname())

    async def close(self) -> None:
        """Close every socket. What is not sent is not sent any more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._connecting.values()):
            task.cancel()
        await asyncio.gather(*self._connecting.values(), return_exceptions=True)
        for server in self._servers:
            server.close()
        connections = list(self._connections.values())
        for connection in connections:
            connection.abort()
        await asyncio.gather(
            *(connection.task for connection in connections if connection.task), return_exceptions=True
        )
        for sock in self._udp.values():
            sock.close()
        for server in self._servers:
            await server.wait_closed()
        self._udp.clear()
        self._servers.clear()

    def flow_to(self, transport: str, host: str, port: int) -> Flow:
        """The flow to an IP address, from our first listening address of its transport and family.

        SipError where we listen on none.
        """
        for bound in self.addresses:
            if bound.transport == transport and (":" in bound.local[0]) == (":" in host):
                return Flow(bound.transport, (host, port), bound.local)
        raise SipError(f"no {transport} address to reach {host} from: [sip] listen has none")

    def is_open(self, flow: Flow) -> bool:
        """Whether what is sent over this flow needs no new connection."""
        return flow.transport is Transport.UDP or flow.remote in self._connections

    def flush(self) -> None:
        """Send, tell and arm until nothing is left; safe to call from an event handler."""
        if self._flushing:
            return
        self._flushing = True
        try:
            while True:
                for data, flow in self.agent.take_sends():
                    if self._taps:
                        self._tell_taps(data, flow, sent=True)
                    self._send(data, flow)
                events = self.agent.take_events()
                if not events:
                    break
                for event in events:
                    self._tell(event)
        finally:
            self._flushing = False
        for dropped in self.agent.take_dropped():
            log.info(
                "sip_refused" if dropped.kind is Kind.REFUSED else "sip_dropped",
                kind=str(dropped.kind),
                count=dropped.count,
                last=str(dropped.flow),
                reason=dropped.reason,
            )
        self._arm()

    def receive(self, data: bytes, flow: Flow) -> None:
        """Give the user agent what a connection got."""
        self._take(data, flow)
        self.flush()

    def _take_datagrams(self, received: list[tuple[bytes, Flow]]) -> None:
        for data, flow in received:
            self._take(data, flow)
        self.flush()

    def _take(self, data: bytes, flow: Flow) -> None:
        if self._taps:
            self._tell_taps(data, flow, sent=False)
        try:
            self.agent.receive(data, flow, self.now())
        except Exception:
            # Whatever a stranger sent, the next message has to be heard.
            log.exception("sip_message_failed", flow=str(flow), call_id=call_id_of(data))

    def _tell_taps(self, data: bytes, flow: Flow, *, sent: bool) -> None:
        now = self.now()
        for tap in self._taps:
            try:
                tap(data, flow, sent=sent, now=now)
            except Exception:
                log.exception("sip_tap_failed", flow=str(flow))  # the call goes on

    def _tell(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            call: Call | None = getattr(event, "call", None)
            log.exception("sip_event_failed", kind=type(event).__name__, call_id=None if call is None else call.id)

    def _arm(self) -> None:
        deadline = self.agent.next_deadline()
        at = float("inf") if deadline is None else deadline
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = at
        if deadline is not None:
            delay = max(0.0, deadline - self.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = float("inf")
        try:
            self.agent.handle_deadline(self.now())
        except Exception:
            log.exception("sip_timer_failed")  # the other timers go on
        self.flush()

    # --- sockets --------------------------------------------------------------------------------------------------

    def _send(self, data: bytes, flow: Flow) -> None:
        if flow.transport is Transport.UDP:
            sock = self._udp.get(flow.local)
            if sock is not None:
                sock.send(data, flow.remote)
            return
        connection = self._connections.get(flow.remote)
        if connection is not None:
            connection.write(data)
            return
        pending = _Connection(flow)
        pending.backlog.append(data)
        self._connections[flow.remote] = pending
        self._connecting[flow] = asyncio.get_running_loop().create_task(self._connect(pending))

    async def _connect(self, connection: "_Connection") -> None:
        flow = connection.flow
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                reader, writer = await asyncio.open_connection(*flow.remote, local_addr=(flow.local[0], 0))
        except (OSError, TimeoutError) as error:
            self._forget(connection)
            self._connecting.pop(flow, None)
            log.info("sip_connection_failed", flow=str(flow), reason=str(error) or type(error).__name__)
            self._connection_failed(flow)
            return
        connection.open(writer)
        connection.task = asyncio.current_task()
        self._connecting.pop(flow, None)
        await self._serve(connection, reader, None)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        remote = _address(writer.get_extra_info("peername"))
        local = _address(writer.get_extra_info("sockname"))
        flow = Flow(Transport.TCP, remote, local)
        if len(self._connections) >= MAX_CONNECTIONS:
            writer.transport.abort()
            self._drop(Kind.OVERLOAD, flow, f"{MAX_CONNECTIONS} connections")
            return
        connection = _Connection(flow)
        connection.open(writer)
        connection.task = asyncio.current_task()
        self._connections[remote] = connection
        await self._serve(connection, reader, asyncio.get_running_loop().time() + self._message_timeout)

    async def _serve(self, connection: "_Connection", reader: asyncio.StreamReader, first_by: float | None) -> None:
        """Take what comes until the connection ends; `first_by` is when the first message has to be there."""
        flow = connection.flow
        try:
            await self._read(flow, reader, first_by)
        except MalformedMessage as error:
            if error.head:
                self.receive(error.head, flow)  # which finds the same fault, and may answer it
            else:
                self._drop(Kind.MALFORMED, flow, error.reason)
        except TimeoutError:
            self._drop(Kind.IDLE, flow, f"no whole message in {self._message_timeout:g} s")
        except OSError as error:
            self._drop(Kind.LOST, flow, str(error))
        finally:
            connection.close()
            self._forget(connection)
            with contextlib.suppress(RuntimeError):
                self._connection_failed(flow)

    async def _read(self, flow: Flow, reader: asyncio.StreamReader, first_by: float | None) -> None:
        framer = StreamFramer()
        ours = heard = first_by is None
        due = first_by
        while True:
            try:
                async with asyncio.timeout_at(due):
                    data = await reader.read(65_536)
            except TimeoutError:
                if not (heard and framer.is_empty and self._may_rest(flow)):
                    raise
                due = self._message_due()
                continue
            if not data:
                return
            rested = framer.is_empty
            if heard and rested and data.startswith(PING):
                self._send(PONG, flow)
            whole = False
            for message in framer.feed(data):
                self.receive(message, flow)
                whole = heard = True
            if ours and framer.is_empty:
                due = None
            elif whole or (heard and rested and not framer.is_empty):
                due = self._message_due()

    def _message_due(self) -> float:
        return asyncio.get_running_loop().time() + self._message_timeout

    def _forget(self, connection: "_Connection") -> None:
        if self._connections.get(connection.flow.remote) is connection:
            del self._connections[connection.flow.remote]

    def _drop(self, kind: Kind, flow: Flow, reason: str) -> None:
        self.agent.drop(kind, flow, self.now(), reason)
        self.flush()

    def _connection_failed(self, flow: Flow) -> None:
        self.agent.connection_failed(flow, self.now())
        self.flush()


class _Connection:
    """One TCP connection, ours or theirs; what is written before it is open waits."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.task: asyncio.Task[None] | None = None
        self.backlog: list[bytes] = []
        self._writer: asyncio.StreamWriter | None = None

    def open(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        for data in self.backlog:
            writer.write(data)
        self.backlog.clear()

    def write(self, data: bytes) -> None:
        if self._writer is None:
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


class _UdpSocket:
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
        self.local = _address(self._socket.getsockname())
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
            received.append((data, Flow(Transport.UDP, _address(remote), self.local)))
        self._on_received(received)


def _address(name: object) -> tuple[str, int]:
    assert isinstance(name, tuple)
    return str(name[0]), int(name[1])
