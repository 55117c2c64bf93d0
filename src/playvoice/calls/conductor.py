"""The conductor: takes waiting calls in turn, has their voice made ready, finds each a trunk, and lets it run.

Waiting calls go in the order of acceptance among those whose voice is ready, in turn over companies. What an earlier
process left behind is ended and reported before the first new call is dialled (`recovery`).
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection

from playvoice.calls import ledger
from playvoice.calls.ledger import End, Reports, StoredCall
from playvoice.calls.ports import Settings
from playvoice.calls.recovery import Recovery, heartbeat
from playvoice.calls.running import Parts, RunningCall
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.lines.trunk import Trunk
from playvoice.sip import Event, Flow, OutgoingCall
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import Voice, VoiceKind, VoiceRef, VoiceUnavailable

log = structlog.get_logger(__name__)

PREPARING = 16
"""Voices that are made ready at once."""
READY = 1_000
"""Calls whose voice is ready and that wait for a trunk; the others wait in the store."""
LOOK_AGAIN = 0.1
"""Seconds between two looks for a free trunk."""
HEARTBEAT = 1.0


class FindsCompanies(Protocol):
    def get(self, code: str) -> Company | None: ...


class PreparesVoices(Protocol):
    async def prepare(self, company_code: str, ref: VoiceRef, at: datetime) -> Voice: ...


class Conductor:
    """Runs calls. `start` recovers and begins, `stop` ends what runs, with records."""

    def __init__(
        self,
        parts: Callable[["Conductor"], Parts],
        store: Store,
        settings: Settings,
        companies: FindsCompanies,
        voices: PreparesVoices,
        dequeued: Callable[[str], None],
    ) -> None:
        self._store = store
        self._settings = settings
        self._companies = companies
        self._voices = voices
        self._dequeued = dequeued
        self._parts = parts(self)
        self._accepted: asyncio.Queue[str] = asyncio.Queue()
        self._ready: dict[str, deque[tuple[StoredCall, Company, Voice]]] = {}
        self._ready_count = 0
        self._room = asyncio.Semaphore(READY)
        self._wake = asyncio.Event()
        self._running: dict[str, RunningCall] = {}
        self._owners: dict[str, RunningCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._recovery = Recovery(store, settings, companies)
        self._stopping = False

    def __repr__(self) -> str:
        return f"<Conductor {len(self._running)} running, {self._ready_count} ready>"

    @property
    def running(self) -> int:
        """Calls that run now."""
        return len(self._running)

    def is_orphan(self, call_id: str) -> bool:
        """Whether a Call-ID is that of a leg which an earlier process left."""
        return self._recovery.is_orphan(call_id)

    # --- start and stop -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """End and report what an earlier process left, then take what waits."""
        await self._recovery.run(self._parts.sip, time.monotonic())
        self._parts.wake_sender()
        for stored in await self._store.read(ledger.read_waiting):
            self._accepted.put_nowait(stored.uuid)
        for work in (*(self._prepare_loop() for _ in range(PREPARING)), self._dial_loop(), self._heartbeat_loop()):
            self._spawn(work, self._tasks)

    async def stop(self, grace: float) -> None:
        """End the running calls, with their records, within so many seconds; what waits is dialled after the start."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()
        if self._calls:
            await asyncio.wait(self._calls, timeout=grace)
        for task in list(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def cut(self) -> None:
        """The media process has gone, or the server stops: every running call ends."""
        for call in list(self._running.values()):
            call.cut()

    def accept(self, uuid: str) -> None:
        """A call was stored and waits."""
        self._accepted.put_nowait(uuid)

    # --- SIP ------------------------------------------------------------------------------------------------------

    def own(self, sip: OutgoingCall, call: RunningCall) -> None:
        self._owners[sip.id] = call

    def disown(self, sip: OutgoingCall) -> None:
        self._owners.pop(sip.id, None)

    def handle(self, event: Event) -> bool:
        """Take an event of a call; False if no running call owns it."""
        call = getattr(event, "call", None)
        owner = self._owners.get(call.id) if call is not None else None
        if owner is None:
            return False
        owner.on_sip(event)
        return True

    # --- making voices ready --------------------------------------------------------------------------------------

    async def _prepare_loop(self) -> None:
        while True:
            await self._room.acquire()  # given back when the call is dialled
            uuid = await self._accepted.get()
            try:
                if not await self._prepare(uuid):
                    self._room.release()
                continue
            except StoreUnavailable as error:
                log.error("store_unavailable", reason=str(error), uuid=uuid)
                await asyncio.sleep(1.0)
                self._accepted.put_nowait(uuid)
            except Exception:
                log.exception("prepare_failed", uuid=uuid)
            self._room.release()

    async def _prepare(self, uuid: str) -> bool:
        """Make a call's voice ready; False if the call has ended instead."""
        stored = await self._store.read(lambda conn: ledger.read_call(conn, uuid))
        if stored is None:
            return False
        company = self._companies.get(stored.company_code)
        if company is None:
            log.error("company_missing", uuid=uuid, company=stored.company_code)
            return False
        if self._is_expired(stored, company):
            await self._abandon(stored, company, Cause.TIMER_EXPIRED)
            return False
        ref = VoiceRef(VoiceKind(stored.voice_kind), stored.voice_name)
        try:
            voice = await self._voices.prepare(stored.company_code, ref, datetime.now(UTC))
        except VoiceUnavailable as error:
            log.info("voice_unavailable", uuid=uuid, reason=error.reason)
            await self._abandon(stored, company, Cause.OTHER)
            return False
        self._ready.setdefault(stored.company_code, deque()).append((stored, company, voice))
        self._ready_count += 1
        self._wake.set()
        return True

    @staticmethod
    def _is_expired(stored: StoredCall, company: Company) -> bool:
        return datetime.now(UTC) - stored.accepted_at > timedelta(seconds=company.expire_after)

    async def _abandon(self, stored: StoredCall, company: Company, cause: Cause) -> None:
        """Report a call that was not dialled."""
        at = datetime.now(UTC)
        end = End(at, None, at, cause, cause)

        def fact(conn: Connection) -> bool:
            return Reports(stored, company, self._settings).ended(conn, end)

        await self._store.write(fact)
        self._dequeued(stored.company_code)
        self._parts.wake_sender()
        log.info("call_abandoned", uuid=stored.uuid, cause=int(cause))

    # --- dialling -------------------------------------------------------------------------------------------------

    async def _dial_loop(self) -> None:
        while True:
            if self._ready_count == 0:
                self._wake.clear()
                await self._wake.wait()
            if not await self._dial_one():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN):
                        self._wake.clear()
                        await self._wake.wait()

    async def _dial_one(self) -> bool:
        """Dial the next call of the next company that a trunk can take; False if there is none."""
        for code in list(self._ready):
            waiting = self._ready[code]
            stored, company, voice = waiting[0]
            expired = self._is_expired(stored, company)
            found = None if expired else self._parts.routes.take(company.trunks, frozenset(), time.monotonic())
            if not expired and found is None:
                continue
            waiting.popleft()
            self._ready_count -= 1
            self._room.release()
            del self._ready[code]
            if waiting:
                self._ready[code] = waiting  # behind the other companies
            if found is None:
                await self._abandon(stored, company, Cause.TIMER_EXPIRED)
            else:
                self._dequeued(code)
                self._launch(RunningCall(self._parts, stored, company, voice), *found)
            return True
        return False

    def _launch(self, call: RunningCall, trunk: Trunk, flow: Flow) -> None:
        async def run() -> None:
            try:
                await call.run(trunk, flow)
            finally:
                del self._running[call.stored.uuid]
                self._wake.set()

        self._running[call.stored.uuid] = call
        self._spawn(run(), self._calls)

    async def _heartbeat_loop(self) -> None:
        while True:
            if self._running:
                with contextlib.suppress(StoreUnavailable):
                    await self._store.write(partial(heartbeat, at=datetime.now(UTC)))
            await asyncio.sleep(HEARTBEAT)

    @staticmethod
    def _spawn(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
