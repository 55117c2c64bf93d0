"""The ports that the server listens on, and those that it takes for RTP."""

import errno
import socket
from collections.abc import Iterator

from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.commands.doctor.machine import BoundSocket, Machine, can_bind
from playvoice.commands.doctor.situation import Situation
from playvoice.config import PortRange
from playvoice.sip.flow import format_host

EPHEMERAL = "net/ipv4/ip_local_port_range"
_KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


def listening(situation: Situation) -> Iterator[Finding]:
    """Whether each port can be had, or who has it."""
    http = situation.config.server.http
    yield _port(situation, "port of HTTP", "[server] http", "tcp", http.host, http.port)
    for listen in situation.config.sip.listen:
        name = f"port of SIP over {listen.transport.upper()}"
        yield _port(situation, name, "[sip] listen", listen.transport, listen.host, listen.port)


def _port(situation: Situation, check: str, key: str, protocol: str, host: str, port: int) -> Finding:
    address = f"{format_host(host)}:{port}"
    if port == 0:
        return ok(check, f"{address}: the system chooses one at each start")
    machine = situation.machine
    taken = [each for each in machine.sockets(protocol) if each.port == port and each.is_in_the_way_of(_literal(host))]
    if taken:
        return _taken(situation, check, key, address, taken)
    error = can_bind(_KINDS[protocol], host, port)
    if error is None:
        return ok(check, f"{address} is free")
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        own = ", ".join(machine.addresses()) or "unknown"
        return failure(check, f"{host} is no address of this machine", f"write one of its own in {key}: {own}")
    if error.errno == errno.EACCES:
        return failure(
            check,
            f"{address} may be taken by root only",
            f"choose a port from 1024 on in {key}, or allow it by systemd",
        )
    return failure(check, f"{address} can't be listened on: {error.strerror or error}", f"choose another in {key}")


def _taken(situation: Situation, check: str, key: str, address: str, taken: list[BoundSocket]) -> Finding:
    processes = situation.machine.holders(each.inode for each in taken)
    for process in processes.values():
        if situation.is_ours(process):
            return ok(check, f"{address} is held by the running server, process {process.pid}")
    if processes:
        process = next(iter(processes.values()))
        return failure(check, f"{address} is held by {process}", f"stop that process, or choose another port in {key}")
    owner = f"a process of user {taken[0].user}"
    if situation.runs:
        return ok(
            check, f"{address} is held by {owner}, most likely the running server", "run doctor as root to see it"
        )
    return failure(check, f"{address} is held by {owner}", f"stop it, or choose another port in {key}")


def rtp(situation: Situation) -> Iterator[Finding]:
    """Whether the RTP ports are there, enough, and nobody else's."""
    config, machine = situation.config, situation.machine
    address, ports = config.rtp.address, config.rtp.ports
    error = can_bind(socket.SOCK_DGRAM, address, 0)
    if error is not None:
        own = ", ".join(machine.addresses()) or "unknown"
        yield failure(
            "RTP address", f"{address} is no address of this machine", f"write one of its own in [rtp] address: {own}"
        )
        return
    yield _enough(situation, ports)
    if (overlap := _overlap(machine, ports)) is not None:
        yield overlap
    inside = [f"{each.transport}:{each.port}" for each in config.sip.listen if _within(each.port, ports)]
    if inside:
        yield warning(
            "RTP ports and SIP",
            f"{', '.join(inside)} of [sip] listen lies within {_text(ports)}",
            "move [rtp] ports away from it",
        )
    yield from _strangers(situation, address, ports)


def _enough(situation: Situation, ports: PortRange) -> Finding:
    pairs, demand = (ports.last - ports.first - ports.first % 2 + 1) // 2, situation.demand
    seen = f"{_text(ports)}: {pairs} legs; {demand.calls} calls at once may need {demand.streams}"
    if pairs < demand.streams:
        last = ports.first + ports.first % 2 + 2 * demand.streams - 1
        do = f'write [rtp] ports = "{ports.first}-{last}"' if last <= 65_535 else "let trunks have fewer max_calls"
        return warning("RTP ports", f"{seen}, so some would wait for a port", do)
    return ok("RTP ports", seen)


def _overlap(machine: Machine, ports: PortRange) -> Finding | None:
    """Ports that the system gives to whoever asks for none are taken when a call wants them."""
    words = (machine.setting(EPHEMERAL) or "").split()
    if len(words) != 2 or not all(word.isdigit() for word in words):
        return None
    first, last = int(words[0]), int(words[1])
    if ports.last < first or last < ports.first:
        return None
    return warning(
        "RTP ports and the system's",
        f"{_text(ports)} overlaps with {first}-{last}, of which the system gives ports to other programs",
        f"end [rtp] ports before {first}, or: sysctl -w net.ipv4.ip_local_reserved_ports={_text(ports)}",
    )


def _strangers(situation: Situation, address: str, ports: PortRange) -> Iterator[Finding]:
    machine = situation.machine
    bound = [
        each
        for each in machine.sockets("udp")
        if _within(each.port, ports) and each.is_in_the_way_of(address) and each.port not in _sip_ports(situation)
    ]
    holders = machine.holders(each.inode for each in bound)
    others = {
        each.port: holders.get(each.inode)
        for each in bound
        if not ((process := holders.get(each.inode)) and situation.is_ours(process))
    }
    if situation.runs:  # what can't be seen is most likely its own
        others = {port: process for port, process in others.items() if process is not None}
    if others:
        port, process = next(iter(others.items()))
        who = "another program" if process is None else str(process)
        yield warning(
            "RTP ports in use",
            f"{len(others)} of {_text(ports)} are held by others, as {port} by {who}",
            "give [rtp] ports a range of its own; a port that is taken is passed over",
        )


def _sip_ports(situation: Situation) -> set[int]:
    return {each.port for each in situation.config.sip.listen}


def _within(port: int, ports: PortRange) -> bool:
    return ports.first <= port <= ports.last


def _text(ports: PortRange) -> str:
    return f"{ports.first}-{ports.last}"


def _literal(host: str) -> str:
    """The address of a host that may be a name, as `localhost` is."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return host
