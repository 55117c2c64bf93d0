"""`GET /recordings/NAME`: a recording for whoever has its link, as a whole or a range of its octets.

The signature is looked at first: without a valid one nobody learns which recordings there are. A file is read in
threads, a piece when the client has taken the one before; how slowly a client may read is the port's business
(`playvoice.gateway.http`). Ranges are those of RFC 9110 section 14, one at a time; what asks for several, or can't be
read, gets the whole.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

import structlog
from starlette.datastructures import Headers, QueryParams
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from playvoice.calls.archive import Recorded
from playvoice.calls.errors import LinkExpired, LinkInvalid, RecordingUnknown
from playvoice.codes import Text
from playvoice.gateway.language import preferred
from playvoice.gateway.rules import shown
from playvoice.store import StoreUnavailable

MAX_DOWNLOADS = 200
MAX_DOWNLOADS_OF_COMPANY = 50
RETRY_AFTER = 5
"""Seconds after which a client may ask again."""
MEDIA_TYPES = {".mp3": "audio/mpeg", ".wav": "audio/wav"}

_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{0,15})|-[0-9]{1,15})", re.IGNORECASE)

_INVALID = Text(
    "链接无效：签名不符。请用 App.Sip_Cdr.GetRecodeFile 重新获取。",
    "This link is not valid: its signature is wrong. App.Sip_Cdr.GetRecodeFile gives a new one.",
)
_EXPIRED = Text(
    "链接已过期。请用 App.Sip_Cdr.GetRecodeFile 重新获取。",
    "This link has expired. App.Sip_Cdr.GetRecodeFile gives a new one.",
)
_UNKNOWN = Text("录音不存在。", "There is no such recording.")
_ENCODING = Text("录音正在编码，请稍后重试。", "The recording is being encoded; try again in a few seconds.")
_BUSY = Text("下载过多，请稍后重试。", "Too many downloads at once; try again in a few seconds.")
_NOT_NOW = Text("服务器暂时无法读取录音，请稍后重试。", "The server can't look it up now; try again in a few seconds.")

_log = structlog.get_logger(__name__)


class Archive(Protocol):
    """Knows the recordings and their links."""

    def check(self, name: str, expires: str, signature: str, at: datetime) -> None: ...

    async def find(self, name: str) -> Recorded: ...


class RecordingDownloads:
    """The ASGI application behind `/recordings/NAME`, for GET and HEAD."""

    def __init__(self, archive: Archive, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._archive = archive
        self._clock = clock
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name, query = str(scope["path_params"]["name"]), QueryParams(scope["query_string"])
        try:
            self._archive.check(name, query.get("expires", ""), query.get("signature", ""), self._clock())
            recorded = await self._archive.find(name)
        except LinkInvalid:
            refusal = _refusal(scope, 403, _INVALID)
        except LinkExpired:
            refusal = _refusal(scope, 403, _EXPIRED)
        except RecordingUnknown:
            refusal = _refusal(scope, 404, _UNKNOWN)
        except StoreUnavailable:
            refusal = _refusal(scope, 503, _NOT_NOW)
        else:
            await self._answer(recorded, scope, receive, send)
            return
        await refusal(scope, receive, send)

    async def _answer(self, recorded: Recorded, scope: Scope, receive: Receive, send: Send) -> None:
        if recorded.status is None:
            await _refusal(scope, 503, _ENCODING)(scope, receive, send)
            return
        with self._place(recorded.company_code) as free:
            if not free:
                await _refusal(scope, 503, _BUSY)(scope, receive, send)
                return
            response = FileResponse(
                recorded.path,
                media_type=MEDIA_TYPES[recorded.path.suffix],
                filename=recorded.path.name,
                content_disposition_type="inline",
                stat_result=recorded.status,
                headers={"cache-control": "private", "x-content-type-options": "nosniff"},
            )
            try:
                await response(_with_one_range(scope), receive, send)
            except OSError as error:  # it was removed just now, or its disk fails
                _log.error("recording_not_sent", name=recorded.path.name, reason=str(error))
            except asyncio.CancelledError:  # the server stops, and waits for no client any longer
                _log.warning("recording_cut_off", name=recorded.path.name)

    @contextmanager
    def _place(self, company: str) -> Iterator[bool]:
        if self._running[company] >= MAX_DOWNLOADS_OF_COMPANY or self._running.total() >= MAX_DOWNLOADS:
            yield False
            return
        self._running[company] += 1
        try:
            yield True
        finally:
            self._running[company] -= 1
            if not self._running[company]:
                del self._running[company]


def _refusal(scope: Scope, status: int, text: Text) -> Response:
    source = scope["client"][0] if scope.get("client") else ""
    _log.info("recording_refused", status=status, name=shown(scope["path_params"]["name"]), source=source, why=text.en)
    language = preferred(Headers(scope=scope).get("accept-language", ""))
    headers = {"cache-control": "no-store"}
    if status == 503:
        headers["retry-after"] = str(RETRY_AFTER)
    return PlainTextResponse(text(language) + "\n", status, headers)


def _with_one_range(scope: Scope) -> Scope:
    """The request as the response understands it: with one range that can be read, of a GET, or with none."""
    ranges = [value.decode("latin-1") for name, value in scope["headers"] if name == b"range"]
    if len(ranges) == 1 and scope["method"] == "GET" and _is_range(ranges[0]):
        return scope
    return {**scope, "headers": [header for header in scope["headers"] if header[0] != b"range"]}


def _is_range(value: str) -> bool:
    match = _RANGE.fullmatch(value.strip())
    return match is not None and not (match[1] and match[2] and int(match[2]) < int(match[1]))
