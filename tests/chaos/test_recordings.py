"""What is whole is read, and what is not is told."""

from pathlib import Path

import pytest
from tests.chaos.recordings import read

from playvoice.media.encoding import RecordingFormat, encode_file

SECONDS = 2.0


def recording(folder: Path, form: RecordingFormat) -> bytes:
    raw, to = folder / "a.raw", folder / f"a.{form}"
    raw.write_bytes(bytes(range(256)) * int(SECONDS * 16_000 / 256))
    encode_file(raw, to, form)
    return to.read_bytes()


@pytest.mark.parametrize("form", list(RecordingFormat))
def test_a_whole_recording_has_its_length_and_nothing_wrong(tmp_path: Path, form: RecordingFormat) -> None:
    seconds, problem = read(f"a.{form}", recording(tmp_path, form))
    assert problem == ""
    assert seconds == pytest.approx(SECONDS, abs=0.2)


def test_a_wav_file_that_is_cut_off_does_not_have_what_its_header_says(tmp_path: Path) -> None:
    content = recording(tmp_path, RecordingFormat.WAV)
    assert "header" in read("a.wav", content[: len(content) // 2])[1]


def test_an_mp3_file_that_is_cut_off_is_shorter(tmp_path: Path) -> None:
    content = recording(tmp_path, RecordingFormat.MP3)
    seconds, problem = read("a.mp3", content[: len(content) // 2])
    assert problem or seconds < 0.75 * SECONDS


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\xd5" * 10_000])
def test_what_is_no_recording_can_not_be_read(content: bytes) -> None:
    assert "can't be read" in read("a.mp3", content)[1]


def test_a_wav_file_of_one_channel_is_no_recording(tmp_path: Path) -> None:
    content = bytearray(recording(tmp_path, RecordingFormat.WAV))
    content[22:24] = b"\x01\x00"
    assert "1 channels" in read("a.wav", bytes(content))[1]
