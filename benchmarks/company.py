"""A company's side of the HTTP API, made to be cheap: it asks for calls, and takes their call records.

Requests are multipart over connections that are kept, as the known clients send them; every callback is answered 200.
Only what a server of ours says is understood: every message has its Content-Length.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from playvoice.simulator.configuration import ACCESSKEY, APPID, LOOPBACK

_BOUNDARY = "benchmark"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_UUID = re.compile(rb"\r\nx-call-uuid: *(\S+)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a call and its answer. Times are monotonic seconds."""

    number: str
    asked_at: float
    answered_at: float
    uuid: str
    """Empty where the request was refused."""
    answer: Any


@dataclass(frozen=True, slots=True)
class Delivered:
    """A call record as it came."""

    at: float
    record: Mapping[str, Any]


class Company:
    """Use it as an async context manager; `receiver` is where callbacks go, HOST:PORT."""

    def __init__(self) -> None:
        self.records: dict[str, Delivered] = {}
        """By the call's uuid."""
        self._changed = asyncio.Event()
        self.receiver = ""
        self._server: asyncio.Server | None = None
        self._http: tuple[str, int] = ("", 0)
        self._token = ""
        self._idle: list[Connection] = []
        self._open: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, LOOPBACK, 0)
        self.receiver = f"{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()

    # --- requests -------------------------------------------------------------------------------------------------

    async def login(self, http: str) -> None:
        """Get a token from the server at HOST:PORT."""
        host, _, port = http.rpartition(":")
        self._http = host, int(port)
        _, answer = await self._post(service="App.Sip_Auth.Login", appid=APPID, accesskey=ACCESSKEY)
        self._token = answer["data"]["result"]["token"]

    async def ask(self, number: str, **fields: str) -> Asked:
        """Ask for a call to `number`."""
        asked_at = time.monotonic()
        head, answer = await self._post(
            service="App.Sip_Call.PlayVoice", token=self._token, destnumber=number, **fields
        )
        uuid = _UUID.search(head)
        return Asked(number, asked_at, time.monotonic(), uuid[1].decode() if uuid else "", answer)

    async def _post(self, **fields: str) -> tuple[bytes, Any]:
        """Send one request; gives the head of the answer and its JSON."""
        body = "".join(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ).encode() + b"--%b--\r\n" % _BOUNDARY.encode()  # fmt: skip
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._http[0]}:{self._http[1]}\r\n"
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        writer.write(head.encode() + body)
        answered, answer = await _read(reader)
        self._idle.append((reader, writer))
        return answered, json.loads(answer)

    async def _connect(self) -> Connection:
        reader, writer = await asyncio.open_connection(*self._http)
        self._open.append(writer)
        return reader, writer

    # --- callbacks ------------------------------------------------------------------------------------------------

    async def wait_for(self, uuids: set[str]) -> None:
        """Until the records of all these calls have come."""
        while uuids - self.records.keys():
            self._changed.clear()
            await self._changed.wait()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what comes on one connection, until the server closes it."""
        self._open.append(writer)
        try:
            while True:
                _, body = await _read(reader)
                record = json.loads(body)
                self.records[record["uuid"]] = Delivered(time.monotonic(), record)
                self._changed.set()
                writer.write(_TAKEN)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One message: head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head, await reader.readexactly(int(length[1]) if length else 0)
