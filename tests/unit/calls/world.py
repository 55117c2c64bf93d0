"""What the tests of calls share: a company, stored calls, a SIP network on simulated time, and media that only note.

The store, the user agents and the calls are the real ones. Nothing here binds a socket or starts a process.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Row, Table, select

from playvoice.callbacks import callbacks
from playvoice.calls import clock, ledger
from playvoice.calls.agents import Agents
from playvoice.calls.conductor import Conductor
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.ledger import StoredCall
from playvoice.calls.legs import Parts
from playvoice.calls.owners import Owners
from playvoice.calls.ports import Group, Phone, Settings
from playvoice.calls.queue import CallQueue, PlayVoice
from playvoice.calls.recordings import Recordings
from playvoice.calls.recovery import Recovery
from playvoice.calls.tables import calls, legs
from playvoice.calls.userid import parse_userid
from playvoice.calls.waiting import Waiting
from playvoice.companies import Company
from playvoice.config import CallbackFormat, RecordFormat, RecordPolicy
from playvoice.lines.trunk import Trunk
from playvoice.media import protocol, sdp
from playvoice.media.client import MediaClient, MediaEvent, MediaFull, MediaGone, Stream
from playvoice.media.encoding import EncodeError, RecordingFormat
from playvoice.media.g711 import Codec
from playvoice.media.transcoder import Transcoder
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
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import Voice, VoiceKind, VoiceRef

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COMPANY = Company(
    code="2028",
    name="Demo",
    appid="demo",
    enabled=True,
    licensed_until=None,
    ipwhite=(),
    cdr_callback="http://127.0.0.1/cdr",
    status_callback="http://127.0.0.1/status",
    callback_format=CallbackFormat.JSON,
    callback_fields=(),
    signing_secret="",
    record=RecordPolicy.ALWAYS,
    record_format=RecordFormat.WAV,
    expire_after=3600,
    key_time=5,
    trunks=None,
)
REQUEST = PlayVoice(
    company_code="2028",
    destnumber="13333333333",
    voice=VoiceRef(VoiceKind.LIBRARY, "notice.wav"),
    key_groups=parse_userid("1@sales"),
    userid="1@sales",
    disnumber="2120280001",
    chengshudu="1",
    customuuid="c1",
    memberid="",
    ext="",
    waittime=60,
    conntime=3600,
)
VOICE = Voice({Codec.PCMA: Path("notice.pcma"), Codec.PCMU: Path("notice.pcmu")}, 3.0)
SETTINGS = Settings("127.0.0.1", "example.com", "127.0.0.1", ZoneInfo("Asia/Shanghai"), hold_music=VOICE)

SERVER = ("127.0.0.1", 5060)
CARRIER = ("127.0.0.2", 5060)
PHONE = ("127.0.0.3", 5060)


async def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    try:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110 - what another thread or far end brings, no event tells
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what}") from None


# --- the store --------------------------------------------------------------------------------------------------------


async def accept(
    store: Store,
    company: str = "2028",
    userid: str = "1@sales",
    voice: str = "notice.wav",
    at: datetime | None = None,
) -> StoredCall:
    """Store one more call that waits, and give it as the store has it."""
    request = replace(
        REQUEST,
        company_code=company,
        userid=userid,
        key_groups=parse_userid(userid),
        voice=VoiceRef(VoiceKind.LIBRARY, voice),
    )
    accepted = await CallQueue(store).accept(request, at or datetime.now(UTC))
    stored = await store.read(lambda conn: ledger.read_call(conn, accepted.uuid))
    assert stored is not None
    return stored


def rows(store: Store, table: Table) -> list[Row[tuple[object, ...]]]:
    """All rows of a table, in the order of its primary key."""
    query = select(table).order_by(*table.primary_key.columns)
    return store.read_now(lambda conn: list(conn.execute(query).all()))


def owed(store: Store) -> list[dict[str, object]]:
    """What is owed to companies, in order."""
    return [json.loads(row.payload) for row in rows(store, callbacks)]


def record(store: Store, uuid: str) -> tuple[object, ...]:
    """Cause, direction, key and agent of a call's one record."""
    (found,) = [message for message in owed(store) if message["uuid"] == uuid and "hangupcause" in message]
    return tuple(found[name] for name in ("hangupcause", "hangupdirection", "userkey", "extnumber"))


def call_states(store: Store) -> dict[str, str]:
    return {row.uuid: row.state for row in rows(store, calls)}


def leg_states(store: Store) -> list[str]:
    return [row.state for row in rows(store, legs)]


async def written(store: Store) -> None:
    """Wait until what was given to the store before is stored."""
    await store.write(lambda conn: None)


# --- the network ------------------------------------------------------------------------------------------------------


