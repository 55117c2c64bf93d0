"""How loud audio is.

0 dBFS is a square wave of full scale, as SoX and FFmpeg tell it: a sine of full scale has a level of -3 dBFS."""

import math

import numpy as np

from playvoice.media.g711 import Samples

SILENCE = -100.0
"""dBFS of nothing but zeros; one step of 16 bits is at -90."""
_FULL_SCALE = 32768.0


class Meter:
    """Takes samples block by block."""

    def __init__(self) -> None:
        self.samples = 0
        self._squares = 0.0
        self._peak = 0

    def add(self, block: Samples) -> None:
        """Take 16-bit samples."""
        if not block.size:
            return
        self.samples += block.size
        values = block.astype(np.float64)
        self._squares += float(np.dot(values, values))
        self._peak = max(self._peak, -int(block.min()), int(block.max()))

    @property
    def rms(self) -> float:
        """The level of all samples in dBFS, to a tenth."""
        return _decibels(math.sqrt(self._squares / self.samples) if self.samples else 0.0)

    @property
    def peak(self) -> float:
        """The loudest sample in dBFS, to a tenth."""
        return _decibels(self._peak)


def _decibels(amplitude: float) -> float:
    return round(20 * math.log10(amplitude / _FULL_SCALE), 1) + 0.0 if amplitude else SILENCE  # no -0.0
