"""Connections to checked addresses only.

A name is looked up once, for the connection that is being made; *all* its addresses are checked, and the
connection goes to one of exactly these. So a name can't show one address to the check and another to the
connection. TLS still asks for the certificate of the name, since only the TCP connection is made by number.
A connection that is kept for the next request has passed the check already.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from playvoice.web.errors import AddressRefused, ConnectFailed
from playvoice.web.policy import IPAddress, NetworkPolicy
from playvoice.web.stream import Stream

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[IPAddress]]]
"""From a name and a port to its addresses, in the order in which they should be tried; raises OSError."""

MAX_LOOKUPS = 32
"""Names that are being looked up at once; a further one waits."""
MAX_ADDRESSES = 4
"""Addresses of a name that are tried."""


class SystemResolver:
    """Asks the system for names, each in a thread that may be left behind.

    The system's call can't be ended before its own time is over, which may be half a minute for a dead name
    server. In the loop's own pool of threads it would keep others waiting, and the process from ending.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MAX_LOOKUPS)

    async def __call__(self, name: str, port: int) -> Sequence[IPAddress]:
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[IPAddress]] = loop.create_future()

        def settle(result: list[IPAddress] | OSError) -> None:
            self._free.release()
            if found.done():
                return
            if isinstance(result, OSError):
                found.set_exception(result)
            else:
                found.set_result(result)

        def look_up() -> None:
            result: list[IPAddress] | OSError
            try:
                result = _addresses(name, port)
            except OSError as error:
                result = error
            except UnicodeError as error:
                result = OSError(str(error))
            try:
                loop.call_soon_threadsafe(settle, result)
            except RuntimeError:
                pass  # the loop was closed meanwhile, nobody waits any more

        threading.Thread(target=look_up, name="resolver", daemon=True).start()
        return await found


def _addresses(name: str, port: int) -> list[IPAddress]:
    entries = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    numbers = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in entries)
    return [ipaddress.ip_address(number) for number in numbers]


class CheckedNetwork:
    """Connects to addresses that the policy allows, and to no other."""

    def __init__(self, policy: NetworkPolicy, resolver: Resolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver or SystemResolver()

    async def connect(self, host: str, port: int) -> Stream:
        """:raises AddressRefused: one of the host's addresses is not allowed.
        :raises ConnectFailed: it has none, or none of them lets us in."""
        failure: OSError | None = None
        for address in await self._checked(host, port):
            try:
                _, stream = await asyncio.get_running_loop().create_connection(Stream, str(address), port)
            except OSError as error:
                failure = error
            else:
                return stream
        raise ConnectFailed(f"no connection to {host} port {port}: {failure}")

    async def _checked(self, host: str, port: int) -> Sequence[IPAddress]:
        try:
            addresses: Sequence[IPAddress] = [ipaddress.ip_address(host)]
        except ValueError:
            try:
                addresses = await self._resolver(host, port)
            except OSError as error:
                raise ConnectFailed(f"the name {host} does not resolve: {error.strerror or error}") from None
        if not addresses:
            raise ConnectFailed(f"the name {host} has no address")
        for address in addresses:
            try:
                self._policy.check_address(address)
            except AddressRefused as error:
                raise AddressRefused(f"{host}: {error}") from None
        return addresses[:MAX_ADDRESSES]
