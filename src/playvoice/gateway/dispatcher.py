"""The dispatcher: one address, `service` chooses the operation, and every answer has the one envelope.

`POST /`, and `GET /` with `service` or `s`, are answered with HTTP status 200 whatever the outcome; the JSON says the
rest. A `GET /` without a service is the page that describes the services. What a handler raises unexpectedly is
`ret` 500 for the client and a line with its traceback in the log.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from playvoice.codes import BUSINESS_TEXTS, Language, Ret, Text
from playvoice.companies import AddressNotAllowed, Company, CompanyDisabled, LicenceExpired, TokenUnknown
from playvoice.gateway import envelope
from playvoice.gateway.body import FREE_OCTETS, BodyMemory, Incoming, Share, announced_octets, receive_body
from playvoice.gateway.errors import ClientGone, OperationFailed, RequestRefused, bad_request
from playvoice.gateway.file_part import FileCutter
from playvoice.gateway.language import preferred
from playvoice.gateway.multipart import is_usable
from playvoice.gateway.page import render_page
from playvoice.gateway.reading import Parameters, boundary_of, read_form, read_query
from playvoice.gateway.registry import TOKEN, Registry, Request, Service
from playvoice.gateway.rules import shown
from playvoice.gateway.uploads import Opening, Upload, Uploads
from playvoice.store import StoreUnavailable

CONTENT_TYPE = b"application/json;charset=utf-8"
MAX_WHY = 200
"""Characters that the log tells of why an operation failed: a number that does not exist may be megabytes long."""
LARGE_BODY = 65_536
"""Octets past which a body is read in a thread: a client's megabytes must not hold up the loop."""

SINGLE = frozenset({b"idempotency-key", b"content-type", b"content-encoding"})
"""Headers that say one thing: where one stands there with two values, there is no telling which is meant."""

Headers = list[tuple[bytes, bytes]]

_log = structlog.get_logger(__name__)


class Authenticates(Protocol):
    """Knows whose a token is."""

    async def authenticate(self, token: str, *, source: str, at: datetime) -> Company:
        """Return the company; raises what `playvoice.companies` declares."""
        ...


