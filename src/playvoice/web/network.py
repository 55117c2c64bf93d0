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
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from playvoice.web.errors import AddressRefused, ConnectFailed
from playvoice.web.policy import IPAddress, NetworkPolicy
from playvoice.web.stream import Stream

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[IPAddress]]]
"""From a name and a port to its addresses, in the order in which they should be tried; raises OSError."""

MAX_LOOKUPS = 32
"""Names that are being looked up at once, beside the slow ones; a further one waits."""
SLOW_AFTER = 1.0
"""Seconds after which a look-up is a slow one."""
MAX_SLOW_LOOKUPS = 256
"""Past these a slow look-up keeps its place among the others."""
MAX_ADDRESSES = 4
"""Addresses of a name that are tried."""


class SystemResolver:
    """Asks the system for names, each in a thread that may be left behind.

    The system's call can't be ended before its own time is over, which may be half a minute for a dead name
    server. In the loop's own pool of threads it would keep others waiting, and the process from ending. Who asks for a
    name that is being looked up already waits for that answer; and one whose look-up has taken a second takes its place
    among the slow ones, so that a few dead name servers keep nobody else waiting.
    """

    def __init__(self, look_up: Callable[[str, int], list[IPAddress]] | None = None) -> None:
        """`look_up` blocks; the system's way if not given."""
        self._look_up = look_up or _addresses
        self._free = asyncio.Semaphore(MAX_LOOKUPS)
        self._slow = 0
        self._asked: dict[tuple[str, int], asyncio.Task[list[IPAddress]]] = {}

    async def __call__(self, name: str, port: int) -> Sequence[IPAddress]:
        key = name, port
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.create_task(self._ask(name, port))
            asked.add_done_callback(lambda task: self._answered(key, task))
        return await asyncio.shield(asked)

    def _answered(self, key: tuple[str, int], task: "asyncio.Task[list[IPAddress]]") -> None:
        del self._asked[key]
        if not task.cancelled():
            task.exception()  # whoever asked may have given up: nobody has to take it

    async def _ask(self, name: str, port: int) -> list[IPAddress]:
        async with self._free:
            found = self._in_thread(name, port)
            await asyncio.wait((found,), timeout=SLOW_AFTER)
            if found.done() or self._slow >= MAX_SLOW_LOOKUPS:
                return await found
        self._slow += 1
        try:
            return await found
        finally:
            self._slow -= 1

    def _in_thread(self, name: str, port: int) -> "asyncio.Future[list[IPAddress]]":
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[IPAddress]] = loop.create_future()

        def settle(result: list[IPAddress] | OSError) -> None:
            if found.done():
                return
            if isinstance(result, OSError):
                found.set_exception(result)
            else:
                found.set_result(result)

        def look_up() -> None:
            result: list[IPAddress] | OSError
            try:
                result = self._look_up(name, port)
            except OSError as error:
                result = error
            except UnicodeError as error:
                result = OSError(str(error))
            try:
                loop.call_soon_threadsafe(settle, result)
            except RuntimeError:
                pass  # the loop was closed meanwhile, nobody waits any more

        try:
            threading.Thread(target=look_up, name="resolver", daemon=True).start()
        except RuntimeError as error:  # the system gives us no more threads
            raise OSError(str(error)) from None
        return found


def _addresses(name: str, port: int) -> list[IPAddress]:
    entries = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    numbers = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in entries)
    return [ipaddress.ip_address(number) for number in numbers]


class CheckedNetwork:
    """Connects to addresses that the policy allows, and to no other."""

    def __init__(self, policy: NetworkPolicy, resolver: Resolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver or SystemResolver()

    async def connect(self, host: str, port: int, deadline: float) -> Stream:
        """:param deadline: when the caller gives up, by the loop's clock: of what is left until then, an address that
            says nothing leaves their share to those behind it.
        :raises AddressRefused: one of the host's addresses is not allowed.
        :raises ConnectFailed: it has none, or none of them lets us in."""
        loop, failure = asyncio.get_running_loop(), ""
        addresses = await self._checked(host, port)
        for behind, address in zip(reversed(range(len(addresses))), addresses, strict=True):
            now = loop.time()
            try:
                async with asyncio.timeout_at(now + (deadline - now) / (behind + 1) if behind else None):
                    _, stream = await loop.create_connection(Stream, str(address), port)
            except OSError as error:
                failure = str(error)  # the error itself would hold this frame, and the frame it
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
        return _of_both_families(addresses)[:MAX_ADDRESSES]


def _of_both_families(addresses: Sequence[IPAddress]) -> list[IPAddress]:
    """In their order, but the families in turn (RFC 8305 section 4): one of them may lead nowhere from here."""
    seen: Counter[int] = Counter()
    turns = []
    for address in addresses:
        turns.append(seen[address.version])
        seen[address.version] += 1
    return [address for _, address in sorted(zip(turns, addresses, strict=True), key=lambda item: item[0])]
