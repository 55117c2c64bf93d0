"""What a user agent's calls and requests work with: transactions by their keys, timers in a heap, bytes to send.

Nothing here knows what a call is. :class:`Core` matches messages with transactions (RFC 3261 sections 17.1.3 and
17.2.3) and gives each transaction's effects to whoever started it.
"""

import hashlib
import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Protocol

from sipmessage import Request, Response, Via

from playvoice.sip.client_transaction import ClientInvite, ClientNonInvite
from playvoice.sip.drops import Drops, Kind
from playvoice.sip.errors import IllegalTransition
from playvoice.sip.events import Event
from playvoice.sip.flow import DEFAULT_PORT, Flow, Transport, listening
from playvoice.sip.message import cseq_of, from_of, tag_of, top_via
from playvoice.sip.server_transaction import ServerInvite, ServerNonInvite
from playvoice.sip.transaction import Effect, Happening, Send, Transaction

MAGIC_COOKIE = "z9hG4bK"
MAX_SERVER_TRANSACTIONS = 50_000
"""Requests of others that are remembered at once, each for 32 s on UDP (Timer J): 1,500 a second. Beyond it a new one
is dropped and counted; its sender repeats it."""
Handler = Callable[[Effect, float], None]
Key = tuple[str, ...]
FarEnd = tuple[Transport, tuple[str, int]]


class Timed(Protocol):
    """Something with a deadline of its own."""

    def next_deadline(self) -> float | None: ...

    def on_deadline(self, now: float) -> None: ...


class Entry:
    """A transaction that is alive, and who hears of it."""

    __slots__ = ("_core", "_handler", "far_end", "key", "on_cancel", "transaction")

    def __init__(self, core: "Core", key: Key, transaction: Transaction, handler: Handler) -> None:
        self._core = core
        self.key = key
        self.transaction = transaction
        self.far_end: FarEnd = transaction.flow.far_end
        self._handler = handler
        self.on_cancel: Callable[[float], None] = _never
        """Hears of a CANCEL of this INVITE of the far end (RFC 3261 section 9.2)."""

    def next_deadline(self) -> float | None:
        return self.transaction.next_deadline()

    def on_deadline(self, now: float) -> None:
        self._take(self.transaction.handle_deadline(now), now)

    def fire(self, event: Happening, now: float, message: Request | Response | None = None) -> None:
        """Give the transaction an event and its user what follows; an event too late is dropped and counted."""
        try:
            effects = self.transaction.fire(event, now, message)
        except IllegalTransition as error:
            self._core.drop(Kind.TOO_LATE, self.transaction.flow, now, str(error))
            return
        self._take(effects, now)
        self._core.schedule(self)

    def _take(self, effects: list[Effect], now: float) -> None:
        if self.transaction.terminated:
            self._core.forget(self)
        for effect in effects:
            if isinstance(effect, Send):
                self._core.send(effect.data, self.transaction.flow)
            else:
                self._handler(effect, now)
        if self.transaction.terminated:
            self._handler, self.on_cancel = _nobody, _never  # else they and this entry would hold each other


def _nobody(_effect: Effect, _now: float) -> None:
    """Hears of a transaction that has ended: nothing comes of it any more."""


def _never(_now: float) -> None:
    """Hears of a CANCEL that comes after the end."""


