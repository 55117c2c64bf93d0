"""Connections, at most so many at once, of which some rest until the next request to the same far end.

Only the one connection that is to be used is looked at, so a request costs the same however many rest.
"""

import asyncio
import ssl

from playvoice.web.connection import Connection
from playvoice.web.errors import ConnectFailed
from playvoice.web.network import CheckedNetwork
from playvoice.web.policy import Origin, WebAddress


class Pool:
    """The connections of one client.

    :param most: connections at once, those at rest among them; one that rests is closed for one that is needed.
    :param kept: connections of one origin that rest; a further one is closed.
    :param rest: seconds that one rests at most.
    """

    def __init__(self, network: CheckedNetwork, context: ssl.SSLContext, *, most: int, kept: int, rest: float) -> None:
        self._network = network
        self._context = context
        self._most = most
        self._kept = kept
        self._rest = rest
        self._places = asyncio.Semaphore(most)
        self._taken = 0
        """Connections in use, and those that are being made."""
        self._in_use: set[Connection] = set()
        self._resting: dict[Connection, tuple[Origin, float]] = {}
        """Whose each is and until when it rests; the one that has rested longest stands first."""
        self._by_origin: dict[Origin, list[Connection]] = {}
        """The same connections; the one that came last is taken first."""
        self._timer: asyncio.TimerHandle | None = None
        """Runs while any rest."""

    def __repr__(self) -> str:
        return f"<Pool taken={self._taken} resting={len(self._resting)} most={self._most}>"

    async def take(self, address: WebAddress, seconds: float) -> Connection:
        """Return a connection for one request, to be given back after it.

        :param seconds: the longest time to wait until one is free, and again the longest time to make one.
        :raises ConnectFailed: there is none.
        :raises AddressRefused: the host has an address that is not allowed.
        """
        await self._wait_for_place(address, seconds)
        self._taken += 1
        try:
            connection = self._rested(address.origin) or await self._connect(address, seconds)
        except BaseException:
            self._leave_place()
            raise
        self._in_use.add(connection)
        return connection

    def give_back(self, address: WebAddress, connection: Connection) -> None:
        """Let a connection rest if it can bear another request, else close it."""
        self._in_use.discard(connection)
        self._leave_place()
        of_origin = self._by_origin.get(address.origin, [])
        if len(of_origin) >= self._kept or not connection.rest():
            connection.close()
            return
        self._by_origin[address.origin] = of_origin
        of_origin.append(connection)
        self._resting[connection] = address.origin, asyncio.get_running_loop().time() + self._rest
        if self._timer is None:
            self._wait_for_oldest()

    async def aclose(self) -> None:
        """Close all connections, those in use too."""
        for connection in (*self._resting, *self._in_use):
            connection.close()
        self._resting.clear()
        self._by_origin.clear()
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.sleep(0)  # a socket is closed at the loop's next turn

    async def _wait_for_place(self, address: WebAddress, seconds: float) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError:
            raise ConnectFailed(f"all connections are in use, none became free for {address}") from None

    def _leave_place(self) -> None:
        self._taken -= 1
        self._places.release()

    def _rested(self, origin: Origin) -> Connection | None:
        """Take the connection that came to rest last; those found unfit are closed."""
        self._close_rested()
        while of_origin := self._by_origin.get(origin):
            connection = self._wake(of_origin[-1])
            if connection.is_quiet:
                return connection
            connection.close()
        return None

    def _close_rested(self) -> None:
        """Close those whose time to rest is over."""
        now = asyncio.get_running_loop().time()
        while self._resting and self._resting[oldest := next(iter(self._resting))][1] <= now:
            self._wake(oldest).close()

    def _wait_for_oldest(self) -> None:
        _origin, until = next(iter(self._resting.values()))
        self._timer = asyncio.get_running_loop().call_at(until, self._time_is_over)

    def _time_is_over(self) -> None:
        self._timer = None
        self._close_rested()
        if self._resting:
            self._wait_for_oldest()

    def _wake(self, connection: Connection) -> Connection:
        origin, _until = self._resting.pop(connection)
        of_origin = self._by_origin[origin]
        of_origin.remove(connection)
        if not of_origin:
            del self._by_origin[origin]
        return connection

    async def _connect(self, address: WebAddress, seconds: float) -> Connection:
        while self._resting and self._taken + len(self._resting) > self._most:
            self._wake(next(iter(self._resting))).close()
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                stream = await self._network.connect(address.host, address.port, deadline)
                if address.scheme == "https":
                    try:
                        await stream.start_tls(self._context, address.host)
                    except BaseException:
                        stream.close()
                        raise
        except TimeoutError:
            raise ConnectFailed(f"no connection to {address} within {seconds:.3g} s") from None
        except OSError as error:
            raise ConnectFailed(f"no connection to {address}: {error or type(error).__name__}") from None
        return Connection(stream)
