"""Which of our addresses a far end is told: in Via, Contact and session descriptions. Pure.

Behind a NAT a server has two. Its own is right for who is in its networks; everybody else is told the external one, at
which the NAT passes the same ports on. A NAT has one family: an IPv4 address is nothing to tell to an IPv6 far end.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from playvoice.config import Config
from playvoice.sip import Flow

IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ToldAddress:
    """Our address as a far end is told it."""

    media: str
    """Where RTP sockets are bound; stands for the SIP address too where that is the wildcard of its family."""
    external: str | None = None
    """None where there is no NAT."""
    local_networks: tuple[IPNetwork, ...] = ()
    """Who is on our side of the NAT."""

    @classmethod
    def from_config(cls, config: Config) -> "ToldAddress":
        """Read `[sip]` and `[rtp]`."""
        return cls(config.rtp.address, config.sip.external_address, config.sip.local_networks)

    def for_sip(self, flow: Flow) -> tuple[str, int]:
        """Host and port for Via and Contact of what goes over `flow`."""
        host, port = flow.local
        own = self.media if host in ("0.0.0.0", "::") else host
        return self._towards(flow, own), port

    def for_media(self, flow: Flow) -> str:
        """The address for session descriptions of a leg whose SIP goes over `flow`."""
        return self._towards(flow, self.media)

    def _towards(self, flow: Flow, own: str) -> str:
        external = self.external
        if external is None or _is_ipv6(external) != _is_ipv6(own):
            return own
        return own if self._is_local(flow.remote[0]) else external

    def _is_local(self, host: str) -> bool:
        try:
            far_end = ip_address(host)
        except ValueError:  # whoever wrote it is not beside us
            return False
        return any(far_end in network for network in self.local_networks)


def _is_ipv6(host: str) -> bool:
    return ":" in host
