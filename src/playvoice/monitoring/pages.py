"""`/healthz`, `/readyz` and `/metrics`: for probes, a service manager and Prometheus; for others there is nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from playvoice.monitoring.events import Events
from playvoice.monitoring.families import families
from playvoice.monitoring.gate import Gate
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.readiness import Readiness
from playvoice.monitoring.storage import Storage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The text format that every Prometheus reads."""
METHODS = ("GET", "HEAD")
FRESH = {"cache-control": "no-store"}


class Pages:
    """The three pages; who may not see them gets what any unknown path gets."""

    def __init__(self, rooms: Watched, events: Events, gate: Gate) -> None:
        self._rooms = rooms
        self._gate = gate
        self._readiness = Readiness(rooms)
        self._storage = Storage(rooms.store, rooms.folders)
        self._events = events
        self._processes = CollectorRegistry()
        ProcessCollector(registry=self._processes)
        ProcessCollector(
            "playvoice_media", pid=lambda: rooms.media.pid or "none", registry=self._processes
        )  # a path of /proc that is not there gives no figures

    def routes(self) -> list[Route]:
        """Where they are."""
        pages = {"/healthz": self._health, "/readyz": self._ready, "/metrics": self._metrics}
        return [Route(path, _Page(self._gate, answer)) for path, answer in pages.items()]

    async def close(self) -> None:
        """Wait for nothing any more."""
        await self._readiness.close()
        await self._storage.close()

    async def _health(self, _request: Request) -> Response:
        """The event loop runs, or there would be no answer."""
        return PlainTextResponse("ok\n", headers=FRESH)

    async def _ready(self, request: Request) -> Response:
        reasons = await self._readiness.reasons(request.query_params.getlist("exclude"))
        body = {"ready": not reasons, "reasons": [asdict(reason) for reason in reasons]}
        return JSONResponse(body, 503 if reasons else 200, headers=FRESH)

    async def _metrics(self, _request: Request) -> Response:
        (stored, spaces), reasons = await asyncio.gather(self._storage.look(), self._readiness.reasons())
        self._events.know(self._rooms.companies())
        missing = {reason.part for reason in reasons}
        looked = list(families(self._rooms, stored, spaces, missing, now=time.monotonic(), at=datetime.now(UTC)))
        text = await asyncio.to_thread(self._write, looked)
        return Response(text, media_type=None, headers={**FRESH, "content-type": CONTENT_TYPE})

    def _write(self, looked: list[Metric]) -> bytes:
        """In a thread: some thousand lines may take longer than the event loop may rest."""
        return generate_latest(_All(looked, self._events.registry, self._processes))


class _Page:
    """One of them, behind the gate, by whatever method it is asked for."""

    def __init__(self, gate: Gate, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._gate = gate
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.client is None or not self._gate.admits(request.client.host, request.headers):
            raise HTTPException(404)
        if request.method in METHODS:
            response = await self._answer(request)
        else:
            allowed = ", ".join(METHODS)
            response = PlainTextResponse(f"{allowed}\n", 405, headers={"allow": allowed})
        await response(scope, receive, send)


class _All(CollectorRegistry):
    """Everything that one answer tells."""

    def __init__(self, looked: list[Metric], *registries: CollectorRegistry) -> None:
        super().__init__()
        self._looked = looked
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        yield from self._looked
        for registry in self._registries:
            yield from registry.collect()
