"""The body of a request, with bounds on its size, on the time it takes, and on the memory that all bodies share.

A body past the bound is read to its end and thrown away, up to a second bound, before it is answered: a client that
still sends when its connection is closed would lose the answer to the reset. So is one for which there is no memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

from playvoice.codes import BusinessCode
from playvoice.gateway.errors import ClientGone, OperationFailed, RequestRefused, bad_request

MAX_BODY = 4_194_304
"""Octets of a body."""
MAX_DRAINED = 16 * MAX_BODY
MAX_SECONDS = 30.0
"""For the whole of a body; so slow a client is not one that waits for an answer."""
MAX_PAUSE = 2.0
"""Seconds after which a client that sends no more of a refused body waits for its answer."""

FREE_OCTETS = 65_536
"""Of each body, for which there is always memory: no ordinary request waits for those of others."""
MAX_HELD = 16 * MAX_BODY
"""Octets of all bodies beyond these, from their arrival to the answer."""
RETRY_AFTER = 5
"""Seconds after which a client may ask again where there was no memory."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyMemory:
    """What all requests together may hold in memory."""

    def __init__(self, octets: int = MAX_HELD) -> None:
        self.left = octets

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """One request's share, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            share.hold(0)


class Share:
    """What one request holds."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._held = 0

    def hold(self, octets: int) -> bool:
        """Hold so many octets in all; False, and nothing changes, where there is no room for them."""
        more = max(0, octets - FREE_OCTETS) - self._held
        if more > self._memory.left:
            return False
        self._memory.left -= more
        self._held += more
        return True


class Incoming:
    """A body that may be refused before it is whole: whether it is, and a way to throw the rest away."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_whole = False

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the next piece, as ASGI has it."""
        message = await self._receive()
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read what is still to come, up to a bound in octets and in time; of a client that waits, nothing does."""
        left = MAX_DRAINED
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_SECONDS):
                while not self._is_whole and left > 0:
                    async with asyncio.timeout(MAX_PAUSE):
                        message = await self.receive()
                    left -= len(message.get("body", b""))


async def receive_body(receive: Receive, share: Share, *, content_length: str, expects_continue: bool) -> bytes:
    """Return the whole body, held in `share`.

    Raises `RequestRefused` (400, with the connection to be closed) past the bounds, `OperationFailed` where there is no
    memory for it, `ClientGone` if the client left.
    """
    announced = announced_octets(content_length)
    if announced > MAX_DRAINED or (announced > MAX_BODY and expects_continue):
        raise _too_large()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await _collect(receive, share)
    except TimeoutError:
        raise bad_request(
            f"请求体未在{MAX_SECONDS:.0f}秒内发送完毕",
            f"the body was not complete within {MAX_SECONDS:.0f} seconds",
            close=True,
        ) from None


def announced_octets(content_length: str) -> int:
    """Return what Content-Length says, 0 where it says nothing."""
    return int(content_length) if content_length.isdigit() and len(content_length) < 20 else 0


async def _collect(receive: Receive, share: Share) -> bytes:
    parts: list[bytes] = []
    size = 0
    kept = True
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone("the client hung up before its request was whole")
        part: bytes = message.get("body", b"")
        size += len(part)
        kept = kept and size <= MAX_BODY and share.hold(size)
        if kept:
            parts.append(part)
        else:
            parts.clear()
            share.hold(0)
        if size > MAX_DRAINED or (size > MAX_BODY and not message.get("more_body", False)):
            raise _too_large()
        if not message.get("more_body", False):
            if not kept:
                raise OperationFailed(
                    BusinessCode.FAILED, f"no memory for a body of {size} octets", retry_after=RETRY_AFTER
                )
            return b"".join(parts)


def _too_large() -> RequestRefused:
    return bad_request(f"请求体超过{MAX_BODY}字节", f"the body has more than {MAX_BODY} octets", close=True)
