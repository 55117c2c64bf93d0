"""What this machine suggests as answers; nothing is sent."""

import os
import socket
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from playvoice.config.values import time_zone

SOMEWHERE = "192.0.2.1"
"""An address in the internet at which nobody is (RFC 5737): only the way there is looked up."""
_LOCAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")


def own_address(far_end: str) -> str:
    """The address of ours from which packets go to a far end, which may be a name; loopback where there is no way."""
    host = far_end.strip("[]")
    try:
        target = ip_address(host)
    except ValueError:
        target = ip_address(SOMEWHERE)
    family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((str(target), 5060))
            return str(sock.getsockname()[0])
    except OSError:
        return "::1" if target.version == 6 else "127.0.0.1"


def may_be_behind_nat(address: str) -> bool:
    """Whether an address is one that the internet can't reach."""
    found = ip_address(address)
    return not found.is_global and not found.is_loopback


def networks_beside(address: str) -> list[str]:
    """The private networks whose hosts reach us at our own address, that of this machine among them."""
    found = ip_address(address)
    return [text for text in _LOCAL if _holds(text, str(found)) or text == "127.0.0.0/8"]


def networks_to_allow(urls: Iterable[str | None]) -> list[str]:
    """The addresses in URLs that lead into a network of the operator's own, and so have to be allowed."""
    found: list[str] = []
    for url in urls:
        host = (urlsplit(url).hostname or "") if url else ""
        if host == "localhost":
            found += ["127.0.0.0/8", "::1"]
            continue
        try:
            address = ip_address(host)
        except ValueError:
            continue
        if not address.is_global:
            found.append("127.0.0.0/8" if _holds("127.0.0.0/8", host) else str(address))
    return list(dict.fromkeys(found))


def local_zone(environ: Iterable[tuple[str, str]] = (), etc: Path = Path("/etc")) -> str:
    """The name of this machine's time zone, UTC where it has none."""
    candidates = [dict(environ).get("TZ", "").removeprefix(":")]
    try:
        candidates.append((etc / "timezone").read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        pass
    candidates.append(os.path.realpath(etc / "localtime").partition("/zoneinfo/")[2])
    for name in candidates:
        try:
            time_zone(name)
        except ValueError:
            continue
        return name
    return "UTC"


def _holds(network: str, address: str) -> bool:
    return ip_address(address) in ip_network(network)
