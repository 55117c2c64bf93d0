"""Where this package does I/O: sockets (`playvoice.sip.sockets`), one timer, and the user agent between them.

Whoever gives a command to the user agent calls :meth:`SipEndpoint.flush` afterwards: it sends what is to be sent, hands
the events to the owner, and arms the timer for the next deadline.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from playvoice.sip.call import Call
from playvoice.sip.drops import Kind
from playvoice.sip.errors import MalformedMessage, SipError
from playvoice.sip.events import Event
from playvoice.sip.flow import Flow, Transport
from playvoice.sip.framing import StreamFramer
from playvoice.sip.sockets import Connection, UdpSocket, address_of
from playvoice.sip.tap import Tap, call_id_of
from playvoice.sip.user_agent import UserAgent

TCP_QUEUE = 100
"""Connections that wait to be accepted at each address."""
MAX_CONNECTIONS = 1_000
"""TCP connections at once; a further one is closed."""
CONNECT_TIMEOUT = 5.0
MESSAGE_TIMEOUT = 32.0
"""Seconds within which a message has to be whole on a TCP connection, and the first one on a connection of theirs.

A connection of somebody who may not rest is closed so long after its last message."""
PING, PONG = b"\r\n\r\n", b"\r\n"
"""What a phone keeps its connection open with, and sees that it is (RFC 5626 sections 3.5.1 and 4.4.1)."""

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
        self._udp: dict[tuple[str, int], UdpSocket] = {}
        self._servers: list[asyncio.Server] = []
        self._connections: dict[tuple[str, int], Connection] = {}
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
        sock = UdpSocket(host, port, self._take_datagrams)
        self._udp[sock.local] = sock
        return sock.local

    async def _listen_tcp(self, host: str, port: int) -> tuple[str, int]:
        # asyncio tries to accept `backlog` connections in one turn, with a traceback each while no descriptor is left.
        server = await asyncio.start_server(self._accept, host, port, limit=65_536, backlog=1)
        for each in server.sockets:
            with each.dup() as sock:
                sock.listen(TCP_QUEUE)
        self._servers.append(server)
        return address_of(server.sockets[0].getsockname())

    async def close(self) -> None:
        """Close every socket. What is not sent is not sent any more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._connecting.values()):
            task.cancel()
        await asyncio.gather(*self._connecting.values(), return_exceptions=True)
        for server in self._servers:
            server.close()
        connections = list(self._all_connections())
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
        pending = Connection(flow)
        pending.backlog.append(data)
        self._connections[flow.remote] = pending
        self._connecting[flow] = asyncio.get_running_loop().create_task(self._connect(pending))

    async def _connect(self, connection: Connection) -> None:
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
        remote = address_of(writer.get_extra_info("peername"))
        local = address_of(writer.get_extra_info("sockname"))
        flow = Flow(Transport.TCP, remote, local)
        if len(self._connections) >= MAX_CONNECTIONS:
            writer.transport.abort()
            self._drop(Kind.OVERLOAD, flow, f"{MAX_CONNECTIONS} connections")
            return
        connection = Connection(flow)
        connection.open(writer)
        connection.task = asyncio.current_task()
        connection.older = self._connections.get(remote)
        self._connections[remote] = connection
        await self._serve(connection, reader, asyncio.get_running_loop().time() + self._message_timeout)

    async def _serve(self, connection: Connection, reader: asyncio.StreamReader, first_by: float | None) -> None:
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
                async with asyncio.timeout_at(due) as limit:
                    data = await reader.read(65_536)
            except TimeoutError as error:
                if not limit.expired():  # ETIMEDOUT is one, too: the reader has ended, and says so at each read
                    raise ConnectionAbortedError(error.errno, "the far end acknowledges nothing") from None
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

    def _all_connections(self) -> Iterator[Connection]:
        for newest in self._connections.values():
            each: Connection | None = newest
            while each is not None:
                yield each
                each = each.older

    def _forget(self, connection: Connection) -> None:
        remote = connection.flow.remote
        newer = self._connections.get(remote)
        if newer is connection:
            del self._connections[remote]
            if connection.older is not None:
                self._connections[remote] = connection.older
            return
        while newer is not None and newer.older is not connection:
            newer = newer.older
        if newer is not None:
            newer.older = connection.older

    def _drop(self, kind: Kind, flow: Flow, reason: str) -> None:
        self.agent.drop(kind, flow, self.now(), reason)
        self.flush()

    def _connection_failed(self, flow: Flow) -> None:
        if self.is_open(flow):
            return  # another connection with the same far end is left, and nobody knows which one took what
        self.agent.connection_failed(flow, self.now())
        self.flush()
