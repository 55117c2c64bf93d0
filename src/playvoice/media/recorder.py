"""A recording while it is made: two channels of A-law on one time line.

Left is what came from the far end, right what it was sent. Packets are placed by their RTP timestamps, so that jitter
and loss leave the rest where it was; what is missing is silence. The file is raw, its samples interleaved left and
right, and as long as the time that passed.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, SAMPLE_RATE, signed_difference

SILENCE = Codec.PCMA.silence
HOLD_BACK = SAMPLE_RATE // 2
"""Samples that wait for late packets before they are written."""
MAX_DRIFT = SAMPLE_RATE // 5
"""Samples between a packet's place by timestamp and by arrival beyond which the place is taken anew."""
MAX_LAG = FRAME
"""Samples by which packets may arrive earlier or later than they are placed, on average, before their place moves: the
first may have been late, and the far end's clock is not ours."""
LAG_PACKETS = 250
"""Packets that the average is made of, about: five seconds, because a place that moves costs a frame of audio."""
BATCH = 2 * SAMPLE_RATE
"""Samples that are written at once."""


class File(Protocol):
    """Where a recording goes."""

    def write(self, octets: bytes) -> None: ...

    def close(self, done: Callable[[str], None]) -> None: ...


class Track:
    """One channel: A-law octets from the last written sample on, and the timestamps' place on the time line."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._base = 0
        self._origin: tuple[int, int] | None = None
        self._source: int | None = None
        self._lag = 0.0

    def put(self, timestamp: int, payload: bytes, at: int, source: int) -> None:
        """Place a packet that arrived, or left, at sample `at`; another `source` has timestamps of its own."""
        start = self._place(timestamp, at, source) - self._base
        if start < 0:  # too late: this part is written
            payload, start = payload[-start:], 0
        if start > len(self._octets):
            self._octets += bytes([SILENCE]) * (start - len(self._octets))
        self._octets[start : start + len(payload)] = payload

    @property
    def end(self) -> int:
        """The sample after the last one that was put."""
        return self._base + len(self._octets)

    def take(self, samples: int) -> bytes:
        """The next samples, silence where there were none."""
        octets = bytes(self._octets[:samples])
        del self._octets[:samples]
        self._base += samples
        return octets + bytes([SILENCE]) * (samples - len(octets))

    def _place(self, timestamp: int, at: int, source: int) -> int:
        if self._origin is not None and source == self._source:
            place = self._origin[1] + signed_difference(timestamp, self._origin[0], 32)
            if abs(place - at) <= MAX_DRIFT:
                self._lag += (at - place - self._lag) / LAG_PACKETS
                if abs(self._lag) <= MAX_LAG:
                    return place
                at = place + round(self._lag)
        self._origin = (timestamp, at)
        self._source = source
        self._lag = 0.0
        return at


class Recorder:
    """Makes one raw recording. Times are monotonic seconds."""

    def __init__(self, file: File, now: float) -> None:
        self.left = Track()
        self.right = Track()
        self._file = file
        self._started = now
        self._written = 0

    def sample_at(self, now: float) -> int:
        """The place on the time line that is now.

        What a late clock makes up for in a burst counts as played when it was due, which may be before the recording
        began: it was heard all the same, and stands at the beginning.
        """
        return max(0, round((now - self._started) * SAMPLE_RATE))

    def flush(self, now: float) -> None:
        """Write what no late packet can change any more, if there is enough of it."""
        ready = self.sample_at(now) - HOLD_BACK - self._written
        if ready >= BATCH:
            self._write(ready)

    def close(self, now: float, done: Callable[[int, str], None]) -> None:
        """Write the rest; when all is on the disk, `done` gets the length in samples and what went wrong, if anything.

        It is called in another thread.
        """
        end = self.sample_at(now)
        put = max(self.left.end, self.right.end)  # the last packet's 20 ms begin before now and end after it
        self._write(max(end, min(put, end + FRAME)) - self._written)
        samples = self._written
        self._file.close(lambda problem: done(samples, problem))

    def _write(self, samples: int) -> None:
        if samples <= 0:
            return
        both = np.empty(2 * samples, dtype=np.uint8)
        both[0::2] = np.frombuffer(self.left.take(samples), dtype=np.uint8)
        both[1::2] = np.frombuffer(self.right.take(samples), dtype=np.uint8)
        self._written += samples
        self._file.write(both.tobytes())
