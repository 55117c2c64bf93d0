"""Lines with an endpoint on loopback, as the application builds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.unit.lines.configs import company, config, extension

from playvoice.config import Config
from playvoice.lines import Lines, apply
from playvoice.sip import Event, Flow, SipEndpoint, UserAgent
from playvoice.store import Store

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A wall clock that stands."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


class Server:
    """Lines, and the user agent that asks them."""

    def __init__(self, store: Store, text: Config, transport: str, **options: Any) -> None:
        store.write_now(lambda conn: apply(conn, text, AT))
        self.store = store
        self.clock = Clock()
        rest: dict[str, Any] = {"random": Random(1), "wall": self.clock} | options
        self.lines = Lines(store, text, **rest)
        self.agent = UserAgent(admits=self.lines.admits)
        self.endpoint = SipEndpoint(self.agent, [(transport, "127.0.0.1", 0)], self._on_event)

    def _on_event(self, event: Event) -> None:
        assert self.lines.handle(event) or hasattr(event, "call"), event

    @property
    def flow(self) -> Flow:
        return self.endpoint.addresses[0]

    def strangers(self) -> int:
        return self.agent.core.counters["stranger"]


COMPANY = company(
    extension=[extension("1001"), extension("1002", "other")],
    group=[{"name": "sales", "strategy": "ring-all", "members": ["1001", "1002"]}],
)


@asynccontextmanager
async def serving(
    store: Store, text: Config | None = None, transport: str = "udp", **options: Any
) -> AsyncIterator[Server]:
    server = Server(store, text or config(companies=[COMPANY]), transport, **options)
    await server.endpoint.start()
    await server.lines.start(server.endpoint)
    try:
        yield server
    finally:
        await server.lines.stop()
        await server.endpoint.close()
