"""Calls that wait: first for their voice, then, in the order of acceptance, for a trunk; in turn over companies.

    stored ── add ──> accepted ── voice made ready, a few at once ──> ready ── heads, taken ──> dialled
                         │ voice can't be had, waited too long              │ waited too long
                         └──────────────────── abandon ─────────────────────┘

What holds one company up (a server of voices that never answers, a trunk that is full) costs the others nothing: each
has bounds of its own, and there is none that all share.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from playvoice.calls import ledger
from playvoice.calls.ages import Ages
from playvoice.calls.ledger import StoredCall
from playvoice.calls.ports import FindsCompanies, PreparesVoices
from playvoice.clock import Clock
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import Voice, VoiceKind, VoiceRef, VoiceUnavailable

log = structlog.get_logger(__name__)

PREPARING_OF_COMPANY = 8
"""Voices of a company that are made ready at once."""
READY_OF_COMPANY = 200
"""Calls of a company whose voice is ready or being made ready."""
AT_HAND = 200
"""Calls of a company that are kept as they were stored; of those behind them only the uuid is."""
WITHDRAWN = "an operator hung it up"
NO_COMPANY = "its company is gone"
EXPIRED = "it has waited for longer than its company's expire_after"
"""The reason of a call that is not dialled any more."""
AGAIN = 1.0
"""Seconds after which a call that could not be read is read again."""

Abandon = Callable[[StoredCall, Company | None, Cause, str], Awaitable[None]]
"""Reports a call that is not dialled, with its cause and, for a person, the reason."""


@dataclass(order=True, frozen=True, slots=True)
class Ready:
    """A call whose voice is ready, ordered by acceptance."""

    id: int
    stored: StoredCall = field(compare=False)
    voice: Voice = field(compare=False)
    at: float = field(default_factory=lambda: Clock().now(), compare=False)
    """Since when, in monotonic seconds."""


@dataclass(slots=True)
class _Line:
    """One company's waiting calls."""

    accepted: deque[StoredCall | str] = field(default_factory=deque)
    """The next ones as they are stored, those behind by their uuid: so many may wait that they stay in the store."""
    preparing: dict[str, StoredCall | str] = field(default_factory=dict)
    """By their uuid."""
    ready: list[Ready] = field(default_factory=list)

    @property
    def wants_a_voice(self) -> bool:
        return (
            bool(self.accepted)
            and len(self.preparing) < PREPARING_OF_COMPANY
            and len(self.preparing) + len(self.ready) < READY_OF_COMPANY
        )


