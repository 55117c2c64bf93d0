"""Decoded voices as the worker reads them: files of raw G.711, mapped once however many streams play them.

The first reading of a file may wait for the disk, and to map ten minutes that no memory holds yet takes 10 ms. So a
thread reads and maps what is going to be played before it is (`load`), and the clock's thread finds it (`get`).
"""

import mmap
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME

Octets = NDArray[np.uint8]

MAX_VOICES = 1_000
"""Mapped voices that are kept for the next stream; the one that was asked for longest ago goes first. What a stream
plays stays mapped as long as it does."""
MAX_LOADING = 1_000
"""Files that wait to be read; a further one is read when it is played."""
BLOCK = 1_048_576
"""Octets that are read at a time, without the interpreter's lock."""

Key: TypeAlias = tuple[str, int, int, Codec]
"""Path, inode, time of change: one version of a file; and its law."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A voice in frames of 20 ms."""

    frames: Octets
    """(frames, 160), all but the last."""
    last: Octets
    """The last frame, filled up with silence."""

    def __len__(self) -> int:
        """In frames, the last one included; never 0."""
        return len(self.frames) + 1

    def cut(self, first: int, end: int) -> bytes:
        """The octets of these frames."""
        octets = self.frames[first:end].tobytes()
        return octets + self.last.tobytes() if first < end == len(self) else octets


class Voices:
    """The voices that are mapped."""

    def __init__(self, most: int = MAX_VOICES) -> None:
        self._most = most
        self._mapped: dict[Key, Voice] = {}
        self._to_load: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._loaded: deque[tuple[Key, Voice]] = deque()
        self._removed: deque[Key] = deque()
        self._loader: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Voices {len(self._mapped)} mapped>"

    def load(self, paths: Mapping[str, str]) -> None:
        """Have the files of a voice, by codec number, read and mapped; what can't be is told by :meth:`get`."""
        self._take_loaded()
        wanted = ((path, Codec(int(number))) for number, path in paths.items())
        cold = [(path, codec) for path, codec in wanted if not self._is_mapped(path, codec)]
        if self._to_load.qsize() < MAX_LOADING:
            for path, codec in cold:
                self._have_done(partial(self._load, path, codec))

    def let_go(self) -> None:
        """Unmap the files that were removed meanwhile: the disk keeps their room as long as they are mapped."""
        self._take_loaded()
        self._have_done(partial(self._find_removed, list(self._mapped)))

    def get(self, path: str, codec: Codec) -> Voice:
        """The voice in this file, which is never changed in place. OSError if it can't be read."""
        self._take_loaded()
        key = _key(os.stat(path), path, codec)  # noqa: PTH116 - at 50 calls a second a Path costs more than the call
        voice = self._mapped.pop(key, None) or _map(path, codec)
        self._keep(key, voice)
        return voice

    def _is_mapped(self, path: str, codec: Codec) -> bool:
        """Whether it is; then it counts as asked for just now."""
        try:
            key = _key(os.stat(path), path, codec)  # noqa: PTH116
        except (OSError, ValueError):  # ValueError: a NUL in the path
            return False
        voice = self._mapped.pop(key, None)
        if voice is not None:
            self._mapped[key] = voice
        return voice is not None

    def _take_loaded(self) -> None:
        while self._loaded:  # filled by the other thread
            key, voice = self._loaded.popleft()
            if key not in self._mapped:
                self._keep(key, voice)
        while self._removed:  # likewise; and unmapped there, since a disk takes its time to give room back
            self._have_done(partial(_forget, self._mapped.pop(self._removed.popleft(), None)))

    def _keep(self, key: Key, voice: Voice) -> None:
        self._mapped[key] = voice
        if len(self._mapped) > self._most:
            del self._mapped[next(iter(self._mapped))]

    def _have_done(self, job: Callable[[], None]) -> None:
        if self._loader is None:
            self._loader = threading.Thread(target=_work, args=(self._to_load,), name="voices", daemon=True)
            self._loader.start()
        self._to_load.put(job)

    def _load(self, path: str, codec: Codec) -> None:
        block = bytearray(BLOCK)
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                key = _key(os.fstat(file.fileno()), path, codec)
                while file.readinto(block):
                    pass
            self._loaded.append((key, _map(path, codec)))
        except (OSError, ValueError):  # ValueError: a NUL in the path
            pass

    def _find_removed(self, keys: Iterable[Key]) -> None:
        for key in keys:
            try:
                os.stat(key[0])  # noqa: PTH116
            except FileNotFoundError:
                self._removed.append(key)
            except OSError:  # it may be there all the same
                pass


def _work(jobs: "SimpleQueue[Callable[[], None]]") -> None:
    while True:
        jobs.get()()


def _forget(_voice: Voice | None) -> None:
    """Who does this last drops what he was given."""


def _key(status: os.stat_result, path: str, codec: Codec) -> Key:
    return path, status.st_ino, status.st_mtime_ns, codec


def _map(path: str, codec: Codec) -> Voice:
    with open(path, "rb") as file:  # noqa: PTH123
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            octets: Octets = np.empty(0, dtype=np.uint8)
        else:
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            mapped.madvise(mmap.MADV_WILLNEED)  # read ahead: a page fault on a slow disk would stop the clock
            octets = np.frombuffer(mapped, dtype=np.uint8)
    whole = max(0, (size - 1) // FRAME)
    last = np.full(FRAME, codec.silence, dtype=np.uint8)
    last[: size - whole * FRAME] = octets[whole * FRAME :]
    return Voice(octets[: whole * FRAME].reshape(-1, FRAME), last)
