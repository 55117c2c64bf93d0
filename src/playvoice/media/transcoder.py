"""Decoding of voices and encoding of recordings, in processes of their own at low priority.

Each of the two kinds of work has a lane: a queue with a bound, and a child process (``python -m
playvoice.media.transcoder``) that does one job after the other, so that a voice that callers wait for does not wait
behind an hour of recording. A child is started when its first job comes.

    job ──> queue ──> child's stdin   {"kind": "decode", "source": …, "stem": …, "max_seconds": …}
    answer <───────── child's stdout  {"samples": …, …}  or  {"reason": …, "text": …}

A child lives as long as its stdin is open: the end of file, which a killed parent leaves too, ends it at once, in
the midst of a job. What it writes appears under its name only when it is whole. When a child dies, its job
is given to a new one, and fails with the declared error if that dies, too, or where a child takes too long."""

import asyncio
import contextlib
import json
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from playvoice.media.decoded import MAX_SECONDS, DecodeError, DecodeReason, Sound, part_files, voice_files
from playvoice.media.encoding import CHANNELS, EncodeError, RecordingFormat, encode_file
from playvoice.media.ending import end
from playvoice.media.g711 import SAMPLE_RATE, Codec

Message: TypeAlias = Mapping[str, Any]

DECODE_QUEUE = 1_000
"""Files that wait to be decoded; past these :class:`DecodeError` says busy."""
MP3_BACKLOG = 100
"""Recordings that wait for the encoder; past these :meth:`Transcoder.format_now` says wav."""
ENCODE_QUEUE = 20_000
"""Recordings of either format that wait; past these :class:`EncodeError`, and the raw recording stays."""
DECODE_TIMEOUT = 300.0
ENCODE_TIMEOUT = 300.0
"""Seconds after which a job's child is taken for stuck and killed; for a recording, as many more as it lasts."""
CHILDREN_OF_A_JOB = 2
"""Children that one job may cost; one that is stuck is the only one."""
STOP_TIMEOUT = 2.0
"""Seconds that a child has to end when asked to."""
CHILD_MEMORY = 2 * 1024 * 1024 * 1024
"""Octets of address space that a child may have, of which it takes 300 MB: a file that wants more can't be decoded."""

_log = structlog.get_logger(__name__)


class _ChildFailed(Exception):
    """The child died, got stuck or spoke nonsense."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A voice that can be played."""

    files: Mapping[Codec, Path]
    """Octets of one law each, 8 kHz, one channel."""
    sound: Sound

    @property
    def seconds(self) -> float:
        return self.sound.seconds


@dataclass(slots=True)
class _Job:
    message: Message
    longer: float
    """Seconds that it may take beyond the others of its lane."""
    answer: "asyncio.Future[Message]" = field(repr=False)


