"""From a trunk's URI to the addresses behind it: RFC 3263 section 4, without NAPTR (the URI names the transport).

A literal address is its own answer, at once. A name with a port is looked up as an address; a name without one by SRV
first, in the order of RFC 2782, then as an address with port 5060. Addresses are looked up as the system does, with
its hosts file; SRV by dnspython. What a name once resolved to is kept while it can't be resolved: that there is no SRV
record is an answer, which leads to the addresses; that nobody answers is none, and must not lead a trunk elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from random import Random

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import structlog
from dns.rdtypes.IN.SRV import SRV

from playvoice.sip import URI, Transport
from playvoice.sip.flow import DEFAULT_PORT, ip_of
from playvoice.web.network import SystemResolver

LOOKUP_TIMEOUT = 5.0
"""Seconds for all look-ups of one URI."""
SERVICE_TIMEOUT = HOST_TIMEOUT = 2.0
"""Seconds for its SRV records, and for the addresses of each host that they name."""
MAX_TARGETS = 32
"""Addresses of one URI that are kept."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests can be sent."""

    transport: Transport
    host: str
    """An IP address."""
    port: int


@dataclass(frozen=True, slots=True)
class Service:
    """An SRV record."""

    priority: int
    weight: int
    host: str
    port: int


LookUpService = Callable[[str], Awaitable[list[Service]]]
"""The SRV records of a name, none if there are none; OSError if nobody knows, or if there is decidedly no service."""
LookUpAddress = Callable[[str], Awaitable[list[str]]]
"""The IP addresses of a name; OSError if there are none."""


def transport_of(uri: URI) -> Transport:
    """The transport that the URI names, UDP if it names none."""
    return Transport.TCP if (uri.parameters.get("transport") or "").lower() == "tcp" else Transport.UDP


def literal(uri: URI) -> Target | None:
    """The target of a URI whose host is an IP address, None for a name."""
    address = ip_of(uri.host)
    return None if address is None else Target(transport_of(uri), address, uri.port or DEFAULT_PORT)


def in_order(services: Iterable[Service], random: Random) -> list[Service]:
    """Order SRV records: by priority, and among equals at random by weight (RFC 2782)."""
    remaining = sorted(services, key=lambda service: (service.priority, service.weight))
    ordered: list[Service] = []
    while remaining:
        equals = [service for service in remaining if service.priority == remaining[0].priority]
        (chosen,) = random.choices(equals, weights=[service.weight + 0.001 for service in equals])
        remaining.remove(chosen)
        ordered.append(chosen)
    return ordered


class Resolver:
    """Resolves URIs."""

    def __init__(
        self,
        random: Random,
        *,
        look_up_service: LookUpService | None = None,
        look_up_address: LookUpAddress | None = None,
    ) -> None:
        self._random = random
        self._look_up_service = look_up_service or ask_for_services
        self._look_up_address = look_up_address or ask_the_system()

    async def resolve(self, uri: URI) -> list[Target]:
        """The targets of a URI, the first to be tried first; none if its name can't be resolved now."""
        if (target := literal(uri)) is not None:
            return [target]
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                targets = await self._look_up(uri)
        except (OSError, TimeoutError, UnicodeError) as error:
            log.warning("name_not_resolved", name=uri.host, reason=str(error) or type(error).__name__)
            return []
        return list(dict.fromkeys(targets))[:MAX_TARGETS]

    async def _look_up(self, uri: URI) -> list[Target]:
        transport = transport_of(uri)
        if uri.port is None:
            services = await self._look_up_service(f"_sip._{transport}.{uri.host}")
            if services:
                best = sorted(services, key=lambda service: service.priority)[:MAX_TARGETS]
                ordered = in_order(best, self._random)
                found = await asyncio.gather(*(self._addresses_of_service(service) for service in ordered))
                return [
                    Target(transport, address, service.port)
                    for service, addresses in zip(ordered, found, strict=True)
                    for address in addresses
                ]
        port = uri.port or DEFAULT_PORT
        return [Target(transport, address, port) for address in await self._look_up_address(uri.host)]

    async def _addresses_of_service(self, service: Service) -> list[str]:
        try:
            async with asyncio.timeout(HOST_TIMEOUT):
                return await self._look_up_address(service.host)
        except (OSError, TimeoutError, UnicodeError) as error:
            log.warning("name_not_resolved", name=service.host, reason=str(error) or type(error).__name__)
            return []  # the other records may lead somewhere


async def ask_for_services(name: str) -> list[Service]:
    """Ask a name server for SRV records: a `LookUpService`."""
    try:
        found = await dns.asyncresolver.resolve(name, "SRV", lifetime=SERVICE_TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.NoResolverConfiguration):
        return []
    except dns.exception.DNSException as error:
        raise OSError(f"no answer to SRV {name}: {error}") from error
    records = [record for record in found if isinstance(record, SRV)]
    services = [
        Service(record.priority, record.weight, record.target.to_text(omit_final_dot=True), record.port)
        for record in records
        if record.target != dns.name.root
    ]
    if records and not services:
        raise OSError(f"SRV {name} says that there is no such service")  # a target of "." (RFC 2782)
    return services


def ask_the_system() -> LookUpAddress:
    """Ask the system for the addresses of a name, IPv4 first."""
    system = SystemResolver()

    async def look_up_address(name: str) -> list[str]:
        return [str(address) for address in sorted(await system(name, 0), key=lambda address: address.version)]

    return look_up_address
