"""How long what is stored is kept: what to remove, and who removes it.

Each kind of thing has a function in its room that removes up to so many that are older than a time. They are called in
turn, for a few things at once and with a rest after each time, so that no call waits for its commit behind many, and no
kind for another of which millions are old.
What is still needed is in no such function's reach: calls that are not over, callbacks that are owed, tokens and
idempotency keys whose time is not over, voices that a call is going to play.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection

from playvoice.callbacks import outbox
from playvoice.calls import removal, trace_store
from playvoice.companies import tokens
from playvoice.config import Config
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import Voices

EVERY = 60.0
"""Seconds between two looks at what is to be removed."""
AT_ONCE = 50
"""Things that are removed at once: at most about 10 ms of the store's thread (`make bench PART=retention`)."""
REST = 0.1
"""Seconds after each time: 500 calls a second are removed, many more than are made."""

log = structlog.get_logger(__name__)

Remove = Callable[[datetime, int], Awaitable[int]]
"""Removes up to so many that are older than then; says how many were."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Things of which all are kept for one time."""

    name: str
    keep: timedelta
    remove: Remove


class Retention:
    """Removes what was kept for long enough."""

    def __init__(self, kinds: Sequence[Kind], *, at_once: int = AT_ONCE, rest: float = REST) -> None:
        self._kinds = kinds
        self._at_once = at_once
        self._rest = rest
        self._turn = asyncio.Lock()
        """Whoever waited longest has it next."""

    async def run(self) -> None:
        """Look once in a while, until cancelled."""
        await asyncio.gather(*(self._keep_looking(kind) for kind in self._kinds))

    async def look(self, at: datetime) -> None:
        """Remove what is to be removed now."""
        await asyncio.gather(*(self._look(kind, at) for kind in self._kinds))

    async def _keep_looking(self, kind: Kind) -> None:
        while True:
            await self._look(kind, datetime.now(UTC))
            await asyncio.sleep(EVERY)

    async def _look(self, kind: Kind, at: datetime) -> None:
        """A kind that can't be removed now keeps no other."""
        count, removed = 0, self._at_once
        try:
            while removed >= self._at_once:
                async with self._turn:
                    removed = await kind.remove(at - kind.keep, self._at_once)
                    await asyncio.sleep(self._rest)
                count += removed
        except StoreUnavailable as error:
            log.debug("retention_waits_for_store", kind=kind.name, reason=str(error))
        except Exception:
            log.exception("retention_failed", kind=kind.name)
        if count:
            log.info("retention", kind=kind.name, removed=count)


def kinds(config: Config, store: Store, voices: Voices) -> list[Kind]:
    """What is removed by this configuration, and when; what is kept for ever is not among it."""
    days, recordings = config.retention, config.server.data_dir / "recordings"

    def rows(remove: Callable[[Connection, datetime, int], int]) -> Remove:
        return lambda before, most: store.write(lambda conn: remove(conn, before, most))

    def files(remove: Callable[[Path, datetime, int], int], folder: Path) -> Remove:
        return lambda before, most: asyncio.to_thread(remove, folder, before, most)

    excess = partial(_remove_excess, store, config.trace.max_megabytes * trace_store.MEGABYTE)
    recordings_days = min((each for each in (days.calls, days.recordings) if each), default=0)
    given_up = max(days.callbacks, outbox.KEEP_GIVEN_UP.days) if days.callbacks else 0
    wanted = {
        "calls": (days.calls, rows(removal.remove_calls)),
        "recordings": (recordings_days, files(removal.remove_recordings, recordings)),
        "callbacks": (days.callbacks, rows(outbox.remove_delivered)),
        "callbacks_given_up": (given_up, rows(outbox.remove_given_up)),
        "tokens": (days.tokens, rows(tokens.remove)),
        "idempotency_keys": (days.idempotency_keys, rows(removal.forget_keys)),
        "downloaded_voices": (days.downloaded_voices, voices.remove_unused),
        "traces": (days.traces, rows(trace_store.remove)),
    }
    found = [Kind(name, timedelta(days=limit), remove) for name, (limit, remove) in wanted.items() if limit]
    return [*found, Kind("traces_over_size", timedelta(0), excess)]


async def _remove_excess(store: Store, octets: int, _before: datetime, most: int) -> int:
    """Remove the oldest traces, whatever their age, while all have more octets than these."""
    excess = await store.read(trace_store.size) - octets
    if excess <= 0:
        return 0
    return await store.write(lambda conn: trace_store.remove_octets(conn, excess, most))
