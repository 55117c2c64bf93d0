"""The server's half of the media worker: commands out, reports in, on the server's loop."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from itertools import count
from typing import Self

import structlog

from playvoice.media import protocol as p
from playvoice.media.ending import end
from playvoice.media.leg import MediaEvent, Stream, StreamStats
from playvoice.media.tones import TONES_WEIGHT

__all__ = ["MediaClient", "MediaError", "MediaEvent", "MediaFull", "MediaGone", "Stream", "StreamStats"]

log = structlog.get_logger(__name__)

START_TIMEOUT = 30.0
"""Seconds in which a worker has to come up."""
ANSWER_TIMEOUT = 5.0
"""Seconds in which a worker answers; one that doesn't is stuck, and of no more use than a dead one."""
STOP_TIMEOUT = 2.0
"""Seconds that a worker has to end when asked to."""
MAX_LOADED = 500
"""Voices, of two files each, that the worker was told of and holds on to."""
_HELLO = 0
"""The number of the answer to no request."""
_NO_STREAM = -1
"""A number that no stream has: its release is answered, and does nothing."""
MAX_UNSENT = 8_388_608
"""Octets that may wait for the worker; beyond it the worker is stuck and given up."""


class MediaError(Exception):
    """Base of what the media client raises."""


class MediaFull(MediaError):
    """The worker carries no more streams, or no RTP port is free."""


class MediaGone(MediaError):
    """The worker has ended."""