class Dispatcher:
    """The ASGI application behind `/`."""

    def __init__(
        self,
        registry: Registry,
        companies: Authenticates,
        uploads: Uploads,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry = registry
        self._companies = companies
        self._clock = clock
        self._memory = BodyMemory()
        self._uploads = uploads

    @property
    def registry(self) -> Registry:
        """The services, for their documentation."""
        return self._registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        if method in ("GET", "HEAD") and not (method == "GET" and _names_service(scope["query_string"])):
            await self._show_page(scope, receive, send)
        elif method in ("GET", "POST"):
            with self._memory.share() as share:
                async with self._uploads.of_request() as upload:
                    await self._answer(scope, receive, send, share, upload)
        else:
            _log.info("http_refused", status=405, method=shown(method), source=_source(scope))
            refusal = Response("GET, HEAD, POST\n", 405, {"allow": "GET, HEAD, POST"}, "text/plain")
            await refusal(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, share: Share, upload: Upload) -> None:
        at = self._clock()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        language = preferred(headers.get(b"accept-language", b"").decode("latin-1"))
        source = _source(scope)
        service: Service | None = None
        extra: Headers = []
        try:
            idempotency_key = headers.get(b"idempotency-key", b"").decode("utf-8", "surrogateescape").strip()
            unknown = Request(at, source, idempotency_key)
            parameters = await self._read(scope["query_string"], headers, receive, share, upload, unknown)
            _refuse_contradictions(scope["headers"])
            service = self._find(parameters)
            request = await self._authenticate(service, parameters, unknown)
            if service.takes_file:
                upload.take_place(request.company.code)
            done = await service.handler(request, service.read(parameters))
            extra += [(name.encode("ascii"), value.encode("latin-1")) for name, value in done.headers]
            body = envelope.success(
                service.done,
                done.result,
                language,
                reqtime=_unix(done.at or at),
                rsptime=_unix(done.at or self._clock()),
            )
        except ClientGone:
            return
        except asyncio.CancelledError:  # the server stops, and waits for no request any longer
            _log.warning("request_cut_off", service=_name(service or upload.service), source=source)
            body = envelope.exception(Ret.SERVER_ERROR, None, language)
            extra.append((b"connection", b"close"))
        except RequestRefused as refusal:
            service = service or upload.service
            self._log_refusal(service, source, ret=int(refusal.ret), why=str(refusal))
            body = envelope.exception(refusal.ret, refusal.detail, language)
            if refusal.close:
                extra.append((b"connection", b"close"))
        except OperationFailed as failure:
            service = service or upload.service
            self._log_refusal(service, source, code=int(failure.code), why=shown(str(failure), MAX_WHY))
            body = self._failure(service, failure, language, at)
            if failure.retry_after is not None:
                extra.append((b"retry-after", str(failure.retry_after).encode("ascii")))
        except StoreUnavailable as error:
            _log.error("request_not_stored", service=_name(service), source=source, error=str(error))
            body = envelope.exception(Ret.SERVER_ERROR, None, language)
        except Exception:
            _log.exception("request_broke", service=_name(service), source=source)
            body = envelope.exception(Ret.SERVER_ERROR, None, language)
        await _send(send, body, extra)

    async def _read(
        self,
        query: bytes,
        headers: dict[bytes, bytes],
        receive: Receive,
        share: Share,
        upload: Upload,
        request: Request,
    ) -> Parameters:
        begun = await self._read_upload(query, headers, receive, upload, request)
        if isinstance(begun, Parameters):
            return begun
        body = await receive_body(
            receive if begun is None else begun.replay,
            share,
            content_length=headers.get(b"content-length", b"").decode("latin-1"),
            expects_continue=begun is None and headers.get(b"expect", b"").lower() == b"100-continue",
        )
        if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
            raise bad_request("不支持的Content-Encoding", "a Content-Encoding is not supported")
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        if len(body) > LARGE_BODY:
            form = await asyncio.to_thread(read_form, content_type, body)
        else:
            form = read_form(content_type, body)
        return Parameters(read_query(query), form.pairs, form.files)

    async def _read_upload(
        self, query: bytes, headers: dict[bytes, bytes], receive: Receive, upload: Upload, request: Request
    ) -> Parameters | Opening | None:
        """Read a body with a file that may go to the disk; of any other return what was read of it.

        It may where what stands before the file, or in the query string, names a service that takes it and a token
        that is known.
        """
        announced = announced_octets(headers.get(b"content-length", b"").decode("latin-1"))
        if 0 < announced <= FREE_OCTETS:
            return None  # there is memory for it
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        boundary = boundary_of(content_type)
        if not is_usable(boundary) or headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            return None
        incoming = Incoming(receive)
        opening = Opening(incoming.receive, FileCutter(boundary, self._registry.file_names))
        try:
            return await self._take_upload(query, content_type, announced, opening, upload, request)
        except (RequestRefused, OperationFailed, StoreUnavailable) as refusal:
            if not (isinstance(refusal, RequestRefused) and refusal.close):
                await incoming.drain()
            raise

    async def _take_upload(
        self, query: bytes, content_type: str, announced: int, opening: Opening, upload: Upload, request: Request
    ) -> Parameters | Opening:
        if not await opening.read():
            return opening
        form = read_form(content_type, opening.cutter.closed_form())
        parameters = Parameters(read_query(query), form.pairs)
        service = self._registry.find(_wanted(parameters))
        wanted = None if service is None else service.file(opening.cutter.field)
        if service is None or wanted is None or not parameters.get(TOKEN.name).strip():
            return opening
        upload.service = service
        upload.take_place((await self._authenticate(service, parameters, request)).company.code)
        path = await upload.spool(opening, wanted.max_octets, announced)
        form = read_form(content_type, bytes(opening.cutter.form))
        files = (replace(file, content=path) if file.name == wanted.name else file for file in form.files)
        return Parameters(read_query(query), form.pairs, files)

    def _find(self, parameters: Parameters) -> Service:
        service = self._registry.find(_wanted(parameters))
        if service is None:
            raise RequestRefused(Ret.UNKNOWN_SERVICE)
        return service

    async def _authenticate(self, service: Service, parameters: Parameters, request: Request) -> Request:
        if not service.takes_token:
            return request
        token = TOKEN.read(parameters.get(TOKEN.name))
        try:
            company = await self._companies.authenticate(token, source=request.source, at=request.at)
        except TokenUnknown:
            raise RequestRefused(Ret.TOKEN) from None
        except (CompanyDisabled, LicenceExpired, AddressNotAllowed) as error:
            raise not_admitted(error) from None
        return replace(request, authenticated=company)

    def _failure(self, service: Service | None, failure: OperationFailed, language: Language, at: datetime) -> bytes:
        failed = BUSINESS_TEXTS[failure.code] if service is None else service.failed
        if (detail := failure.detail) is not None:
            failed = Text(f"{failed.zh}：{detail.zh}", f"{failed.en}: {detail.en}")
        return envelope.failure(failed, failure.code, language, reqtime=_unix(at), rsptime=_unix(self._clock()))

    async def _show_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        language = preferred(headers.get(b"accept-language", b"").decode("latin-1"))
        for name, value in _query_or_nothing(scope["query_string"]):
            if name == "lang" and value in list(Language):
                language = Language(value)
        await render_page(self._registry, language)(scope, receive, send)

    @staticmethod
    def _log_refusal(service: Service | None, source: str, **why: object) -> None:
        _log.info("request_refused", service=_name(service), source=source, **why)


def not_admitted(error: CompanyDisabled | LicenceExpired | AddressNotAllowed) -> RequestRefused:
    """Return the refusal of a company that may not use the server now, or not from there."""
    if isinstance(error, CompanyDisabled):
        return RequestRefused(Ret.APPID)
    return RequestRefused(Ret.APPID_EXPIRED if isinstance(error, LicenceExpired) else Ret.ADDRESS)


def _wanted(parameters: Parameters) -> str:
    """The name of the service that is asked for."""
    return parameters.get("service").strip() or parameters.get("s")


def _refuse_contradictions(headers: Iterable[tuple[bytes, bytes]]) -> None:
    said: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in SINGLE and said.setdefault(name, value) != value:
            header = name.decode("ascii")
            raise bad_request(
                f"请求头{header}重复且取值不同", f"the header {header} is given twice with different values"
            )


def _names_service(query: bytes) -> bool:
    return any(name in ("service", "s") for name, _ in _query_or_nothing(query))


def _query_or_nothing(query: bytes) -> Iterable[tuple[str, str | None]]:
    try:
        return read_query(query)
    except RequestRefused:
        return ()


def _source(scope: Scope) -> str:
    """The client's IP address."""
    return scope["client"][0] if scope.get("client") else ""


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())


def _name(service: Service | None) -> str | None:
    return None if service is None else service.name


async def _send(send: Send, body: bytes, extra: Headers) -> None:
    headers: Headers = [
        (b"content-type", CONTENT_TYPE),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
