"""The HTTP of the API's port over a small application that says what it was asked."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from playvoice.gateway.http import BoundedHttp
from playvoice.web.server import HttpServer

PLACES = 4


class Hasty(BoundedHttp):
    """The protocol with bounds that a test can wait for."""

    HEAD_SECONDS = 0.3
    SEND_SECONDS = 2.0
    ANSWER_SECONDS = 4.0


LARGE = 4_194_304
"""Octets of the answer at `/large`, and at `/pieces`, where it is written in pieces."""
PIECE = 65_536


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    path, size, more = scope["path"], 0, scope["path"] != "/unread"
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        size += len(message["body"])
        more = message["more_body"]
    body = b"x" * LARGE if path in ("/large", "/pieces") else b"ok"
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"x-path", path.encode()),
        (b"x-query", scope["query_string"]),
        (b"x-octets", str(size).encode()),
        (b"x-keys", b",".join(value for name, value in scope["headers"] if name == b"idempotency-key")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, len(body), PIECE if path == "/pieces" else LARGE):
        piece = body[start : start + PIECE] if path == "/pieces" else body
        await send({"type": "http.response.body", "body": piece, "more_body": start + len(piece) < len(body)})


@asynccontextmanager
async def serving(app: ASGIApp = application) -> AsyncIterator[int]:
    """A server on loopback; the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    if app is application:
        listener.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384
        )  # what a slow client leaves is soon ours to hold
    server = HttpServer(
        uvicorn.Config(
            app,
            http=Hasty if app is application else BoundedHttp,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
            limit_concurrency=PLACES,
        )
    )
    running = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await running
    listener.close()
