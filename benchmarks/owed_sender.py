"""The sender in a process of its own, as the server has it; for `benchmarks.owed`.

Company `999999999` has the receiver `HEALTHY` and is owed a callback each second; all others have `DEAD`, each at a
path of its own. After `SECONDS` it prints what it measured as a line of JSON, and goes on until it is ended.
"""

import asyncio
import ipaddress
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from playvoice.callbacks import CallbackKind, Endpoint, Sender, manage, owe
from playvoice.callbacks.fields import sample_call_record
from playvoice.callbacks.tables import State
from playvoice.store import Store
from playvoice.web import NetworkPolicy, WebClient

HEALTHY_CODE = "999999999"
T = TypeVar("T")


class TimedStore(Store):
    """A store that knows how long its slowest query and its slowest fact took on their threads, in milliseconds."""

    slowest: dict[str, float]

    async def write(self, fact: Callable[[Connection], T]) -> T:
        return await super().write(self._timed("write", fact))

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await super().read(self._timed("read", query))

    def _timed(self, kind: str, work: Callable[[Connection], T]) -> Callable[[Connection], T]:
        def timed(conn: Connection) -> T:
            began = time.perf_counter()
            try:
                return work(conn)
            finally:
                took = 1000 * (time.perf_counter() - began)
                self.slowest[kind] = max(self.slowest[kind], took)

        return timed


class Book:
    def __init__(self, healthy: str, dead: str) -> None:
        self._healthy, self._dead = healthy, dead

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint:
        url = self._healthy if company_code == HEALTHY_CODE else f"{self._dead}/{company_code}"
        return Endpoint(url, None, "json")


async def main(database: str, healthy: str, dead: str, seconds: float) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    store = TimedStore.open(database)
    store.slowest = {"read": 0.0, "write": 0.0}
    delivered: asyncio.Queue[float] = asyncio.Queue()

    def told(company_code: str, state: State) -> None:
        if company_code == HEALTHY_CODE and state is State.DELIVERED:
            delivered.put_nowait(time.monotonic())

    web = WebClient(NetworkPolicy([ipaddress.ip_network("127.0.0.0/8")]), max_connections=200)
    sender = Sender(store, web, Book(healthy, dead), random=Random(1), max_in_flight=200, on_attempt=told)
    sending = asyncio.create_task(sender.run())
    delays = []
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        owed_at, number = time.monotonic(), number + 1
        await store.write(partial(_owe, number=number))
        sender.wake()
        delays.append(await delivered.get() - owed_at)
        await asyncio.sleep(1)
    asked = {
        "metrics_ms": await _took(store, manage.backlogs),
        "list_ms": await _took(store, manage.list_callbacks),
        "list_exhausted_ms": await _took(store, lambda conn: manage.list_callbacks(conn, state=State.EXHAUSTED)),
        "list_pending_ms": await _took(store, lambda conn: manage.list_callbacks(conn, state=State.PENDING)),
    }
    slowest = {f"slowest_{kind}_ms": round(took, 1) for kind, took in store.slowest.items()}
    figures = {"first_s": round(delays[0], 3), "longest_s": round(max(delays), 3), **slowest, **asked}
    print(json.dumps(figures), flush=True)
    await sending


def _owe(conn: Connection, number: int) -> None:
    owe(
        conn,
        company_code=HEALTHY_CODE,
        call_uuid=f"healthy-{number}",
        kind=CallbackKind.CDR,
        payload=sample_call_record(),
        at=datetime.now(UTC),
    )


async def _took(store: Store, query: Callable[[Connection], object]) -> float:
    began = time.perf_counter()
    await Store.read(store, query)
    return round(1000 * (time.perf_counter() - began), 1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
