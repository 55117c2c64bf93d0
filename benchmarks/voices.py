"""What sounds like somebody who talks, without a program that speaks: harmonics of a moving pitch under formants.

Two in five sounds are sung: their pitch and formants stand still, and their formants are as narrow as a voice's can be,
which is the hardest for whoever listens for two steady tones.
"""

import numpy as np
from numpy.typing import NDArray

from playvoice.media.g711 import SAMPLE_RATE
from playvoice.simulator.sound import rms_of

_STEP = 40
"""Samples, 5 ms, in which pitch and formants stand still."""
_HIGHEST = 3_400.0
"""Hz, where a telephone's band ends."""


def babble(seconds: float, seed: int, *, level: float = -19.0) -> NDArray[np.float64]:
    """So many seconds of one voice, in the scale of 16-bit samples; `level` is dBm0 while it sounds."""
    generator = np.random.default_rng(seed)
    high = generator.uniform(80, 220)
    sounds: list[NDArray[np.float64]] = []
    length = 0
    while length < seconds * SAMPLE_RATE:
        made = _sound(generator, high)
        made *= rms_of(level + generator.uniform(-8, 4)) / max(1e-9, float(np.sqrt(np.mean(made**2))))
        pause = np.zeros(round(generator.choice([0.0, 0.03, 0.2]) * SAMPLE_RATE))
        sounds += [made, pause]
        length += made.size + pause.size
    return np.clip(np.concatenate(sounds)[: round(seconds * SAMPLE_RATE)], -32_000, 32_000)


def _sound(generator: np.random.Generator, voice: float) -> NDArray[np.float64]:
    """A syllable: 60 to 400 ms of a vowel, now and then a hiss."""
    steps = int(generator.integers(12, 80))
    if generator.random() < 0.15:
        return np.diff(generator.normal(size=steps * _STEP + 1))
    sung = generator.random() < 0.4
    begin = np.array([generator.uniform(0.8, 1.6) * voice, *_formants(generator)])
    end = begin if sung else np.array([begin[0] * generator.uniform(0.8, 1.25), *_formants(generator)])
    moving = begin + (end - begin) * np.linspace(0, 1, steps)[:, None]
    widths = np.array([40.0, 60.0, 90.0]) * (1.0 if sung else generator.uniform(1.0, 2.5))
    pitch = moving[:, 0] * (1 if sung else 1 + 0.01 * generator.normal(size=steps))
    numbers = np.arange(1, int(_HIGHEST / pitch.min()) + 1)
    frequencies = pitch[:, None] * numbers
    loudness = (frequencies < _HIGHEST) / numbers
    for centre, width in zip(moving[:, 1:].T, widths, strict=True):
        loudness = loudness / np.hypot(
            1 - (frequencies / centre[:, None]) ** 2, frequencies * width / centre[:, None] ** 2
        )
    phase = np.cumsum(np.repeat(pitch, _STEP)) * (2 * np.pi / SAMPLE_RATE)
    starts = generator.uniform(0, 2 * np.pi, numbers.size)
    harmonics = np.sin(phase[:, None] * numbers + starts) * np.repeat(loudness, _STEP, axis=0)
    edge = np.minimum(1, np.minimum(np.arange(phase.size), np.arange(phase.size)[::-1]) / 80)
    sound: NDArray[np.float64] = harmonics.sum(axis=1) * edge
    return sound


def _formants(generator: np.random.Generator) -> tuple[float, float, float]:
    first = generator.uniform(250, 950)
    second = generator.uniform(max(800, first + 200), 2_300)
    return first, second, generator.uniform(max(2_200, second + 200), 3_200)
