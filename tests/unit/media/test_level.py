"""Levels in dBFS, against numbers that are known."""

import numpy as np
import pytest
from tests.unit.media.sounds import tone

from playvoice.media.g711 import Samples
from playvoice.media.level import SILENCE, Meter


def measured(*blocks: Samples) -> tuple[float, float]:
    meter = Meter()
    for block in blocks:
        meter.add(block)
    return meter.rms, meter.peak


@pytest.mark.parametrize(
    ("samples", "rms", "peak"),
    [
        (np.full(100, -32768), 0.0, 0.0),
        (np.tile([-3277, 3277], 50), -20.0, -20.0),
        (32767 * tone(400, 1, 8000, 1.0), -3.0, 0.0),
        (np.ones(10), -90.3, -90.3),
        (np.zeros(10), SILENCE, SILENCE),
        (np.zeros(0), SILENCE, SILENCE),
        (np.array([0, 0, 0, -16384]), -12.0, -6.0),
    ],
)
def test_a_level_is_told_against_a_square_wave_of_full_scale(samples: Samples, rms: float, peak: float) -> None:
    assert measured(samples.astype(np.int16)) == (rms, peak)


def test_a_level_does_not_depend_on_the_blocks_it_comes_in() -> None:
    samples = (8000 * tone(440, 1, 8000, 1.0)).astype(np.int16)
    assert measured(*np.array_split(samples, 7)) == measured(samples)
