"""The customers' HTTP API as one ASGI application: `/` is the dispatcher, `/recordings/NAME` gives recordings."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from playvoice.gateway.dispatcher import Authenticates, Dispatcher
from playvoice.gateway.recordings import Archive, RecordingDownloads
from playvoice.gateway.registry import Registry
from playvoice.gateway.rules import shown
from playvoice.gateway.services.cdr import Bills, RecordingLinks, cdr_services
from playvoice.gateway.services.login import Credentials, auth_services
from playvoice.gateway.services.play_voice import (
    CallerNumbers,
    Calls,
    Groups,
    Library,
    Recordings,
    play_voice_service,
)
from playvoice.gateway.services.voices import VoiceFiles, voice_services
from playvoice.gateway.uploads import Uploads

_log = structlog.get_logger(__name__)


class ArchiveRoom(Archive, RecordingLinks, Protocol):
    """All that the API needs of the recordings that are kept."""


class CompaniesRoom(Authenticates, Credentials, CallerNumbers, Protocol):
    """All that the API needs of `playvoice.companies`."""


class VoicesRoom(Library, VoiceFiles, Protocol):
    """All that the API needs of `playvoice.voices`."""


def create_app(
    *,
    companies: CompaniesRoom,
    calls: Calls,
    groups: Groups,
    library: VoicesRoom,
    recordings: Recordings,
    bills: Bills,
    archive: ArchiveRoom,
    zone: tzinfo,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    more: Sequence[Route] = (),
) -> Starlette:
    """Return the application over the rooms that it needs; `zone` is where times are told, `more` is of other rooms."""
    registry = Registry(
        (
            *auth_services(companies, zone),
            play_voice_service(calls=calls, numbers=companies, groups=groups, library=library, recordings=recordings),
            *cdr_services(bills, archive, zone),
            *voice_services(library, zone),
        )
    )
    dispatcher = Dispatcher(registry, companies, Uploads(library.incoming, recordings), clock=clock)
    downloads = RecordingDownloads(archive, clock=clock)
    routes = [Route("/", dispatcher), Route("/recordings/{name}", downloads, methods=["GET", "HEAD"]), *more]
    app = Starlette(routes=routes, exception_handlers={404: _nothing_here})
    app.router.redirect_slashes = False
    return app


async def _nothing_here(request: Request, error: Exception) -> Response:
    source = request.client.host if request.client else ""
    _log.info("http_refused", status=404, method=shown(request.method), path=shown(request.url.path), source=source)
    return PlainTextResponse("The API is at /\n", 404)