class Core:
    """The machinery below the calls: see the module's text."""

    def __init__(
        self,
        advertise: Callable[[Flow], tuple[str, int]],
        generator: random.Random,
        name: str,
        max_server_transactions: int = MAX_SERVER_TRANSACTIONS,
    ) -> None:
        self.advertise = advertise
        self.name = name
        """What stands in User-Agent and Server."""
        self.drops = Drops()
        self.events: list[Event] = []
        self.sends: list[tuple[bytes, Flow]] = []
        self.random = generator
        self._max_servers = max_server_transactions
        self._tag_key = generator.randbytes(32)
        self._entries: dict[Key, Entry] = {}
        self._entries_of: dict[FarEnd, dict[Entry, None]] = {}
        """Those of each far end: connections are lost as often as strangers like."""
        self._servers = 0
        self._heap: list[tuple[float, int, Timed]] = []
        self._scheduled: dict[Timed, float] = {}
        self._order = count()

    def __repr__(self) -> str:
        return f"<Core {len(self._entries)} transactions, {len(self.sends)} messages to send>"

    @property
    def transaction_count(self) -> int:
        return len(self._entries)

    @property
    def is_full(self) -> bool:
        """No further request of somebody else can be remembered."""
        return self._servers >= self._max_servers

    def token(self, octets: int = 12) -> str:
        """A random tag, Call-ID or branch: nobody can guess it (RFC 3261 section 19.3)."""
        return self.random.randbytes(octets).hex()

    def stateless_tag(self, request: Request) -> str:
        """The To tag of a response that is not kept: the same at each repetition, and nobody can guess it."""
        branch = top_via(request).parameters.get("branch") or ""
        text = "\n".join((branch, request.call_id, request.headers["From"], request.headers["CSeq"]))
        return hashlib.blake2b(text.encode(), key=self._tag_key, digest_size=12).hexdigest()

    def branch(self) -> str:
        return MAGIC_COOKIE + self.token()

    @property
    def counters(self) -> Counter[str]:
        """All that was dropped since the start, by kind."""
        return self.drops.counters

    def drop(self, kind: Kind, flow: Flow, now: float, reason: str = "") -> None:
        """Count a message that is dropped, and have it told of."""
        self.drops.note(kind, flow, now, reason)
        self.schedule(self.drops)

    def send(self, data: bytes, flow: Flow) -> None:
        self.sends.append((data, flow))

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def timer_count(self) -> int:
        """Places in the heap."""
        return len(self._heap)

    def schedule(self, timed: Timed) -> None:
        """Have `timed` called at its next deadline; asking twice costs nothing, or a flood would fill the heap."""
        deadline = timed.next_deadline()
        if deadline is not None and deadline < self._scheduled.get(timed, math.inf):
            self._scheduled[timed] = deadline
            heapq.heappush(self._heap, (deadline, next(self._order), timed))

    def next_deadline(self) -> float | None:
        """The earliest deadline of all; timers that were stopped or moved leave their place on the way."""
        while self._heap:
            at, _, timed = self._heap[0]
            current = timed.next_deadline()
            if current is not None and current <= at:
                return at
            self.schedule(self._pop())
        return None

    def handle_deadline(self, now: float) -> None:
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            timed = self._pop()
            timed.on_deadline(now)
            self.schedule(timed)

    def _pop(self) -> Timed:
        at, _, timed = heapq.heappop(self._heap)
        if self._scheduled.get(timed) == at:
            del self._scheduled[timed]
        return timed

    # --- transactions ---------------------------------------------------------------------------------------------

    def start_client(
        self, request: Request, flow: Flow, now: float, handler: Handler, *, resumed: bool = False
    ) -> Entry:
        """Send a request in a transaction of its own, or go on with one that an earlier process sent."""
        kind = ClientInvite if request.method == "INVITE" else ClientNonInvite
        entry = Entry(self, client_key(top_via(request), request.method), kind(request, flow), handler)
        self._add(entry)
        entry.fire(Happening.RESUME if resumed else Happening.START, now)
        return entry

    def start_server(self, request: Request, flow: Flow, now: float, handler: Handler) -> Entry:
        kind = ServerInvite if request.method == "INVITE" else ServerNonInvite
        entry = Entry(self, server_key(request), kind(request, flow), handler)
        self._add(entry)
        self._servers += 1
        entry.fire(Happening.START, now)
        return entry

    def match_response(self, response: Response) -> Entry | None:
        return self._entries.get(client_key(top_via(response), cseq_of(response).method))

    def match_request(self, request: Request, method: str | None = None) -> Entry | None:
        """The server transaction of a retransmission; of the INVITE that an ACK or CANCEL belongs to, by `method`."""
        return self._entries.get(server_key(request, method))

    def connection_failed(self, flow: Flow, now: float) -> None:
        """The connection to this far end is lost, from whichever address of ours it was.

        What it has asked is answered over another one.
        """
        for entry in list(self._entries_of.get(flow.far_end, ())):
            elsewhere = listening(entry.transaction.request, flow)
            if flow.reliable and entry.key[0] == "server" and elsewhere.far_end != flow.far_end:
                self._move(entry, elsewhere)
            else:
                entry.fire(Happening.TRANSPORT_ERROR, now)

    def follow(self, call_id: str, before: Flow, after: Flow, *, again: bool) -> None:
        """The far end of a call is reached over another flow: our requests to it go on there.

        `again`: those that it has not responded to are sent once more. To one that has them these are retransmissions
        (RFC 3261 section 17.2).
        """
        for entry in list(self._entries_of.get(before.far_end, ())):
            transaction = entry.transaction
            if entry.key[0] == "client" and transaction.request.call_id == call_id:
                self._move(entry, after)
                if again and transaction.is_unheard:
                    self.send(bytes(transaction.request), after)

    def _move(self, entry: Entry, flow: Flow) -> None:
        self._leave(entry)
        entry.transaction.flow = flow
        entry.far_end = flow.far_end
        self._entries_of.setdefault(entry.far_end, {})[entry] = None

    def _add(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        self._entries_of.setdefault(entry.far_end, {})[entry] = None

    def forget(self, entry: Entry) -> None:
        """The transaction has ended; a later one with its key, a second CANCEL say, goes on."""
        if self._entries.get(entry.key) is entry:
            del self._entries[entry.key]
            self._servers -= entry.key[0] == "server"
        self._leave(entry)

    def _leave(self, entry: Entry) -> None:
        if (entries := self._entries_of.get(entry.far_end)) is not None:
            entries.pop(entry, None)
            if not entries:
                del self._entries_of[entry.far_end]


def client_key(via: Via, method: str) -> Key:
    """RFC 3261 section 17.1.3: the branch and the method of CSeq."""
    return "client", via.parameters.get("branch") or "", method


def server_key(request: Request, method: str | None = None) -> Key:
    """RFC 3261 section 17.2.3; a client older than the magic cookie is known by what else stays the same."""
    via = top_via(request)
    branch = via.parameters.get("branch") or ""
    name = method or ("INVITE" if request.method == "ACK" else request.method)
    sent_by = f"{via.host.lower()}:{via.port or DEFAULT_PORT}"
    if branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE:  # alone it tells nothing (RFC 4475 section 3.2.1)
        return "server", branch, sent_by, name
    tag = tag_of(from_of(request)) or ""
    return "server", branch, sent_by, name, request.call_id, tag, str(cseq_of(request).sequence)
