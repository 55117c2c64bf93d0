"""A trunk on loopback that answers as a test wants."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from playvoice.config import Config
from playvoice.sip import Event, Flow, IncomingRequest, RequestReceived, SipEndpoint, UserAgent

Answer = Callable[[IncomingRequest, float], None]


class Peer:
    """What it was asked, and where it is."""

    def __init__(self, answer: Answer, transport: str) -> None:
        self.asked: list[IncomingRequest] = []
        self._answer = answer
        self.endpoint = SipEndpoint(UserAgent(), [(transport, "127.0.0.1", 0)], self._on_event)

    @property
    def flow(self) -> Flow:
        return self.endpoint.addresses[0]

    @property
    def uri(self) -> str:
        host, port = self.flow.local
        return f"sip:{host}:{port};transport={self.flow.transport}"

    def _on_event(self, event: Event) -> None:
        assert isinstance(event, RequestReceived)
        self.asked.append(event.request)
        self._answer(event.request, self.endpoint.now())


@asynccontextmanager
async def peer(answer: Answer, transport: str = "udp") -> AsyncIterator[Peer]:
    """A peer that listens until the block ends."""
    made = Peer(answer, transport)
    await made.endpoint.start()
    try:
        yield made
    finally:
        await made.endpoint.close()


def ok(request: IncomingRequest, now: float) -> None:
    request.respond(200, now)


def silent(_request: IncomingRequest, _now: float) -> None:
    pass


def listening(*listen: str) -> Config:
    """A configuration whose server listens there."""
    return Config.model_validate({"sip": {"listen": list(listen) or ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]}})
