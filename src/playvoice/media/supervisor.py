"""Keeps a media worker running: when one dies, what went with it is told, and another takes its place.

    STARTING ──it came up──> UP ──it died, or gave no answer in time──┐
       ^  └────it did not────────────────────────┐                    │
       └────────────── waits, `restart_delay` ───┴────────────────────┘

A worker's streams die with it: their ports and RTP numbers are gone, and with them what the far ends hear. So their
calls end, and only theirs; the next call is carried by the next worker. While there is none, no stream is reserved.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, Self

import structlog

from playvoice.media.client import MediaClient, MediaEvent, MediaGone, Stream
from playvoice.media.protocol import ClockPace

log = structlog.get_logger(__name__)

MAX_DELAY = 30.0
"""Seconds between two starts, at most."""
STEADY = 30.0
"""Seconds after which a worker is not counted as one that failed to start: one that always dies young is a fault that
no haste mends."""
LOOK_EVERY = 5.0
"""Seconds between two looks whether the worker lives: while calls only play, nobody else asks it anything."""

OnGone = Callable[[tuple[Stream, ...]], None]


class StartWorker(Protocol):
    """`MediaClient.start`, with address, ports and the bound given."""

    def __call__(self, *, number: int, on_gone: Callable[[], None]) -> Awaitable[MediaClient]: ...


def restart_delay(failures: int) -> float:
    """Seconds until the next start, after so many workers in a row that did not come up or died young: 0, 1, 2, 4, …"""
    return 0.0 if failures == 0 else min(MAX_DELAY, 2.0 ** (min(failures, 16) - 1))


class MediaSupervisor:
    """The media worker that is there now. Streams are reserved from it as from a `MediaClient`."""

    def __init__(
        self,
        start_worker: StartWorker,
        on_gone: OnGone,
        *,
        on_pace: Callable[[ClockPace], None] = lambda pace: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._start_worker = start_worker
        self._on_gone = on_gone
        self._on_pace = on_pace
        self._clock = clock
        self._sleep = sleep
        self._client: MediaClient | None = None
        self._dead: MediaClient | None = None
        self._number = 0
        self._up_since = 0.0
        self._failures = 0
        self._replacing: asyncio.Task[None] | None = None
        self._closed = False
        self.capacity = 0
        """Streams that the worker carries, or the last one carried."""

    def __repr__(self) -> str:
        if self._client is not None:
            return f"<MediaSupervisor of worker {self._number}, {self.streams} of {self.capacity} streams>"
        return f"<MediaSupervisor without a worker, {self._failures} failures in a row>"

    @classmethod
    async def start(
        cls,
        *,
        address: str,
        ports: tuple[int, int],
        max_streams: int = 4_000,
        on_gone: OnGone = lambda lost: None,
        on_pace: Callable[[ClockPace], None] = lambda pace: None,
    ) -> Self:
        """Start a worker that binds `address` and the ports of this range; MediaGone if the first does not come up.

        `on_gone` is told the streams that went with a worker. It is called in the loop, and not after `close`.
        `on_pace` is told how the clock kept its time, each second in which there are streams.
        """

        def start_worker(*, number: int, on_gone: Callable[[], None]) -> Awaitable[MediaClient]:
            return MediaClient.start(
                address=address, ports=ports, number=number, max_streams=max_streams, on_gone=on_gone
            )

        supervisor = cls(start_worker, on_gone, on_pace=on_pace)
        await supervisor.begin()
        return supervisor

    async def begin(self) -> None:
        """Start the first worker; MediaGone if it does not come up."""
        self._number += 1
        client = await self._start_worker(number=self._number, on_gone=self._lose)
        client.on_pace = self._on_pace
        self._client, self._up_since, self.capacity = client, self._clock(), client.capacity

    async def reserve(self, on_event: Callable[[MediaEvent], None]) -> Stream:
        """Bind an RTP port. MediaFull at the bound, MediaGone while there is no worker."""
        if self._client is None:
            raise MediaGone("there is no media worker now")
        return await self._client.reserve(on_event)

    @property
    def streams(self) -> int:
        """How many are reserved, or being reserved."""
        return 0 if self._client is None else self._client.reserved

    @property
    def has_room(self) -> bool:
        """One more stream can be reserved."""
        return self._client is not None and self._client.load < self.capacity

    @property
    def pace(self) -> ClockPace | None:
        """How the worker's clock kept its time in the last second in which there were streams."""
        return None if self._client is None else self._client.pace

    @property
    def workers_started(self) -> int:
        """How many workers were started, those among them that did not come up: 1 where none ever died."""
        return self._number

    @property
    def pid(self) -> int | None:
        """The worker's process id, if there is a worker."""
        return None if self._client is None else self._client.pid

    async def watch(self) -> None:
        """Look after the worker, for ever: one that gives no answer in time is ended, and replaced."""
        while True:
            await self._sleep(LOOK_EVERY)
            if self._client is not None:
                with contextlib.suppress(MediaGone):
                    await self._client.answer()

    async def close(self) -> None:
        """End the worker, and start none any more."""
        self._closed = True
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.gather(self._replacing, return_exceptions=True)
        for client in (self._client, self._dead):
            if client is not None:
                await client.close()
        self._client = self._dead = None

    def _lose(self) -> None:
        """The worker died: begin with the next one, then tell what is lost."""
        if self._closed:
            return
        client, self._client = self._client, None
        assert client is not None
        self._dead = client
        if self._clock() - self._up_since >= STEADY:
            self._failures = 0
        self._replacing = asyncio.get_running_loop().create_task(self._replace(client))
        lost = client.streams
        log.error("media_streams_lost", worker=self._number, streams=len(lost))
        try:
            self._on_gone(lost)
        except Exception:  # its fault is not to cost the next calls their worker
            log.exception("media_loss_not_handled", worker=self._number)

    async def _replace(self, dead: MediaClient) -> None:
        """Start workers until one comes up; the dead one is waited for, so that no process is left behind."""
        try:
            await dead.close()
        except Exception:  # one process that is left behind, where else there would be no worker any more
            log.exception("media_worker_not_closed", pid=dead.pid)
        self._dead = None
        while self._client is None:
            await self._sleep(restart_delay(self._failures))
            self._failures += 1
            try:
                await self.begin()
            except Exception as error:  # whatever it was, it may be over the next time
                log.error("media_worker_not_started", worker=self._number, reason=repr(error))
        log.info("media_worker_replaced", worker=self._number)
