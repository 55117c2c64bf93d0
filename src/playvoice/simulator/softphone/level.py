"""How loud something is."""

import math

import numpy as np

from playvoice.media.g711 import Samples
from playvoice.simulator.sound import rms_of

FLOOR = -60.0
"""dBm0 of what counts as silence."""
_FULL = rms_of(0.0)


def level_of(samples: Samples) -> float:
    """The level of 16-bit samples in dBm0, `FLOOR` at least."""
    if not samples.size:
        return FLOOR
    rms = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))
    return max(FLOOR, 20 * math.log10(rms / _FULL)) if rms else FLOOR
