"""All trunks: which can take a call now, where they are, and whether an address is one of theirs."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import Connection, select

from playvoice.lines import tables
from playvoice.lines.capacity import Capacity
from playvoice.lines.errors import LinesError
from playvoice.lines.health import Health, State
from playvoice.lines.resolving import Resolver, Target, literal
from playvoice.lines.targets import Targets
from playvoice.lines.trunk import Trunk
from playvoice.lines.trunk_registration import TrunkRegistration
from playvoice.sip import Flow

_ALL = select(tables.trunks).order_by(tables.trunks.c.position, tables.trunks.c.name)


@dataclass(slots=True)
class _Line:
    """A trunk with what changes about it."""

    trunk: Trunk
    capacity: Capacity
    health: Health
    targets: Targets = field(default_factory=Targets)
    """Where its requests go."""
    addresses: frozenset[str] = field(default_factory=frozenset)
    """The IP addresses that its own URI and its proxy's resolve to."""
    looked_up: bool = False
    """Whether it is known where its requests go, or that nobody knows."""
    registration: TrunkRegistration | None = None
    """Where it wants one."""
    begun: int = 0
    """Calls that were tried over it since the start."""
    failed: int = 0
    """Tries that an address of it did not take."""

    def is_usable(self, now: float) -> bool:
        """Whether calls try it before those without an address, down, not registered, or asked for no more calls."""
        registered = self.registration is None or self.registration.is_registered(now)
        reachable = bool(self.targets) and not self.targets.are_closed(now)
        return registered and reachable and self.health.state is not State.DOWN


@dataclass(frozen=True, slots=True)
class TrunkView:
    """What can be seen of a trunk."""

    name: str
    calls: int
    """That hold a place."""
    max_calls: int
    state: str
    """By OPTIONS: `unknown`, `up`, `down`."""
    registered: bool | None
    """None where it wants no registration."""
    usable: bool
    """Calls try it before those that are not."""
    addresses: list[str]
    begun: int
    """Calls tried over it since the start."""
    failed: int
    """Tries that an address of it did not take: no connection, no response, or 503."""


def read_trunks(conn: Connection, domain: str) -> list[Trunk]:
    """The trunks of the store, in the order in which they are tried."""
    return [Trunk.from_row(row, domain) for row in conn.execute(_ALL).mappings()]


