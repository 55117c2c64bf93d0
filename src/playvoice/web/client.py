"""POST of callbacks and download of voices, bounded in time, size, connections and redirects.

It stands on h11 and not on httpx2: what that adds (cookies, proxies from the environment, redirects, decoding
of contents) is what must not happen here, and with its engine a POST on a kept connection costs three times
the processor time.

The time of a request is one bound over all of it, so that a far end which sends one octet a second gains
nothing. The first half of it is for the connection.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urljoin

import h11
import httpx2

from playvoice import __version__
from playvoice.web.connection import Connection, Head
from playvoice.web.errors import BadAnswer, NoAnswer
from playvoice.web.network import CheckedNetwork, Resolver
from playvoice.web.part_file import PartFile
from playvoice.web.policy import NetworkPolicy, WebAddress
from playvoice.web.pool import Pool
from playvoice.web.stream import ConnectionCut

KEPT_BODY = 4096
"""Octets of an answer to a POST that are kept."""
DRAINED_BODY = 65_536
"""Octets of an answer to a POST that are read, so that the connection can be kept; past these it is closed.
"""
MAX_REDIRECTS = 5
KEEPALIVE = 4.0
"""Seconds an idle connection is kept: less than the five after which common servers close it, lest a
request meet the close.
"""
KEPT_CONNECTIONS = 20
"""Idle connections to one far end that are kept: as many as the sender has attempts at one address at once."""
WRITE_BLOCK = 262_144
"""Octets that are gathered before a thread writes them."""

_USER_AGENT = f"PlayVoice/{__version__}"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class WebResponse:
    """The answer to a POST."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case; of a repeated header the first."""
    body: bytes
    """Its first 4 KiB, or what of them came in time."""


@dataclass(frozen=True, slots=True)
class Download:
    """A finished download."""

    not_modified: bool
    """What we have is still good, and nothing was written (304)."""
    etag: str | None
    last_modified: str | None
    content_type: str | None
    size: int
    """Octets written; 0 if not modified."""


