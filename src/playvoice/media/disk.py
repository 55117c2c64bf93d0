"""Files that are written while a clock runs: threads take the octets, so that a slow disk delays no packet.

Each file stays with one thread, which keeps its writes in order; when it is closed it is synced first. What waits to
be written is bounded: beyond it the disk can't keep up, and a file that would wait longer has failed.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

THREADS = 4
"""A sync takes milliseconds, and fifty calls may end in a second."""
MAX_WAITING = 128 * 1024 * 1024
"""Octets, of all files."""

_Job = Callable[[], None]


class Disk:
    """The threads that write."""

    def __init__(self, *, threads: int = THREADS, max_waiting: int = MAX_WAITING) -> None:
        self._queues: list[SimpleQueue[_Job]] = [SimpleQueue() for _ in range(threads)]
        self._next = 0
        self._max_waiting = max_waiting
        self._waiting = 0
        self._lock = threading.Lock()
        for number, queue in enumerate(self._queues):
            threading.Thread(target=_work, args=(queue,), name=f"disk-{number}", daemon=True).start()

    def __repr__(self) -> str:
        return f"<Disk {self._waiting} octets waiting>"

    def open(self, path: Path) -> "DiskFile":
        """A new file at `path`; what goes wrong with it is told by its `close`."""
        self._next += 1
        file = DiskFile(self, self._queues[self._next % len(self._queues)])
        file.begin(path)
        return file

    def admit(self, octets: int) -> bool:
        """Take this many octets into the account, if there is room."""
        with self._lock:
            if self._waiting + octets > self._max_waiting:
                return False
            self._waiting += octets
            return True

    def done(self, octets: int) -> None:
        with self._lock:
            self._waiting -= octets


class DiskFile:
    """One file. Its methods return at once; the work is done in a thread."""

    def __init__(self, disk: Disk, queue: "SimpleQueue[_Job]") -> None:
        self._disk = disk
        self._queue = queue
        self._descriptor = -1
        self._problem = ""

    def begin(self, path: Path) -> None:
        self._queue.put(lambda: self._open(path))

    def write(self, octets: bytes) -> None:
        """Append. After a failure the rest is thrown away: a file with a hole is worth nothing."""
        if self._problem:
            return
        if not self._disk.admit(len(octets)):
            self._problem = "the disk can't keep up"
            return
        self._queue.put(lambda: self._write(octets))

    def close(self, done: Callable[[str], None]) -> None:
        """Sync and close; then `done` is called, in the thread, with what went wrong, `""` for nothing."""
        self._queue.put(lambda: self._close(done))

    def _open(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            self._problem = str(error)

    def _write(self, octets: bytes) -> None:
        self._disk.done(len(octets))
        if self._problem:
            return
        left = memoryview(octets)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            self._problem = str(error)

    def _close(self, done: Callable[[str], None]) -> None:
        if self._descriptor >= 0:
            for finish in (os.fsync, os.close):  # a network's file system may tell its failure at either
                try:
                    finish(self._descriptor)
                except OSError as error:
                    self._problem = self._problem or str(error)
            self._descriptor = -1
        done(self._problem)


def _work(queue: "SimpleQueue[_Job]") -> None:
    while True:
        queue.get()()