class MediaClient:
    """One media worker and its streams."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        on_gone: Callable[[], None],
        answer_timeout: float = ANSWER_TIMEOUT,
    ) -> None:
        self._process = process
        self._on_gone = on_gone
        self._answer_timeout = answer_timeout
        self._writer: asyncio.StreamWriter | None = None
        self._reader_task: asyncio.Task[None] | None = None
        self._requests: dict[int, asyncio.Future[p.Message]] = {}
        self._numbers = count(1)
        self._reserving: set[int] = set()
        self._streams: dict[int, Stream] = {}
        self._with_tones: set[int] = set()
        self._loaded: set[tuple[str, ...]] = set()
        self._unsent = bytearray()
        self._gone = False
        self._closing = False
        self.capacity = 0
        self.pace: p.ClockPace | None = None
        """Of the last second in which there were streams."""
        self.on_pace: Callable[[p.ClockPace], None] = lambda pace: None
        """Told the pace of each second in which there were streams."""

    def __repr__(self) -> str:
        state = "gone" if self._gone else f"{self.reserved} of {self.capacity} streams"
        return f"<MediaClient of process {self._process.pid}, {state}>"

    @property
    def reserved(self) -> int:
        """How many streams are reserved, or being reserved."""
        return len(self._streams) + len(self._reserving)

    def load_once(self, command: p.Load) -> None:
        """Send the command, unless the worker was told of this voice already and has it at hand."""
        voice = tuple(command.paths.values())
        if voice in self._loaded:
            return
        if len(self._loaded) >= MAX_LOADED:
            self._loaded.clear()
        self._loaded.add(voice)
        self.command(command)

    @property
    def load(self) -> int:
        """What stands against the capacity: one for each stream, more for those whose audio is searched for tones."""
        return self.reserved + (TONES_WEIGHT - 1) * len(self._with_tones)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Those that are reserved; in `on_gone`, those that went with the worker."""
        return tuple(self._streams.values())

    @classmethod
    async def start(
        cls,
        *,
        address: str,
        ports: tuple[int, int],
        number: int = 1,
        max_streams: int = 4_000,
        on_gone: Callable[[], None] = lambda: None,
        answer_timeout: float = ANSWER_TIMEOUT,
    ) -> Self:
        """Start a worker that binds `address` and the ports of this range; MediaGone if it does not come up."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "playvoice.media.worker"),
                    *(str(theirs.fileno()), address, str(ports[0]), str(ports[1]), str(number), str(max_streams)),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a tick's products are small, and can't wait
                )
        except OSError as error:
            ours.close()
            raise MediaGone(f"the media worker could not be started: {error}") from error
        except BaseException:
            ours.close()
            raise
        client = cls(process, on_gone, answer_timeout)
        client._closing = True  # until it is up, its end is told here and not to `on_gone`
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await client._come_up(ours)
        except BaseException as error:
            if client._writer is None:
                ours.close()
            await client.close()
            if isinstance(error, TimeoutError):
                raise MediaGone(f"the media worker did not come up within {START_TIMEOUT:g} s") from None
            raise
        client._closing = False
        return client

    async def _come_up(self, ours: socket.socket) -> None:
        reader, self._writer = await asyncio.open_connection(sock=ours)
        hello = self._expect(_HELLO)
        self._reader_task = asyncio.create_task(self._read(reader))
        self._greet(await hello)
        if self._gone:
            raise MediaGone("the media worker ended as soon as it was up")

    def _greet(self, hello: p.Message) -> None:
        assert isinstance(hello, p.Hello)
        if hello.version != p.VERSION:
            raise MediaGone(f"the media worker speaks version {hello.version}, we speak {p.VERSION}")
        self.capacity = hello.capacity

    async def reserve(self, on_event: Callable[[MediaEvent], None]) -> Stream:
        """Bind an RTP port. MediaFull, MediaGone."""
        if self._gone:
            raise MediaGone("the media worker has ended")
        number = next(self._numbers)
        self._reserving.add(number)
        answer = await self._ask(number, p.Reserve(number))
        self._reserving.discard(number)
        if isinstance(answer, p.Refused):
            raise MediaFull(answer.reason)
        if self._gone:  # it answered with its last breath
            raise MediaGone("the media worker has ended")
        assert isinstance(answer, p.Reserved)
        stream = self._streams[answer.stream] = Stream(self, answer.stream, answer.port, on_event)
        return stream

    async def close(self) -> None:
        """End the worker; its streams are gone, and who still waits for an answer gets MediaGone."""
        self._closing = True
        if self._writer is not None:
            self._writer.close()
        if self._reader_task is not None:
            self._reader_task.cancel()
            await asyncio.gather(self._reader_task, return_exceptions=True)
        self._lose()
        await end(self._process, STOP_TIMEOUT)

    def command(self, message: p.ToWorker) -> None:
        """Send a command with whatever else this turn of the loop sends.

        When the worker has ended it is late, and nothing: `on_gone` has told who gave it, or is about to.
        """
        if self._gone:
            return
        if isinstance(message, p.Connect):
            searched = message.tones and message.stream in self._streams  # one that is released comes too late
            (self._with_tones.add if searched else self._with_tones.discard)(message.stream)
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent += p.encode(message)

    def forget(self, stream: int) -> None:
        self._streams.pop(stream, None)
        self._with_tones.discard(stream)

    async def answer(self) -> None:
        """Have the worker say that it lives; one that does not in time is ended. MediaGone."""
        await self.ask(lambda request: p.Release(request, _NO_STREAM))

    async def ask(self, make: Callable[[int], p.ToWorker]) -> p.Message:
        """Send a command that has an answer, and wait for it; a worker that gives none in time is ended. MediaGone."""
        number = next(self._numbers)
        return await self._ask(number, make(number))

    async def ask_within(self, seconds: float, make: Callable[[int], p.ToWorker]) -> p.Message | None:
        """Send a command whose answer waits for something else; None if it does not come in time. MediaGone."""
        number = next(self._numbers)
        return await self._wait(number, make(number), seconds)

    async def _ask(self, number: int, message: p.ToWorker) -> p.Message:
        answer = await self._wait(number, message, self._answer_timeout)
        if answer is None:
            log.error("media_worker_stuck", pid=self.pid, unanswered=type(message).__name__)
            self._lose()
            raise MediaGone(f"the media worker gave no answer within {self._answer_timeout:g} s")
        return answer

    async def _wait(self, number: int, message: p.ToWorker, seconds: float) -> p.Message | None:
        """Twice half as long: when it was our own process that stood still, the answer is there in the second half."""
        if self._gone:
            raise MediaGone("the media worker has ended")
        answer = self._expect(number)
        try:
            self.command(message)
            for _ in range(2):
                await asyncio.wait([answer], timeout=seconds / 2)
                if answer.done():
                    return answer.result()
            return None
        except asyncio.CancelledError:
            if answer.done() and answer.exception() is None:
                self._decline(answer.result())
            raise
        finally:
            self._requests.pop(number, None)

    def _expect(self, number: int) -> asyncio.Future[p.Message]:
        future: asyncio.Future[p.Message] = asyncio.get_running_loop().create_future()
        self._requests[number] = future
        return future

    def _flush(self) -> None:
        if self._writer is None or self._gone or not self._unsent:
            return
        self._writer.write(bytes(self._unsent))
        self._unsent.clear()
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT:
            log.error("media_worker_stuck", pid=self.pid)
            self._lose()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        framer = p.Framer()
        try:
            while data := await reader.read(65_536):
                for message in framer.feed(data):
                    self._take(message)
        except (OSError, p.ProtocolError) as error:
            log.error("media_worker_unintelligible", reason=str(error))
        except Exception:  # to a worker that nobody hears any more calls would come in vain
            log.exception("media_worker_not_heard")
        self._lose()

    def _take(self, message: p.Message) -> None:
        match message:
            case p.KeyPressed() | p.PlaybackEnded() | p.PlaybackFailed() | p.Silent():
                self._tell(message)
            case p.ClockPace(late=late, skipped=skipped, worst_us=worst_us):
                self._tell_pace(message)
                if late:
                    log.warning("media_clock_late", late=late, skipped=skipped, worst_ms=round(worst_us / 1000, 1))
            case p.Hello():
                self._answer(_HELLO, message)
            case p.Reserved() | p.Refused() | p.RecordingDone() | p.Released():
                if not self._answer(message.request, message):
                    self._decline(message)
            case _:
                raise p.ProtocolError(f"{type(message).__name__} is no report")

    def _decline(self, message: p.Message) -> None:
        """Whoever asked has been cancelled meanwhile."""
        if isinstance(message, p.Reserved | p.Refused):
            self._reserving.discard(message.request)
        if isinstance(message, p.Reserved):
            self.command(p.Release(next(self._numbers), message.stream))

    def _tell(self, event: MediaEvent) -> None:
        stream = self._streams.get(event.stream)
        if stream is None:  # released meanwhile
            return
        try:
            stream.on_event(event)
        except Exception:  # one listener's fault is not to cost the others their worker
            stream.tell_fault("media_event_failed", event_type=type(event).__name__)

    def _tell_pace(self, pace: p.ClockPace) -> None:
        self.pace = pace
        try:
            self.on_pace(pace)
        except Exception:  # likewise
            log.exception("media_pace_not_taken")

    def _answer(self, number: int, message: p.Message) -> bool:
        future = self._requests.pop(number, None)
        if future is None or future.done():
            return False
        future.set_result(message)
        return True

    def _lose(self) -> None:
        """There is no worker any more: one that stands still or talks nonsense is killed."""
        if self._gone:
            return
        self._gone = True
        if not self._closing:
            self._kill()
        for future in self._requests.values():
            if not future.done():
                future.set_exception(MediaGone("the media worker has ended"))
        if not self._closing:
            log.error("media_worker_gone", pid=self.pid, streams=len(self._streams))
            self._on_gone()
        self._streams.clear()
        self._with_tones.clear()
        self._reserving.clear()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
