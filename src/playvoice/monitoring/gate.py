"""Who may ask how the server is: the figures name companies and trunks, which are the operator's business alone."""

from collections.abc import Callable, Collection, Mapping

from playvoice.config import IPNetwork, is_within

FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
"""Headers of a proxy (RFC 7239, RFC 9110 section 7.6.3): who connected is then not who asks."""


class Gate:
    """Lets those in who connect from these networks, and not through a proxy.

    A proxy on this machine connects from loopback for the whole world, so what one has marked is never let in.
    """

    def __init__(self, allowed: Callable[[], Collection[IPNetwork]]) -> None:
        self._allowed = allowed

    def admits(self, source: str, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers, their names in lower case, from this IP address may be answered."""
        if not FORWARDED.isdisjoint(headers):
            return False
        return is_within(source, self._allowed())
