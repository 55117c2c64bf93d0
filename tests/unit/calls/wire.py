"""The server's SIP endpoint and its far ends on a network that isn't one: their time is a number."""

import random
from collections.abc import Callable

from tests.waiting import until

from playvoice.calls.owners import Owners
from playvoice.media import sdp
from playvoice.sip import (
    URI,
    Acknowledged,
    Address,
    CallEnded,
    Cancelled,
    Event,
    Flow,
    IncomingCall,
    IncomingCallReceived,
    Transport,
    UserAgent,
)
from playvoice.sip.network import FakeNetwork

SERVER = ("127.0.0.1", 5060)
CARRIER = ("127.0.0.2", 5060)
PHONE = ("127.0.0.3", 5060)


class Wire:
    """The server's SIP endpoint, and the far ends, on a network that isn't one. Its time is a number."""

    def __init__(
        self,
        owners: Owners,
        orphans: Callable[[str], bool] = lambda _call_id: False,
        before: "Wire | None" = None,
        local: tuple[str, int] = SERVER,
        generator: random.Random | None = None,
    ) -> None:
        """`before` is that of a process that died: its far ends live on. Identities come from `generator`."""
        self.owners = owners
        self.local: tuple[str, int] = local
        self.agent = UserAgent(orphans=orphans, generator=generator)
        if before is None:
            self.network = FakeNetwork(now=1_000.0)
            self.far = {name: UserAgent(generator=generator) for name in ("carrier", "phone")}
            self.events: dict[str, list[Event]] = {"carrier": [], "phone": []}
            self.network.attach("carrier", self.far["carrier"], CARRIER)
            self.network.attach("phone", self.far["phone"], PHONE)
        else:
            self.network, self.far, self.events = before.network, before.far, before.events
            self.network.attach("dead", UserAgent(admits=lambda _request, _flow: False), before.local)
        self.network.attach("server", self.agent, self.local, [owners.traces])
        self.unowned: list[Event] = []
        self._sent_before = len(self.network.sent)
        self._flushing = False

    def flow_to(self, transport: str, host: str, port: int) -> Flow:
        return Flow(Transport(transport), (host, port), self.local)

    def flush(self) -> None:
        if self._flushing:
            return
        self._flushing = True
        try:
            while events := self.network.take("server"):
                self.unowned += [event for event in events if not self.owners.handle(event)]
        finally:
            self._flushing = False

    def settle(self) -> None:
        """Let everything arrive that is on its way."""
        for _ in range(6):
            self.pass_time(0)

    def pass_time(self, seconds: float) -> None:
        self.network.run(seconds)
        self.flush()
        for name, events in self.events.items():
            events += self.network.take(name)

    def sent(self, method: str) -> list[bytes]:
        """What the server sent of a method, or with a status."""
        start = method.encode()
        sent = self.network.sent[self._sent_before :]
        return [data for _, source, _, data in sent if source == "server" and data.startswith(start)]

    async def expect(self, name: str, kind: type[Event]) -> Event:
        """The next event of this kind that a far end gets, however much comes before it."""
        found: list[Event] = []

        def came() -> bool:
            self.settle()
            found.extend(event for event in self.events[name] if isinstance(event, kind))
            return bool(found)

        await until(came, f"{kind.__name__} at the {name}; it had {self.events[name]}")
        self.events[name].remove(found[0])
        return found[0]

    # --- far ends

    async def invited(self, name: str = "carrier") -> IncomingCall:
        """The next INVITE at a far end."""
        event = await self.expect(name, IncomingCallReceived)
        assert isinstance(event, IncomingCallReceived)
        return event.call

    def ring(self, call: IncomingCall) -> None:
        call.ring(self.network.now)
        self.settle()

    @staticmethod
    def description(call: IncomingCall) -> bytes:
        """A far end's answer to what it was offered."""
        body, _ = sdp.answer(call.request.body, "127.0.0.9", 40_000, session_id=1)
        return bytes(body)

    def answer(self, call: IncomingCall) -> None:
        """Answer; the ACK may take a commit."""
        call.answer(self.network.now, self.description(call))
        self.settle()

    def reject(self, call: IncomingCall, status: int) -> None:
        call.reject(self.network.now, status)
        self.settle()

    def hang_up(self, call: IncomingCall) -> None:
        call.bye(self.network.now)
        self.settle()

    async def acknowledged(self, name: str = "carrier") -> None:
        await self.expect(name, Acknowledged)

    async def cancelled(self, name: str = "carrier") -> None:
        await self.expect(name, Cancelled)

    async def ended(self, name: str = "carrier") -> None:
        await self.expect(name, CallEnded)


def invite(wire: Wire, to: tuple[str, int] = CARRIER) -> "tuple[URI, Flow, Address]":
    """Target, flow and From of a call to a far end."""
    return (
        URI.parse(f"sip:13333333333@{to[0]}:{to[1]}"),
        wire.flow_to("udp", *to),
        Address.parse("<sip:2120280001@example.com>"),
    )
