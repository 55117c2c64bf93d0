"""A recording while it is made: two channels of A-law on one time line.

Left is what came from the far end, right what it was sent. Packets are placed by their RTP timestamps, so that jitter
and loss leave the rest where it was; what is missing is silence. The file is raw, its samples interleaved left and
right.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from playvoice.media.rtp import FRAME, SAMPLE_RATE, signed_difference

SILENCE = 0xD5
"""Zero in A-law (G.711 with even bits inverted)."""
HOLD_BACK = SAMPLE_RATE // 2
"""Samples that wait for late packets before they are written."""
MAX_DRIFT = SAMPLE_RATE // 5
"""Samples between a packet's place by timestamp and by arrival beyond which the place is taken anew."""
BATCH = SAMPLE_RATE
"""Samples that are written at once."""


class Track:
    """One channel: A-law octets from `base` on, and the timestamps' place on the time line."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._base = 0
        self._origin: tuple[int, int] | None = None
        self._source: object = None

    def put(self, timestamp: int, payload: bytes, at: int, source: object = None) -> None:
        """Place a packet that arrived (or left) at sample `at`; `source` changes where timestamps begin anew."""
        place = self._place(timestamp, at, source)
        start = place - self._base
        if start < 0:  # too late: this part is written
            payload, start = payload[-start:], 0
        if not payload or start > 10 * SAMPLE_RATE:
            return
        if start > len(self._octets):
            self._octets += bytes([SILENCE]) * (start - len(self._octets))
        self._octets[start : start + len(payload)] = payload

    @property
    def end(self) -> int:
        """The sample after the last one that was put."""
        return self._base + len(self._octets)

    def _place(self, timestamp: int, at: int, source: object) -> int:
        if self._origin is not None and source == self._source:
            place = self._origin[1] + signed_difference(timestamp, self._origin[0], 32)
            if abs(place - at) <= MAX_DRIFT:
                return place
        self._origin = (timestamp, at)
        self._source = source
        return at

    def take(self, samples: int) -> bytes:
        """The next samples, silence where there were none."""
        octets = bytes(self._octets[:samples])
        del self._octets[:samples]
        self._base += samples
        return octets + bytes([SILENCE]) * (samples - len(octets))


class Recorder:
    """Writes one raw recording. Times are seconds of the worker's clock."""

    def __init__(self, path: Path, now: float) -> None:
        self.left = Track()
        self.right = Track()
        self.failed = False
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._started = now
        self._written = 0

    def sample_at(self, now: float) -> int:
        """The place on the time line that is now."""
        return round((now - self._started) * SAMPLE_RATE)

    def flush(self, now: float) -> None:
        """Write what no late packet can change any more, if there is enough of it."""
        ready = self.sample_at(now) - HOLD_BACK - self._written
        if ready >= BATCH:
            self._write(ready)

    def close(self, now: float) -> int:
        """Write the rest and close; gives the length in samples."""
        end = self.sample_at(now)
        heard = max(self.left.end, self.right.end)  # the last packet's 20 ms begin before now and end after it
        remaining = max(end, min(heard, end + FRAME)) - self._written
        if remaining > 0:
            self._write(remaining)
        self._file.close()
        return self._written

    def _write(self, samples: int) -> None:
        both = np.empty(2 * samples, dtype=np.uint8)
        both[0::2] = np.frombuffer(self.left.take(samples), dtype=np.uint8)
        both[1::2] = np.frombuffer(self.right.take(samples), dtype=np.uint8)
        self._written += samples
        try:
            self._file.write(both.tobytes())
        except OSError:  # a full disk must not stop the clock of the others
            self.failed = True
