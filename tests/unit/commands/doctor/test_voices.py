from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.unit.commands.doctor.world import configuration, told
from tests.unit.lines.configs import company

from playvoice.commands.doctor import voices as checks
from playvoice.commands.doctor.finding import Finding
from playvoice.commands.doctor.voices import Heard, judge, listen, voices
from playvoice.media.decoded import voice_files
from playvoice.media.decoding import decode_file
from playvoice.media.g711 import SAMPLE_RATE, Samples
from playvoice.media.transcoder import Decoded


class Here:
    """Decodes in this process."""

    async def decode(self, source: Path, to: Path, *, max_seconds: float) -> Decoded:
        return Decoded(voice_files(to), decode_file(source, to, max_seconds))


def tone(level: float, seconds: float = 2.0, pause: float = 0.0) -> Samples:
    """A sine of so many dBm0, after a pause."""
    peak = min(32_767.0, 32_256 * 10 ** ((level - 3.14) / 20))
    sound = peak * np.sin(2 * np.pi * 440 * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
    return np.concatenate([np.zeros(int(pause * SAMPLE_RATE)), sound]).astype(np.int16)


async def look_at(folder: Path) -> list[Finding]:
    (made,) = configuration(company=[company(voice_dir=str(folder))]).companies
    return await voices(made, Here())


async def test_files_that_can_be_played_are_fine(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(-20), SAMPLE_RATE)
    soundfile.write(tmp_path / "b.flac", tone(-15), SAMPLE_RATE)
    (found,) = await look_at(tmp_path)
    assert found.seen == f"2 files of {tmp_path}: all can be played"


async def test_files_that_can_not_be_decoded_or_heard_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.mp3").write_bytes(b"no audio at all")
    soundfile.write(tmp_path / "fine.wav", tone(-20), SAMPLE_RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(SAMPLE_RATE, np.int16), SAMPLE_RATE)
    found = await look_at(tmp_path)
    assert [told(each) for each in found] == [
        ("ok", "voices of company 2028"),
        ("failure", "voice broken.mp3"),
        ("warning", "voice silent.wav"),
    ]
    assert found[0].seen.endswith("2 are to be looked at")


async def test_of_many_files_some_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_FILES", 1)
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", tone(-20), SAMPLE_RATE)
    (found,) = await look_at(tmp_path)
    assert found.seen.startswith("the first 1 of 2 files")


async def test_an_empty_folder_is_fine_and_no_folder_is_no_finding(tmp_path: Path) -> None:
    (found,) = await look_at(tmp_path)
    assert "is empty" in found.seen
    assert await voices(configuration().companies[0], Here()) == []


async def test_a_folder_that_can_not_be_read_is_a_failure(tmp_path: Path) -> None:
    folder = tmp_path / "voices"
    folder.mkdir()
    (made,) = configuration(company=[company(voice_dir=str(folder))]).companies
    folder.rmdir()
    (found,) = await voices(made, Here())
    assert told(found) == ("failure", "voices of company 2028")


@pytest.mark.parametrize("level", [-45.0, -20.0, -3.0])
def test_the_level_is_measured_without_the_silence_around(level: float) -> None:
    heard = listen(tone(level, pause=3.0))
    assert heard is not None
    assert heard.level == pytest.approx(level, abs=0.1)
    assert heard.pause == pytest.approx(3.0, abs=0.02)
    assert heard.clipped == 0


def test_what_is_cut_off_is_counted() -> None:
    heard = listen(np.clip(tone(3.0).astype(np.float64) * 4, -32_256, 32_256).astype(np.int16))
    assert heard is not None
    assert heard.clipped > 0.5


def test_nothing_is_heard_in_silence_or_in_nothing() -> None:
    assert listen(np.zeros(SAMPLE_RATE, np.int16)) is None
    assert listen(np.zeros(0, np.int16)) is None


@pytest.mark.parametrize(
    ("seconds", "heard", "words"),
    [
        (5.0, Heard(-20, 0, 0), []),
        (5.0, Heard(-40, 0, 0), ["very low"]),
        (5.0, Heard(-3, 0, 0), ["too loud"]),
        (5.0, Heard(-10, 0.02, 0), ["too loud"]),
        (0.5, Heard(-20, 0, 0), ["only 0.5 s long"]),
        (9.0, Heard(-20, 0, 2.5), ["begins with 2.5 s of silence"]),
        (0.5, Heard(-40, 0, 0), ["only 0.5 s long", "very low"]),
    ],
)
def test_what_is_odd_about_a_voice_is_told(seconds: float, heard: Heard, words: list[str]) -> None:
    found = list(judge("voice a.wav", seconds, heard))
    assert len(found) == len(words)
    assert all(word in each.seen for word, each in zip(words, found, strict=True))
