"""The simulated receiver of callbacks: a company's server that writes down what was delivered, and may misbehave.

It verifies signatures as Standard Webhooks (standardwebhooks.com) tells receivers to, on its own and not with the
sender's code.
"""

import asyncio
import base64
import binascii
import hmac
import json
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from playvoice.simulator.journal import Journal
from playvoice.web.server import HttpServer

TOLERANCE = 300
"""Seconds that a signature's time may be off."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReceiverOptions:
    """How the receiver treats what comes."""

    secret: str = ""
    """The company's signing secret; without it no signature is judged."""
    status: int = 200
    delay: float = 0.0
    """Seconds before each answer."""
    refuse_first: int = 0
    """Attempts of each callback that get 503 before one is taken."""


class Receiver:
    """A web server on a port of its own; every request but none else is a callback."""

    def __init__(self, journal: Journal, address: tuple[str, int], options: ReceiverOptions) -> None:
        self._journal = journal
        self._options = options
        self._attempts: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(address)
        config = uvicorn.Config(
            self._application, log_level="error", access_log=False, lifespan="off", ws="none", interface="asgi3"
        )
        self._server = HttpServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._socket.listen(1024)
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        host, port = self._socket.getsockname()
        self._journal.write("ready", http=f"{host}:{port}")

    def command(self, command: dict[str, object]) -> None:
        """`{"do": "set", "status": 500, "delay": 0, "refuse_first": 0}` changes how what comes next is treated."""
        changes: dict[str, Any] = {name: value for name, value in command.items() if name != "do"}
        self._options = ReceiverOptions(**{"secret": self._options.secret, **changes})

    async def close(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()

    async def _application(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status = self._take(str(scope["method"]), str(scope["path"]), headers, body)
        if self._options.delay:
            await asyncio.sleep(self._options.delay)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def _take(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        options = self._options
        webhook_id = headers.get("webhook-id", "")
        self._attempts[webhook_id] += 1
        attempt = self._attempts[webhook_id]
        status = 503 if attempt <= options.refuse_first else options.status
        self._journal.write(
            "callback",
            method=method,
            path=path,
            status=status,
            attempt=attempt,
            webhook_id=webhook_id,
            signature=judge(options.secret, headers, body, time.time()),
            content_type=headers.get("content-type", ""),
            body=body.decode("utf-8", "replace"),
            payload=read_payload(headers.get("content-type", ""), body),
        )
        return status


def read_payload(content_type: str, body: bytes) -> Any:
    """The JSON of a callback, from its body or from the form field `detail`; None where it can't be read."""
    text = body.decode("utf-8", "replace")
    if content_type.startswith("application/x-www-form-urlencoded"):
        text = parse_qs(text).get("detail", [""])[0]
    try:
        return json.loads(text)
    except ValueError:
        return None


def judge(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """What a receiver makes of a callback's signature: `valid`, `invalid`, `old`, `missing`, or `unjudged`."""
    if not secret:
        return "unjudged"
    signatures, stamp = headers.get("webhook-signature"), headers.get("webhook-timestamp", "")
    if not signatures or not stamp.isdigit():
        return "missing"
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"))
    except binascii.Error:
        return "invalid"
    signed = b".".join((headers.get("webhook-id", "").encode(), stamp.encode(), body))
    expected = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    offered = [word.removeprefix("v1,") for word in signatures.split() if word.startswith("v1,")]
    if not any(hmac.compare_digest(expected, word) for word in offered):
        return "invalid"
    return "valid" if abs(now - int(stamp)) <= TOLERANCE else "old"
