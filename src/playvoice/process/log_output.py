"""Where lines end up, of the log above all: what can't take them, a full disk or a reader that stands still, must not
hold the server up.

A line is written at once, or lost: it may wait once for `PATIENCE`, and those behind it don't, until something is taken
again. How many were lost is the next line. A disk that hangs holds a line up nevertheless.
"""

import contextlib
import os
import select
import threading

import structlog

PIECE = select.PIPE_BUF
"""Octets that a pipe takes without waiting where it says that it takes any (pipe(7))."""
PATIENCE = 0.05
"""Seconds that a line waits for a reader that is only slow."""

log = structlog.get_logger(__name__)


class LogOutput:
    """Writes lines to a descriptor; it is a logger and its factory as structlog wants them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = _without_waiting(descriptor)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLOUT)
        self._stands = False
        """Nothing was taken within `PATIENCE`, and nothing since."""
        self._is_cut = False
        """The last line was begun, and its end is not there."""
        self._lost = 0
        self._lock = threading.Lock()

    def __call__(self, *_names: object) -> "LogOutput":
        return self

    def __repr__(self) -> str:
        return f"<LogOutput to {self._descriptor}, {self._lost} lines lost>"

    def msg(self, line: str) -> bool:
        """Write a line, or count it as lost; whether it was written."""
        with self._lock:
            if not self._takes(line):
                self._lost += 1
                return False
            lost, self._lost = self._lost, 0
        if lost and not log.error("log_lines_lost", lines=lost):
            with self._lock:
                self._lost += lost
        return True

    debug = info = warning = error = critical = msg

    def _takes(self, line: str) -> bool:
        data = f"{line}\n".encode(errors="backslashreplace")
        if self._is_cut:
            data = b"\n" + data
        written = 0
        while written < len(data):
            self._stands = not self._poll.poll(0 if self._stands else PATIENCE * 1_000)
            if self._stands:
                break
            try:
                written += os.write(self._descriptor, data[written : written + PIECE])
            except OSError:
                break
        if written:
            self._is_cut = written < len(data)
        return written == len(data)


def _without_waiting(descriptor: int) -> int:
    """Return a terminal opened anew, so that a write to it never waits: it may have room for less than a piece.

    The flag on `descriptor` itself would be everybody's who has that terminal.
    """
    if os.isatty(descriptor):
        with contextlib.suppress(OSError):  # it may be another user's
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    return descriptor
