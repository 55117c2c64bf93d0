"""A file that is written as its octets come, and gets its name when it is whole.

A thread of its own does all that waits for the disk, one thing after the other. So a disk that hangs keeps nobody but
who waits for this file; and who gives up leaves the rest to the thread, which clears up when the disk goes on.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


class PartFile:
    """What is to become the file `to`, beside it. `write` and `finish` raise OSError."""

    def __init__(self, to: Path) -> None:
        self._to = to
        self._aside = to.with_name(f"{to.name}.{uuid4().hex}.part")
        self._file: BinaryIO | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, "part-file")

    async def write(self, octets: bytes) -> None:
        """Append."""
        await self._do(lambda: self._append(octets))

    async def finish(self) -> None:
        """Have all of it on the disk, under its name."""
        await self._do(self._finish)

    def close(self) -> None:
        """Let go of it, without waiting; what has not become the file goes."""
        self._closed = True
        self._thread.submit(self._clear)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _append(self, octets: bytes) -> None:
        if self._file is None:
            self._file = self._aside.open("xb")
        self._file.write(octets)

    def _finish(self) -> None:
        self._append(b"")
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        if not self._closed:
            self._aside.replace(self._to)

    def _clear(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk refuses what is left in the buffer once more
                self._file.close()
            self._aside.unlink(missing_ok=True)
