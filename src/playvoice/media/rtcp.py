"""RTCP packets: RFC 3550 section 6. Reading compound packets as they come, and writing ours. Without I/O.

A datagram is a compound of packets, each with its length. Of what is read sender and receiver reports and BYE are kept;
source descriptions, feedback and packets of applications are stepped over, since nobody here asks for them.
"""

import struct
from dataclasses import dataclass

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, BYE = 200, 201, 202, 203
MAX_BLOCKS = 31
"""Report blocks, or sources of a BYE, that one packet holds: a count of five bits."""
MAX_PACKETS = 16
"""Packets of one datagram; a far end sends two or three, and each costs a microsecond of the clock's thread."""
MAX_LOST = 0x7FFFFF
"""Packets; a count of lost ones stays there, as it does at its negative (section 6.4.1)."""

_HEADER = struct.Struct("!BBHI")
"""Version, padding and count; type; length in words less one; source."""
_SENDER = struct.Struct("!QIII")
_BLOCK = struct.Struct("!IIIIII")
_VERSION = 0x80
_PADDING = 0x20
_COUNT = 0x1F
_CNAME = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender says of its own stream (section 6.4.1)."""

    ntp: int
    """When the report left: seconds since 1900 in units of 2^-32."""
    rtp: int
    """The same instant as an RTP timestamp."""
    packets: int
    octets: int
    """Of payload."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a receiver says of one source (section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    """Of the packets since the report before, in 256ths."""
    lost: int
    """Packets since the beginning; negative where some came twice."""
    highest_sequence: int
    """The highest sequence number, with the count of its wraps above its 16 bits."""
    jitter: int
    """Interarrival jitter in units of the timestamp."""
    last_report: int = 0
    """The middle 32 bits of the source's last `Sent.ntp`; 0 if none came."""
    since_last_report: int = 0
    """How long ago that came, in units of 2^-16 seconds."""


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report, or a receiver report where nothing was sent."""

    ssrc: int
    sent: Sent | None = None
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Compound:
    """What one datagram said."""

    reports: tuple[Report, ...]
    leaving: tuple[int, ...] = ()
    """Sources that said BYE."""


def parse(data: bytes) -> Compound | None:
    """Read a datagram; None for what is no compound of version 2, whose lengths don't add up (appendix A.2), or that
    has more than `MAX_PACKETS`.
    """
    if len(data) < _HEADER.size or data[0] & _PADDING or data[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        return None
    reports: list[Report] = []
    leaving: tuple[int, ...] = ()
    start = packets = 0
    while start < len(data):
        packets += 1
        if packets > MAX_PACKETS:
            return None
        packet = _cut(data, start)
        if packet is None:
            return None
        count, kind, body, start = packet
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            report = _report(count, kind, body)
            if report is None:
                return None
            reports.append(report)
        elif kind == BYE:
            if len(body) < 4 * count:
                return None
            leaving += struct.unpack_from(f"!{count}I", body)
    return Compound(tuple(reports), leaving)


def _cut(data: bytes, start: int) -> tuple[int, int, bytes, int] | None:
    """The packet at `start`: its count, its type, its body without padding, and where the next one begins."""
    if len(data) < start + 4:
        return None
    first, kind, words = struct.unpack_from("!BBH", data, start)
    end = start + 4 + 4 * words
    if first & 0xC0 != _VERSION or end > len(data):
        return None
    body = data[start + 4 : end]
    if first & _PADDING:  # only the last one may have it; the last octet counts itself
        if end != len(data) or not body or not 0 < body[-1] <= len(body):
            return None
        body = body[: -body[-1]]
    return first & _COUNT, kind, body, end


def _report(count: int, kind: int, body: bytes) -> Report | None:
    start = 4 + (_SENDER.size if kind == SENDER_REPORT else 0)
    if len(body) < start + _BLOCK.size * count:
        return None
    sent = Sent(*_SENDER.unpack_from(body, 4)) if kind == SENDER_REPORT else None
    blocks = tuple(_block(*_BLOCK.unpack_from(body, start + _BLOCK.size * number)) for number in range(count))
    return Report(int.from_bytes(body[:4], "big"), sent, blocks)


def _block(ssrc: int, losses: int, highest: int, jitter: int, last: int, since: int) -> Block:
    lost = losses & 0xFFFFFF
    return Block(ssrc, losses >> 24, lost - (1 << 24) if lost > MAX_LOST else lost, highest, jitter, last, since)


def write(report: Report, description: bytes, *, leaving: bool = False) -> bytes:
    """A compound packet: the report, the source's description (`describe`), and BYE where it is `leaving`.

    Numbers are given in the width of their fields.
    """
    parts = [_write_report(report), description]
    if leaving:
        parts.append(_HEADER.pack(_VERSION | 1, BYE, 1, report.ssrc))
    return b"".join(parts)


def describe(ssrc: int, name: bytes) -> bytes:
    """A source description with the canonical name that each compound packet has to have (section 6.5.1)."""
    item = bytes((_CNAME, len(name))) + name
    item += bytes(4 - len(item) % 4)  # at least one zero ends the list
    return _HEADER.pack(_VERSION | 1, SOURCE_DESCRIPTION, 1 + len(item) // 4, ssrc) + item


def _write_report(report: Report) -> bytes:
    sent, blocks = report.sent, report.blocks
    kind = RECEIVER_REPORT if sent is None else SENDER_REPORT
    words = 1 + (0 if sent is None else _SENDER.size // 4) + len(blocks) * _BLOCK.size // 4
    parts = [_HEADER.pack(_VERSION | len(blocks), kind, words, report.ssrc)]
    if sent is not None:
        parts.append(_SENDER.pack(sent.ntp, sent.rtp, sent.packets, sent.octets))
    parts += (
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.lost & 0xFFFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_report,
            block.since_last_report,
        )
        for block in blocks
    )
    return b"".join(parts)
