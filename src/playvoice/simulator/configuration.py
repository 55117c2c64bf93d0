"""The configuration of a server among simulated far ends, on loopback and on ports of the system's choice."""

import base64
import itertools
import json
import random
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playvoice.simulator.errors import SimulatorError

COMPANY = "2028"
APPID = "demo-appid"
ACCESSKEY = "demo-accesskey"
GROUP = "extGroup-1"
NUMBERS = ("2120280001", "2120280002")
LOOPBACK = "127.0.0.1"


def signing_secret(generator: random.Random) -> str:
    """A secret as the configuration wants it: 24 octets."""
    return "whsec_" + base64.b64encode(generator.randbytes(24)).decode()


LASTING_PORTS = range(5_000, 10_000)
"""Below the servers' RTP ports and below those that systems give to sockets that don't ask for one."""


_reserved: list[socket.socket] = []
"""The names by which others leave the ports alone that were given out here; they last as long as this process."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody has just now, for UDP and TCP: for a server that is started again on the same ones.

    None of those that the system gives away, nor one that was given out here or in another process that still runs, so
    that nobody's socket takes one while the server is down. SimulatorError if there are not so many.
    """
    shuffled = random.SystemRandom().sample(LASTING_PORTS, len(LASTING_PORTS))
    free = (
        port
        for port in shuffled
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM) and _reserve(port)
    )
    found = list(itertools.islice(free, count))
    if len(found) < count:
        raise SimulatorError(f"fewer than {count} ports from {LASTING_PORTS.start} on are free")
    return found


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as sock:
        try:
            sock.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _reserve(port: int) -> bool:
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0playvoice port {port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


@dataclass(frozen=True, slots=True)
class Setting:
    """What is written into the file; the tables are what a test changes, key by key."""

    carrier: str
    """SIP URI of the trunk."""
    receiver: str
    """HOST:PORT of the callback receiver."""
    secret: str
    voices: Path
    """Directory of the company's voice files."""
    extensions: Mapping[str, str]
    """Number to password; all are members of the group, in this order."""
    http: str = f"{LOOPBACK}:0"
    sip: Sequence[str] = (f"udp:{LOOPBACK}:0", f"tcp:{LOOPBACK}:0")
    database: str = "sqlite:///playvoice.db"
    rtp_ports: str = "10000-29999"
    stop_timeout: int = 0
    """Seconds that running calls have at a stop to end by themselves."""
    network: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of [sip]."""
    trunk: Mapping[str, Any] = field(default_factory=dict)
    more_trunks: Sequence[Mapping[str, Any]] = ()
    """Trunks behind that one."""
    company: Mapping[str, Any] = field(default_factory=dict)
    group: Mapping[str, Any] = field(default_factory=dict)
    more_companies: Sequence[Mapping[str, Any]] = ()
    """Companies behind that one: what differs from it. Each has a group of the same name, without members."""

    def text(self) -> str:
        """The file."""
        trunk = {"name": "carrier", "address": self.carrier, "max_calls": 1_000, "calls_per_second": 500.0}
        company = {
            "code": COMPANY,
            "name": "Demo",
            "appid": APPID,
            "accesskey": ACCESSKEY,
            "cdr_callback": f"http://{self.receiver}/cdr",
            "status_callback": f"http://{self.receiver}/status",
            "numbers": list(NUMBERS),
            "signing_secret": self.secret,
            "voice_dir": str(self.voices),
        }
        server = {"http": self.http, "database": self.database, "data_dir": "data", "stop_timeout": self.stop_timeout}
        group = {"name": GROUP, "strategy": "ring-all", "members": list(self.extensions)}
        tables: list[tuple[str, Mapping[str, Any]]] = [
            ("[server]", server),
            ("[security]", {"allow_networks": ["127.0.0.0/8"]}),
            ("[sip]", {"listen": list(self.sip), "domain": LOOPBACK, **self.network}),
            ("[rtp]", {"ports": self.rtp_ports}),
            ("[[trunk]]", {**trunk, **self.trunk}),
            *(("[[trunk]]", each) for each in self.more_trunks),
            ("[[company]]", {**company, **self.company}),
            *(("[[company.extension]]", {"number": n, "password": p}) for n, p in self.extensions.items()),
            ("[[company.group]]", {**group, **self.group}),
        ]
        for each in self.more_companies:
            tables += [("[[company]]", {**company, **each}), ("[[company.group]]", {"name": GROUP})]
        return "\n".join(_table(head, values) for head, values in tables)


def _table(head: str, values: Mapping[str, Any]) -> str:
    """A TOML table; its strings, numbers, booleans and lists are written as JSON writes them."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join([head, *lines, ""])
