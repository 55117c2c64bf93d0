import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.commands.init.test_writing import answers

from playvoice.commands.init import setting_up
from playvoice.commands.init.setting_up import SetupError, set_up
from playvoice.config import load


def test_the_file_is_for_its_owner_only_and_a_voice_is_there_to_try_with(tmp_path: Path) -> None:
    path = tmp_path / "new" / "playvoice.toml"
    assert set_up(path, answers(), force=False) == "notice.mp3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = load(path, {})
    assert config.companies[0].voice_dir == path.parent / "voices"
    assert sorted(each.name for each in path.parent.rglob("*")) == ["notice.mp3", "playvoice.toml", "voices"]
    assert len(config.companies[0].extensions[0].password) == 16


def test_phones_have_a_password_each(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    set_up(path, answers(extensions=("1001", "1002")), force=False)
    first, second = load(path, {}).companies[0].extensions
    assert first.password != second.password


def test_a_file_that_is_there_stays_unless_it_is_forced(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text("mine")
    path.chmod(0o644)
    with pytest.raises(SetupError, match="give --force"):
        set_up(path, answers(), force=False)
    assert path.read_text() == "mine"
    set_up(path, answers(), force=True)
    assert load(path, {}).companies
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_voices_that_are_there_stay_as_they_are_and_one_of_them_is_tried(tmp_path: Path) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    (voices / "mine.wav").write_bytes(b"RIFF")
    assert set_up(tmp_path / "playvoice.toml", answers(), force=False) == "mine.wav"
    assert [each.name for each in voices.iterdir()] == ["mine.wav"]


def test_answers_that_do_not_go_together_leave_no_file(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    with pytest.raises(SetupError, match="do not go together: line"):
        set_up(path, replace(answers(), extensions=("1001", "1001")), force=False)
    assert not [each for each in tmp_path.iterdir() if each.is_file()]


def test_what_can_not_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="can't be written"):
        set_up(tmp_path / "file" / "playvoice.toml", answers(), force=False)


def test_a_disk_that_is_full_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(setting_up, "text", full)
    with pytest.raises(SetupError, match="No space left on device"):
        set_up(tmp_path / "playvoice.toml", answers(), force=False)
    assert not [each for each in tmp_path.iterdir() if each.is_file()]
