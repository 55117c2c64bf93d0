"""The command as the shell starts it: a process of its own, in any locale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration that says as good as nothing."""
    (tmp_path / "playvoice.toml").write_text("[server]\n")
    return tmp_path


def playvoice(folder: Path, *words: str | bytes, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "playvoice.cli", *words]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "words", [("company", "show", b"\xff"), ("trace", b"\xfe"), ("callback", "list", "--call", b"\xfe")]
)
def test_a_word_that_is_not_utf_8_is_refused_in_words(folder: Path, words: tuple[str | bytes, ...]) -> None:
    done = playvoice(folder, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("is not UTF-8\n")
    assert done.stderr.count("\n") == 1


def test_a_terminal_that_lacks_a_character_shows_the_rest(folder: Path) -> None:
    words = ["company", "add", "2028", "name=\u6f14\u793a", "appid=demo", "accesskey=key"]
    assert playvoice(folder, *words).returncode == 0
    listed = playvoice(folder, "company", "list", PYTHONIOENCODING="latin-1")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "\\u6f14\\u793a" in listed.stdout
