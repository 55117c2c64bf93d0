"""A terminal in which a test types as a person does, and reads what is shown."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PLAYVOICE = (sys.executable, "-m", "playvoice.cli")
CTRL_C, CTRL_D = "\x03", "\x04"
WIDTH = 100
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Passwords are read from the controlling terminal, which a new session has none of."""


class Terminal:
    """One command in a pseudo-terminal of its own. Use it as a context manager."""

    def __init__(self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.written = ""
        """Everything that the command wrote."""
        self._unread = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *arguments],
            cwd=folder,
            env={**os.environ, "TERM": "xterm", **(environ or {})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def shown(self) -> str:
        """What a person has seen in the end: lines that were wiped are gone, and colours."""
        kept = re.sub(r"[^\n]*\r\x1b\[K", "", self.written.replace("\r\n", "\n"))
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", kept)

    def wait_for(self, text: str, seconds: float = 30.0) -> str:
        """Read until the text is shown, after what was read before; gives what came up to it."""
        deadline = time.monotonic() + seconds
        while (at := self.shown.find(text, self._unread)) < 0:
            assert self._read(deadline), f"{text!r} is not in what was shown:\n{self.shown[self._unread :]}"
        came, self._unread = self.shown[self._unread : at], at + len(text)
        return came

    def type(self, text: str) -> None:
        """Press these keys, and Enter."""
        self.press(f"{text}\r")

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def answer(self, question: str, *typed: str) -> None:
        """Wait for a question and type an answer; Enter alone where none is given."""
        self.wait_for(question)
        self.type(typed[0] if typed else "")

    def end(self, seconds: float = 60.0) -> int:
        """Read to the end of the command; gives its exit status."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self._process.wait(max(0.1, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Read what comes; False at the end of it, or of the time."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        data = b""
        with contextlib.suppress(OSError):  # the other side is closed
            data = os.read(self._master, 65_536) if ready else b""
        self.written += data.decode("utf-8", "replace")
        return bool(data)