class _Lane:
    """One queue, and the one child that works on it."""

    def __init__(self, name: str, *, size: int, timeout: float, niceness: int) -> None:
        self._name = name
        self._timeout = timeout
        self._niceness = niceness
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(size)
        self._child: asyncio.Task[asyncio.subprocess.Process] | None = None
        """Its start, a task of its own: a start that is cancelled half-way leaves its process behind."""
        self._task: asyncio.Task[None] | None = None
        self.failures = 0
        """How often a child died, got stuck or could not be started."""

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()

    @property
    def pid(self) -> int | None:
        """The child's process id, if one runs."""
        if self._child is None or not self._child.done() or self._child.exception() is not None:
            return None
        child = self._child.result()
        return child.pid if child.returncode is None else None

    async def do(self, message: Message, *, longer: float = 0.0) -> Message:
        """:raises asyncio.QueueFull: the bound is reached.
        :raises _ChildFailed: the child did not do it, or the lane was closed."""
        job = _Job(message, longer, asyncio.get_running_loop().create_future())
        self._jobs.put_nowait(job)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name=f"transcoder-{self._name}")
        return await job.answer

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        while not self._jobs.empty():
            self._settle(self._jobs.get_nowait(), _ChildFailed("the transcoder was stopped"))
        await self._stop_child()

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            if job.answer.done():
                continue  # nobody waits for it any more
            try:
                self._settle(job, await self._outcome(job))
            except asyncio.CancelledError:
                self._settle(job, _ChildFailed("the transcoder was stopped"))
                raise

    async def _outcome(self, job: _Job) -> Message | _ChildFailed:
        """The child's answer; after a failure there is no child any more, and the next job starts a new one.

        A job whose child died is done again: mostly somebody killed it, and the job is not to blame.
        """
        seconds = self._timeout + job.longer
        for _ in range(CHILDREN_OF_A_JOB):
            try:
                async with asyncio.timeout(seconds):
                    return await self._ask(job.message)
            except TimeoutError:
                return await self._give_up_child(f"not done after {seconds:g} s", patience=0.0)
            except Exception as error:  # whatever it is, the jobs behind it are not to wait for ever
                failure = await self._give_up_child(str(error) or type(error).__name__)
        return failure

    async def _give_up_child(self, why: str, patience: float = STOP_TIMEOUT) -> _ChildFailed:
        self.failures += 1
        _log.warning("transcoder child failed", lane=self._name, error=why)
        await self._stop_child(patience)
        return _ChildFailed(why)

    @staticmethod
    def _settle(job: _Job, answer: Message | Exception) -> None:
        if job.answer.done():
            return
        if isinstance(answer, Exception):
            job.answer.set_exception(answer)
        else:
            job.answer.set_result(answer)

    async def _ask(self, message: Message) -> Message:
        if self._child is None:
            self._child = asyncio.create_task(self._start_child(), name=f"transcoder-{self._name}-start")
        child = await asyncio.shield(self._child)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(message).encode() + b"\n")
        await child.stdin.drain()
        line = await child.stdout.readline()
        if not line.endswith(b"\n"):
            raise _ChildFailed(f"its process ended with status {await child.wait()}")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise _ChildFailed("its process gave no answer that can be read")
        return answer

    async def _start_child(self) -> asyncio.subprocess.Process:
        # One thread: what libraries of linear algebra would start for themselves is not used here.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            str(self._niceness),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            process_group=0,  # Ctrl-C at a terminal is for us, and would find the child before it can ignore it
        )

    async def _stop_child(self, patience: float = STOP_TIMEOUT) -> None:
        """When this is cancelled, doing it again goes on with the same child.

        :param patience: seconds that the child has to end by itself."""
        if self._child is None:
            return
        with contextlib.suppress(OSError, RuntimeError):  # it never ran: no file, no process or no thread is left
            child = await asyncio.shield(self._child)
            assert child.stdin is not None
            child.stdin.close()
            await end(child, patience)
        self._child = None


