"""Where a call goes that its trunk redirects: RFC 3261 section 8.1.3.4. Pure.

A trunk that answers 300, 301 or 302 names Contacts. They are tried in the order of their `q`, each once, and at most
`MAX_TARGETS` in all. Whoever redirects shall not make us call the rest of the world: a Contact is followed only where
its host is the one of the trunk's address (name or IP), the IP address that the first INVITE went to, or in the trunk's
`hosts`, by the transport that the trunk has. Where the trunk has a proxy, every target is reached through it.
"""

from dataclasses import replace

from playvoice.lines.trunk import Trunk
from playvoice.sip import URI, Address, Flow, Response
from playvoice.sip.flow import DEFAULT_PORT, ip_of
from playvoice.sip.message import addresses_of

MAX_TARGETS = 5
"""Targets of one leg, with the first."""
FOLLOWED = frozenset({300, 301, 302})
"""Moved for good or for now; 305 names a proxy and 380 another service."""


class Targets:
    """The targets of one leg that were tried, and those that wait."""

    def __init__(self, trunk: Trunk, first: URI, flow: Flow) -> None:
        self._trunk = trunk
        self._flow = flow
        self._seen = {_key(first)}
        self._waiting: list[tuple[URI, Flow]] = []

    def __repr__(self) -> str:
        return f"<Targets {len(self._seen)} known, {len(self._waiting)} wait>"

    def add(self, response: Response) -> None:
        """Take the Contacts of a redirection; what may not be followed, or was tried, is left out."""
        if response.code not in FOLLOWED:
            return
        try:
            contacts = addresses_of(response, "Contact")
        except ValueError:
            return
        for contact in sorted(contacts, key=_q, reverse=True):
            uri = contact.uri
            if len(self._seen) >= MAX_TARGETS or _key(uri) in self._seen:
                continue
            flow = self._flow_to(uri)
            if flow is not None:
                self._seen.add(_key(uri))
                self._waiting.append((uri, flow))

    def next(self) -> tuple[URI, Flow] | None:
        """The next target, None if there is none."""
        return self._waiting.pop(0) if self._waiting else None

    def _flow_to(self, uri: URI) -> Flow | None:
        """The flow to a target, None for one that is not the trunk's."""
        flow, trunk = self._flow, self._trunk
        if uri.scheme.lower() != "sip" or (uri.parameters.get("transport") or flow.transport).lower() != flow.transport:
            return None
        host = uri.host.strip("[]").lower()
        if host == trunk.address.host.strip("[]").lower():
            reached = flow.remote[0]
            if (uri.port or DEFAULT_PORT) == (trunk.address.port or DEFAULT_PORT):
                return flow
        elif host == flow.remote[0] or _is_among_hosts(trunk, host):
            reached = host
        else:
            return None
        if (":" in reached) != (":" in flow.local[0]):
            return None  # our address there is one of the other family
        return flow if trunk.proxy is not None else replace(flow, remote=(reached, uri.port or DEFAULT_PORT))


def _key(uri: URI) -> tuple[str, str, int]:
    return uri.user or "", uri.host.lower(), uri.port or DEFAULT_PORT


def _q(contact: Address) -> float:
    """The preference of a Contact, 1 where none is given (section 20.10)."""
    try:
        return min(1.0, max(0.0, float(contact.parameters.get("q") or 1)))
    except ValueError:
        return 0.0


def _is_among_hosts(trunk: Trunk, host: str) -> bool:
    return ip_of(host) is not None and trunk.has_host(host)
