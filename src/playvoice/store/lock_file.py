"""A file that one process at a time has."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class LockHeld(Exception):
    """Another process has the lock."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder
        """Its process id; empty where that is not known."""


class LockFile:
    """An advisory lock that the kernel gives back when the process ends, however it ends (flock(2))."""

    def __init__(self, path: Path) -> None:
        """Take it; LockHeld where another process has it, OSError where there can be no such file."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockHeld(os.pread(self._file, 20, 0).decode("ascii", "replace").strip()) from None
            with suppress(OSError):  # a full disk keeps nobody from the lock
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)
        except BaseException:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Give it back. The file stays: who removes one can remove one that another process has just locked."""
        os.close(self._file)