class Transcoder:
    """Both lanes, as the rest of the server sees them."""

    def __init__(self) -> None:
        self._decoding = _Lane("decode", size=DECODE_QUEUE, timeout=DECODE_TIMEOUT, niceness=10)
        self._encoding = _Lane("encode", size=ENCODE_QUEUE, timeout=ENCODE_TIMEOUT, niceness=19)

    @property
    def pids(self) -> list[int]:
        """The child processes that run."""
        return [pid for lane in (self._decoding, self._encoding) if (pid := lane.pid) is not None]

    @property
    def waiting(self) -> Mapping[str, int]:
        """Jobs that wait for a child, by their kind."""
        return {"decode": self._decoding.waiting, "encode": self._encoding.waiting}

    @property
    def failures(self) -> Mapping[str, int]:
        """How often a child died, got stuck or could not be started, by the kind of its work."""
        return {"decode": self._decoding.failures, "encode": self._encoding.failures}

    async def decode(self, source: Path, to: Path, *, max_seconds: float = MAX_SECONDS) -> Decoded:
        """Make a voice of an audio file.

        :param to: the stem of the files: ``<stem>.pcma`` and ``<stem>.pcmu``, in a folder that exists.
        :param max_seconds: a longer one is refused, not cut.
        :raises DecodeError: there are no new files.
        """
        message = {"kind": "decode", "source": str(source), "stem": str(to), "max_seconds": max_seconds}
        try:
            answer = await self._decoding.do(message)
        except asyncio.QueueFull:
            raise DecodeError(DecodeReason.BUSY, f"{DECODE_QUEUE} files wait to be decoded") from None
        except _ChildFailed as error:
            await asyncio.to_thread(_remove_parts, to)
            raise DecodeError(DecodeReason.FAILED, f"{source.name} could not be decoded: {error}") from None
        if "samples" not in answer:
            raise DecodeError(DecodeReason(answer["reason"]), answer["text"])
        return Decoded(voice_files(to), Sound(**answer))

    def format_now(self, wanted: RecordingFormat) -> RecordingFormat:
        """What a recording that ends now shall become: wav while too many wait to become mp3."""
        return RecordingFormat.WAV if self._encoding.waiting >= MP3_BACKLOG else wanted

    async def encode_recording(self, raw: Path, to: Path, form: RecordingFormat | str) -> Path:
        """Make a recording of two channels of a raw one, and remove the raw one.

        :param raw: A-law, 8 kHz, two channels interleaved; whole, nobody writes to it any more.
        :param to: the file, in a folder that exists.
        :returns: ``to``. Once it is there, doing it again does nothing.
        :raises EncodeError: the raw recording is where it was.
        """
        message = {"kind": "encode", "raw": str(raw), "to": str(to), "form": RecordingFormat(form).value}
        try:
            answer = await self._encoding.do(message, longer=_seconds(raw))
        except asyncio.QueueFull:
            raise EncodeError(f"{ENCODE_QUEUE} recordings wait to be encoded") from None
        except _ChildFailed as error:
            raise EncodeError(f"{raw.name} could not be encoded: {error}") from None
        if "samples" not in answer:
            raise EncodeError(answer["text"])
        return to

    async def close(self) -> None:
        """End the children; who still waits for one gets its declared error."""
        await asyncio.gather(self._decoding.close(), self._encoding.close())


def _seconds(raw: Path) -> float:
    """How long a raw recording is; 0 for one that is not there, which the encoder tells."""
    try:
        return raw.stat().st_size / CHANNELS / SAMPLE_RATE
    except OSError:
        return 0.0


def _remove_parts(stem: Path) -> None:
    for path in part_files(stem).values():
        with contextlib.suppress(OSError):  # there is none, or the disk is to blame for all of it
            path.unlink()


def perform(message: Message) -> Message:
    """One job, in the child."""
    try:
        if message["kind"] == "decode":
            from playvoice.media.decoding import decode_file  # FFmpeg, which nobody else needs

            return asdict(decode_file(Path(message["source"]), Path(message["stem"]), message["max_seconds"]))
        samples = encode_file(Path(message["raw"]), Path(message["to"]), RecordingFormat(message["form"]))
    except DecodeError as error:
        return {"reason": error.reason.value, "text": str(error)}
    except EncodeError as error:
        return {"text": str(error)}
    except Exception as error:
        return {"reason": DecodeReason.FAILED.value, "text": f"{type(error).__name__}: {error}"}
    return {"samples": samples}


def main() -> None:
    """The child: jobs from stdin, answers to stdout, until one of them ends."""
    os.nice(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most > CHILD_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY, CHILD_MEMORY))
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            jobs.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        answer = perform(json.loads(jobs.get()))
        try:
            answers.write(json.dumps(answer) + "\n")
        except BrokenPipeError:  # the server was killed meanwhile
            os._exit(0)


if __name__ == "__main__":
    main()
