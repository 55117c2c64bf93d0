"""Files that come with a request and are larger than an ordinary body may be: they go to the disk as they come.

    body ── the file's head is seen ──> service and token checked ── a place is free ──> spooled ──> rest of the form
      │ none in the first octets,         │ unknown token, too many
      │ token or service behind the file  └──> refused: nothing is kept
      └──> an ordinary body, with its bound

So nobody without a token has anything written, and a company with one takes a few places of those that there are.
What the request brought goes with its answer. What is refused is thrown away as it comes, up to a bound, before it is
answered: many clients read no answer while they send.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from playvoice.codes import BusinessCode, Text
from playvoice.gateway import body
from playvoice.gateway.body import FREE_OCTETS, Receive
from playvoice.gateway.errors import ClientGone, OperationFailed, RequestRefused, bad_request
from playvoice.gateway.file_part import FileCutter
from playvoice.gateway.registry import Service

MAX_AT_ONCE = 16
MAX_OF_COMPANY = 4
"""Files that are taken, or looked at, at once."""
MAX_FORM = FREE_OCTETS
"""Octets of a form without its file."""
MAX_SECONDS = 600.0
"""For the whole of a file."""
MAX_IDLE = 30.0
"""Seconds without an octet of it."""
RETRY_AFTER = 10
BLOCK = 262_144
"""Octets that are written at a time."""

_BUSY = Text("正在上传的文件过多，请稍后再试", "too many files are being uploaded, try again later")
_LOW = Text("磁盘空间不足", "the disk is low")


class Disk(Protocol):
    """Knows whether there is room."""

    @property
    def disk_is_low(self) -> bool: ...


class Opening:
    """The beginning of a multipart body, as far as its file's head, or as far as one is looked for."""

    def __init__(self, receive: Receive, cutter: FileCutter) -> None:
        self.cutter = cutter
        self.octets = b""
        """The file's first ones."""
        self.receive = receive
        """Gives what comes behind them."""
        self._messages: list[Any] = []

    async def read(self) -> bool:
        """Read until a file begins; whether one has.

        Raises `RequestRefused` (400) if that takes too long, or the form is malformed.
        """
        size = 0
        try:
            async with asyncio.timeout(body.MAX_SECONDS):
                while not self.cutter.field and size < FREE_OCTETS:
                    message = await self.receive()
                    self._messages.append(message)
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return False
                    piece: bytes = message.get("body", b"")
                    size += len(piece)
                    self.octets = self.cutter.feed(piece)
        except TimeoutError:
            raise _too_slow(body.MAX_SECONDS) from None
        return bool(self.cutter.field)

    async def replay(self) -> Any:
        """What was read once more, then the rest: the body for whoever takes it whole."""
        return self._messages.pop(0) if self._messages else await self.receive()


class Uploads:
    """The files of all requests."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """`folder` is emptied at each start by whoever has made it."""
        self._folder = folder
        self._disk = disk
        self._taken: Counter[str] = Counter()

    def of_request(self) -> "Upload":
        """One request's file, gone at the end of its block."""
        return Upload(self)

    def new_path(self) -> Path:
        """Where one file may be written."""
        return self._folder / uuid4().hex

    def take(self, company_code: str) -> None:
        """Take a place; raises `OperationFailed` (1003) where there is none, or no room on the disk."""
        self.check_disk()
        of_company, in_all = self._taken[company_code], self._taken.total()
        if of_company >= MAX_OF_COMPANY or in_all >= MAX_AT_ONCE:
            why = f"{of_company} files of company {company_code} are being uploaded, {in_all} in all"
            raise OperationFailed(BusinessCode.FAILED, why, retry_after=RETRY_AFTER, detail=_BUSY)
        self._taken[company_code] += 1

    def check_disk(self) -> None:
        """Raise `OperationFailed` (1003) where the disk has no more room than calls need."""
        if self._disk.disk_is_low:
            raise OperationFailed(BusinessCode.FAILED, "the disk is low", retry_after=RETRY_AFTER, detail=_LOW)

    def give_back(self, company_code: str) -> None:
        """Give a place back."""
        self._taken[company_code] -= 1
        if not self._taken[company_code]:
            del self._taken[company_code]


class Upload:
    """What one request brings."""

    def __init__(self, uploads: Uploads) -> None:
        self.service: Service | None = None
        """What the file is for, once that is known."""
        self._uploads = uploads
        self._company_code = ""
        self._path: Path | None = None

    async def __aenter__(self) -> "Upload":
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Let the file and the place go."""
        try:
            if self._path is not None:
                await asyncio.to_thread(self._path.unlink, missing_ok=True)
        finally:
            if self._company_code:
                self._uploads.give_back(self._company_code)

    def take_place(self, company_code: str) -> None:
        """Take a place among those who upload, if this request has none yet; raises as `Uploads.take` does."""
        if not self._company_code:
            self._uploads.take(company_code)
            self._company_code = company_code

    async def spool(self, opening: Opening, max_octets: int, announced: int) -> Path:
        """Write the file as it comes, and read the form to its end; `announced` octets has the body, 0: nobody knows.

        Raises `RequestRefused` (400) past the bounds, `OperationFailed` (1003) if the disk does not take it,
        `ClientGone` if the client left.
        """
        if announced > max_octets + MAX_FORM:
            raise _too_large(max_octets)
        path = self._path = self._uploads.new_path()
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await self._write(path, opening, max_octets)
        except TimeoutError:
            raise _too_slow(MAX_SECONDS) from None
        except OSError as error:
            why = f"an uploaded file could not be written: {error.strerror}"
            raise OperationFailed(BusinessCode.FAILED, why, retry_after=RETRY_AFTER, detail=_LOW) from error
        return path

    async def _write(self, path: Path, opening: Opening, max_octets: int) -> None:
        cutter, waiting, size, more = opening.cutter, bytearray(opening.octets), len(opening.octets), True
        with await asyncio.to_thread(path.open, "wb") as file:
            while more:
                piece, more = await _next_piece(opening.receive)
                octets = cutter.feed(piece)
                size += len(octets)
                waiting += octets
                if size > max_octets:
                    raise _too_large(max_octets)
                if len(cutter.form) > MAX_FORM:
                    raise bad_request(
                        f"文件以外的参数超过{MAX_FORM}字节", f"the form has more than {MAX_FORM} octets beside its file"
                    )
                if len(waiting) >= BLOCK or not more:
                    self._uploads.check_disk()  # others write at the same time, and calls record
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(file.flush)


async def _next_piece(receive: Receive) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(MAX_IDLE):
            message = await receive()
    except TimeoutError:
        raise bad_request(
            f"上传停顿超过{MAX_IDLE:.0f}秒", f"nothing came for {MAX_IDLE:.0f} seconds", close=True
        ) from None
    if message["type"] != "http.request":
        raise ClientGone("the client hung up before its file was whole")
    return message.get("body", b""), bool(message.get("more_body", False))


def _too_slow(seconds: float) -> RequestRefused:
    return bad_request(
        f"请求体未在{seconds:.0f}秒内发送完毕", f"the body was not complete within {seconds:.0f} seconds", close=True
    )


def _too_large(max_octets: int) -> RequestRefused:
    return bad_request(f"文件超过{max_octets}字节", f"the file has more than {max_octets} octets")
