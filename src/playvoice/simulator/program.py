"""Programs that print JSON lines, as demo, tests and benchmarks start them: a far end, or the server itself."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playvoice.simulator.errors import SimulatorError

Line = dict[str, Any]


class Program:
    """A child process in a group of its own, and every line that it printed. Use it as a context manager."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        name: str,
        log: Path | None = None,
        on_line: Callable[["Program", Line], None] | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        """Where its standard error goes; None: nowhere."""
        self.lines: list[Line] = []
        self._on_line = on_line
        self._changed = threading.Condition()
        self._killed = False
        self._read_to_end = False
        self.started = time.monotonic()
        errors = open(log, "ab") if log is not None else None  # noqa: SIM115, PTH123
        try:
            self.process = subprocess.Popen(
                list(arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors or subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})},
            )
        finally:
            if errors is not None:
                errors.close()
        self._reader = threading.Thread(target=self._read, name=f"{name} output", daemon=True)
        self._reader.start()

    def __repr__(self) -> str:
        return f"<Program {self.name} pid {self.process.pid}, {len(self.lines)} lines>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(
        self, event: str, timeout: float = 10.0, where: Callable[[Line], bool] = lambda _line: True, **fields: object
    ) -> Line:
        """The first line of this event with these fields, printed already or within `timeout` seconds.

        SimulatorError if none comes or the program ends before.
        """
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if line.get("event") == event and where(line) and fields.items() <= line.items():
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SimulatorError(f"{self.name}: no {event} {fields or ''} within {timeout:g} s{self._tail()}")
                if self._read_to_end:
                    raise SimulatorError(f"{self.name} ended with {self.process.poll()} before {event}{self._tail()}")
                self._changed.wait(left)

    def all(self, event: str, **fields: object) -> list[Line]:
        """The lines of this event so far: all that the program wrote before this is called."""
        with self._changed:
            while not self._read_to_end and self._has_unread():
                self._changed.wait()
            return [line for line in self.lines if line.get("event") == event and fields.items() <= line.items()]

    def send(self, **command: object) -> None:
        """Give a command on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def stop(self, timeout: float = 15.0) -> int:
        """Ask it to end (SIGTERM), and kill its group if it does not; gives the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """SIGKILL to its whole group: nothing of it is left. Once only: later its number may be another's."""
        if self._killed:
            return
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        ours = (self.process.stdin, None if self._reader.is_alive() else self.process.stdout)
        for stream in ours:
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        source = self.process.stdout.fileno()
        readable = select.poll()
        readable.register(source, select.POLLIN)
        rest = b""
        while not self._read_to_end:
            readable.poll()
            with self._changed:  # what was written is in the pipe or in `lines`, for who holds this
                data = os.read(source, 65536)
                *whole, rest = (rest + data).split(b"\n")
                new = [line for line in map(_line_of, whole) if line is not None]
                self.lines += new
                self._read_to_end = not data
                self._changed.notify_all()
            for line in new:
                if self._on_line is not None:
                    self._on_line(self, line)

    def _has_unread(self) -> bool:
        assert self.process.stdout is not None
        readable = select.poll()
        readable.register(self.process.stdout, select.POLLIN)
        return bool(readable.poll(0))

    def _tail(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return "\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def _line_of(raw: bytes) -> Line | None:
    """The JSON object that it is; None for words for people."""
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def far_end(kind: str, *arguments: str, **options: Any) -> Program:
    """Start `carrier`, `agents` or `receiver` as a process; its first line is `ready`."""
    command = [sys.executable, "-m", "playvoice.simulator", kind, *arguments]
    return Program(command, **{"name": kind, **options})


def server(config: Path, *arguments: str, **options: Any) -> Program:
    """Start the server as a process; its first line is `ready`."""
    command = [sys.executable, "-m", "playvoice.cli", "serve", "--config", str(config), *arguments]
    return Program(command, **{"name": "server", **options})
