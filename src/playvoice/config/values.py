"""The values that a key of the configuration can have, read from their text; a `ValueError` says what is wrong."""

import base64
import binascii
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

IPNetwork = IPv4Network | IPv6Network

_HOST = r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?"
_SIP_URI = re.compile(
    r"sip:((?:[0-9A-Za-z_.!~*'()&=+$,/:-]|%[0-9A-Fa-f]{2})+@)?"
    rf"(?P<host>\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|{_HOST})"
    r"(:(?P<port>[0-9]{1,5}))?(?P<parameters>(;[A-Za-z0-9-]+(=[0-9A-Za-z_.!~*'()\[\]/:&+$%-]+)?)*)"
)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A TCP address to listen on; port 0 takes a free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SipListen:
    """An address to listen on for SIP; port 0 takes a free one."""

    transport: str
    """`"udp"` or `"tcp"`."""
    host: str
    """An IP address."""
    port: int


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from `first` to `last`, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


def listen_address(text: str) -> ListenAddress:
    """Read `HOST:PORT`; an IPv6 address stands in brackets."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = str(IPv6Address(host[1:-1]))
    elif not host or ":" in host or re.search(r"[^0-9A-Za-z.-]", host):
        raise ValueError("no host")
    if not colon:
        raise ValueError("no port")
    return ListenAddress(host, port_number(port))


def sip_listen(text: str) -> SipListen:
    """Read `udp:ADDRESS:PORT` or `tcp:ADDRESS:PORT`."""
    transport, _, rest = text.partition(":")
    if transport not in ("udp", "tcp"):
        raise ValueError("unknown transport")
    address = listen_address(rest)
    return SipListen(transport, str(ip_address(address.host)), address.port)


def port_number(text: str) -> int:
    """Read a port from 0 to 65535."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65_535:
        raise ValueError("not a port")
    return int(text)


def port_range(text: str) -> PortRange:
    """Read `FIRST-LAST`: ports from 1024 on, room for at least one pair of RTP and RTCP."""
    first, _, last = text.replace(" ", "").partition("-")
    ports = PortRange(port_number(first), port_number(last))
    if ports.first < 1_024 or (ports.first + ports.first % 2) + 1 > ports.last:
        raise ValueError("no room for a pair")
    return ports


def ip_text(text: str) -> str:
    """Read an IP address and return it in its usual spelling."""
    return str(ip_address(text))


def network(text: str) -> IPv4Network | IPv6Network:
    """Read an IP address or a network; host bits behind the prefix are a mistake."""
    return ip_network(text)


def is_within(source: str, networks: Iterable[IPNetwork]) -> bool:
    """Whether an IP address is in one of these networks; what is no address is in none."""
    try:
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def specific_address(text: str) -> str:
    """Read an IP address at which others can reach us, so not the wildcard."""
    address: IPv4Address | IPv6Address = ip_address(text)
    if address.is_unspecified:
        raise ValueError("the wildcard address is no address to be reached at")
    return str(address)


def time_zone(text: str) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(text)
    except (OSError, KeyError) as error:  # an unknown name is a KeyError, a folder's name an OSError
        raise ValueError("unknown time zone") from error


def web_url(text: str) -> str:
    """Read an http or https URL with a host."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f]", text):
        raise ValueError("not a web address")
    _ = parts.port  # raises ValueError where it is none
    return text


def public_url(text: str) -> str:
    """Read what comes before the paths of links: an http or https URL without query, fragment and user."""
    parts = urlsplit(web_url(text))
    if parts.query or parts.fragment or parts.username is not None or re.search(r"[?#]", text) or not text.isascii():
        raise ValueError("not the beginning of a link")
    return text.rstrip("/")


def sip_host(text: str) -> str:
    """Read a host as it stands in a SIP URI: a name or an IP address, an IPv6 address in brackets or without."""
    if ":" in text:
        return f"[{IPv6Address(text[1:-1] if text.startswith('[') and text.endswith(']') else text)}]"
    if len(text) > 255 or not re.fullmatch(_HOST, text):
        raise ValueError("not a host")
    return text


def sip_uri(text: str) -> str:
    """Read the SIP URI of a far end: `sip:[USER@]HOST[:PORT]` with parameters, over UDP or TCP."""
    match = _SIP_URI.fullmatch(text)
    if match is None or (match["port"] is not None and port_number(match["port"]) == 0):
        raise ValueError("not a SIP URI")
    if match["ipv6"] is not None:
        IPv6Address(match["ipv6"])
    for parameter in match["parameters"].split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.lower() == "transport" and value.lower() not in ("udp", "tcp"):
            raise ValueError("unknown transport")
    return text


def signing_secret(text: str) -> str:
    """Read a secret as Standard Webhooks writes it: `whsec_` and 24 to 64 octets in base64."""
    try:
        octets = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        octets = b""
    if not text.startswith("whsec_") or not 24 <= len(octets) <= 64:
        raise ValueError("not a signing secret")
    return text


def none_or_from(least: int) -> Callable[[int], int]:
    """A number that is 0 or at least so much."""

    def check(number: int) -> int:
        if 0 < number < least:
            raise ValueError(f"below {least}")
        return number

    return check


def each_once(items: tuple[str, ...]) -> tuple[str, ...]:
    """Take a list in which nothing stands twice."""
    if twice := [item for item in dict.fromkeys(items) if items.count(item) > 1]:
        raise ValueError(f"{twice[0]} stands in it twice")
    return items


def without_space_around(text: str) -> str:
    """Take a text that white space around it would not change."""
    if text != text.strip():
        raise ValueError("white space around it")
    return text


def directory(path: Path) -> Path:
    """Take the path of a directory that exists and can be looked at."""
    if not os.path.isdir(path):
        raise ValueError(f"there is no directory {path}")
    return path
