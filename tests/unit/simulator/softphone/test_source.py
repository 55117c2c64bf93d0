"""What a phone says, frame by frame."""

import numpy as np
import pytest

from playvoice.media.g711 import SAMPLE_RATE, Codec, decode
from playvoice.media.rtp import FRAME
from playvoice.simulator.softphone.level import FLOOR, level_of
from playvoice.simulator.softphone.source import TONE_LEVEL, Played, tone


def frames(source: Played, count: int, codec: Codec = Codec.PCMA) -> bytes:
    return b"".join(source.next_frame(codec) for _ in range(count))


def test_a_sound_is_said_once_and_silence_follows() -> None:
    said = frames(Played({Codec.PCMA: b"a" * (FRAME + 1)}), 3)
    assert said == b"a" * (FRAME + 1) + bytes([Codec.PCMA.silence]) * (2 * FRAME - 1)


def test_a_sound_is_said_again_and_again_without_a_seam() -> None:
    sound = bytes(range(200))
    assert frames(Played({Codec.PCMA: sound}, repeat=True), 5) == (sound * 4)[: 5 * FRAME]


@pytest.mark.parametrize("repeat", [True, False])
def test_nothing_is_silence_of_the_law_that_is_spoken(repeat: bool) -> None:
    assert frames(Played({}, repeat=repeat), 2, Codec.PCMU) == b"\xff" * 2 * FRAME


@pytest.mark.parametrize("codec", list(Codec))
def test_a_tone_has_its_frequency_and_level(codec: Codec) -> None:
    samples = decode(codec, frames(Played(tone(1_004), repeat=True), 100, codec))
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    assert int(np.argmax(spectrum)) * SAMPLE_RATE / samples.size == 1_004
    assert level_of(samples) == pytest.approx(TONE_LEVEL, abs=0.2)


def test_silence_and_nothing_are_at_the_floor() -> None:
    assert level_of(np.zeros(160, np.int16)) == level_of(np.zeros(0, np.int16)) == FLOOR
