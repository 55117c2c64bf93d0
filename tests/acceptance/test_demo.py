"""`playvoice demo` as a user types it: its exit status and its last line say what its far ends saw."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def demo(output: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run the demo; its exit status, its last line, and all that it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "playvoice.cli", "demo", "--output", str(output), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ran.returncode, json.loads(ran.stdout.splitlines()[-1]), ran.stdout + ran.stderr


def test_the_demo_shows_a_whole_call_and_leaves_its_files(tmp_path: Path) -> None:
    status, outcome, text = demo(tmp_path)
    assert status == 0, text
    assert all(outcome["steps"].values()), text
    assert outcome["states"] == ["ring", "answer", "hangup"]
    assert (outcome["hangupcause"], outcome["hangupdirection"], outcome["userkey"]) == (10001, 10040, "1")
    for path in outcome["files"].values():
        assert Path(path).stat().st_size > 10_000


def test_the_demo_shows_a_key_that_is_pressed_as_a_tone(tmp_path: Path) -> None:
    status, outcome, text = demo(tmp_path, "--tones")
    assert status == 0, text
    assert (outcome["hangupcause"], outcome["userkey"], outcome["states"]) == (10001, "1", ["ring", "answer", "hangup"])


def test_an_output_folder_that_can_not_be_made_is_named_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, outcome, text = demo(tmp_path / "file" / "below")
    assert status == 1
    assert outcome == {"outcome": "failed", "why": f"{tmp_path / 'file' / 'below'}: Not a directory"}
    assert "Errno" not in text


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [(("--callee", "busy"), 10006), (("--callee", "rejected"), 10003), (("--callee", "no-answer"), 10016)],
)
def test_the_demo_shows_other_ends(tmp_path: Path, arguments: tuple[str, ...], cause: int) -> None:
    status, outcome, text = demo(tmp_path, *arguments)
    assert status == 0, text
    assert outcome["hangupcause"] == cause
    assert outcome["states"] == []
