"""Hold music: a loop without a seam, at the level of calm speech."""

import os
from pathlib import Path

import numpy as np
import pytest

from playvoice.media.g711 import Codec, decode
from playvoice.voices.hold_music import hold_music, make_hold_music


def test_it_is_a_loop_of_24_seconds_in_both_laws(tmp_path: Path) -> None:
    voice = make_hold_music(tmp_path / "hold")
    assert voice.seconds == 24.0
    assert {codec: path.stat().st_size for codec, path in voice.files.items()} == dict.fromkeys(Codec, 24 * 8000)
    samples = decode(Codec.PCMA, voice.files[Codec.PCMA].read_bytes())
    assert np.corrcoef(samples, hold_music())[0, 1] > 0.999


def test_its_peak_is_a_quarter_of_full_scale_and_no_second_of_it_is_silent() -> None:
    samples = hold_music().astype(np.float64)
    assert abs(np.abs(samples).max() - 0.25 * 32767) < 1
    loudness = 20 * np.log10(np.sqrt((samples.reshape(24, 8000) ** 2).mean(axis=1)) / 32768)
    assert loudness.min() > -35
    assert loudness.max() < -15


def test_the_step_over_the_seam_is_no_bigger_than_any_other() -> None:
    samples = hold_music().astype(np.int64)
    steps = np.abs(np.diff(samples))
    assert abs(samples[0] - samples[-1]) <= np.quantile(steps, 0.99)


def test_it_lies_where_the_telephone_hears() -> None:
    samples = hold_music().astype(np.float64)
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(samples.size, 1 / 8000)
    inside = power[(frequencies > 250) & (frequencies < 3400)].sum()
    assert inside / power.sum() > 0.98


def test_what_is_there_from_before_needs_no_room_and_what_is_not_whole_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_hold_music(tmp_path / "hold").files
    whole = {path: path.read_bytes() for path in files.values()}

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert make_hold_music(tmp_path / "hold").files == files
        files[Codec.PCMA].write_bytes(b"half")
        with pytest.raises(OSError, match=f"No space left on device: '{files[Codec.PCMA]}'"):
            make_hold_music(tmp_path / "hold")
    make_hold_music(tmp_path / "hold")
    assert {path: path.read_bytes() for path in sorted(tmp_path.iterdir())} == dict(sorted(whole.items()))
