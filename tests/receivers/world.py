"""Real receivers on loopback that misbehave, the real sender, store and web client, and a clock that is simulated."""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select
from tests.receivers.clock import SimulatedLoop
from tests.unit.web.conftest import Behaviour, Exchange, FarEnd

from playvoice.callbacks import CallbackKind, Endpoint, Sender, callbacks, owe
from playvoice.callbacks.history import PastCallback, of_call
from playvoice.callbacks.tables import State
from playvoice.store import Store
from playvoice.web import NetworkPolicy, WebClient
from playvoice.web.policy import IPAddress

START = datetime(2026, 1, 1, tzinfo=UTC)
COMPANY = "2028"
STATUS, CDR = CallbackKind
KINDS = {"ring": STATUS, "answer": STATUS, "hangup": STATUS, "record": CDR}
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

MEMORY = Path("/dev/shm")
"""Where a commit waits for no disk."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it reached a receiver."""

    at: float
    """Seconds from the start."""
    receiver: str
    """Its name, as the test gave it."""
    webhook_id: str
    body: str

    @property
    def what(self) -> str:
        return re.sub(r'.*:"|"}', "", self.body)


@dataclass
class Receiver:
    """A company's server at a port of its own, which may be shut and opened again."""

    name: str
    host: str
    port: int
    end: FarEnd
    options: Mapping[str, ssl.SSLContext]
    behaviour: Behaviour
    """How it treats what comes next."""
    _socket: socket.socket | None = None
    _server: asyncio.Server | None = None

    def url(self, name: str = "", *, path: str = "/cb") -> str:
        scheme = "https" if self.options else "http"
        return f"{scheme}://{name or self.host}:{self.port}{path}"

    def shut(self) -> None:
        """Let nobody in any more, and keep the port, so that connections are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self.host, self.port)

    async def open(self) -> None:
        assert self._socket is not None
        self._server = await asyncio.start_server(self.end.serve, sock=self._socket, **self.options)  # type: ignore[arg-type]
        self._socket = None

    async def close(self) -> None:
        self.shut()
        await self.end.close()
        if self._socket is not None:
            self._socket.close()


class _WatchedStore(Store):
    """While one of its threads works, no time passes."""

    async def write(self, fact: Callable[[Connection], T]) -> T:
        with _loop().thread_at_work():
            return await super().write(fact)

    async def read(self, query: Callable[[Connection], T]) -> T:
        with _loop().thread_at_work():
            return await super().read(query)


@dataclass
class Names:
    """What names resolve to: at each look-up the next answer, and from then on the last one."""

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, name: str, port: int) -> Sequence[IPAddress]:
        self.asked.append(name)
        if name not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self.answers[name]
        return [ipaddress.ip_address(text) for text in (answers.pop(0) if len(answers) > 1 else answers[0])]


class World:
    """Companies, their receivers, and the sender."""

    def __init__(self, store: Store, trusted: Path | None = None) -> None:
        self.store = store
        self.urls: dict[tuple[str, CallbackKind], str] = {}
        self.names = Names()
        self.heard: list[Heard] = []
        self.told: list[tuple[float, str, State]] = []
        """The ends of all attempts: when, whose, and what became of the callback."""
        self._receivers: list[Receiver] = []
        policy = NetworkPolicy([ipaddress.ip_network("127.0.0.1/32")])
        context = ssl.create_default_context(cafile=None if trusted is None else str(trusted))
        self.web = WebClient(policy, max_connections=200, resolver=self.names, ssl_context=context)
        self.start()

    # -- the sender's side -----------------------------------------------------------------------------------------

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint | None:
        url = self.urls.get((company_code, kind))
        return None if url is None else Endpoint(url, SECRET, "json")

    @property
    def now(self) -> float:
        return _loop().time()

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def start(self) -> None:
        """Begin to send, as a server that starts does."""
        self.sender = Sender(
            self.store, self.web, self, random=Random(1), max_in_flight=200, clock=self.clock, on_attempt=self._tell
        )
        self._running = asyncio.create_task(self.sender.run())

    async def restart(self) -> None:
        """Forget everything that is not stored."""
        await self.sender.stop(grace=0)
        await self._running
        self.start()

    async def stop(self) -> None:
        await self.sender.stop(grace=0)
        await self._running
        await self.web.aclose()
        for receiver in self._receivers:
            await receiver.close()

    def _tell(self, company_code: str, state: State) -> None:
        self.told.append((self.now, company_code, state))

    # -- the companies' side ---------------------------------------------------------------------------------------

    async def receiver(
        self, name: str, behave: Behaviour, *, host: str = "127.0.0.1", certificate: Path | None = None
    ) -> Receiver:
        async def noted(exchange: Exchange) -> None:
            self.heard.append(Heard(self.now, name, exchange.headers["webhook-id"], exchange.body.decode()))
            await receiver.behaviour(exchange)

        options = {} if certificate is None else {"ssl": _speaks_tls(certificate)}
        free = _bound(host, 0)
        receiver = Receiver(name, host, free.getsockname()[1], FarEnd(noted), options, behave, free)
        self._receivers.append(receiver)
        await receiver.open()
        return receiver

    def address(self, receiver: Receiver | str, company: str = COMPANY, *kinds: CallbackKind) -> None:
        """Set where a company wants its callbacks; of both kinds if none is named."""
        for kind in kinds or CallbackKind:
            self.urls[company, kind] = receiver if isinstance(receiver, str) else receiver.url()

    async def owe(self, call: str, *whats: str, company: str = COMPANY) -> None:
        at = self.clock()

        def fact(conn: Connection) -> None:
            for what in whats:
                owe(conn, company_code=company, call_uuid=call, kind=KINDS[what], payload={"what": what}, at=at)

        await self.store.write(fact)
        self.sender.wake()

    async def owe_many(self, calls: Sequence[str], company: str = COMPANY) -> None:
        """Owe the record of each of these calls, all by one commit."""
        at = self.clock()

        def fact(conn: Connection) -> None:
            for call in calls:
                owe(conn, company_code=company, call_uuid=call, kind=CDR, payload={"what": "record"}, at=at)

        await self.store.write(fact)
        self.sender.wake()

    async def past(self, call: str) -> list[PastCallback]:
        """What became of the callbacks of a call."""
        return list(await self.store.read(lambda conn: of_call(conn, call)))

    async def states(self) -> list[str]:
        wanted = select(callbacks.c.state).order_by(callbacks.c.id)
        return list(await self.store.read(lambda conn: conn.execute(wanted).scalars().all()))

    def whats(self, receiver: str) -> list[str]:
        """What a receiver heard, in order."""
        return [heard.what for heard in self.heard if heard.receiver == receiver]


def simulated(scenario: Callable[[World], Awaitable[None]]) -> Callable[[], None]:
    """Make a test of a scenario in a world of its own, whose sender runs already."""
    return trusting(None)(scenario)


def trusting(certificate: Path | None) -> Callable[[Callable[[World], Awaitable[None]]], Callable[[], None]]:
    """`simulated`, for a client that believes this certificate."""

    def decorate(scenario: Callable[[World], Awaitable[None]]) -> Callable[[], None]:
        def test() -> None:
            run(scenario, certificate)

        return test

    return decorate


def run(scenario: Callable[[World], Awaitable[None]], trusted: Path | None = None) -> None:
    """Run a scenario; time passes in it by `asyncio.sleep`."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = _WatchedStore.open(f"sqlite:///{folder}/callbacks.db")
        store.write_now(lambda conn: callbacks.create(conn))
        try:
            _run(scenario, store, trusted)
        finally:
            store.close_now()


def _run(scenario: Callable[[World], Awaitable[None]], store: _WatchedStore, trusted: Path | None) -> None:

    async def whole() -> None:
        world = World(store, trusted)
        try:
            await scenario(world)
        finally:
            await world.stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("playvoice.callbacks.sender.LOOK_INTERVAL", 3600.0)  # a day has 8,640 of 10 s
        with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
            runner.run(whole())


def _loop() -> SimulatedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    return loop


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has a port and refuses connections as long as nobody listens on it."""
    free = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    free.bind((host, port))
    return free


def _speaks_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
