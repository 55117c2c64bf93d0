"""Whether the server can do what it is there for: take a request, store it, and call.

It asks, and believes no flag that may be old: where nothing was committed of late, a heartbeat is written, as the
server does each second while calls run. Trunks that are down do not count: requests are stored meanwhile, and calls
wait for them.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from playvoice.calls.heartbeat import heartbeat
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.shared import Shared
from playvoice.store import StoreUnavailable

FRESH = 3.0
"""Seconds for which a commit proves that the store can be written."""
PATIENCE = 2.0
"""Seconds within which the store writes, or it can't be called ready."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the server is not ready."""

    part: str
    """`store`, `media` or `callbacks`."""
    reason: str
    """In words for the operator."""


class Readiness:
    """Looks at the parts without which nothing goes."""

    def __init__(
        self, rooms: Watched, *, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE
    ) -> None:
        self._rooms = rooms
        self._clock = clock
        self._patience = patience
        self._probe = Shared(self._write)

    async def reasons(self) -> list[Reason]:
        """Return why the server is not ready, nothing where it is."""
        rooms, found = self._rooms, []
        if (unwritable := await self._why_not_stored()) is not None:
            found.append(Reason("store", unwritable))
        if rooms.media.pid is None:
            found.append(Reason("media", "there is no media worker now; another one is being started"))
        if not rooms.sends():
            found.append(Reason("callbacks", "the sender of callbacks has ended by a fault; the log says where"))
        return found

    async def close(self) -> None:
        """Wait for no answer of the store any more."""
        await self._probe.close()

    async def _why_not_stored(self) -> str | None:
        writing = self._rooms.store.writing
        if writing.available and writing.committed_at is not None and self._clock() - writing.committed_at < FRESH:
            return None
        try:
            await self._probe.get(self._patience)
        except StoreUnavailable as error:
            return str(error)
        except TimeoutError:
            return f"the database has not stored anything within {self._patience:g} s"
        except asyncio.CancelledError:
            raise
        except Exception as error:  # whatever it is, nothing was stored
            return f"the database can't store anything now: {type(error).__name__}"
        return None

    async def _write(self) -> None:
        await self._rooms.store.write(partial(heartbeat, at=datetime.now(UTC)))
