"""What it costs calls that old things are removed: how long each time keeps the store's thread, with its commit."""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.processes import machine
from sqlalchemy import Connection, Table

from playvoice.callbacks import outbox
from playvoice.callbacks.tables import callbacks
from playvoice.calls import removal, trace_store
from playvoice.calls.heartbeat import heartbeat
from playvoice.calls.tables import calls, legs, traces
from playvoice.companies import tokens
from playvoice.companies.tables import companies
from playvoice.companies.tables import tokens as tokens_table
from playvoice.migrations import all_tables
from playvoice.retention import AT_ONCE
from playvoice.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Row = dict[str, object]


def main(arguments: list[str]) -> int:
    """Fill a database, remove what is in it, and tell what each time took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks retention", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of each kind that are there")
    parser.add_argument("--times", type=int, default=200, help="that some of them are removed")
    parser.add_argument("--folder", type=Path, help="where the database is made (default: the system's)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        store = Store.open(f"sqlite:///{folder}/playvoice.db")
        try:
            store.write_now(all_tables().create_all)
            _fill(store, companies, _company, 1)
            for table, row in FILLED:
                _fill(store, table, row, options.rows)
            figures = {name: _measure(store, remove, options.times) for name, remove in KINDS.items()}
            figures["recordings"] = _measure_files(Path(folder, "recordings"), options.times)
        finally:
            store.close_now()
    print(f"{AT_ONCE} of {options.rows:,} rows at once, ms for each time, with its commit and sync; {machine()}\n")
    print(f"{'':22}{'median':>8}{'p99':>8}{'longest':>9}")
    for name, (median, p99, longest) in figures.items():
        print(f"{name:22}{median:8.1f}{p99:8.1f}{longest:9.1f}")
    print(json.dumps({"rows": options.rows, "at_once": AT_ONCE, "ms": figures}))
    return 0


def _fill(store: Store, table: Table, row: Callable[[int], Row], count: int) -> None:
    for first in range(0, count, 10_000):
        rows = [row(number) for number in range(first, min(first + 10_000, count))]
        store.write_now(lambda conn, rows=rows: conn.execute(table.insert(), rows) and None)  # type: ignore[misc]


def _measure(store: Store, remove: Callable[[Connection, datetime, int], int], times: int) -> tuple[float, ...]:
    taken = []
    for _ in range(times):
        before = store.writing.seconds
        removed = asyncio.run(store.write(lambda conn: remove(conn, NOW, AT_ONCE)))
        taken.append(1000 * (store.writing.seconds - before))
        if removed < AT_ONCE:
            sys.exit(f"only {removed} were left to be removed; ask for more rows")
    return _figures(taken)


def _measure_files(folder: Path, times: int) -> tuple[float, ...]:
    """A thread of its own removes these, beside the store's."""
    day = folder / "2025" / "12" / "31"
    day.mkdir(parents=True)
    octets = os.urandom(120_000)  # half a minute
    for number in range(times * AT_ONCE):
        (day / f"{number}.mp3").write_bytes(octets)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        removal.remove_recordings(folder, NOW, AT_ONCE)
        taken.append(1000 * (time.perf_counter() - began))
    return _figures(taken)


def _figures(taken: list[float]) -> tuple[float, ...]:
    return tuple(
        round(each, 2) for each in (statistics.median(taken), statistics.quantiles(taken, n=100)[-1], max(taken))
    )


def _small_fact(conn: Connection, _before: datetime, most: int) -> int:
    """What any commit costs here."""
    heartbeat(conn, datetime.now(UTC))
    return most


def _at(number: int) -> datetime:
    return NOW - timedelta(days=60) + timedelta(seconds=number)


def _call(number: int) -> Row:
    text = dict.fromkeys(("chengshudu", "customuuid", "memberid", "ext", "userkey", "extnumber", "crmid"), "1")
    return text | {
        "uuid": f"call-{number:031}",
        "server_id": "1",
        "company_code": str(number % 7 + 1),
        "state": "ended",
        "accepted_at": _at(number),
        "destnumber": "13333333333",
        "voice_kind": 1,
        "voice_name": "notice.wav",
        "userid": "1@extGroup-1",
        "disnumber": "2120280001",
        "waittime": 60,
        "conntime": 3600,
        "idempotency_key": f"key-{number}",
        "fingerprint": "f" * 64,
        "started_at": _at(number),
        "answered_at": _at(number + 5),
        "ended_at": _at(number + 30),
        "hangupcause": 10001,
        "hangupdirection": 10041,
        "recordfilename": f"call-{number:031}.mp3",
    }


def _leg(number: int) -> Row:
    return {
        "uuid": f"leg-{number:032}",
        "call_uuid": f"call-{number:031}",
        "kind": "a",
        "state": "ended",
        "trunk": "carrier",
        "extension": "",
        "invite": "x" * 600,
        "dialog": "x" * 600,
        "started_at": _at(number),
    }


def _callback(number: int, state: str) -> Row:
    return {
        "company_code": str(number % 7 + 1),
        "call_uuid": f"call-{number:031}",
        "kind": "cdr",
        "payload": "x" * 600,
        "state": state,
        "attempts": 0,
        "created_at": _at(number),
        "done_at": _at(number),
        "history": "x" * 50,
    }


def _token(number: int) -> Row:
    at = _at(number)
    return {"digest": f"{number:064}", "company_code": "1", "issued_at": at, "expires_at": at + tokens.LIFETIME}


def _trace(number: int) -> Row:
    return {"call_uuid": f"call-{number:031}", "created_at": _at(number), "octets": 2_000, "body": os.urandom(2_000)}


def _company(number: int) -> Row:
    text = ("name", "appid", "accesskey_hash", "ipwhite", "callback_format", "callback_fields", "signing_secret")
    more = {"record": "always", "record_format": "mp3", "expire_after": 60, "key_time": 5}
    at = {"created_at": NOW, "updated_at": NOW}
    return dict.fromkeys(text, "") | more | at | {"code": "1", "enabled": True}


FILLED: list[tuple[Table, Callable[[int], Row]]] = [
    (calls, _call),
    (legs, _leg),
    (callbacks, lambda number: _callback(number, "delivered")),
    (callbacks, lambda number: _callback(number, "exhausted")),
    (tokens_table, _token),
    (traces, _trace),
]
KINDS: dict[str, Callable[[Connection, datetime, int], int]] = {
    "(a small fact)": _small_fact,
    "idempotency_keys": removal.forget_keys,
    "calls": removal.remove_calls,
    "callbacks": outbox.remove_delivered,
    "callbacks_given_up": outbox.remove_given_up,
    "tokens": tokens.remove,
    "traces": trace_store.remove,
}
