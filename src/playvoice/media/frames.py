"""Packets of any length cut into packets of 20 ms, which is what every phone takes. Without I/O.

Nearly all far ends send 20 ms, and what they send passes as it is. From the first packet of another length on a source
is cut anew, under sequence numbers that count frames: what was lost stays a gap, what comes too late is dropped, and
where timestamps jump a frame begins. A part of a frame waits for the rest of it.
"""

from collections.abc import Sequence

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, Packet, signed_difference

MAX_GAP = 500
"""Frames that count as lost; after more it is a new start."""
MAX_LATE = 50
"""Packets by which one may be late; one that is later begins anew."""


class Frames:
    """Cuts the packets of one stream, source by source."""

    def __init__(self) -> None:
        self._ssrc: int | None = None
        """The source that is cut, None while what comes passes as it is."""
        self._codec = Codec.PCMA
        self._expected = 0
        """The next sequence number to come."""
        self._sequence = 0
        """The next one to give."""
        self._start = 0
        """Timestamp of the first octet that waits."""
        self._octets = bytearray()
        self._marker = False

    def __repr__(self) -> str:
        return "<Frames as they come>" if self._ssrc is None else f"<Frames cut, {len(self._octets)} octets wait>"

    def cut(self, packet: Packet, codec: Codec) -> Sequence[Packet]:
        """Take a packet of audio, and give the frames that are whole."""
        if packet.ssrc != self._ssrc:
            if len(packet.payload) == FRAME:
                self._ssrc = None
                return (packet,)
            self._begin(packet)
        missing = self._follow(packet)
        if missing is None:
            return ()
        frames: list[Packet] = []
        if codec is not self._codec:
            self._octets.clear()
            self._codec = codec
        self._move_to(packet, missing, frames)
        if not self._octets:
            self._start, self._marker = packet.timestamp, packet.marker
        self._octets += packet.payload
        self._take_whole(packet, frames)
        return frames

    def number(self, packet: Packet) -> Packet | None:
        """Give a packet that is none of audio its place among the frames; None if it is late."""
        if packet.ssrc != self._ssrc:
            return packet
        missing = self._follow(packet)
        if missing is None:
            return None
        numbered = packet._replace(sequence=(self._sequence + missing) & 0xFFFF)
        self._sequence = (numbered.sequence + 1) & 0xFFFF
        return numbered

    def _begin(self, packet: Packet) -> None:
        self._ssrc = packet.ssrc
        self._expected = self._sequence = packet.sequence
        self._start = packet.timestamp
        self._octets.clear()

    def _follow(self, packet: Packet) -> int | None:
        """How many packets are missing before this one, None if it is late."""
        missing = signed_difference(packet.sequence, self._expected, 16)
        if -MAX_LATE < missing < 0:
            return None
        self._expected = (packet.sequence + 1) & 0xFFFF
        return max(0, missing)

    def _move_to(self, packet: Packet, missing: int, frames: list[Packet]) -> None:
        """Go on to where a packet begins: a frame that has begun is filled up with silence, others are left out."""
        gap = signed_difference(packet.timestamp, self._start + len(self._octets), 32)
        if gap < 0:
            self._octets.clear()
        elif gap > 0 and self._octets:
            filling = min(gap, FRAME - len(self._octets))
            self._octets += bytes([self._codec.silence]) * filling
            gap -= filling
            self._take_whole(packet, frames)
        if missing and FRAME <= gap <= MAX_GAP * FRAME:
            self._sequence = (self._sequence + gap // FRAME) & 0xFFFF

    def _take_whole(self, packet: Packet, frames: list[Packet]) -> None:
        while len(self._octets) >= FRAME:
            payload = bytes(self._octets[:FRAME])
            frames.append(Packet(packet.payload_type, self._marker, self._sequence, self._start, packet.ssrc, payload))
            del self._octets[:FRAME]
            self._sequence = (self._sequence + 1) & 0xFFFF
            self._start = (self._start + FRAME) & 0xFFFFFFFF
            self._marker = False
