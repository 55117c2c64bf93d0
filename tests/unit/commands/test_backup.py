"""A backup that is put back is what the server had, and nothing is lost by one that can't be."""

import json
import os
import resource
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from playvoice.cli import cli
from playvoice.control.backup import digest_of


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server that is set up, and has one recording."""
    (tmp_path / "playvoice.toml").write_text("[server]\n")
    monkeypatch.chdir(tmp_path)
    assert run("trunk", "add", "carrier", "address=sip:192.0.2.1").exit_code == 0
    recording(tmp_path).parent.mkdir(parents=True)
    recording(tmp_path).write_text("audio")
    return tmp_path


def recording(folder: Path) -> Path:
    return folder / "data/recordings/2026/01/02/one.mp3"


def trunks() -> list[str]:
    return [row["name"] for row in json.loads(run("trunk", "list", "--json").stdout)]


def test_what_was_saved_comes_back_and_what_was_there_is_kept_aside(folder: Path) -> None:
    assert run("backup", "saved").exit_code == 0
    assert run("trunk", "add", "later", "address=sip:192.0.2.2").exit_code == 0
    restored = run("restore", "saved")
    assert (restored.exit_code, restored.stderr) == (0, "")
    assert trunks() == ["carrier"]
    (before,) = (folder / "data").glob("playvoice.db.before-restore-*")
    assert str(before) in restored.stdout
    with closing(sqlite3.connect(before)) as conn:
        assert {name for (name,) in conn.execute("SELECT name FROM trunks")} == {"carrier", "later"}


def test_files_that_are_missing_are_named(folder: Path) -> None:
    assert run("backup", "saved").exit_code == 0
    recording(folder).unlink()
    restored = run("restore", "saved")
    assert restored.exit_code == 0
    assert "1 of 1 recordings and voices are missing: recordings/2026/01/02/one.mp3" in restored.stderr


def test_a_backup_with_its_files_needs_nothing_else(folder: Path) -> None:
    assert run("backup", "saved", "--files").exit_code == 0
    shutil.rmtree(folder / "data")
    restored = run("restore", "saved")
    assert (restored.exit_code, restored.stderr) == (0, "")
    assert recording(folder).read_text() == "audio"
    assert trunks() == ["carrier"]


def test_what_is_put_back_is_for_its_user_alone(folder: Path) -> None:
    assert run("backup", "saved", "--files").exit_code == 0
    shutil.rmtree(folder / "data")
    before = os.umask(0o022)
    try:
        assert run("restore", "saved").exit_code == 0
    finally:
        os.umask(before)
    data = folder / "data"
    assert [path for path in (data, *data.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_root_restores_nothing_into_a_directory_of_another_user(folder: Path) -> None:
    assert run("backup", "saved").exit_code == 0
    os.chown(folder / "data", 65534, -1)
    refused = run("restore", "saved")
    assert refused.exit_code == 1
    assert "is user nobody's: where no server runs, type this as nobody" in refused.stderr
    assert not list((folder / "data").glob("*.before-restore-*"))


def test_a_file_that_found_no_room_is_whole_after_the_next_restore(folder: Path) -> None:
    octets = bytes(range(256)) * 8192
    recording(folder).write_bytes(octets)
    assert run("backup", "saved", "--files").exit_code == 0
    recording(folder).unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))  # the system stops a write half-way, as a full disk
    try:
        stopped = run("restore", "saved")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert stopped.exit_code == 1
    assert "is in place" in stopped.stdout
    assert f"not all of its files were put back: {recording(folder)}" in stopped.stderr
    assert [path for path in (folder / "data/recordings").rglob("*") if path.is_file()] == []
    restored = run("restore", "saved")
    assert (restored.exit_code, restored.stderr) == (0, "")
    assert recording(folder).read_bytes() == octets


def test_only_what_is_listed_and_whole_is_put_back_and_the_rest_is_missing(folder: Path) -> None:
    other = recording(folder).with_name("two.mp3")
    other.write_text("audio")
    assert run("backup", "saved", "--files").exit_code == 0
    files = folder / "saved/files/recordings/2026/01/02"
    shutil.rmtree(folder / "data")
    for name in ("one.mp3", "two.mp3"):
        (files / name).unlink()
    (files / "one.mp3").write_text("aud")
    (folder / "secret").write_text("audio")
    (files / "two.mp3").symlink_to(folder / "secret")
    (folder / "saved/files/heartbeat").write_text("of nobody")
    restored = run("restore", "saved")
    assert restored.exit_code == 0
    assert "2 of 2 recordings and voices are missing" in restored.stderr
    assert list((folder / "data").rglob("*.mp3")) == []
    assert not (folder / "data/heartbeat").exists()


def test_a_file_that_is_there_but_not_whole_is_put_back(folder: Path) -> None:
    assert run("backup", "saved", "--files").exit_code == 0
    recording(folder).unlink()
    recording(folder).write_text("aud")
    restored = run("restore", "saved")
    assert (restored.exit_code, restored.stderr) == (0, "")
    assert recording(folder).read_text() == "audio"


@pytest.mark.parametrize(
    "list_of_files",
    [
        "5\t../secret\n",
        "5\t/etc/hostname\n",
        "5\trecordings/../../secret\n",
        None,
        "",
        "5\trecordings/a\n6\trecordings/b\n",
        "five\trecordings/a\n",
        "5\trecordings/2026",
    ],
)
def test_a_backup_whose_list_is_not_whole_is_refused_and_nothing_is_replaced(
    folder: Path, list_of_files: str | None
) -> None:
    assert run("backup", "saved").exit_code == 0
    (folder / "saved/files.tsv").unlink()
    if list_of_files is not None:
        (folder / "saved/files.tsv").write_text(list_of_files)
    refused = run("restore", "saved")
    assert refused.exit_code == 1
    assert "saved is no whole backup: saved/files.tsv is missing or names other than 1 file" in refused.stderr
    assert not list((folder / "data").glob("*.before-restore-*"))


def test_a_backup_that_was_changed_is_refused_and_nothing_is_replaced(folder: Path) -> None:
    assert run("backup", "saved").exit_code == 0
    with (folder / "saved/playvoice.db").open("ab") as file:
        file.write(b"x")
    refused = run("restore", "saved")
    assert refused.exit_code == 1
    assert "its SHA-256 is another one" in refused.stderr
    assert not list((folder / "data").glob("*.before-restore-*"))


@pytest.mark.parametrize("name", ["saved", "saved?", "100%25"])
def test_a_backup_of_a_newer_version_is_refused(folder: Path, name: str) -> None:
    assert run("backup", name).exit_code == 0
    copy, label = folder / name / "playvoice.db", folder / name / "backup.json"
    with closing(sqlite3.connect(copy, isolation_level=None)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    text = json.loads(label.read_text()) | {"version": "99.0", "sha256": digest_of(copy)}
    label.write_text(json.dumps(text))
    refused = run("restore", name)
    assert refused.exit_code == 1
    assert "is of PlayVoice 99.0, which is newer" in refused.stderr


def test_what_is_no_backup_is_refused(folder: Path) -> None:
    refused = run("restore", "data")
    assert refused.exit_code == 1
    assert "data is no whole backup" in refused.stderr
