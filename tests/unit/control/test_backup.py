"""A backup says what it is only when it is whole."""

import asyncio
import json
import resource
import threading
from pathlib import Path
from unittest import mock

import pytest
from tests.unit.control.conftest import Desk
from tests.waiting import until

from playvoice.control.backup import DATABASE, LABEL, LIST, Label, digest_of, listed_files
from playvoice.control.errors import CommandFailed


@pytest.fixture
def data(desk: Desk) -> Path:
    """What a server has gathered."""
    data = desk.configuration.current.server.data_dir
    for path, text in {
        "recordings/2026/01/02/one.mp3": "one",
        "recordings/2026/01/03/two.wav": "three",
        "recordings/raw/running.raw": "of a call that runs",
        "voices/uploads/notice": "notice",
        "voices/downloads/cached.alaw": "can be had again",
    }.items():
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_text(text)
    return data


async def test_the_database_is_copied_and_what_can_not_be_made_anew_is_listed(
    desk: Desk, data: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    said = await desk.run("backup", directory=str(backup))
    assert "3 recordings and voices are listed" in said["done"]
    assert list(listed_files(backup)) == [
        (3, "recordings/2026/01/02/one.mp3"),
        (5, "recordings/2026/01/03/two.wav"),
        (6, "voices/uploads/notice"),
    ]
    label = Label.read(backup)
    assert (label.files, label.with_files, label.sha256) == (3, False, digest_of(backup / DATABASE))
    assert label.octets == (backup / DATABASE).stat().st_size
    assert sorted(path.name for path in backup.iterdir()) == [LABEL, LIST, DATABASE]
    assert backup.stat().st_mode & 0o777 == 0o700


async def test_files_are_taken_along_where_that_is_wanted(desk: Desk, data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    said = await desk.run("backup", directory=str(backup), files=True)
    assert "3 recordings and voices are in it" in said["done"]
    assert (backup / "files/recordings/2026/01/03/two.wav").read_text() == "three"
    assert Label.read(backup).with_files


async def test_a_directory_with_something_in_it_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine").write_text("")
    with pytest.raises(CommandFailed, match="is not empty"):
        await desk.run("backup", directory=str(tmp_path / "backup"))


async def test_a_place_that_can_not_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match=r"was not made: .*Not a directory"):
        await desk.run("backup", directory=str(tmp_path / "file" / "backup"))


async def test_a_backup_that_finds_no_room_leaves_none_of_it_and_the_next_one_may_be_made_there(
    desk: Desk, data: Path, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (data / "recordings/2026/01/02/large.mp3").write_bytes(bytes(2 << 20))
    backup = tmp_path / "backup"
    with mock.patch("os.link", side_effect=OSError(18, "Invalid cross-device link")):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))  # stops a write half-way, as a full disk
        try:
            with pytest.raises(CommandFailed, match=r"was not made: .*File too large"):
                await desk.run("backup", directory=str(backup), files=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(backup.iterdir()) == []
        await desk.run("backup", directory=str(backup), files=True)
    assert Label.read(backup).files == 4


async def test_a_backup_that_a_stop_cuts_off_takes_back_what_it_has_begun(
    desk: Desk, data: Path, tmp_path: Path
) -> None:
    backup, begun, go_on = tmp_path / "backup", threading.Event(), threading.Event()

    def link(_path: Path, _to: Path) -> None:
        begun.set()
        go_on.wait(30)

    with mock.patch("os.link", link):
        making = asyncio.create_task(desk.run("backup", directory=str(backup), files=True))
        await asyncio.to_thread(begun.wait, 30)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        go_on.set()
        await until(lambda: not list(backup.iterdir()), "its directory is empty")
    await desk.run("backup", directory=str(backup), files=True)


async def test_a_folder_that_can_not_be_read_is_not_left_out_in_silence(desk: Desk, data: Path, tmp_path: Path) -> None:
    (data / "voices/uploads").rename(data / "voices/elsewhere")
    (data / "voices/uploads").symlink_to("uploads")
    with pytest.raises(CommandFailed, match=r"was not made: .*voices/uploads"):
        await desk.run("backup", directory=str(tmp_path / "backup"))


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"version": "1"}'])
def test_a_backup_without_its_label_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / LABEL).write_text(text)
    with pytest.raises(CommandFailed, match="is no whole backup"):
        Label.read(tmp_path)


async def test_a_label_has_all_that_it_says(desk: Desk, tmp_path: Path) -> None:
    await desk.run("backup", directory=str(tmp_path / "backup"))
    assert json.loads((tmp_path / "backup" / LABEL).read_text()).keys() == set(Label.__dataclass_fields__)
