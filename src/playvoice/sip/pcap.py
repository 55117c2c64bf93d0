"""Messages as packets of a capture file, with the IP, UDP and TCP headers that they may well have had. Without I/O.

The file is classic pcap with microseconds, link type RAW: each packet begins with its IP header. TCP messages become
segments whose sequence numbers go on per connection, so that a reader puts them together; there is no handshake.
"""

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address

from playvoice.sip.flow import Flow

LINKTYPE_RAW = 101
MAX_SEGMENT = 65_000
"""Octets of payload in one packet; the rest of a longer TCP message follows in the next one, a datagram is cut."""
MAX_CONNECTIONS = 10_000
"""TCP connections whose sequence numbers are remembered; the oldest one begins anew."""
SNAPLEN = 262_144
_UDP, _TCP = 17, 6
_TTL = 64
_PSH_ACK = 0x18

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, LINKTYPE_RAW)

Address = tuple[str, int]


@dataclass(slots=True)
class Packets:
    """Makes packets of messages; it remembers how far each TCP connection is."""

    _sequences: dict[tuple[Address, Address], int] = field(default_factory=dict)
    """The next octet of each direction: from, to."""

    def of(self, data: bytes, flow: Flow, local: Address, *, sent: bool, at: float) -> bytes:
        """The records of one message; `local` is our address as the outside sees it, `at` seconds since 1970."""
        source, target = (local, flow.remote) if sent else (flow.remote, local)
        if not flow.reliable:
            return _record(at, _ip(source, target, _UDP, _udp(source, target, data[:MAX_SEGMENT])))
        pieces = [data[first : first + MAX_SEGMENT] for first in range(0, len(data), MAX_SEGMENT)]
        return b"".join(_record(at, _ip(source, target, _TCP, self._tcp(source, target, piece))) for piece in pieces)

    def _tcp(self, source: Address, target: Address, data: bytes) -> bytes:
        sequence = self._sequences.pop((source, target), 1)
        acknowledged = self._sequences.get((target, source), 1)
        self._sequences[source, target] = (sequence + len(data)) & 0xFFFFFFFF
        if len(self._sequences) > 2 * MAX_CONNECTIONS:
            del self._sequences[next(iter(self._sequences))]
        head = (source[1], target[1], sequence, acknowledged, 5 << 4, _PSH_ACK, 0xFFFF)
        bare = struct.pack("!HHIIBBHHH", *head, 0, 0)
        return struct.pack("!HHIIBBHHH", *head, _checksum(source, target, _TCP, bare + data), 0) + data


def _udp(source: Address, target: Address, data: bytes) -> bytes:
    head = (source[1], target[1], 8 + len(data))
    bare = struct.pack("!HHHH", *head, 0)
    return struct.pack("!HHHH", *head, _checksum(source, target, _UDP, bare + data) or 0xFFFF) + data


def _ip(source: Address, target: Address, protocol: int, payload: bytes) -> bytes:
    addresses = _packed(source) + _packed(target)
    if len(addresses) == 32:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, _TTL) + addresses + payload
    head = (0x45, 0, 20 + len(payload), 0, 0, _TTL, protocol)
    checksum = _sum(struct.pack("!BBHHHBBH", *head, 0) + addresses)
    return struct.pack("!BBHHHBBH", *head, checksum) + addresses + payload


def _checksum(source: Address, target: Address, protocol: int, segment: bytes) -> int:
    """RFC 1071 over the pseudo header and the segment."""
    return _sum(_packed(source) + _packed(target) + struct.pack("!II", len(segment), protocol) + segment)


def _sum(octets: bytes) -> int:
    octets += b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packed(address: Address) -> bytes:
    return ip_address(address[0]).packed


def _record(at: float, packet: bytes) -> bytes:
    seconds, microseconds = divmod(round(at * 1_000_000), 1_000_000)
    return struct.pack("<IIII", seconds, microseconds, len(packet), len(packet)) + packet
