"""A pseudo-terminal in which a command is typed as a person types it (pty(7))."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import wait_until

CTRL_C = "\x03"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07")


class Terminal:
    """A command that runs in a terminal of its own. Use it as a context manager."""

    def __init__(
        self,
        *words: str,
        cwd: Path,
        rows: int = 50,
        columns: int = 160,
        env: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "playvoice.cli"),
    ) -> None:
        self._output = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environ = {**inherited, "TERM": "xterm-256color", **dict(each.split("=", 1) for each in env)}
        self.process = subprocess.Popen(
            [*program, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environ,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        """Press keys, once the program waits: Python takes a Ctrl-C just before it begins to wait for no key at all."""
        if CTRL_C in text:
            wait_until(self._waits, "the program waits")
        os.write(self._master, text.encode())

    def wait_for(self, pattern: str, timeout: float = 20.0) -> str:
        """Return the screen's text up to where it first matches; AssertionError if it doesn't come."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.text)):
            assert self._read(deadline - time.monotonic()), f"{pattern!r} did not come:\n{self.text}"
        return self.text[: found.end()]

    def wait(self, timeout: float = 20.0) -> int:
        """Return the exit status once the command has ended, with all that it said in `text`."""
        deadline = time.monotonic() + timeout
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    @property
    def text(self) -> str:
        """All that was shown, without what moves the cursor."""
        return CONTROL.sub("", self.drawn).replace("\r\n", "\n")

    @property
    def drawn(self) -> str:
        """All that was shown, with what moves the cursor."""
        return self._output.decode(errors="replace")

    def _waits(self) -> bool:
        status = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] in "SZ"

    def _read(self, seconds: float) -> bool:
        """Take what has come within so many seconds; False when the command has ended, or nothing came."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return False
        with contextlib.suppress(OSError):  # the far end is closed
            data = os.read(self._master, 65_536)
            self._output += data
            return bool(data)
        return False


def _take_terminal() -> None:
    """Make standard input the terminal that controls the new session: Ctrl-C there is a SIGINT, and not ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def run(*words: str, cwd: Path, typed: str = "", timeout: float = 30.0) -> tuple[int, str]:
    """Type a command, and what it asks for; return its exit status and all that it showed."""
    with Terminal(*words, cwd=cwd) as terminal:
        if typed:
            terminal.type(typed)
        status = terminal.wait(timeout)
        return status, terminal.text
