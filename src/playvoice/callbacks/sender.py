"""The sender: one task that starts deliveries, one that reads what is owed, one that writes what became of it.

All that is decided is decided in `Deliveries`; here are only the store, the web client and the clock. Results that
come while a write runs, or soon after it, are written together by the next one, in one transaction with what else the
server stores.
After a crash, what was under way is sent again under the same `webhook-id`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Protocol

import structlog

from playvoice.callbacks import outbox
from playvoice.callbacks.deliveries import MAX_IN_FLIGHT, Attempt, Deliveries
from playvoice.callbacks.endpoints import Endpoints
from playvoice.callbacks.errors import SigningSecretError
from playvoice.callbacks.outcomes import Answered, Outcome, Unanswered
from playvoice.callbacks.payloads import to_body
from playvoice.callbacks.schedule import parse_retry_after
from playvoice.callbacks.signing import signed_headers
from playvoice.callbacks.sweeps import owed_of_the_future, take_step
from playvoice.callbacks.tables import CallbackKind, State, webhook_id
from playvoice.clock import ClockSettings, wall_clock
from playvoice.store import Store, StoreUnavailable
from playvoice.web import WebError, WebResponse

ATTEMPT_TIMEOUT = 10.0
"""Seconds that one attempt takes at most, in all."""
FRESH_SPACING = 0.05
"""Seconds between two looks for new callbacks: under load one look finds many."""
WRITE_SPACING = 0.05
"""Seconds between two writes of results: under load one transaction holds many; after a pause there is no wait."""
LAST_LOOK = 0.01
"""Seconds between two looks at a stop whether all that is owed has been tried."""
LOOK_INTERVAL = 10.0
"""Seconds after which is looked even if nobody said that something is owed."""
STORE_PAUSE = 1.0
BATCH = 500

_log = structlog.get_logger(__name__)


class Posts(Protocol):
    """What the sender needs of the web client."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> WebResponse:  # noqa: ASYNC109
        """POST once, following nothing; raises `WebError` where there is no answer."""
        ...