class Wire:
    """The server's SIP endpoint, and the far ends, on a network that isn't one. Its time is a number."""

    def __init__(
        self,
        owners: Owners,
        orphans: Callable[[str], bool] = lambda _call_id: False,
        before: "Wire | None" = None,
        local: tuple[str, int] = SERVER,
    ) -> None:
        """`before` is that of a process that died: its far ends live on."""
        self.owners = owners
        self.local: tuple[str, int] = local
        self.agent = UserAgent(orphans=orphans)
        if before is None:
            self.network = FakeNetwork(now=1_000.0)
            self.far = {"carrier": UserAgent(), "phone": UserAgent()}
            self.events: dict[str, list[Event]] = {"carrier": [], "phone": []}
            self.network.attach("carrier", self.far["carrier"], CARRIER)
            self.network.attach("phone", self.far["phone"], PHONE)
        else:
            self.network, self.far, self.events = before.network, before.far, before.events
            self.network.attach("dead", UserAgent(admits=lambda _request, _flow: False), before.local)
        self.network.attach("server", self.agent, self.local)
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


# --- media ------------------------------------------------------------------------------------------------------------


class Worker:
    """Stands for the media worker behind streams: notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.gone = False

    def command(self, message: object) -> None:
        if self.gone:
            raise MediaGone("the media worker has ended")
        self.told.append(message)

    def forget(self, stream: int) -> None:
        pass

    async def ask(self, make: Callable[[int], object]) -> object:
        self.command(make(1))
        return protocol.Released(1, 0, 0, 0, 0, False, 0, 0)

    async def ask_within(self, seconds: float, make: Callable[[int], object]) -> object:
        self.command(make(1))
        return protocol.RecordingDone(1, 0, "")


class Media:
    """Reserves streams as the supervisor does."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.has_room = True
        self.refuses = False
        self.asked = 0
        self.held: asyncio.Event | None = None
        """Reservations wait for it."""
        self.streams: list[Stream] = []

    async def reserve(self, on_event: Callable[[MediaEvent], None]) -> Stream:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if self.refuses:
            raise MediaFull("no RTP port is free")
        number = len(self.streams) + 1
        stream = Stream(cast(MediaClient, self.worker), number, 20_000 + 2 * number, on_event)
        self.streams.append(stream)
        return stream

    @property
    def released(self) -> set[int]:
        """The numbers of the streams that were given back."""
        return {message.stream for message in self.worker.told if isinstance(message, protocol.Release)}


# --- the rooms below --------------------------------------------------------------------------------------------------


@dataclass
class Routes:
    """One trunk with so many places."""

    flow: Flow
    places: int = 100
    taken: int = 0
    there: bool = True
    trunk: Trunk = field(default_factory=lambda: Trunk("carrier", URI.parse("sip:127.0.0.2:5060"), "example.com"))

    def exist(self, names: Sequence[str] | None) -> bool:
        return self.there

    def take(self, names: Sequence[str] | None, tried: frozenset[str], now: float) -> tuple[Trunk, Flow] | None:
        if self.taken >= self.places or self.trunk.name in tried:
            return None
        self.taken += 1
        return self.trunk, self.flow

    def give_back(self, trunk: Trunk) -> None:
        self.taken -= 1
        assert self.taken >= 0, "a place was given back that nobody had taken"

    def heard(self, trunk: Trunk, now: float) -> None:
        pass

    def is_silent(self, trunk: Trunk, now: float) -> bool:
        return False


@dataclass
class Groups:
    """Groups by name, and the extensions that have a phone."""

    members: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"sales": ("20280003",)})
    registered: set[str] = field(default_factory=lambda: {"20280003", "20280004", "20280005"})

    def group(self, company_code: str, name: str) -> Group | None:
        members = self.members.get(name)
        return None if members is None else Group(members, ring_time=20, max_wait=60)

    def phone(self, extension: str) -> Phone | None:
        if extension not in self.registered:
            return None
        return Phone(extension, URI.parse(f"sip:{extension}@127.0.0.3:5060"), Flow(Transport.UDP, PHONE, SERVER))


class Companies:
    """Companies by their codes."""

    def __init__(self, *companies: Company) -> None:
        self.by_code = {company.code: company for company in companies or (COMPANY,)}

    def get(self, code: str) -> Company | None:
        return self.by_code.get(code)


def later(seconds: float) -> datetime:
    """So many seconds after `AT`."""
    return AT + timedelta(seconds=seconds)


def run(store: Store, *facts: Callable[[Connection], object]) -> None:
    """Run facts in one transaction."""
    store.write_now(lambda conn: [fact(conn) for fact in facts])


