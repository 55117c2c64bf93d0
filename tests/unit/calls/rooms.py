"""Stands for the rooms below: media that only note, one trunk, groups, companies, voices, an encoder."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

from tests.samples import COMPANY
from tests.unit.calls.wire import PHONE, SERVER

from playvoice.calls.ports import Agent, Group, Phone
from playvoice.companies import Company
from playvoice.config import Strategy
from playvoice.lines.targets import Tried
from playvoice.lines.trunk import Trunk
from playvoice.media import protocol
from playvoice.media.client import MediaClient, MediaEvent, MediaFull, MediaGone, Stream
from playvoice.media.encoding import EncodeError, RecordingFormat
from playvoice.media.g711 import Codec
from playvoice.sip import (
    URI,
    Credentials,
    Flow,
    Transport,
)
from playvoice.voices import Voice, VoiceRef

VOICE = Voice({Codec.PCMA: Path("notice.pcma"), Codec.PCMU: Path("notice.pcmu")}, 3.0)


class Worker:
    """Stands for the media worker behind streams: notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.gone = False
        self.released = protocol.Released(1, 0, 0, 0, 0, False, 0, 0)
        """What it says that each stream did."""

    def command(self, message: object) -> None:
        if self.gone:
            raise MediaGone("the media worker has ended")
        self.told.append(message)

    def load_once(self, message: object) -> None:
        self.command(message)

    def forget(self, stream: int) -> None:
        pass

    async def ask(self, make: Callable[[int], object]) -> object:
        self.command(make(1))
        return self.released

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
        self._workers = [self.worker]
        self._worker_of: dict[int, Worker] = {}

    async def reserve(self, on_event: Callable[[MediaEvent], None]) -> Stream:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if self.refuses:
            raise MediaFull("no RTP port is free")
        number = len(self.streams) + 1
        stream = Stream(cast(MediaClient, self.worker), number, 20_000 + 2 * number, on_event)
        self.streams.append(stream)
        self._worker_of[number] = self.worker
        return stream

    @property
    def released(self) -> set[int]:
        """The numbers of the streams that were given back."""
        told = [message for worker in self._workers for message in worker.told]
        return {message.stream for message in told if isinstance(message, protocol.Release)}

    @property
    def held_streams(self) -> list[Stream]:
        """The streams that were neither given back nor lost with their worker."""
        released = self.released
        return [s for s in self.streams if s.number not in released and not self._worker_of[s.number].gone]

    def die(self) -> list[Stream]:
        """The worker dies, and another one comes up; the streams that went with it."""
        lost = self.held_streams
        self.worker.gone = True
        self.worker = Worker()
        self._workers.append(self.worker)
        return lost


@dataclass
class Routes:
    """One trunk, and others after it if a test wants them, each with the same addresses, with so many places in all."""

    flow: Flow
    others: tuple[Flow, ...] = ()
    places: int = 100
    taken: int = 0
    looks: int = 0
    """Times that a place was looked for."""
    there: bool = True
    silent: tuple[Flow, ...] = ()
    trunk: Trunk = field(default_factory=lambda: Trunk("carrier", URI.parse("sip:127.0.0.2:5060"), "example.com"))
    other_trunks: tuple[Trunk, ...] = ()
    failures: list[Flow] = field(default_factory=list)
    begun_again: list[str] = field(default_factory=list)
    retry_after: list[float] = field(default_factory=list)
    forgetful: list[str] = field(default_factory=list)
    """Trunks that may have forgotten us."""

    def exist(self, names: Sequence[str] | None) -> bool:
        return self.there and any(self._of(names))

    def credentials(self, name: str) -> Credentials | None:
        return next((each.credentials for each in (self.trunk, *self.other_trunks) if each.name == name), None)

    def take(self, names: Sequence[str] | None, tried: Tried, now: float) -> tuple[Trunk, Flow] | None:
        self.looks += 1
        found = next(self._untried(names, tried), None)
        if found is None or self.taken >= self.places:
            return None
        self.taken += 1
        return found

    def obstacle(self, names: Sequence[str] | None, now: float) -> str:
        return f"{self.taken} of {self.places} places are taken"

    def remain(self, names: Sequence[str] | None, tried: Tried, now: float) -> bool:
        return next(self._untried(names, tried), None) is not None

    def _of(self, names: Sequence[str] | None) -> list[Trunk]:
        return [trunk for trunk in (self.trunk, *self.other_trunks) if names is None or trunk.name in names]

    def _untried(self, names: Sequence[str] | None, tried: Tried) -> Iterator[tuple[Trunk, Flow]]:
        for trunk in self._of(names):
            flows = [flow for flow in (self.flow, *self.others) if (trunk.name, flow) not in tried.addresses]
            if trunk.name not in tried.trunks and flows:
                yield trunk, flows[0]

    def begin_again(self, trunk: Trunk, now: float) -> None:
        self.begun_again.append(trunk.name)

    def give_back(self, trunk: Trunk) -> None:
        self.taken -= 1
        assert self.taken >= 0, "a place was given back that nobody had taken"

    def heard(self, trunk: Trunk, flow: Flow, now: float) -> None:
        pass

    def failed(self, trunk: Trunk, flow: Flow, now: float, retry_after: float = 0.0) -> None:
        self.failures.append(flow)
        self.retry_after.append(retry_after)

    def may_have_forgotten(self, trunk: Trunk, now: float) -> None:
        self.forgetful.append(trunk.name)

    def is_silent(self, trunk: Trunk, flow: Flow, now: float) -> bool:
        return flow in self.silent


@dataclass
class Groups:
    """Groups by name, and the extensions that have a phone, or several of them."""

    members: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"sales": ("20280003",)})
    registered: set[str] = field(default_factory=lambda: {"20280003", "20280004", "20280005"})
    strategy: Strategy = Strategy.RING_ALL
    phones: dict[str, int] = field(default_factory=dict)
    """How many phones those have that have more than one."""

    def group(self, company_code: str, name: str) -> Group | None:
        members = self.members.get(name)
        return None if members is None else Group(members, 20, 60, self.strategy)

    def member(self, extension: str) -> Agent | None:
        if extension not in self.registered:
            return None
        first, flow = f"sip:{extension}@127.0.0.3:5060", Flow(Transport.UDP, PHONE, SERVER)
        others = [f"{first};line={n}" for n in range(2, self.phones.get(extension, 1) + 1)]
        return Agent(extension, tuple(Phone(URI.parse(uri), flow) for uri in (first, *others)))


class Companies:
    """Companies by their codes."""

    def __init__(self, *companies: Company) -> None:
        self.by_code = {company.code: company for company in companies or (COMPANY,)}

    def get(self, code: str) -> Company | None:
        return self.by_code.get(code)


class Voices:
    """Makes voices ready, but for those that a test holds or breaks, by their names."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.broken: dict[str, Exception] = {}
        self.preparing: list[str] = []
        """Those that are being made ready now."""
        self.asked: list[str] = []
        self.lent: set[int] = set()
        """The voices that were not given back yet."""
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
        number = len(self.asked)
        self.lent.add(number)
        return replace(VOICE, give_back=partial(self.lent.remove, number))

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
