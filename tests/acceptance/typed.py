"""A program in a terminal of its own, as a person has it: types, reads what stands there, and sees how it ended."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

PATIENCE = 20.0
"""Seconds within which anything that is waited for has happened."""


class Typed:
    """A program whose standard streams are a pseudo-terminal. Use it as a context manager."""

    def __init__(self, arguments: Sequence[str], environ: dict[str, str] | None = None) -> None:
        self._leader, self._follower = pty.openpty()
        self._modes = self.modes()
        self._read = b""
        self.process = subprocess.Popen(
            list(arguments),
            stdin=self._follower,
            stdout=self._follower,
            stderr=self._follower,
            start_new_session=True,
            env={**os.environ, "COLUMNS": "160", "TERM": "xterm", **(environ or {})},
        )
        termios.tcsetwinsize(self._follower, (24, 160))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._leader)
        os.close(self._follower)

    @property
    def text(self) -> str:
        """All that was written so far."""
        while select.select([self._leader], [], [], 0)[0]:
            self._read += os.read(self._leader, 65_536)
        return self._read.decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first place that the pattern matches; AssertionError if it does not in time."""
        deadline = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.text)) is None:
            ended = self.process.poll() is not None and re.search(pattern, self.text) is None
            assert not ended, f"it ended before {pattern!r}:\n{self.text}"
            assert time.monotonic() < deadline, f"no {pattern!r} in {PATIENCE:g} s:\n{self.text}"
            select.select([self._leader], [], [], 0.05)
        return found

    def end(self) -> int:
        """The exit status, once it has ended by itself."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
            select.select([self._leader], [], [], 0.05)
            assert self.text is not None  # what it writes has to be taken, or it waits
        return self.process.wait()

    def modes(self) -> list[Any]:
        """How the terminal behaves: echo, lines, and the rest."""
        return termios.tcgetattr(self._follower)

    def is_as_it_was(self) -> bool:
        """The terminal behaves as before the program began."""
        return self.modes() == self._modes


def phone(*arguments: str, **options: Any) -> Typed:
    """`playvoice phone` in a terminal."""
    return Typed([sys.executable, "-m", "playvoice.cli", "phone", *arguments], **options)