class Voices:
    """Makes voices ready, but for those that a test holds or breaks, by their names."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.broken: dict[str, Exception] = {}
        self.preparing: list[str] = []
        """Those that are being made ready now."""
        self.asked: list[str] = []
        self._released = asyncio.Event()

    async def prepare(self, company_code: str, ref: VoiceRef, at: datetime) -> Voice:
        self.asked.append(ref.name)
        self.preparing.append(ref.name)
        try:
            while ref.name in self.held:
                await self._released.wait()
        finally:
            self.preparing.remove(ref.name)
        if ref.name in self.broken:
            raise self.broken[ref.name]
        return VOICE

    def release(self, *names: str) -> None:
        self.held -= set(names)
        self._released.set()
        self._released = asyncio.Event()


class Encoder:
    """Stands for the transcoder: a recording is whole at once, unless it is held or broken."""

    def __init__(self) -> None:
        self.form: RecordingFormat | None = None
        """What recordings become while there is a backlog."""
        self.broken = False
        self.go_on = asyncio.Event()
        self.go_on.set()

    def format_now(self, wanted: RecordingFormat) -> RecordingFormat:
        return self.form or wanted

    async def encode_recording(self, raw: Path, to: Path, form: RecordingFormat) -> Path:
        await self.go_on.wait()
        if self.broken:
            raise EncodeError(f"{raw.name} is no recording")
        self._make(raw, to, form)
        return to

    @staticmethod
    def _make(raw: Path, to: Path, form: RecordingFormat) -> None:
        to.write_bytes(form.value.encode() + raw.read_bytes())
        raw.unlink()


# --- the whole room ---------------------------------------------------------------------------------------------------


class House:
    """All of the room's parts on one store, and the far ends. A second house on a store is the next process."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        before: "House | None" = None,
        local: tuple[str, int] = SERVER,
    ) -> None:
        self.store = store
        self.owners = Owners(Confirmations(store))
        self.companies = Companies(*(replace(COMPANY, code=code) for code in ("2028", "1", "2")))
        self.recovery = Recovery(store, self.companies)
        self.wire: Wire = Wire(self.owners, self.recovery.is_orphan, before.wire if before else None, local)
        monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: self.wire.network.now))
        self.media = Media()
        self.routes = Routes(self.wire.flow_to("udp", *CARRIER))
        self.groups = Groups()
        self.voices = Voices()
        self.encoder = Encoder()
        self.recordings = Recordings(folder / "recordings", cast(Transcoder, self.encoder))
        self.waiting = Waiting(store, self.companies, self.voices)
        self.queue = CallQueue(store, tell=self.waiting.add)
        self.woken = 0
        self.parts = Parts(
            store=store,
            sip=self.wire,
            media=self.media,
            routes=self.routes,
            agents=Agents(self.groups),
            recordings=self.recordings,
            owners=self.owners,
            settings=SETTINGS,
            wake_sender=self._wake,
        )
        self.conductor = Conductor(self.parts, self.waiting, self.recovery, self.queue.dequeued)

    def _wake(self) -> None:
        self.woken += 1

    async def die(self) -> None:
        """Stop without a word, as a killed process does: what is not stored is lost."""
        for task in self.conductor._tasks:
            task.cancel()
        await self.waiting.stop()
        for event in self.wire.events.values():
            event.clear()

    async def accept(self, company: str = "2028", userid: str = "1@sales", at: datetime | None = None) -> str:
        """Accept a request as the HTTP API does; the call's uuid."""
        request = replace(REQUEST, company_code=company, userid=userid, key_groups=parse_userid(userid))
        return (await self.queue.accept(request, at or datetime.now(UTC))).uuid

    async def ended(self, uuid: str) -> None:
        """Wait for the record of a call."""

        def is_ended() -> bool:
            self.wire.settle()
            return call_states(self.store)[uuid] == "ended"

        await until(is_ended, f"the record of {uuid}; {self.conductor!r}")

    async def quiet(self) -> None:
        """Wait until nothing is left of what ran: no call, no leg, no place, no agent, no stream."""

        def left() -> str:
            self.wire.settle()
            streams = {stream.number for stream in self.media.streams} - self.media.released
            return f"{self.conductor!r}, {self.owners!r}, {self.parts.agents!r}, {self.routes.taken} places, {streams}"

        nothing = (
            f"<Conductor 0 running, {self.waiting!r}>, <Owners of 0 SIP calls>, <Agents 0 taken>, 0 places, {set()}"
        )
        try:
            await until(lambda: left() == nothing, "nothing runs")
        except AssertionError:
            raise AssertionError(f"there is left: {left()}") from None
        await self.owners.empty()
        await written(self.store)
        assert set(leg_states(self.store)) <= {"ended"}

    async def stop(self, grace: float = 10) -> None:
        """Stop as the server does, while the far ends answer."""
        stopping = asyncio.ensure_future(self.conductor.stop(grace))

        def is_stopped() -> bool:
            self.wire.settle()
            return stopping.done()

        await until(is_stopped, "the conductor stops")
        await stopping


class Gate:
    """A store whose commits a test holds, or refuses; what was given to it before is not held."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        self.tries = 0
        self._open = asyncio.Event()
        self._open.set()
        self._write = store.write
        monkeypatch.setattr(store, "write", self.write)

    async def write(self, fact: Callable[[Connection], Any]) -> Any:
        self.tries += 1
        if self.away:
            raise StoreUnavailable("the disk is full")
        await self._open.wait()
        return await self._write(fact)

    def hold(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()
