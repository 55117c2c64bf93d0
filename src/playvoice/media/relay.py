"""What a packet of one leg becomes on the other: RTP forwarded under our own numbers. Without I/O.

No jitter buffer stands here: the phone at the end has one. So that it can do its work, gaps and reordering are passed
on: sequence numbers and timestamps keep the distances that they came with and are only moved to where the outgoing
stream stands. Where they jump (another source, a new start, minutes of pause) they are anchored anew, and the first
packet has the marker.
"""

from dataclasses import dataclass

from playvoice.media.rtp import FRAME, SAMPLE_RATE, Clock, Packet, signed_difference

MAX_GAP = 500
"""Sequence numbers, ten seconds; a longer jump is a new start."""
MAX_REORDER = 50
"""Packets by which one may be late and still be sent on."""
MAX_SKEW = SAMPLE_RATE
"""Samples by which timestamps may leave the time that passed before they count as a new start."""


@dataclass(slots=True)
class _Anchor:
    """The newest packet, as it came and as it was sent on."""

    ssrc: int
    sequence: int
    timestamp: int
    out_sequence: int
    out_timestamp: int
    at: float
    packets: int = 1


class Relay:
    """Moves packets of one source into the numbers of one outgoing stream."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor: _Anchor | None = None
        self._held = False
        self._press = (-1, -1, 0)
        """Source and timestamp of the last press, and the timestamp that it was sent on with."""

    def place(self, packet: Packet, now: float, *, key: bool = False) -> tuple[int, int, bool] | None:
        """Sequence number, timestamp and marker for a packet; None for one that is too late.

        A key's packets keep the timestamp of its beginning, which says nothing of the time.
        """
        anchor = self._anchor
        if anchor is None or self._clock.sequence != (anchor.out_sequence + 1) & 0xFFFF:
            return self._start(packet, now, key=key)  # the first, or something else was sent meanwhile
        if anchor.ssrc != packet.ssrc:
            return self._insert(anchor, packet, now) if key else self._start(packet, now, key=False)
        distance = signed_difference(packet.sequence, anchor.sequence, 16)
        passed = signed_difference(packet.timestamp, anchor.timestamp, 32)
        skew = abs(passed - (now - anchor.at) * SAMPLE_RATE)
        if abs(distance) > MAX_GAP or (distance > 0 and not key and skew > MAX_SKEW):
            return self._start(packet, now, key=key)
        if distance <= 0 and (distance == 0 or -distance >= min(anchor.packets, MAX_REORDER)):
            return None
        sequence = (anchor.out_sequence + distance) & 0xFFFF
        timestamp = (anchor.out_timestamp + passed) & 0xFFFFFFFF
        marker = packet.marker
        if distance > 0:
            marker, self._held = marker or self._held, False
            anchor.packets += distance
            anchor.sequence, anchor.out_sequence = packet.sequence, sequence
            self._clock.sequence = (sequence + 1) & 0xFFFF
            if not key:
                anchor.timestamp, anchor.out_timestamp, anchor.at = packet.timestamp, timestamp, now
                self._pass_time(timestamp, len(packet.payload), now)
        return sequence, timestamp, marker

    def hold(self, packet: Packet) -> None:
        """Pass over a packet for which the far end has no ear now: what it hears next begins a talkspurt."""
        self.pass_over(packet)
        self._held = True

    def pass_over(self, packet: Packet) -> None:
        """A packet that is not sent on, comfort noise for example, leaves no gap: the far end would call it a loss."""
        anchor = self._anchor
        if anchor is None or anchor.ssrc != packet.ssrc or self._clock.sequence != (anchor.out_sequence + 1) & 0xFFFF:
            return
        distance = signed_difference(packet.sequence, anchor.sequence, 16)
        if 0 < distance <= MAX_GAP:
            anchor.sequence = packet.sequence
            anchor.out_sequence = (anchor.out_sequence + distance - 1) & 0xFFFF
            anchor.packets = 1  # what is late now came before it, and would get a number that is taken
            self._clock.sequence = (anchor.out_sequence + 1) & 0xFFFF

    def _insert(self, anchor: _Anchor, packet: Packet, now: float) -> tuple[int, int, bool]:
        """A key of a source of its own, as some gateways send it: the audio goes on around it as it was."""
        if (packet.ssrc, packet.timestamp) != self._press[:2]:
            self._press = packet.ssrc, packet.timestamp, self._clock.at(now)
        sequence = anchor.out_sequence = self._clock.sequence
        anchor.packets = 1  # what is late now would get a number that is taken
        self._clock.sequence = (sequence + 1) & 0xFFFF
        return sequence, self._press[2], packet.marker

    def _start(self, packet: Packet, now: float, *, key: bool) -> tuple[int, int, bool]:
        self._clock.resume(now)
        self._held = False
        sequence, timestamp = self._clock.sequence, self._clock.timestamp
        self._anchor = _Anchor(packet.ssrc, packet.sequence, packet.timestamp, sequence, timestamp, now)
        self._clock.sequence = (sequence + 1) & 0xFFFF
        if key:
            self._press = packet.ssrc, packet.timestamp, timestamp
        self._pass_time(timestamp, FRAME if key else len(packet.payload), now)
        return sequence, timestamp, True

    def _pass_time(self, timestamp: int, samples: int, now: float) -> None:
        """Have what is sent next, a voice for example, follow on this packet."""
        self._clock.timestamp = (timestamp + samples) & 0xFFFFFFFF
        self._clock.last_sent = now
