"""Whether a call that is asked for now would be stored, dialled, heard and reported.

It asks, and believes no flag that may be old: where nothing was committed of late, a heartbeat is written, as the
server does each second while calls run. Trunks count where none can be used: a call is tried all the same, and fails.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from playvoice.calls.heartbeat import heartbeat
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.shared import Shared
from playvoice.store import StoreUnavailable

PARTS = ("server", "store", "media", "trunks", "callbacks", "descriptors")
"""What has to be so, each with a reason of its own where it is not."""
FRESH = 3.0
"""Seconds for which a commit proves that the store can be written."""
PATIENCE = 2.0
"""Seconds within which the store writes, or it can't be called ready."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the server is not ready."""

    part: str
    """One of `PARTS`."""
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

    async def reasons(self, without: Collection[str] = ()) -> list[Reason]:
        """Return why the server is not ready, nothing where it is; some parts may be left out."""
        rooms, found = self._rooms, list[Reason]()
        if rooms.stops():
            found.append(Reason("server", "the server is stopping, and takes no more calls"))
        if "store" not in without and (unwritable := await self._why_not_stored()) is not None:
            found.append(Reason("store", unwritable))
        if rooms.media.pid is None:
            found.append(Reason("media", "there is no media worker now; another one is being started"))
        elif (unheard := _why_nothing_is_heard(rooms.rtp_address)) is not None:
            found.append(Reason("media", unheard))
        if not any(view.usable for view in rooms.trunks.views(time.monotonic())):
            found.append(
                Reason("trunks", "none can be used: down, not registered, without an address, or asked for no calls")
            )
        if not rooms.sends():
            found.append(Reason("callbacks", "the sender of callbacks has ended by a fault; the log says where"))
        if (unopened := _why_nothing_opens()) is not None:
            found.append(Reason("descriptors", unopened))
        return [reason for reason in found if reason.part not in without]

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


def _why_nothing_is_heard(address: str) -> str | None:
    """Why no call would get a port for audio: the address is none of this machine's, or is so no more."""
    try:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        return None  # for want of descriptors, which is a reason of its own
    with sock:
        try:
            sock.bind((address, 0))
        except OSError as error:
            return f"no audio can be sent from [rtp] address {address}: {os.strerror(error.errno or 0)}"
    return None


def _why_nothing_opens() -> str | None:
    """Why no connection could be taken now, though one that is open is still answered."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return f"nothing more can be opened: {os.strerror(error.errno or 0)}"
    return None
