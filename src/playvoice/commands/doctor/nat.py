"""Which address far ends are told, and whether it is one at which they can reach us."""

from collections.abc import Iterable
from ipaddress import ip_address

from playvoice.commands.doctor.finding import Finding, ok, warning
from playvoice.config import Config
from playvoice.lines.resolving import Target

CHECK = "NAT address"


def nat(config: Config, own: Iterable[str], targets: Iterable[Target], seen_as: Iterable[str]) -> Finding:
    """Compare what is told with where we are.

    `own` are this machine's addresses, `targets` those of the trunks, `seen_as` ours as trunks saw it: they are
    asked anyway, so nobody else need be.
    """
    external, media = config.sip.external_address, config.rtp.address
    far = [target.host for target in targets if _is_public(target.host)]
    seen = sorted({each for each in seen_as if _is_public(each)})
    if external is None:
        return _without(media, far, seen)
    if _is_local(external, config) or not _is_public(external):
        return warning(
            CHECK,
            f"external_address {external} is a private address, of no use to a carrier in the internet",
            "write the public address of your router or cloud machine in [sip] external_address",
        )
    if external in own:
        return ok(CHECK, f"external_address {external} is this machine's own")
    if seen and external not in seen:
        return warning(
            CHECK,
            f"trunks see us at {', '.join(seen)}, external_address says {external}",
            f'write external_address = "{seen[0]}" in [sip]: else their audio goes elsewhere',
        )
    forward = f"let the router pass SIP and RTP ports {config.rtp.ports.first}-{config.rtp.ports.last} on to {media}"
    if seen:
        return ok(CHECK, f"trunks see us at {external}, as external_address says", forward)
    return ok(CHECK, f"{external} is told instead of {media}; no trunk said whether that is right", forward)


def _without(media: str, far: list[str], seen: list[str]) -> Finding:
    if _is_public(media) or not far:
        return ok(CHECK, f"{media} is told to everybody")
    if seen:
        return warning(
            CHECK,
            f"{media} is told, a private address, and trunks see us at {seen[0]}: audio may not come back",
            f'write external_address = "{seen[0]}" in [sip], and let the router pass the RTP ports on',
        )
    return warning(
        CHECK,
        f"{media} is told, a private address, to a trunk in the internet ({far[0]}): audio may not come back",
        "write the public address in [sip] external_address, unless the carrier is reached through a VPN",
    )


def _is_local(address: str, config: Config) -> bool:
    return any(ip_address(address) in network for network in config.sip.local_networks)


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
