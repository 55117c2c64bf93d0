from pathlib import Path

import pytest

from playvoice.commands.invocation import playvoice


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    path = tmp_path / "a folder" / "playvoice"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_command_that_the_shell_finds_is_called_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert playvoice(str(installed)) == "playvoice"


def test_one_that_it_does_not_find_is_called_by_its_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert playvoice(str(installed)) == f"'{installed}'"


def test_one_beside_another_of_its_name_is_called_by_its_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = installed.parent.parent / "playvoice"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert playvoice(str(installed)) == f"'{installed}'"


def test_a_module_that_python_runs_is_told_by_the_name() -> None:
    assert playvoice("/x/playvoice/cli.py") == "playvoice"
