"""The body of a request, with bounds on its size and on the time it takes.

A body past the bound is read to its end and thrown away, up to a second bound, before it is answered: a client that
still sends when its connection is closed would lose the answer to the reset.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from playvoice.gateway.errors import ClientGone, RequestRefused, bad_request

MAX_BODY = 4_194_304
"""Octets of a body."""
MAX_DRAINED = 16 * MAX_BODY
MAX_SECONDS = 30.0
"""For the whole of a body; so slow a client is not one that waits for an answer."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def receive_body(receive: Receive, *, content_length: str, expects_continue: bool) -> bytes:
    """Return the whole body.

    Raises `RequestRefused` (400, with the connection to be closed) past the bounds, `ClientGone` if the client left.
    """
    announced = int(content_length) if content_length.isdigit() and len(content_length) < 20 else 0
    if announced > MAX_DRAINED or (announced > MAX_BODY and expects_continue):
        raise _too_large()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await _collect(receive)
    except TimeoutError:
        raise bad_request(
            f"请求体未在{MAX_SECONDS:.0f}秒内发送完毕",
            f"the body was not complete within {MAX_SECONDS:.0f} seconds",
            close=True,
        ) from None


async def _collect(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone("the client hung up before its request was whole")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY:
            parts.append(part)
        else:
            parts.clear()
        if size > MAX_DRAINED or (size > MAX_BODY and not message.get("more_body", False)):
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> RequestRefused:
    return bad_request(f"请求体超过{MAX_BODY}字节", f"the body has more than {MAX_BODY} octets", close=True)
