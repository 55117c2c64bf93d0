"""Where a command is carried out, and who may."""

import os
import stat
import time
from pathlib import Path

import pytest
import typer

from playvoice.commands import desk
from playvoice.store import Store

ADDED = {"name": "carrier", "fields": {"address": "sip:192.0.2.1"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "playvoice.toml"
    path.write_text("[server]\n")
    return path


def test_what_is_made_is_for_its_user_alone(file: Path) -> None:
    before = os.umask(0o022)
    try:
        desk.carry_out(file, "trunk.add", ADDED)
    finally:
        os.umask(before)
    data = file.parent / "data"
    made = [data, *data.rglob("*")]
    assert {path.name for path in made} >= {"data", "playvoice.db"}
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_command_waits_for_the_one_that_is_at_work(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.carry_out(file, "trunk.add", ADDED)
    taken = Store.open(f"sqlite:///{file.parent}/data/playvoice.db")
    monkeypatch.setattr(time, "sleep", lambda _seconds: taken.close_now())
    assert [row["name"] for row in desk.carry_out(file, "trunk.list", {})] == ["carrier"]


def test_a_database_that_stays_taken_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(desk, "TAKEN_FOR", 0.0)
    (file.parent / "data").mkdir()
    taken = Store.open(f"sqlite:///{file.parent}/data/playvoice.db")
    with pytest.raises(typer.Exit):
        desk.carry_out(file, "trunk.list", {})
    taken.close_now()
    told = capsys.readouterr().err
    assert f"(process {os.getpid()}) works on this database" in told
    assert "it takes no command on" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_root_leaves_no_files_in_a_directory_of_another_user(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = file.parent / "data"
    data.mkdir()
    os.chown(data, 65534, -1)
    with pytest.raises(typer.Exit):
        desk.carry_out(file, "trunk.list", {})
    assert "is user nobody's: where no server runs, type this as nobody" in capsys.readouterr().err
    assert list(data.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_root_makes_no_data_directory_in_a_folder_of_another_user(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.chown(file.parent, 65534, -1)
    with pytest.raises(typer.Exit):
        desk.carry_out(file, "trunk.list", {})
    assert f"{file.parent} is user nobody's: where no server runs, type this as nobody" in capsys.readouterr().err
    assert list(file.parent.iterdir()) == [file]


def test_a_data_directory_that_can_not_be_made_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "data").touch()
    with pytest.raises(typer.Exit):
        desk.carry_out(file, "trunk.list", {})
    assert "can't be made (it is a file); give a directory that may be written to" in capsys.readouterr().err
