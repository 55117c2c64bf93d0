"""Where bytes came from and where the answer goes: RFC 3261 section 18, RFC 5626's word for it."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address

from sipmessage import Request

from playvoice.sip.grammar import READ_HOSTS, replace_parameters
from playvoice.sip.message import top_via

DEFAULT_PORT = 5060
"""Where SIP is spoken over UDP and TCP if no port is named (RFC 3261 section 19.1.2)."""


class Transport(StrEnum):
    """The transports that we speak, as they stand in an address or a configuration."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Flow:
    """A pair of addresses over which a peer's messages come and ours go."""

    transport: Transport
    remote: tuple[str, int]
    """The peer's IP address and port."""
    local: tuple[str, int]
    """The address and port of our listening socket, also where a TCP connection is one that we opened."""

    @property
    def reliable(self) -> bool:
        """A reliable transport needs no retransmission (RFC 3261 section 17.1)."""
        return self.transport is not Transport.UDP

    @property
    def far_end(self) -> tuple[Transport, tuple[str, int]]:
        """Who is at the other end, from whichever address of ours."""
        return self.transport, self.remote

    def __str__(self) -> str:
        return f"{self.transport}:{format_host(self.remote[0])}:{self.remote[1]}"


@lru_cache(READ_HOSTS)
def ip_of(host: str) -> str | None:
    """The IP address that a host of a URI or Via is, in its usual form; None for a name.

    What only looks like an address is a name, which a socket would look up.
    """
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return None


def format_host(host: str) -> str:
    """Write an IPv6 address in brackets, as URIs and Via want it; leave anything else alone."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def stamp_via(request: Request, flow: Flow) -> Flow:
    """Write into the top Via where the request came from, and tell where its response goes.

    RFC 3261 sections 18.2.1 and 18.2.2, RFC 3581 section 4. All else of the Via goes back as it came.
    """
    top, *others = request.headers.getlist("Via")
    via = top_via(request)
    host, port = flow.remote
    changes: dict[str, str | None] = {}
    if ip_of(via.host) != host or "rport" in via.parameters:
        changes["received"] = host
    if "rport" in via.parameters:
        changes["rport"] = str(port)
    if changes:
        request.headers.setlist("Via", [replace_parameters(top, changes), *others])
    if flow.reliable or "rport" in via.parameters:
        return flow
    return listening(request, flow)


def listening(request: Request, flow: Flow) -> Flow:
    """Where the sender of a request listens, by its Via, at the address that the request came from.

    There its response goes over UDP, and over a new connection where the one of the request is gone (RFC 3261 section
    18.2.2).
    """
    return Flow(flow.transport, (flow.remote[0], top_via(request).port or DEFAULT_PORT), flow.local)
