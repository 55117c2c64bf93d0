"""Callbacks that are owed in great number: memory, other companies' delay, and how fast a backlog goes out.

A database is filled with so many callbacks of so many companies, whose receiver takes connections and never answers,
and the real sender is started on it in a process of its own. One more company has a receiver that answers, and is owed
a callback each second: `first_s` and `longest_s` are seconds from the fact to its delivery. `metrics_ms` is what a
scrape of /metrics asks the database for, `list…_ms` what `playvoice callback list` does, with `--state` or without.
`slowest…_ms` is the slowest piece of work on a thread of the store. Then the dead receiver answers: `drain_per_s`
callbacks reach it in a second.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.processes import machine, resident_kb
from sqlalchemy import create_engine

from playvoice.callbacks import callbacks
from playvoice.callbacks.fields import sample_call_record
from playvoice.callbacks.payloads import to_text

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
INSERT = (
    "INSERT INTO callbacks (company_code, call_uuid, kind, payload, state, attempts, early, failure, attempted_at,"
    " created_at, next_attempt, call_ended_at) VALUES (?, ?, 'cdr', ?, 'pending', ?, 0, ?, ?, ?, ?, ?)"
)
HOUR = 3_600_000_000


class Receiver:
    """A server that answers, or not yet; it knows when it did."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.times: list[float] = []
        """When it answered."""
        self.url = ""
        self._server: asyncio.Server | None = None

    @property
    def rate(self) -> float:
        """Answers in a second, from the first to the last."""
        return len(self.times) / (self.times[-1] - self.times[0]) if len(self.times) > 1 else 0.0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                if self.answers:
                    self.times.append(time.monotonic())
                    writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def main(arguments: list[str]) -> int:
    """Measure and print each backlog; 0 if no callback of the healthy company was late by more than 2 s."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks owed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--owed", type=int, default=1_000_000, help="callbacks of the largest backlog")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each of the two windows")
    parser.add_argument("--folder", type=Path, help="where the database is made, for a disk of your choice")
    options = parser.parse_args(arguments)
    found = []
    for owed, companies in ((0, 1), (10_000, 1), (options.owed, 1), (options.owed, 1_000)):
        with TemporaryDirectory(dir=options.folder) as folder:
            figures = asyncio.run(measure(Path(folder) / "owed.db", owed, companies, options.seconds))
        found.append({"owed": owed, "companies": companies, **figures})
        print("  ".join(f"{name}={value}" for name, value in found[-1].items()), flush=True)
    print(json.dumps({"part": "owed", "backlogs": found, "machine": machine()}))
    return int(any(each["longest_s"] > 2 for each in found))


async def measure(database: Path, owed: int, companies: int, seconds: float) -> dict[str, Any]:
    """Run the sender on a backlog."""
    fill(database, owed, companies)
    healthy, dead = Receiver(answers=True), Receiver(answers=False)
    await healthy.start()
    await dead.start()
    command = (sys.executable, "-m", "benchmarks.owed_sender", f"sqlite:///{database}", healthy.url, dead.url)
    child = await asyncio.create_subprocess_exec(*command, str(seconds), stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout is not None
        figures: dict[str, Any] = json.loads(await child.stdout.readline())
        figures = {"rss_mb": resident_kb(child.pid) // 1024, **figures}
        dead.answers = True
        await asyncio.sleep(seconds)
        figures["drain_per_s"] = round(dead.rate)
        return {**figures, "rss_after_mb": resident_kb(child.pid) // 1024}
    finally:
        child.kill()
        await child.wait()


def fill(database: Path, owed: int, companies: int) -> None:
    """Make the database: one callback in ten was tried and not answered, and all are due."""
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as conn:
        callbacks.create(conn)
    engine.dispose()
    payload, now = to_text(sample_call_record()), int(time.time() * 1_000_000)
    with sqlite3.connect(database) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.executemany(
            INSERT, (_row(number, str(number % companies + 1), payload, now - HOUR) for number in range(owed))
        )
    raw.close()


def _row(number: int, company: str, payload: str, at: int) -> tuple[object, ...]:
    tried = number % 10 == 0
    failure, attempted = ("unreachable", at) if tried else (None, None)
    return (company, f"{number:036}", payload, int(tried), failure, attempted, at, at + number, at)
