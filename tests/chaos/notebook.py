"""All journals of a run as they are written: in memory for the checks, on disk for people."""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from tests.chaos.evidence import Journals

from playvoice.simulator.program import Line, Program

NAMES = tuple(field.name for field in fields(Journals))


class Notebook:
    """One file of JSON lines for each far end, in a directory. Close it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._lines: dict[str, list[Line]] = {name: [] for name in NAMES}
        self._files: dict[str, TextIO] = {
            name: open(directory / f"{name}.jsonl", "w", encoding="utf-8")  # noqa: SIM115, PTH123
            for name in NAMES
        }

    def write(self, name: str, event: str, *, clock: tuple[float, datetime] | None = None, **details: Any) -> None:
        """Write a line of our own, with both clocks; `clock` is that of the moment which it is about."""
        when, at = clock or now()
        line = {"event": event, "time": round(when, 6), "at": at.isoformat(timespec="milliseconds"), **details}
        self._append(name, line)

    def on_line(self, program: Program, line: Line) -> None:
        """Take a line that a far end wrote; of the server it only counts that it is ready."""
        if program.name != "server":
            self._append(program.name, line)
        elif line["event"] == "ready":
            self.write("server", "ready", took=round(time.monotonic() - program.started, 3))

    def journals(self) -> Journals:
        """All lines so far."""
        with self._lock:
            return Journals(**{name: tuple(lines) for name, lines in self._lines.items()})

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def tell(self, name: str, texts: Iterable[str]) -> None:
        """Leave words for people beside the journals."""
        (self.directory / name).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")

    def _append(self, name: str, line: Line) -> None:
        with self._lock:
            self._lines[name].append(line)
            self._files[name].write(json.dumps(line, ensure_ascii=False) + "\n")
            self._files[name].flush()


def now() -> tuple[float, datetime]:
    """Both clocks."""
    return time.monotonic(), datetime.now(UTC)
