"""The conductor: dials waiting calls in turn as trunks and media have room, and keeps the calls that run.

What an earlier process left behind is ended and reported before the first new call is dialled (`recovery`).
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from playvoice.calls import ledger
from playvoice.calls.heartbeat import heartbeat
from playvoice.calls.holdups import FAILED, NO_ROOM, NO_STORE, HoldUps
from playvoice.calls.journal import Journal
from playvoice.calls.ledger import End, Reports, StoredCall
from playvoice.calls.legs import Parts, release
from playvoice.calls.recovery import Recovery
from playvoice.calls.running import RunningCall
from playvoice.calls.traces import CallLog
from playvoice.calls.views import CallView
from playvoice.calls.waiting import EXPIRED, NO_COMPANY, Ready, Waiting
from playvoice.clock import Clock
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.lines.targets import Tried
from playvoice.lines.trunk import Trunk
from playvoice.media.client import MediaError, MediaEvent, Stream
from playvoice.sip import Flow
from playvoice.store import StoreUnavailable
from playvoice.voices import Voice

log = structlog.get_logger(__name__)

LOOK_AGAIN = 0.1
"""Seconds between two looks for a free trunk."""
AT_LEAST = 1.0
"""Seconds in which a first INVITE may be stored, however little of the time is left that its call may wait."""
FAR_ENDS = 2.0
"""Seconds that far ends have at a stop to confirm CANCEL and BYE; the next start does again what is not confirmed."""
HEARTBEAT = 1.0
"""Seconds between two notes that the server lives, while calls run."""
NO_TRUNK = "there is no trunk that its company may use"


class Conductor:
    """Runs calls. `start` recovers and begins, `drain` lets what runs end by itself, `stop` ends it, with records."""

    def __init__(self, parts: Parts, waiting: Waiting, recovery: Recovery, dequeued: Callable[[str], None]) -> None:
        """`dequeued` hears the company of each call that waits no longer."""
        self._parts = parts
        self._waiting = waiting
        self._recovery = recovery
        self._dequeued = dequeued
        self._running: dict[str, RunningCall] = {}
        self._dialling: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._can_store = True
        """Whether the last heartbeat could be stored."""
        self._hold_ups = HoldUps(parts.owners.traces.tell)
        self._idle = asyncio.Event()
        self._idle.set()

    def __repr__(self) -> str:
        return f"<Conductor {len(self._running)} running, {self._waiting!r}>"

    @property
    def running(self) -> int:
        """Calls that run now."""
        return len(self._running)

    def states(self) -> Counter[str]:
        """How many calls are in each state, in the words of `CallView`."""
        return Counter(call.state for call in self._running.values())

    def views(self) -> list[CallView]:
        """The calls that run now."""
        return [call.view for call in self._running.values()]

    @property
    def hold_ups(self) -> dict[str, str]:
        """By company, why its next call is not dialled yet."""
        return self._hold_ups.reasons

    def has(self, uuid: str) -> bool:
        """Whether this call waits to be dialled, or runs."""
        return uuid in self._running or self._waiting.has(uuid)

    async def hang_up(self, uuid: str) -> bool:
        """End a call that runs, or that waits to be dialled, with its record; False where there is none."""
        if uuid in self._running:
            self._running[uuid].cut()
            return True
        return await self._waiting.withdraw(uuid)

    # --- start and stop -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """End and report what an earlier process left, then take what waits."""
        await self._recovery.run(self._parts)
        for stored in await self._parts.store.read(ledger.read_waiting):
            self._waiting.add(stored)
        self._waiting.start(self._abandon)
        loop = asyncio.get_running_loop()
        self._dialling = loop.create_task(self._dial_loop())
        self._beating = loop.create_task(self._heartbeats())

    async def drain(self, seconds: float, hurried: asyncio.Event) -> None:
        """Dial no more; return when the running calls have ended, after so many seconds, or when hurried."""
        await _end(self._dialling)
        await self._waiting.stop()
        waits = {asyncio.create_task(event.wait()) for event in (self._idle, hurried)}
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def stop(self, grace: float) -> None:
        """End the running calls, with their records, within so many seconds; what waits is dialled after the start."""
        await _end(self._dialling)
        await _end(self._beating)
        await self._waiting.stop()
        for call in list(self._running.values()):
            call.cut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._idle.wait()
                async with asyncio.timeout(FAR_ENDS):
                    await self._parts.owners.empty()

    def lose(self, streams: Collection[Stream]) -> None:
        """A media process has gone, and these streams with it: their calls end."""
        lost = frozenset(streams)
        for call in list(self._running.values()):
            if call.uses(lost):
                call.cut()

    # --- dialling -------------------------------------------------------------------------------------------------

    async def _dial_loop(self) -> None:
        while True:
            try:
                while await self._dial_next():
                    pass
                self._hold_ups.keep_only({ready.stored.company_code for ready in self._waiting.heads()})
            except Exception:
                log.exception("dialling_failed")
            self._waiting.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN if self._waiting.ready else None):
                    await self._waiting.changed.wait()

    async def _dial_next(self) -> bool:
        """Dial the first of the companies' next calls that a trunk can take, or abandon it; False if there is none."""
        for ready in self._waiting.heads():
            try:
                if await self._deal_with(ready):
                    return True
            except Exception:  # which is not to hold up the other companies
                if self._hold_ups.reasons.get(ready.stored.company_code) != FAILED:
                    log.exception("dialling_failed", uuid=ready.stored.uuid)
                self._hold(ready, FAILED)
        return False

    async def _deal_with(self, ready: Ready) -> bool:
        """Dial this call, or abandon it; False where it waits on."""
        if not self._can_store:  # its INVITE would wait, and all leave at once, whatever the trunk takes
            self._hold(ready, NO_STORE)
            return False
        company = self._waiting.company_of(ready.stored)
        if company is None:
            return await self._give_up(ready, None, Cause.OTHER, NO_COMPANY)
        if self._waiting.time_left(ready.stored, company) < 0:
            return await self._give_up(ready, company, Cause.TIMER_EXPIRED, EXPIRED)
        if not self._parts.routes.exist(company.trunks):
            return await self._give_up(ready, company, Cause.LINE_FAILURE, NO_TRUNK)
        if not self._parts.media.has_room:
            self._hold(ready, NO_ROOM)
            return False
        now = time.monotonic()
        found = self._parts.routes.take(company.trunks, Tried(), now)
        if found is not None:
            return await self._dial(ready, company, *found)
        self._hold(ready, self._parts.routes.obstacle(company.trunks, now))
        return False

    def _hold(self, ready: Ready, reason: str) -> None:
        self._hold_ups.hold(ready.stored.company_code, ready.stored.uuid, reason, time.monotonic())

    async def _dial(self, ready: Ready, company: Company, trunk: Trunk, flow: Flow) -> bool:
        """Dial over this trunk, whose place is taken; False if there is no port for RTP, and the call waits on."""
        try:
            stream = await self._parts.media.reserve(_ignore)
        except BaseException as error:
            self._parts.routes.give_back(trunk)
            if not isinstance(error, MediaError):
                raise
            self._hold(ready, str(error))
            return False
        if not self._waiting.take(ready):  # hung up meanwhile
            self._parts.routes.give_back(trunk)
            await release(stream)
            return True
        try:
            over = partial(self._on_over, ready.voice)
            call = RunningCall(self._parts, ready.stored, company, ready.voice, stream, over)
        except Exception:
            log.exception("call_not_dialled", uuid=ready.stored.uuid)
            ready.voice.give_back()
            self._parts.routes.give_back(trunk)
            await release(stream)
            await self._abandon(ready.stored, company, Cause.OTHER, FAILED)
            return True
        self._dequeued(ready.stored.company_code)
        self._running[call.stored.uuid] = call
        self._idle.clear()
        within = max(AT_LEAST, self._waiting.time_left(ready.stored, company))
        call.start(trunk, flow, within, ready.at, self._hold_ups.let_go(company.code, ready.stored.uuid))
        return True

    def _on_over(self, voice: Voice, call: RunningCall) -> None:
        del self._running[call.stored.uuid]
        voice.give_back()
        self._waiting.changed.set()
        if not self._running:
            self._idle.set()

    async def _give_up(self, ready: Ready, company: Company | None, cause: Cause, reason: str) -> bool:
        """Report a call whose voice is ready and that is not dialled."""
        self._waiting.take(ready)
        try:
            await self._abandon(ready.stored, company, cause, reason)
        finally:
            ready.voice.give_back()
        return True

    async def _abandon(self, stored: StoredCall, company: Company | None, cause: Cause, reason: str) -> None:
        """Report a call that is not dialled; None for a company that is gone."""
        at = datetime.now(UTC)
        trace = self._parts.owners.traces.begin(stored.uuid, Clock())
        reports = Reports(stored, company, self._parts.settings)
        journal = Journal(
            self._parts.store,
            lambda error: log.error("call_not_abandoned", uuid=stored.uuid, exc_info=error),
            stored.uuid,
        )
        end = End(at, None, at, cause, cause)
        journal.add(lambda conn: reports.ended(conn, end))
        await journal.written()
        self._dequeued(stored.company_code)
        self._parts.wake_sender()
        self._parts.tell_end(stored.company_code, end)
        CallLog(log.bind(uuid=stored.uuid), trace).info("call_abandoned", cause=int(cause), reason=reason)
        trace.end()

    async def _heartbeats(self) -> None:
        """By two ways, for the store's may be closed for long."""
        await asyncio.gather(self._each_beat(self._beat_in_store), self._each_beat(self._beat_in_file))

    async def _each_beat(self, note: Callable[[], Awaitable[None]]) -> None:
        while True:
            if self._running or not self._can_store:
                try:
                    await note()
                except Exception:
                    log.exception("heartbeat_failed")
            await asyncio.sleep(HEARTBEAT)

    async def _beat_in_store(self) -> None:
        try:
            self._parts.heartbeat.stored_at = await self._parts.store.write(_beat)
            if not self._can_store:  # what happened meanwhile comes before what is new
                await asyncio.gather(*(call.written() for call in self._running.values()))
            self._can_store = True
        except StoreUnavailable:
            self._can_store = False

    async def _beat_in_file(self) -> None:
        try:
            await asyncio.to_thread(self._parts.heartbeat.write, datetime.now(UTC))
        except OSError as error:  # the store has it, too
            log.debug("heartbeat_file_not_written", reason=str(error))


def _beat(conn: Connection) -> datetime:
    """A heartbeat of the moment in which it is written: for that the database may have been waited for."""
    at = datetime.now(UTC)
    heartbeat(conn, at)
    return at


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ignore(_event: MediaEvent) -> None:
    """Nothing happens on a stream before it has a call."""
