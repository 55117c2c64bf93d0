"""What keeps a server from starting is told in words."""

import asyncio
from pathlib import Path

import pytest

from playvoice.app import run
from playvoice.config import load
from playvoice.control.reloading import Configuration
from playvoice.process.errors import StartError


def test_a_folder_of_voices_that_can_not_be_taken_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "notice.wav").touch()
    monkeypatch.setattr("playvoice.voices.library.MAX_FILES", 0)
    text = '[[company]]\ncode = "2028"\nname = "Demo"\nappid = "demo"\naccesskey = "key"\nvoice_dir = "voices"\n'
    file = tmp_path / "playvoice.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StartError, match="has 1 files, more than 0"):
        asyncio.run(run(Configuration(file, load(file, {}), {})))
