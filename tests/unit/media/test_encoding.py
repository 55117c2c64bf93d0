"""Recordings: two channels, each what it was, with no sample more or less."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.unit.media.sounds import correlation, tone

from playvoice.media.encoding import EncodeError, RecordingFormat, encode_file
from playvoice.media.g711 import Samples, alaw_to_linear, linear_to_alaw


def two_channels(seconds: float = 5) -> tuple[Samples, Samples]:
    """A sweep on the left, a melody on the right; nothing of one is in the other."""
    size = round(seconds * 8000)
    time = np.arange(size) / 8000
    left = 8000 * np.sin(2 * np.pi * (300 + 200 * time) * time)
    right = 32768 * np.concatenate([tone(f, seconds / 5, 8000) for f in (2700, 2900, 2500, 3100, 2600)])
    return left.astype(np.int16), right[:size].astype(np.int16)


def write_raw(path: Path, left: Samples, right: Samples) -> bytes:
    raw = linear_to_alaw(np.stack([left, right], axis=1).reshape(-1))
    path.write_bytes(raw)
    return raw


def test_a_wav_holds_the_octets_of_the_raw_recording(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.raw", *two_channels())
    assert encode_file(tmp_path / "a.raw", tmp_path / "a.wav", RecordingFormat.WAV) == len(raw) // 2
    written = (tmp_path / "a.wav").read_bytes()
    assert written.endswith(raw)
    assert written[20:22] == b"\x06\x00"
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.format, info.subtype, info.channels, info.samplerate) == ("WAV", "ALAW", 2, 8000)
    samples, _rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert np.array_equal(samples.reshape(-1), alaw_to_linear(raw))


@pytest.mark.parametrize("seconds", [0.02, 1.0, 5.0, 20.0])
def test_an_mp3_has_exactly_the_length_of_the_raw_recording(tmp_path: Path, seconds: float) -> None:
    left, right = two_channels(seconds)
    write_raw(tmp_path / "a.raw", left, right[: left.size])
    assert encode_file(tmp_path / "a.raw", tmp_path / "a.mp3", RecordingFormat.MP3) == left.size
    info = soundfile.info(tmp_path / "a.mp3")
    assert (info.format, info.channels, info.samplerate, info.frames) == ("MP3", 2, 8000, left.size)


def test_an_mp3_has_the_customer_left_and_what_was_heard_right(tmp_path: Path) -> None:
    left, right = two_channels(20)
    write_raw(tmp_path / "a.raw", left, right)
    encode_file(tmp_path / "a.raw", tmp_path / "a.mp3", RecordingFormat.MP3)
    samples, _rate = soundfile.read(tmp_path / "a.mp3", dtype="int16")
    for channel, reference in ((0, left), (1, right)):
        lag, likeness = correlation(samples[:, channel], reference)
        assert lag == 0
        assert likeness > 0.98
    assert abs(correlation(samples[:, 0], right)[1]) < 0.1
    assert abs(correlation(samples[:, 1], left)[1]) < 0.1


@pytest.mark.parametrize("form", RecordingFormat)
def test_the_raw_recording_is_removed_and_doing_it_again_does_nothing(tmp_path: Path, form: RecordingFormat) -> None:
    left, right = two_channels(1)
    write_raw(tmp_path / "a.raw", left, right)
    to = tmp_path / f"a.{form}"
    encode_file(tmp_path / "a.raw", to, form)
    assert [path.name for path in tmp_path.iterdir()] == [to.name]
    before = to.read_bytes()
    assert encode_file(tmp_path / "a.raw", to, form) == left.size
    assert to.read_bytes() == before


@pytest.mark.parametrize("form", RecordingFormat)
def test_a_recording_of_no_samples_is_a_file_of_no_samples(tmp_path: Path, form: RecordingFormat) -> None:
    (tmp_path / "a.raw").touch()
    assert encode_file(tmp_path / "a.raw", tmp_path / "a.out", form) == 0
    assert (tmp_path / "a.out").exists()


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(b"\xd5" * 101)
    assert encode_file(tmp_path / "a.raw", tmp_path / "a.wav", RecordingFormat.WAV) == 50
    assert soundfile.info(tmp_path / "a.wav").frames == 50


@pytest.mark.parametrize("form", RecordingFormat)
def test_a_folder_that_is_not_there_leaves_the_raw_recording(tmp_path: Path, form: RecordingFormat) -> None:
    write_raw(tmp_path / "a.raw", *two_channels(1))
    with pytest.raises(EncodeError, match=r"a\.raw"):
        encode_file(tmp_path / "a.raw", tmp_path / "no" / "a.out", form)
    assert [path.name for path in tmp_path.iterdir()] == ["a.raw"]


def test_no_raw_recording_and_no_finished_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncodeError):
        encode_file(tmp_path / "a.raw", tmp_path / "a.wav", RecordingFormat.WAV)
