"""The three pages, as who may see them does, and as others do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.types import Message
from tests.unit.monitoring.conftest import Rooms

from playvoice.config import Config
from playvoice.monitoring.events import Events
from playvoice.monitoring.gate import Gate
from playvoice.monitoring.pages import CONTENT_TYPE, Pages
from playvoice.monitoring.ports import Watched


class Visitor:
    """Asks from an address."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def get(
        self, path: str, source: str = "127.0.0.1", method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "client": (source, 50_000),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.fixture
async def visitor(watched: Watched) -> AsyncIterator[Visitor]:
    pages = Pages(watched, Events(), Gate(lambda: Config().monitoring.allow))
    yield Visitor(Starlette(routes=pages.routes()))
    await pages.close()


async def test_health_is_an_answer(visitor: Visitor) -> None:
    status, _, body = await visitor.get("/healthz")
    assert (status, body) == (200, "ok\n")


async def test_readiness_is_told_with_its_reasons(visitor: Visitor, rooms: Rooms) -> None:
    status, headers, body = await visitor.get("/readyz")
    assert (status, headers["content-type"], body) == (200, "application/json", '{"ready":true,"reasons":[]}')
    rooms.pid = None
    status, headers, body = await visitor.get("/readyz")
    assert status == 503
    assert body == (
        '{"ready":false,"reasons":[{"part":"media",'
        '"reason":"there is no media worker now; another one is being started"}]}'
    )
    assert headers["cache-control"] == "no-store"


async def test_figures_can_be_read_by_prometheus(visitor: Visitor, rooms: Rooms) -> None:
    rooms.waiting = {"2028": 7}
    status, headers, body = await visitor.get("/metrics")
    assert (status, headers["content-type"]) == (200, CONTENT_TYPE)
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert families["playvoice_calls_waiting"].samples[0].value == 7
    assert families["process_resident_memory_bytes"].samples[0].value > 0
    assert families["playvoice_calls_ended"].type == "counter"
    assert families["playvoice_event_loop_lag_seconds"].type == "histogram"


async def test_every_figure_has_a_text_and_a_name_of_its_own(visitor: Visitor) -> None:
    _, _, body = await visitor.get("/metrics")
    families = list(text_string_to_metric_families(body))
    assert all(family.documentation for family in families)
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "no name twice"
    assert all(name.startswith(("playvoice_", "process_")) for name in names)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_for_others_there_is_nothing(visitor: Visitor, path: str) -> None:
    nothing = await visitor.get("/nothing", "192.0.2.1")
    assert nothing[0] == 404
    assert await visitor.get(path, "192.0.2.1") == nothing
    assert await visitor.get(path, "192.0.2.1", "POST") == nothing
    assert await visitor.get(path, x_forwarded_for="192.0.2.1") == nothing


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_a_page_is_read_and_nothing_else(visitor: Visitor, path: str) -> None:
    status, headers, _ = await visitor.get(path, method="POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