class Sender:
    """Delivers what is owed, from `run` until `stop`."""

    def __init__(
        self,
        store: Store,
        web: Posts,
        endpoints: Endpoints,
        *,
        random: Random,
        max_in_flight: int = MAX_IN_FLIGHT,
        clock: Callable[[], datetime] = wall_clock,
        on_attempt: Callable[[str, State], None] = lambda company_code, state: None,
    ) -> None:
        """`max_in_flight` is no more than the connections that `web` may have, or one would wait for another's end.

        `on_attempt` is told the company of each attempt that ended, and what the callback is now.
        """
        self._store = store
        self._web = web
        self._clock = clock
        self._on_attempt = on_attempt
        self._begin_anew = partial(Deliveries, endpoints, chance=random.random, max_in_flight=max_in_flight)
        self._deliveries = self._begin_anew()
        self._seen = 0
        self._fresh_wanted = False
        self._stopping = False
        self._pausing = False
        self._reading = False
        self._writing = False
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._send_event = asyncio.Event()
        self._read_event = asyncio.Event()
        self._write_event = asyncio.Event()
        self._hurry_event = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Sender under_way={len(self._under_way)} {self._deliveries!r}>"

    @property
    def idle(self) -> bool:
        """Tell whether nothing is under way and nothing new is known."""
        return self._deliveries.idle and not (self._fresh_wanted or self._reading or self._under_way)

    def wake(self) -> None:
        """Say that a callback has been committed; costs nothing, however often."""
        self._fresh_wanted = True
        self._read_event.set()

    @property
    def under_way(self) -> int:
        """Attempts that run now."""
        return len(self._under_way)

    def expect(self, company_codes: Iterable[str]) -> None:
        """Say that what is owed to these companies was changed: it is looked at again."""
        self._deliveries.expect(company_codes)
        self._read_event.set()

    def moved(self, addresses: Iterable[tuple[str, CallbackKind]]) -> None:
        """Say that these companies want their callbacks of these kinds elsewhere: what waits is tried there at once."""
        for company_code, kind in addresses:
            self._deliveries.moved(company_code, kind, self._clock())
        self._read_event.set()

    async def run(self) -> None:
        """Deliver until `stop`; nothing that a receiver or the store does ends it."""
        self._stopped.clear()
        reader = asyncio.create_task(self._read_loop(), name="callbacks-read")
        writer = asyncio.create_task(self._write_loop(), name="callbacks-write")
        sender = asyncio.create_task(self._send_loop(), name="callbacks-send")
        loops = {reader, writer, sender}
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*loops, *self._under_way):
                task.cancel()
            results = await asyncio.gather(*loops, *self._under_way, return_exceptions=True)
            self._stopped.set()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def stop(self, grace: float = 5.0) -> None:
        """Try what is owed by now, write down the results, and end `run`; at most `grace` seconds for the attempts.

        None begins in their second half. One that is cut off is made again at the next start, under the same
        `webhook-id`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        self._hurry_event.set()
        while not (self._stopped.is_set() or self.idle) and loop.time() < end - grace / 2:  # noqa: ASYNC110 - once
            await asyncio.sleep(LAST_LOOK)
        self._stopping = True
        self._hurry_event.set()
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=end - loop.time())
        cut_off = set(self._under_way)
        for task in cut_off:
            task.cancel()
        await asyncio.gather(*cut_off, return_exceptions=True)
        self._write_event.set()
        await self._stopped.wait()

    # -- sending -----------------------------------------------------------------------------------------------

    async def _send_loop(self) -> None:
        while True:
            if not (self._stopping or self._pausing):
                for attempt in self._deliveries.attempts(self._clock()):
                    task = asyncio.create_task(self._deliver(attempt))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
            if self._deliveries.has_changes:
                self._write_event.set()
            deadline = None if self._stopping or self._pausing else self._deliveries.next_attempt_at()
            await _wait(self._send_event, self._until(deadline))

    async def _deliver(self, attempt: Attempt) -> None:
        outcome = await self._attempt(attempt)
        change = self._deliveries.finished(attempt, outcome, self._clock())
        self._on_attempt(attempt.owed.company_code, change.state)
        if change.state is not State.DELIVERED:
            _log.warning(
                "callback_failed",
                uuid=attempt.owed.call_uuid,
                company=attempt.owed.company_code,
                kind=attempt.owed.kind.value,
                attempts=change.attempts,
                error=change.last_error,
                state=change.state.value,
                next_attempt=None if change.next_attempt is None else change.next_attempt.isoformat(),
            )
        self._send_event.set()

    async def _attempt(self, attempt: Attempt) -> Outcome:
        owed, endpoint, at = attempt.owed, attempt.endpoint, self._clock()
        try:
            body, content_type = to_body(owed.payload, endpoint.format)
            headers = signed_headers(
                endpoint.signing_secret, webhook_id(owed.call_uuid, owed.id), int(at.timestamp()), body
            )
            headers["content-type"] = content_type
            response = await self._web.post(endpoint.url, body, headers, timeout=ATTEMPT_TIMEOUT)
        except (WebError, SigningSecretError) as error:
            return Unanswered(f"{type(error).__name__}: {error}")
        except Exception:
            _log.exception("callback_attempt_broke", uuid=owed.call_uuid, company=owed.company_code)
            return Unanswered("the attempt broke; the server's log says where")
        return Answered(response.status, parse_retry_after(response.headers.get("retry-after"), self._clock()))

    def _until(self, deadline: datetime | None) -> float:
        if deadline is None:
            return LOOK_INTERVAL
        return min(LOOK_INTERVAL, max(0.0, (deadline - self._clock()).total_seconds()))

    # -- reading -----------------------------------------------------------------------------------------------

    async def _read_loop(self) -> None:
        loop = asyncio.get_running_loop()
        settings = ClockSettings(self._clock, loop.time)
        await self._begin()
        looked_at = loop.time()
        while True:
            if not self._stopping:
                try:
                    if settings.step() < timedelta():
                        await self._clock_was_set_back()
                    now = loop.time()
                    if now >= looked_at + (FRESH_SPACING if self._fresh_wanted else LOOK_INTERVAL):
                        looked_at = now
                        await self._read_fresh()
                    elif any([await self._read_due(), await self._sweep()]):  # a step of each
                        continue
                except StoreUnavailable as error:
                    await self._pause(error)
                    continue
            await _wait(self._read_event, self._until_read(looked_at + FRESH_SPACING - loop.time()))

    def _until_read(self, until_fresh: float) -> float:
        if self._stopping:
            return LOOK_INTERVAL
        if self._deliveries.next_sweep() is not None:
            return 0.0
        wait = self._until(self._deliveries.next_read_at())
        return min(wait, until_fresh) if self._fresh_wanted else wait

    async def _begin(self) -> None:
        while True:
            try:
                self._seen = await self._store.read(outbox.last_id)
                codes = await self._store.read(outbox.companies_owed)
                set_back = await self._store.read(partial(owed_of_the_future, company_codes=codes, at=self._clock()))
                doubtful = await self._store.read(partial(outbox.unanswered, company_codes=codes))
            except StoreUnavailable as error:
                await self._pause(error)
                continue
            for code, kind in doubtful:
                self._deliveries.doubt(code, kind)
            self._deliveries.set_back(set_back, self._clock())
            self._deliveries.begin(codes, self._clock())
            return

    async def _clock_was_set_back(self) -> None:
        """Begin anew by the clock as it is now: what waits in memory waits for times that are far off."""
        _log.warning("callbacks_clock_set_back")
        self._pausing = True
        try:
            while self._under_way or self._writing or self._deliveries.has_changes:
                await _wait(self._read_event, STORE_PAUSE)
            self._deliveries = self._begin_anew()
            await self._begin()
        finally:
            self._pausing = False
        self._send_event.set()

    async def _read_fresh(self) -> None:
        self._fresh_wanted = False
        self._reading = True
        self._deliveries.begin_read()
        try:
            rows, seen = await self._store.read(lambda conn: outbox.fresh(conn, self._seen, BATCH))
        except BaseException:
            self._fresh_wanted = True
            raise
        finally:
            self._reading = False
        if seen - self._seen >= BATCH:
            self._fresh_wanted = True  # there may be more; what is owed later wakes us
        self._seen = seen
        self._deliveries.add(rows, self._clock())
        self._send_event.set()

    async def _read_due(self) -> bool:
        at = self._clock()
        refill = self._deliveries.next_refill(at)
        if refill is None:
            return False
        self._deliveries.begin_read()
        try:
            rows, again = await self._store.read(
                lambda conn: outbox.due(conn, refill.company_code, refill.kind, at, refill.after, refill.most)
            )
        except BaseException:
            self._deliveries.refill_failed(refill, at)
            raise
        self._deliveries.refilled(refill, rows, again, self._clock())
        self._send_event.set()
        return True

    async def _sweep(self) -> bool:
        sweep = self._deliveries.next_sweep()
        if sweep is None:
            return False
        cursor = await self._store.write(partial(take_step, sweep=sweep, at=self._clock(), most=BATCH))
        self._deliveries.swept(sweep, cursor)
        return True

    async def _pause(self, error: StoreUnavailable) -> None:
        _log.warning("callbacks_wait_for_store", error=str(error))
        await asyncio.sleep(STORE_PAUSE)

    # -- writing -----------------------------------------------------------------------------------------------

    async def _write_loop(self) -> None:
        """Ends, and `run` with it, when the sender stops and everything is written."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            await _wait(self._write_event, LOOK_INTERVAL)
            while self._deliveries.has_changes:
                if not self._stopping:
                    await _wait(self._hurry_event, next_at - loop.time())
                next_at = loop.time() + WRITE_SPACING
                batch = self._deliveries.take_changes()
                self._writing = True
                try:
                    await self._store.write(
                        partial(outbox.record, changes=batch.changes, postponements=batch.postponements)
                    )
                except StoreUnavailable as error:
                    self._deliveries.give_back(batch)
                    if self._stopping:
                        return
                    await self._pause(error)
                    continue
                finally:
                    self._writing = False
                self._deliveries.committed(batch, self._clock())
                self._send_event.set()
                self._read_event.set()
            if self._stopping and not self._under_way:
                return


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, at most `seconds`, and clear it; always lets the loop go on."""
    if seconds <= 0 or event.is_set():
        await asyncio.sleep(0)
    else:
        handle = asyncio.get_running_loop().call_later(seconds, event.set)
        try:
            await event.wait()
        finally:
            handle.cancel()
    event.clear()