class WebClient:
    """One pool of connections.

    :param max_connections: connections at once; a request that finds none free waits for half of its time.
    :param resolver: how names are looked up; the system's way if not given.
    :param ssl_context: whose certificates are believed; the system's if not given.
    """

    def __init__(
        self,
        policy: NetworkPolicy,
        *,
        max_connections: int = 100,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        context = ssl_context or httpx2.create_ssl_context()
        context.set_alpn_protocols(["http/1.1"])
        self._pool = Pool(
            CheckedNetwork(policy, resolver), context, most=max_connections, kept=KEPT_CONNECTIONS, rest=KEEPALIVE
        )

    def check_url(self, url: str) -> WebAddress:
        """Take a URL apart without looking up its name: :meth:`NetworkPolicy.check_url`."""
        return self._policy.check_url(url)

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,  # noqa: ASYNC109 - one bound over the whole request, so the caller can't forget it
    ) -> WebResponse:
        """Send ``body`` and read the answer; a redirect is an answer like any other.

        An answer whose status came in time counts, though its body did not.

        :param timeout: seconds for all of it.
        :raises AddressRefused: nothing was sent.
        :raises ConnectFailed: nothing was sent.
        :raises NoAnswer: it may have arrived or not.
        :raises BadAnswer: what came back was not HTTP.
        """
        address = self._policy.check_url(url)
        kept = b""
        head: Head | None = None
        try:
            async with self._request("POST", address, headers.items(), body, timeout) as (head, answer):
                read = 0
                while read <= DRAINED_BODY and (chunk := await answer.read()):
                    kept += chunk[: KEPT_BODY - len(kept)]
                    read += len(chunk)
        except (NoAnswer, BadAnswer):
            if head is None:
                raise
        assert head is not None
        return WebResponse(head.status, head.headers, kept)

    async def download(
        self,
        url: str,
        to: Path,
        *,
        max_bytes: int,
        timeout: float,  # noqa: ASYNC109
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Download:
        """Fetch ``url`` into the file ``to``, which appears only when it is whole.

        :param max_bytes: the most octets that are taken.
        :param timeout: seconds for all of it, redirects included.
        :param etag: of what we have; the answer may then be that nothing changed.
        :param last_modified: likewise.
        :raises WebError: it could not be had; ``to`` is as it was.
        :raises OSError: it could not be written; ``to`` is as it was.
        """
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        if etag is not None:
            headers["if-none-match"] = etag
        if last_modified is not None:
            headers["if-modified-since"] = last_modified
        conditional = etag is not None or last_modified is not None
        address = self._policy.check_url(url)
        deadline = asyncio.get_running_loop().time() + timeout
        for _hop in range(MAX_REDIRECTS + 1):
            left = deadline - asyncio.get_running_loop().time()
            async with self._request("GET", address, headers.items(), None, left) as (head, answer):
                found = head.headers
                if head.status in _REDIRECTS and "location" in found:
                    address = self._redirected(address, found["location"])
                    continue
                if head.status == 304 and conditional:
                    return Download(
                        not_modified=True,
                        etag=found.get("etag", etag),
                        last_modified=found.get("last-modified", last_modified),
                        content_type=found.get("content-type"),
                        size=0,
                    )
                _check_head(address, head.status, found, max_bytes)
                size = await _write(answer, to, max_bytes, address)
                return Download(
                    not_modified=False,
                    etag=found.get("etag"),
                    last_modified=found.get("last-modified"),
                    content_type=found.get("content-type"),
                    size=size,
                )
        raise BadAnswer(f"{address} is the end of more than {MAX_REDIRECTS} redirects")

    def _redirected(self, address: WebAddress, location: str) -> WebAddress:
        """The target of a redirect, which gets the user and password of the URL where it is at the same origin."""
        target = self._policy.check_url(_location(address, location))
        if target.authorization is None and target.origin == address.origin:
            return replace(target, authorization=address.authorization)
        return target

    async def reach(self, url: str, *, timeout: float) -> float | None:  # noqa: ASYNC109
        """Connect as a request would, with TLS where the URL wants it, and close without having sent anything.

        :param timeout: seconds for all of it.
        :returns: unix seconds at which the far end's certificate ends, None without TLS.
        :raises AddressRefused: it leads where nobody may be sent.
        :raises ConnectFailed: there is no connection.
        """
        address = self._policy.check_url(url)
        connection = await self._pool.take(address, timeout)
        certificate_ends = connection.certificate_ends
        self._pool.give_back(address, connection)
        return certificate_ends

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        address: WebAddress,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
        seconds: float,
    ) -> AsyncIterator[tuple[Head, Connection]]:
        """One request, from the connection to the end of the block that reads its answer; errors become
        ours.
        """
        try:
            async with asyncio.timeout(seconds):
                connection = await self._pool.take(address, max(seconds / 2, 0))
                try:
                    head = await connection.ask(method, address.target, _request_headers(address, headers, body), body)
                    yield head, connection
                finally:
                    self._pool.give_back(address, connection)
        except TimeoutError:
            raise NoAnswer(f"{address} has not answered within {seconds:.3g} s") from None
        except ConnectionCut as error:
            raise NoAnswer(f"{address} cut the connection: {error}") from None
        except h11.RemoteProtocolError as error:
            raise BadAnswer(f"{address} does not speak HTTP: {error}") from None


def _request_headers(
    address: WebAddress, headers: Iterable[tuple[str, str]], body: bytes | None
) -> list[tuple[bytes, bytes]]:
    lines = [(b"host", address.authority.encode()), (b"user-agent", _USER_AGENT.encode())]
    if address.authorization is not None:
        lines.append((b"authorization", address.authorization.encode()))
    if body is not None:
        lines.append((b"content-length", str(len(body)).encode()))
    lines.extend((name.encode(), value.encode("latin-1")) for name, value in headers)
    return lines


def _location(address: WebAddress, location: str) -> str:
    """A redirect's target, which may be relative (RFC 9110 section 10.2.2) and may have raw UTF-8 in it."""
    try:
        location = location.encode("latin-1").decode()
    except UnicodeDecodeError:
        pass
    try:
        return urljoin(f"{address.scheme}://{address.authority}{address.target}", location)
    except ValueError as error:
        raise BadAnswer(f"{address} redirects to what is no address: {error}") from None


def _check_head(address: WebAddress, status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    if status != 200:
        raise BadAnswer(f"{address} answered with status {status}", status)
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", ""):
        raise BadAnswer(f"{address} answered with the content encoding {coding[:40]!r}, unasked", status)
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:18]) > max_bytes:
        raise BadAnswer(f"{address} has {length[:18]} octets, more than {max_bytes}", status)


async def _write(answer: Connection, to: Path, max_bytes: int, address: WebAddress) -> int:
    """Write what comes into the file ``to``, which appears when it is whole."""
    size, gathered, part = 0, bytearray(), PartFile(to)
    try:
        while chunk := await answer.read():
            size += len(chunk)
            if size > max_bytes:
                raise BadAnswer(f"{address} sends more than {max_bytes} octets")
            gathered += chunk
            if len(gathered) >= WRITE_BLOCK:
                await part.write(bytes(gathered))
                gathered.clear()
        await part.write(bytes(gathered))
        await part.finish()
    finally:
        part.close()
    return size
