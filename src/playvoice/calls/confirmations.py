"""Legs whose far end has confirmed their end, what their streams did, and traces of calls, stored a few at a time.

Nobody waits for it: a leg whose confirmation a crash forgets is ended once more at the next start, and its far end says
that it knows of no such call. So a second's worth of legs is one commit instead of one for each.
"""

import asyncio
import contextlib
from functools import partial

import structlog
from sqlalchemy import Connection

from playvoice.calls import ledger, trace_store
from playvoice.calls.trace_parts import Packed, Raw, pack
from playvoice.calls.traces import CallTrace
from playvoice.media.client import StreamStats
from playvoice.store import OutcomeUnknown, Store, StoreUnavailable

log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds between two commits."""
AT_ONCE = 500
"""Legs in one statement, and streams in one commit."""


class Confirmations:
    """The confirmed legs, and the streams that were given back, that are not stored yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._legs: list[str] = []
        self._streams: list[tuple[str, StreamStats]] = []
        self._traces: list[CallTrace] = []
        self._parts: list[Packed] = []
        """Traces as they are stored."""
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def __repr__(self) -> str:
        waiting = len(self._legs) + len(self._streams) + len(self._traces) + len(self._parts)
        return f"<Confirmations {waiting} to be stored>"

    def add(self, leg: str) -> None:
        """A leg's far end has confirmed; the leg's end is stored already."""
        self._legs.append(leg)
        self._begin()

    def add_stream(self, leg: str, stats: StreamStats) -> None:
        """The stream of a leg was given back."""
        self._streams.append((leg, stats))
        self._begin()

    def add_trace(self, trace: CallTrace) -> None:
        """A call's trace has something to be stored."""
        self._traces.append(trace)
        self._begin()

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def written(self) -> None:
        """Store what there is now, and wait for it."""
        self._hurry.set()
        while self._task is not None:
            await asyncio.shield(self._task)
        self._hurry.clear()

    async def _write(self) -> None:
        failed, doubtful = False, 0
        while self._legs or self._streams or self._traces or self._parts:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._hurry.wait()
            await self._pack()
            legs, streams, parts = self._legs[:AT_ONCE], self._streams[:AT_ONCE], self._parts[:AT_ONCE]
            try:
                await self._store.write(partial(_write, legs=legs, streams=streams, parts=parts, doubtful=doubtful))
            except StoreUnavailable as error:
                if isinstance(error, OutcomeUnknown):
                    doubtful = len(parts)
                log.debug("confirmations_wait", legs=len(self._legs), streams=len(self._streams), reason=str(error))
                await asyncio.sleep(EVERY)
                continue
            except Exception:
                failed = not failed
                if failed:  # once more; then they are left out, since those that come later are not to be lost by it
                    continue
                log.exception("confirmations_failed", legs=len(legs), streams=len(streams))
            failed, doubtful = False, 0
            del self._legs[: len(legs)]
            del self._streams[: len(streams)]
            del self._parts[: len(parts)]
            for part in parts:
                part.stored()
        self._task = None

    async def _pack(self) -> None:
        """Make rows of traces, away from the loop: it takes a tenth of a millisecond for each."""
        raw = [trace.take() for trace in self._traces]
        self._traces.clear()
        rows = await asyncio.to_thread(lambda: [_packed(part) for part in raw]) if raw else []
        for part, row in zip(raw, rows, strict=True):
            if row is None:
                part.free(part.octets)
            else:
                self._parts.append(row)


def _packed(raw: Raw) -> Packed | None:
    """The row of a trace; None where a fault of ours keeps it from being made, which costs nothing else."""
    try:
        return pack(raw)
    except Exception:
        log.exception("trace_not_packed", uuid=raw.call_uuid)
        return None


def _write(
    conn: Connection, legs: list[str], streams: list[tuple[str, StreamStats]], parts: list[Packed], doubtful: int
) -> None:
    if legs:
        ledger.legs_confirmed(conn, legs)
    ledger.legs_streamed(conn, streams)
    trace_store.keep(conn, parts, doubtful)
