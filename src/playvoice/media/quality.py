"""What the packets of a far end tell of the way they took: RFC 3550, appendices A.1, A.3 and A.8. Without I/O.

Where the kernel filters a stream's audio out, one packet in 64 is seen, and loss is estimated from those. Arrivals are
seen once a tick (5 ms), so that a jitter below some milliseconds is the clock's own.
"""

from playvoice.media.rtcp import MAX_LOST, Block
from playvoice.media.rtp import SAMPLE_RATE, signed_difference

SAMPLED = 64
"""Of a filtered stream the packets pass whose sequence number is a multiple of this."""
MAX_GAP = 3_000
"""Sequence numbers; a longer jump is a new start and no loss (MAX_DROPOUT of appendix A.1)."""


class Reception:
    """Counts one stream's packets as they come."""

    def __init__(self) -> None:
        self.sampled = False
        """Part of it is an estimate."""
        self._received = 0
        self._lost = 0
        self._jitter = 0.0
        self._highest = 0
        """Of this source; its wraps are counted above 16 bits."""
        self._last_sampled: int | None = None
        self._follows = False
        """What comes next follows on the highest: a gap between them is loss."""
        self._transit: float | None = None
        self._ssrc: int | None = None
        self._lost_before = 0
        """What other sources lost."""
        self._told = (0, 0)
        """Received and lost when they were last reported."""

    @property
    def received(self) -> int:
        """Packets, estimated where filtered."""
        return self._received

    @property
    def lost(self) -> int:
        """Packets, estimated where filtered."""
        return max(0, self._lost)

    @property
    def jitter(self) -> float:
        """Interarrival jitter in seconds (RFC 3550 section 6.4.1)."""
        return self._jitter / SAMPLE_RATE

    def restart(self) -> None:
        """The filter was changed, or another far end is expected: what comes next follows from nothing before."""
        self._follows = False
        self._last_sampled = self._transit = None
        self._told = (self._received, self._lost)

    def take(self, ssrc: int, sequence: int, timestamp: int | None, now: float, *, filtered: bool) -> None:
        """Count a packet that arrived at `now`; no timestamp where it does not advance with time (a key's)."""
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._highest = sequence
            self._lost_before = self._lost
            self.restart()
        if filtered:
            self._take_sampled(sequence)
        else:
            self._received += 1
            self._count_gap(sequence)
        if timestamp is not None:
            self._take_transit(timestamp, now)

    def block(self, *, filtered: bool) -> Block | None:
        """What a report says of this source; None if nothing came of it since the last one (RFC 3550 section 6.4).

        While filtered, the fraction that was lost is that since the filter began: an interval has few packets that are
        seen, and one that is missing stands for 64.
        """
        received, lost = self._received - self._told[0], self._lost - self._told[1]
        if self._ssrc is None or received <= 0:
            return None
        if not filtered:
            self._told = (self._received, self._lost)
        return Block(
            ssrc=self._ssrc,
            fraction_lost=min(255, 256 * max(0, lost) // max(1, received + lost)),
            lost=max(-MAX_LOST, min(MAX_LOST, self._lost - self._lost_before)),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=round(self._jitter),
        )

    def _count_gap(self, sequence: int) -> None:
        gap = signed_difference(sequence, self._highest, 16)
        if gap > 0:
            self._highest += gap
            if self._follows and gap <= MAX_GAP:
                self._lost += gap - 1
        elif gap <= -SAMPLED:  # the sender began anew
            self._highest = sequence
        elif gap < 0 and self._follows:  # late and not lost after all
            self._lost -= 1
        self._follows = True

    def _take_sampled(self, sequence: int) -> None:
        if sequence % SAMPLED:  # a key, which the filter lets pass, too
            return
        self.sampled = True
        self._received += SAMPLED
        gap = signed_difference(sequence, self._highest, 16)
        if gap > 0:
            self._highest += gap
        elif gap < -MAX_GAP:
            self._highest = sequence
        if self._last_sampled is not None:
            gap = signed_difference(sequence, self._last_sampled, 16)
            if -MAX_GAP <= gap < 0:  # late and not lost after all
                self._lost -= SAMPLED
                return
            if 0 < gap <= MAX_GAP:
                self._lost += gap - SAMPLED
        self._last_sampled = sequence

    def _take_transit(self, timestamp: int, now: float) -> None:
        transit = now * SAMPLE_RATE - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < SAMPLE_RATE:  # beyond a second it is a new start of the timestamps
                self._jitter += (change - self._jitter) / 16
        self._transit = transit
