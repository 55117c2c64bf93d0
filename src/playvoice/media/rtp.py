"""RTP packets: RFC 3550 section 5.1. Reading them as they come, and the clock of a stream that is sent."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

HEADER = struct.Struct("!BBHII")
HEADER_OCTETS = HEADER.size
SAMPLE_RATE = 8000
FRAME = 160
"""Samples, and octets of G.711, of 20 ms."""
MAX_PACKET = 2_048
"""Octets of a packet that are read: a longer one is cut, and no phone sends one."""


class Packet(NamedTuple):
    """One packet as it came. A tuple: it is made 50 times a second for each leg, at a third of a dataclass's cost."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(data: bytes | memoryview) -> Packet | None:
    """Read a packet; None for what is no RTP of version 2, RTCP, too short, or wrongly padded."""
    if len(data) < HEADER_OCTETS:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if 200 <= second <= 204:  # RTCP that was sent to the wrong port (appendix A.1)
        return None
    if first == 0x80:  # nothing but the fixed header, which is nearly every packet
        return Packet(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, bytes(data[HEADER_OCTETS:]))
    if first >> 6 != 2:
        return None
    start = HEADER_OCTETS + 4 * (first & 0x0F)
    if first & 0x10:  # a header extension (section 5.3.1)
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20:  # padding: the last octet counts itself
        end -= data[-1]
        if data[-1] == 0:
            return None
    if start > end:
        return None
    return Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, bytes(data[start:end]))


@dataclass(slots=True)
class Clock:
    """Sequence number, timestamp and source of a stream that we send."""

    ssrc: int
    sequence: int
    timestamp: int
    last_sent: float | None = None
    """When the last packet left, in seconds; None before the first."""

    def packet(self, payload_type: int, payload: bytes, *, marker: bool = False, timestamp: int | None = None) -> bytes:
        """The next packet; `timestamp` where it is not the stream's own."""
        at = self.timestamp if timestamp is None else timestamp
        head = self.header(payload_type, self.sequence, at, marker=marker)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return head + payload

    def header(self, payload_type: int, sequence: int, timestamp: int, *, marker: bool) -> bytes:
        """A header with numbers that are not the clock's next."""
        return HEADER.pack(0x80, payload_type | (0x80 if marker else 0), sequence, timestamp, self.ssrc)

    def advance(self, samples: int) -> None:
        self.timestamp = (self.timestamp + samples) & 0xFFFFFFFF

    def at(self, now: float) -> int:
        """The timestamp of what would be sent now."""
        passed = 0.0 if self.last_sent is None else now - self.last_sent
        return self.timestamp + round(passed * SAMPLE_RATE) & 0xFFFFFFFF

    def resume(self, now: float) -> None:
        """Let the timestamp run on over a pause, in whole frames: a talkspurt begins (RFC 3551 section 4.1)."""
        if self.last_sent is not None:
            frames = max(0, round((now - self.last_sent) * SAMPLE_RATE / FRAME) - 1)
            self.advance(frames * FRAME)
        self.last_sent = now


def signed_difference(later: int, earlier: int, bits: int) -> int:
    """The distance of two numbers that wrap at `bits` bits."""
    half = 1 << (bits - 1)
    return ((later - earlier + half) & ((1 << bits) - 1)) - half
