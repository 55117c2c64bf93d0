"""All parts of the room on one store, with its far ends. Nothing here binds a socket or starts a process."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from tests.samples import COMPANY, REQUEST
from tests.unit.calls.rooms import VOICE, Companies, Encoder, Groups, Media, Routes, Voices
from tests.unit.calls.stored import call_states, leg_states, written
from tests.unit.calls.wire import CARRIER, SERVER, Wire
from tests.waiting import until

from playvoice import clock
from playvoice.calls.agents import Agents
from playvoice.calls.conductor import Conductor
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.heartbeat import HeartbeatFile
from playvoice.calls.ledger import End
from playvoice.calls.legs import Parts
from playvoice.calls.links import RecordingLinks
from playvoice.calls.owners import Owners
from playvoice.calls.ports import Settings
from playvoice.calls.queue import CallQueue
from playvoice.calls.recordings import Recordings
from playvoice.calls.recovery import Recovery
from playvoice.calls.traces import Traces
from playvoice.calls.userid import parse_userid
from playvoice.calls.waiting import Waiting
from playvoice.media.transcoder import Transcoder
from playvoice.store import Store

LINKS = RecordingLinks("https://pv.example.com", bytes(32))
SETTINGS = Settings(
    lambda _flow: "127.0.0.1",
    "example.com",
    "127.0.0.1",
    ZoneInfo("Asia/Shanghai"),
    hold_music=VOICE,
    links=LINKS,
)


class House:
    """All of the room's parts on one store, and the far ends. A second house on a store is the next process."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        before: "House | None" = None,
        local: tuple[str, int] = SERVER,
        generator: random.Random | None = None,
    ) -> None:
        self.store = store
        confirmations = Confirmations(store)
        self.traces = Traces(confirmations.add_trace)
        self.owners = Owners(confirmations, self.traces)
        self.companies = Companies(*(replace(COMPANY, code=code) for code in ("2028", "1", "2")))
        self.recovery = Recovery(store, self.companies)
        wire_before = before.wire if before else None
        self.wire: Wire = Wire(self.owners, self.recovery.is_orphan, wire_before, local, generator)
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
        self.told: list[tuple[str, End]] = []
        """Ends of calls, by company."""
        self.parts = Parts(
            store=store,
            sip=self.wire,
            media=self.media,
            routes=self.routes,
            agents=Agents(self.groups),
            recordings=self.recordings,
            heartbeat=HeartbeatFile(folder / "heartbeat"),
            owners=self.owners,
            settings=SETTINGS,
            wake_sender=lambda: self.wake(),
            tell_end=lambda company, end: self.told.append((company, end)),
        )
        self.conductor = Conductor(self.parts, self.waiting, self.recovery, self.queue.dequeued)

    def wake(self) -> None:
        self.woken += 1

    async def die(self) -> None:
        """Stop without a word, as a killed process does: what is not stored is lost."""
        for task in filter(None, (self.conductor._dialling, self.conductor._beating)):
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
        """Wait until nothing is left of what ran: no call, no leg, no place, no agent, no stream, no voice."""

        def left() -> str:
            self.wire.settle()
            streams = {stream.number for stream in self.media.streams} - self.media.released
            return f"{self.conductor!r}, {self.owners!r}, {self.parts.agents!r}, {self.routes.taken} places, {streams}"

        nothing = (
            f"<Conductor 0 running, {self.waiting!r}>, <Owners of 0 SIP calls>, "
            f"<Agents 0 taken, 0 customers waiting>, 0 places, {set()}"
        )
        try:
            await until(lambda: left() == nothing, "nothing runs")
        except AssertionError:
            raise AssertionError(f"there is left: {left()}") from None
        assert len(self.voices.lent) == self.waiting.ready, "a voice was not given back"
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
