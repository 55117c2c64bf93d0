"""Where a URL that a customer gave may lead.

Only ``http`` and ``https``, and only addresses that are globally reachable (IANA's special-purpose address
registries, RFC 6890), unless the operator has opened a network (``allow_networks``). An address that stands
literally in the URL is refused at once, in every notation that resolvers understand: dotted, one number,
hexadecimal, octal, short forms, IPv6, IPv4 within IPv6. A name is looked up only when it is connected to,
and checked there, with every address that it has: :mod:`playvoice.web.network`.
"""

import base64
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

import httpx2

from playvoice.web.errors import AddressRefused

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port: what a connection is made for, and kept for."""

MAX_URL = 2048
"""Characters of a URL."""

_NOT_GLOBAL_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL_6 = tuple(ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A URL taken apart, its literal address in the one usual notation."""

    scheme: str
    host: str
    """A name in ASCII (IDNA) or an IP address, without brackets."""
    port: int
    target: str
    """Path and query, percent-encoded."""
    authorization: str | None
    """The value of the header, if the URL has a user and a password."""

    @property
    def origin(self) -> Origin:
        """What connections to this URL have in common."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """The URL without user, password and query: fit for a log and for an error."""
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"


class NetworkPolicy:
    """Which addresses may be connected to.

    :param allow_networks: networks that are not globally reachable and allowed all the same.
    """

    def __init__(self, allow_networks: Iterable[IPNetwork] = ()) -> None:
        self._allowed = tuple(allow_networks)

    def allow(self, networks: Iterable[IPNetwork]) -> None:
        """Allow these networks from now on, and no others beside what is globally reachable."""
        self._allowed = tuple(networks)

    def check_url(self, url: str) -> WebAddress:
        """Take a URL apart; no name is looked up.

        :raises AddressRefused: malformed, of another scheme, or the literal address of a network that is
            not allowed.
        """
        address = _take_apart(url)
        literal = _literal(address.host)
        if literal is not None:
            self.check_address(literal)
        return address

    def check_address(self, address: IPAddress) -> None:
        """:raises AddressRefused: nobody may be sent to this address."""
        plain = _embedded(address)
        if plain.version == 4:
            reachable = not any(plain in network for network in _NOT_GLOBAL_4)
        else:
            reachable = plain in _GLOBAL_6 and not any(plain in network for network in _NOT_GLOBAL_6)
        if reachable or any(plain in network for network in self._allowed):
            return
        raise AddressRefused(f"the address {address} is in a network that is not allowed")


def _embedded(address: IPAddress) -> IPAddress:
    """The IPv4 address within an IPv6 one that leads to it (mapped, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@lru_cache(maxsize=1024)
def _take_apart(url: str) -> WebAddress:
    if len(url) > MAX_URL:
        raise AddressRefused(f"a URL of {len(url)} characters, more than {MAX_URL}")
    if "\\" in url or any(character.isspace() for character in url.partition("?")[0].partition("/")[0]):
        raise AddressRefused("a URL has no backslash and no white space in its host")
    try:
        parsed = httpx2.URL(url)
        scheme, host, port = parsed.scheme, parsed.raw_host.decode("ascii"), parsed.port
    except (httpx2.InvalidURL, ValueError) as error:
        raise AddressRefused(f"the URL can't be read: {error}") from None
    if scheme not in _DEFAULT_PORTS:
        raise AddressRefused(f"the scheme {scheme!r} is not allowed, only http and https are")
    literal = _literal(host)
    if literal is not None:
        host = str(literal)
    elif not _NAME.fullmatch(host := host.removesuffix(".")):
        raise AddressRefused(f"the URL has {host[:80]!r} where a host was expected")
    if port is not None and not 0 < port <= 65535:
        raise AddressRefused(f"the URL has the port {port}, which is none")
    return WebAddress(
        scheme=scheme,
        host=host,
        port=port or _DEFAULT_PORTS[scheme],
        target=parsed.raw_path.decode("ascii") or "/",
        authorization=_authorization(parsed.userinfo),
    )


def _literal(host: str) -> IPAddress | None:
    """The address that a host is, in whatever notation; None for a name.

    A host whose last label is a number is an address and nothing else (URL standard, "ends in a number").

    :raises AddressRefused: it ends in a number and is no address.
    """
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host)
        except ValueError:
            raise AddressRefused(f"the URL has {host[:80]!r} where an address was expected") from None
    labels = host.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(labels[-1].lower()):
        return None
    # inet_aton reads all the forms that a resolver does, and stops at white space, which is refused before.
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):
        raise AddressRefused(f"the URL has {host[:80]!r} where an address was expected") from None


def _authorization(userinfo: bytes) -> str | None:
    """Basic authentication (RFC 7617) of a URL's user and password."""
    if not userinfo:
        return None
    user, _, password = userinfo.partition(b":")
    return "Basic " + base64.b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode()