class Trunks:
    """The trunks in the order in which they are tried. Time is in seconds of a monotonic clock."""

    def __init__(self, trunks: Iterable[Trunk], resolver: Resolver, random: Random) -> None:
        self._resolver = resolver
        self._random = random
        self._lines: dict[str, _Line] = {}
        self._gone: dict[str, Capacity] = {}
        """Of trunks that were removed, while their last calls run: one of the same name may come."""
        self.replace(trunks, 0.0)

    def __repr__(self) -> str:
        lines = (f"{name} {line.health.state.name} {line.capacity.calls}" for name, line in self._lines.items())
        return f"<Trunks {', '.join(lines)}>"

    def __iter__(self) -> Iterator[Trunk]:
        return iter([line.trunk for line in self._lines.values()])

    def replace(self, trunks: Iterable[Trunk], now: float) -> list[tuple[Trunk, TrunkRegistration]]:
        """Take the trunks as they are in the store now; calls, health and addresses of those that stay are kept.

        OPTIONS and REGISTER to a new one are due at once, REGISTER also where we are somebody else there now. Returns
        the registrations that are no trunk's any more.
        """
        registered = self.registrations()
        before, self._lines = self._lines, {}
        for trunk in trunks:
            line = before.get(trunk.name)
            if line is None:
                capacity = self._gone.pop(trunk.name, None) or Capacity(trunk.max_calls, trunk.calls_per_second)
                capacity.limit(trunk.max_calls, trunk.calls_per_second)
                line = _Line(trunk, capacity, Health(trunk.keepalive))
                line.health.start(now)
                self._register(line, now)
            elif line.trunk != trunk:
                line.capacity.limit(trunk.max_calls, trunk.calls_per_second)
                line.health.set_keepalive(trunk.keepalive, now)
                if (line.trunk.address, line.trunk.proxy) != (trunk.address, trunk.proxy):
                    line.targets, line.addresses, line.looked_up = Targets(), frozenset(), False
                before_change, line.trunk = line.trunk, trunk
                if _account(before_change) != _account(trunk):
                    self._register(line, now)
            self._lines[trunk.name] = line
            _take_literals(line)
        removed = {name: line.capacity for name, line in before.items() if name not in self._lines}
        self._gone |= {name: capacity for name, capacity in removed.items() if capacity.calls > 0}
        kept = [registration for _, registration in self.registrations()]
        return [(trunk, registration) for trunk, registration in registered if registration not in kept]

    def get(self, name: str) -> Trunk | None:
        """The trunk of this name."""
        line = self._lines.get(name)
        return None if line is None else line.trunk

    # --- capacity -------------------------------------------------------------------------------------------------

    def exist(self, names: Sequence[str] | None) -> bool:
        """Whether there is any trunk of these names, None for any name."""
        return any(names is None or name in names for name in self._lines)

    def candidates(self, names: Sequence[str] | None, now: float) -> list[Trunk]:
        """The trunks to try, in their order; `names` limits them to a company's, None to none.

        Those that are down, want a registration that they don't have, or asked for no more calls for a while
        (Retry-After), are only among them where no other is.
        """
        lines = [line for name, line in self._lines.items() if names is None or name in names]
        usable = [line for line in lines if line.is_usable(now)]
        return [line.trunk for line in usable or lines]

    def take(self, trunk: Trunk, now: float) -> bool:
        """Take a place for a call that begins now; False where the trunk is at a limit."""
        line = self._line(trunk)
        taken = line.capacity.take(now)
        line.begun += taken
        return taken

    def obstacle(self, trunk: Trunk, now: float) -> str:
        """Why no place could be taken, in words; empty where one could."""
        reason = self._line(trunk).capacity.obstacle(now)
        return f"trunk {trunk.name!r} {reason}" if reason else ""

    def begin_again(self, trunk: Trunk, now: float) -> None:
        """A call that has its place goes to another target: it counts for the calls of a second once more."""
        if trunk.name in self._lines:
            self._lines[trunk.name].capacity.begin_again(now)

    def give_back(self, trunk: Trunk) -> None:
        """Give the place of a call that has ended back, also where the trunk is gone meanwhile."""
        line = self._lines.get(trunk.name)
        capacity = self._gone.get(trunk.name) if line is None else line.capacity
        if capacity is not None:
            capacity.give_back()
            if capacity.calls == 0:
                self._gone.pop(trunk.name, None)

    def views(self, now: float) -> list[TrunkView]:
        """What can be seen of the trunks, in the order in which they are tried."""
        return [
            TrunkView(
                name=line.trunk.name,
                calls=line.capacity.calls,
                max_calls=line.trunk.max_calls,
                state=line.health.state.name.lower(),
                registered=None if line.registration is None else line.registration.is_registered(now),
                usable=line.is_usable(now),
                addresses=[f"{target.host}:{target.port}" for target in line.targets.in_order(now)],
                begun=line.begun,
                failed=line.failed,
            )
            for line in self._lines.values()
        ]

    # --- health ---------------------------------------------------------------------------------------------------

    def health(self, trunk: Trunk) -> Health:
        """The trunk's health, which OPTIONS tell."""
        return self._line(trunk).health

    def may_have_forgotten(self, trunk: Trunk, now: float) -> None:
        """A trunk is down, or back, or forbids a call: where it wants a registration, it gets one soon."""
        line = self._lines.get(trunk.name)
        if line is not None and line.registration is not None:
            line.registration.hurry(now)

    def registrations(self) -> list[tuple[Trunk, TrunkRegistration]]:
        """The trunks that we register with, and how that stands."""
        lines = self._lines.values()
        return [(line.trunk, line.registration) for line in lines if line.registration is not None]

    # --- addresses ------------------------------------------------------------------------------------------------

    def targets(self, trunk: Trunk, now: float) -> tuple[Target, ...]:
        """Where this trunk's requests go, the first to be tried first; none while its name can't be resolved."""
        return self._line(trunk).targets.in_order(now)

    def is_looked_up(self, trunk: Trunk) -> bool:
        """Whether its name was looked up, with success or without: before, nothing can be sent, or has failed."""
        return self._line(trunk).looked_up

    def are_found(self) -> bool:
        """Whether each trunk has an address: one whose name never resolved takes no calls."""
        return all(line.targets for line in self._lines.values())

    def heard(self, trunk: Trunk, flow: Flow, now: float) -> None:
        """A response came from this address of the trunk."""
        if trunk.name in self._lines:
            self._lines[trunk.name].targets.heard(flow, now)

    def failed(self, trunk: Trunk, flow: Flow, now: float, retry_after: float = 0.0) -> None:
        """This address of the trunk is of no use now, or for so many seconds: the others come first for a while."""
        if trunk.name in self._lines:
            line = self._lines[trunk.name]
            line.failed += 1
            line.targets.failed(flow, now, retry_after)

    def is_silent(self, trunk: Trunk, flow: Flow, now: float) -> bool:
        """Whether this address has answered nothing for 30 s, or never: a call leaves it after `trunk_timeout`."""
        return self._line(trunk).targets.is_silent(flow, now)

    async def refresh_addresses(self) -> None:
        """Look every name up anew, all at once: one whose name server hangs keeps no other waiting."""
        ends = await asyncio.gather(*map(self._refresh_line, self._lines.values()), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    def at(self, host: str) -> Trunk | None:
        """The trunk that an IP address belongs to."""
        for line in self._lines.values():
            if host in line.addresses or line.trunk.has_host(host):
                return line.trunk
        return None

    async def _refresh_line(self, line: _Line) -> None:
        trunk = line.trunk
        uris = [trunk.address] if trunk.proxy is None else [trunk.proxy, trunk.address]
        found = [await self._resolver.resolve(uri) for uri in uris]
        if line.trunk is not trunk:
            return  # it was changed meanwhile
        line.looked_up = True
        if found[0]:
            line.targets.replace(found[0])
        if all(found):
            line.addresses = frozenset(target.host for targets in found for target in targets)
        else:
            line.addresses |= {target.host for targets in found for target in targets}

    def _register(self, line: _Line, now: float) -> None:
        """Begin a registration, where the trunk wants one."""
        line.registration = None
        if line.trunk.registers and line.trunk.credentials is not None:
            line.registration = TrunkRegistration(line.trunk.registrar_uri, line.trunk.credentials, self._random)
            line.registration.start(now)

    def _line(self, trunk: Trunk) -> _Line:
        try:
            return self._lines[trunk.name]
        except KeyError:
            raise LinesError(f"there is no trunk {trunk.name!r} any more") from None


def _account(trunk: Trunk) -> tuple[object, ...]:
    """What a registration is made of."""
    return trunk.registers, trunk.registrar_uri, trunk.address_of_record, trunk.credentials, trunk.proxy


def _take_literals(line: _Line) -> None:
    """Fill in what needs no look-up."""
    found = [literal(uri) for uri in (line.trunk.next_hop, line.trunk.address)]
    if found[0] is not None:
        line.targets.replace([found[0]])
        line.looked_up = True
    line.addresses |= {target.host for target in found if target is not None}