class Waiting:
    """All waiting calls of one server."""

    def __init__(self, store: Store, companies: FindsCompanies, voices: PreparesVoices) -> None:
        self._store = store
        self._companies = companies
        self._voices = voices
        self._ages = Ages()
        self._lines: dict[str, _Line] = {}
        """Companies in turn: who was served last stands last."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._abandon: Abandon | None = None
        self._prepares = False
        """Between start and stop."""
        self._over: set[str] = set()
        """Calls that are still being made ready, and have been reported already."""
        self.changed = asyncio.Event()
        """Set when a call has become ready."""

    def __repr__(self) -> str:
        accepted = sum(len(line.accepted) for line in self._lines.values())
        return f"<Waiting {accepted} accepted, {len(self._tasks)} preparing, {self.ready} ready>"

    @property
    def ready(self) -> int:
        """Calls that could be dialled now."""
        return sum(len(line.ready) for line in self._lines.values())

    def start(self, abandon: Abandon) -> None:
        """Begin to make voices ready; `abandon` reports a call that will not be dialled."""
        self._abandon, self._prepares = abandon, True
        self._prepare_more()

    async def stop(self) -> None:
        """Stop making voices ready; the calls wait on, and can still be withdrawn."""
        self._prepares = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def add(self, stored: StoredCall) -> None:
        """A call was stored and waits."""
        self._ages.accepted(stored)
        accepted = self._lines.setdefault(stored.company_code, _Line()).accepted
        accepted.append(stored if len(accepted) < AT_HAND else stored.uuid)
        self._prepare_more()

    def counts(self) -> dict[str, int]:
        """How many calls wait, by company."""
        return {code: len(line.accepted) + len(line.preparing) + len(line.ready) for code, line in self._lines.items()}

    def has(self, uuid: str) -> bool:
        """Whether this call waits."""
        return any(
            uuid in line.preparing
            or any(ready.stored.uuid == uuid for ready in line.ready)
            or any(_uuid(accepted) == uuid for accepted in line.accepted)
            for line in self._lines.values()
        )

    async def withdraw(self, uuid: str) -> bool:
        """End a call that waits, with its record; False where none of this uuid does."""
        for line in self._lines.values():
            if uuid in line.preparing:
                if uuid in self._over:
                    return False
                self._over.add(uuid)
                return await self._end_accepted(line.preparing[uuid])
            for ready in line.ready:
                if ready.stored.uuid == uuid:
                    line.ready.remove(ready)
                    heapq.heapify(line.ready)
                    ready.voice.give_back()
                    self._prepare_more()
                    return await self._end_accepted(ready.stored)
            for accepted in line.accepted:
                if _uuid(accepted) == uuid:
                    line.accepted.remove(accepted)
                    return await self._end_accepted(accepted)
        return False

    async def _end_accepted(self, accepted: StoredCall | str) -> bool:
        """Report a call that an operator hung up."""
        stored = await self._read(accepted) if isinstance(accepted, str) else accepted
        if stored is not None and self._abandon is not None:
            await self._abandon(stored, self.company_of(stored), Cause.HUNG_UP_BY_SERVER, WITHDRAWN)
        return True

    def company_of(self, stored: StoredCall) -> Company | None:
        """A call's company as it is now: it may be changed, or go, while the call waits."""
        return self._companies.get(stored.company_code)

    def time_left(self, stored: StoredCall, company: Company) -> float:
        """Seconds for which its company lets a call wait on; less than none for one that has waited too long."""
        return company.expire_after - self._ages.of(stored).total_seconds()

    # --- ready calls ----------------------------------------------------------------------------------------------

    def heads(self) -> Iterator[Ready]:
        """The next ready call of each company, the companies in turn."""
        for line in list(self._lines.values()):
            if line.ready:
                yield line.ready[0]

    def take(self, ready: Ready) -> bool:
        """Take this call out; its company's turn is the last one now. False where it waits no longer."""
        code = ready.stored.company_code
        line = self._lines.get(code)
        if line is None or ready not in line.ready:
            return False
        line.ready.remove(ready)
        heapq.heapify(line.ready)
        del self._lines[code]
        if line.accepted or line.preparing or line.ready:
            self._lines[code] = line
        self._prepare_more()
        return True

    # --- making voices ready --------------------------------------------------------------------------------------

    def _prepare_more(self) -> None:
        """Begin with as many voices of each company as may be made ready at once."""
        if not self._prepares:
            return
        for line in self._lines.values():
            while line.wants_a_voice:
                accepted = line.accepted.popleft()
                line.preparing[_uuid(accepted)] = accepted
                task = asyncio.get_running_loop().create_task(self._prepare(line, accepted))
                self._tasks.add(task)
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._prepare_more()

    async def _prepare(self, line: _Line, accepted: StoredCall | str) -> None:
        ready, uuid = None, _uuid(accepted)
        try:
            ready = await self._ready(accepted)
        except asyncio.CancelledError:
            if uuid not in self._over:
                line.accepted.appendleft(accepted)
            raise
        finally:
            del line.preparing[uuid]
            is_over = uuid in self._over
            self._over.discard(uuid)
        if ready is None:
            return
        if is_over:
            ready.voice.give_back()
        else:
            heapq.heappush(line.ready, ready)
            self.changed.set()

    async def _ready(self, accepted: StoredCall | str) -> Ready | None:
        """Make a call ready, or end it; after a fault once more, and then the next start takes it up."""
        for pause in (AGAIN, None):
            try:
                stored = await self._read(accepted) if isinstance(accepted, str) else accepted
                return None if stored is None else await self._make_ready(stored)
            except Exception:
                log.exception("call_not_made_ready", uuid=_uuid(accepted))
            if pause is not None:
                await asyncio.sleep(pause)
        return None

    async def _report(self, stored: StoredCall, company: Company | None, cause: Cause, reason: str) -> None:
        """Report a call that can't be made ready, once: it may be hung up while its voice fails."""
        if self._abandon is not None and stored.uuid not in self._over:
            self._over.add(stored.uuid)
            await self._abandon(stored, company, cause, reason)

    async def _read(self, uuid: str) -> StoredCall | None:
        while True:
            try:
                return await self._store.read(lambda conn: ledger.read_call(conn, uuid))
            except StoreUnavailable as error:
                log.error("call_not_read", uuid=uuid, reason=str(error))
                await asyncio.sleep(AGAIN)

    async def _make_ready(self, stored: StoredCall) -> Ready | None:
        """Make a call's voice ready; None if it has ended instead."""
        uuid, company = stored.uuid, self.company_of(stored)
        if company is None:
            await self._report(stored, None, Cause.OTHER, NO_COMPANY)
            return None
        if self.time_left(stored, company) < 0:
            await self._report(stored, company, Cause.TIMER_EXPIRED, EXPIRED)
            return None
        try:
            ref = VoiceRef(VoiceKind(stored.voice_kind), stored.voice_name)
            voice = await self._voices.prepare(stored.company_code, ref, datetime.now(UTC))
        except VoiceUnavailable as error:
            log.info("voice_unavailable", uuid=uuid, reason=error.reason)
            reason = f"its voice can't be had: {error.reason}"
        except Exception:
            log.exception("voice_failed", uuid=uuid)
            reason = "its voice can't be had: the server failed, and its log says where"
        else:
            return Ready(stored.id, stored, voice)
        await self._report(stored, company, Cause.OTHER, reason)
        return None


def _uuid(accepted: StoredCall | str) -> str:
    return accepted if isinstance(accepted, str) else accepted.uuid
