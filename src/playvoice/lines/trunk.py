"""A trunk: how a number is written towards one carrier or PBX, and who we are there."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Self

from sqlalchemy import RowMapping

from playvoice.config import CallerId, Dtmf
from playvoice.media.g711 import Codec
from playvoice.sip import URI, Address, Credentials
from playvoice.sip.message import parse_uri

IPNetwork = IPv4Network | IPv6Network
SERVICE_USER = "playvoice"
"""The user part of From in requests that are no calls."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A SIP connection to a carrier or PBX, as it stands in the store."""

    name: str
    address: URI
    domain: str
    """The host of From: the trunk's `from_domain`, else that of a registrar, else the server's own domain."""
    credentials: Credentials | None = None
    registers: bool = False
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    """In the order of preference."""
    max_calls: int = 30
    calls_per_second: float = 5.0
    hosts: tuple[IPNetwork, ...] = ()
    """Networks that its requests may come from, beside what its address resolves to."""
    proxy: URI | None = None
    strip: str = ""
    prefix: str = ""
    from_user: str | None = None
    caller_id: CallerId = CallerId.FROM
    dtmf: Dtmf = Dtmf.AUTO
    keepalive: int = 30
    """Seconds between OPTIONS, 0 for none."""
    trunk_timeout: int = 4
    """Seconds after which a call leaves this trunk for the next one if it has been silent."""

    @classmethod
    def from_row(cls, row: RowMapping, domain: str) -> Self:
        """Read a row of the table `trunks`; `domain` is the server's."""
        values: dict[str, Any] = dict(row)
        username, password = values["username"], values["password"]
        address = parse_uri(values["address"])
        return cls(
            name=values["name"],
            address=address,
            domain=values["from_domain"] or (address.host if values["register"] else domain),
            credentials=None if username is None else Credentials(username, password or ""),
            registers=values["register"],
            codecs=tuple(Codec[name] for name in values["codecs"].split(",")),
            max_calls=values["max_calls"],
            calls_per_second=values["calls_per_second"],
            hosts=tuple(ip_network(text) for text in values["hosts"].split(",") if text),
            proxy=None if values["proxy"] is None else parse_uri(values["proxy"]),
            strip=values["strip"],
            prefix=values["prefix"],
            from_user=values["from_user"],
            caller_id=CallerId(values["caller_id"]),
            dtmf=Dtmf(values["dtmf"]),
            keepalive=values["keepalive"],
            trunk_timeout=values["trunk_timeout"],
        )

    def number(self, destnumber: str) -> str:
        """The called number as this trunk wants it: without `strip`, if more than that is left, and behind `prefix`."""
        return self.prefix + (destnumber.removeprefix(self.strip) or destnumber)

    def request_uri(self, destnumber: str) -> URI:
        """The request URI of a call to this number."""
        return replace(self.address, user=self.number(destnumber), password=None)

    def options_uri(self) -> URI:
        """The request URI of OPTIONS: the trunk itself."""
        return replace(self.address, password=None)

    def from_address(self, caller_number: str) -> Address:
        """From: the caller number, unless this trunk wants a user of its own there."""
        return Address(uri=URI(scheme="sip", user=self.from_user or caller_number, host=self.domain))

    def headers(self, caller_number: str) -> tuple[tuple[str, str], ...]:
        """The header that tells the caller number where From does not (RFC 3325; Remote-Party-ID never became one)."""
        identity = f"<{URI(scheme='sip', user=caller_number, host=self.domain)}>"
        match self.caller_id:
            case CallerId.PAI:
                return (("P-Asserted-Identity", identity),)
            case CallerId.PPI:
                return (("P-Preferred-Identity", identity),)
            case CallerId.RPID:
                return (("Remote-Party-ID", f"{identity};party=calling;screen=yes;privacy=off"),)
            case CallerId.FROM:
                return ()

    @property
    def service_address(self) -> Address:
        """From and To of requests that are no calls."""
        return Address(uri=URI(scheme="sip", user=self.from_user or SERVICE_USER, host=self.domain))

    @property
    def registrar_uri(self) -> URI:
        """The request URI of REGISTER: the trunk without a user (RFC 3261 section 10.2)."""
        return replace(self.address, user=None, password=None)

    @property
    def address_of_record(self) -> URI:
        """Whom we register as: `from_user`, else the user name, at the trunk's domain."""
        username = self.credentials.username if self.credentials is not None else None
        return URI(scheme="sip", user=self.from_user or username, host=self.domain)

    @property
    def route(self) -> tuple[Address, ...]:
        """The Route of its requests: the proxy, where there is one (RFC 3261 section 8.1.2)."""
        if self.proxy is None:
            return ()
        return (Address(uri=replace(self.proxy, parameters=self.proxy.parameters.replace(lr=None))),)

    @property
    def next_hop(self) -> URI:
        """Whose address its requests go to."""
        return self.proxy or self.address

    def has_host(self, host: str) -> bool:
        """Whether an IP address is among `hosts`."""
        if not self.hosts:
            return False
        address = ip_address(host)
        return any(address in network for network in self.hosts)
