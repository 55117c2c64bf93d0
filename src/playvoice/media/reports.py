"""What one stream and its far end report to each other by RTCP: RFC 3550 section 6, as RFC 3551 uses it. Without I/O.

With two members in a session the least interval of five seconds always holds (section 6.2), so that the rules for
sharing a bandwidth among many are left out. What is read is read once a tick (5 ms), and round trips are as exact.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from playvoice.media.rtcp import Block, Compound, Report, Sent, describe, write
from playvoice.media.rtp import SAMPLE_RATE

INTERVAL = 5.0
"""Seconds between two reports, on average before they are spread."""
_COMPENSATION = 1.21828
"""e - 3/2: what the interval is divided by (section 6.3.1)."""
_FROM_1900 = 2_208_988_800
"""Seconds between the epochs of NTP and Unix."""
_LONGEST_ROUND_TRIP = 60.0
"""Seconds; a far end that says more can't count."""


@dataclass(frozen=True, slots=True)
class FarEnd:
    """What the far end said last of the stream that it gets."""

    lost: int
    """Packets since the beginning."""
    jitter: float
    """Interarrival jitter in seconds."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How far our own stream is."""

    packets: int
    octets: int
    """Of payload."""
    timestamp: int
    """Of what would be sent now."""


class Reports:
    """The reports of one stream. Times are seconds of the worker's clock, which begins at `epoch` in Unix time."""

    def __init__(self, ssrc: int, name: bytes, draw: Callable[[], float], epoch: float) -> None:
        """`name` is the canonical name that tells nothing of its bearer (RFC 7022); `draw` gives numbers in [0, 1)."""
        self._ssrc = ssrc
        self._description = describe(ssrc, name)
        self._draw = draw
        self._epoch = epoch
        self._due = float("inf")
        self._packets_told = (0, 0)
        """Those that had been sent at each of the two last reports."""
        self._written = False
        self._heard: tuple[int, int, float] | None = None
        """Who sent the last sender report, its time, and when it came."""
        self.far_end: FarEnd | None = None
        self.round_trip: float | None = None
        """Seconds, as measured last."""

    def begin(self, now: float) -> None:
        """There is somebody to report to: the first report comes after half an interval (section 6.2)."""
        if self._due == float("inf"):
            self._due = now + self._interval() / 2

    def are_due(self, now: float) -> bool:
        return now >= self._due

    def write(self, sending: Sending, block: Block | None, now: float) -> bytes:
        """The report that is due; `block` is what was received."""
        self._due = now + self._interval()
        return self._write(sending, block, now, leaving=False)

    def leave(self, sending: Sending, block: Block | None, now: float) -> bytes | None:
        """The last report, with BYE; None from a stream that has sent nothing (section 6.3.7)."""
        self._due = float("inf")
        if not sending.packets and not self._written:
            return None
        return self._write(sending, block, now, leaving=True)

    def take(self, compound: Compound, now: float) -> None:
        """What the far end reports, which came at `now`."""
        for report in compound.reports:
            if report.sent is not None:
                self._heard = (report.ssrc, report.sent.ntp >> 16 & 0xFFFFFFFF, now)
            for block in report.blocks:
                if block.ssrc == self._ssrc:
                    self._take_block(block, now)

    def _write(self, sending: Sending, block: Block | None, now: float, *, leaving: bool) -> bytes:
        sent = None
        if sending.packets > self._packets_told[0]:  # since the report before the last one (section 6.4)
            packets, octets = sending.packets & 0xFFFFFFFF, sending.octets & 0xFFFFFFFF
            sent = Sent(self._ntp(now), sending.timestamp & 0xFFFFFFFF, packets, octets)
        self._packets_told = (self._packets_told[1], sending.packets)
        self._written = True
        blocks = () if block is None else (self._with_last_report(block, now),)
        return write(Report(self._ssrc, sent, blocks), self._description, leaving=leaving)

    def _with_last_report(self, block: Block, now: float) -> Block:
        if self._heard is None or self._heard[0] != block.ssrc:
            return block
        since = min(0xFFFFFFFF, round((now - self._heard[2]) * 65_536))
        return replace(block, last_report=self._heard[1], since_last_report=since)

    def _take_block(self, block: Block, now: float) -> None:
        self.far_end = FarEnd(max(0, block.lost), block.jitter / SAMPLE_RATE)
        if not block.last_report:
            return
        units = (self._ntp(now) >> 16) - block.last_report - block.since_last_report & 0xFFFFFFFF
        seconds = (units - (1 << 32) if units >= 1 << 31 else units) / 65_536
        if -1 < seconds < _LONGEST_ROUND_TRIP:  # an answer within a tick may seem to be there before the question
            self.round_trip = max(0.0, seconds)

    def _interval(self) -> float:
        return INTERVAL * (0.5 + self._draw()) / _COMPENSATION

    def _ntp(self, now: float) -> int:
        return int((self._epoch + now + _FROM_1900) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
