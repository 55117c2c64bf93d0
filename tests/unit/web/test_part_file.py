"""A file appears whole or not at all, whatever the disk does."""

import asyncio
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.waiting import until

from playvoice.web.part_file import PartFile


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_it_appears_when_it_is_whole_in_place_of_what_was_there(tmp_path: Path) -> None:
    to = tmp_path / "voice"
    to.write_bytes(b"before")
    part = PartFile(to)
    await part.write(b"af")
    await part.write(b"ter")
    assert to.read_bytes() == b"before"
    await part.finish()
    part.close()
    assert to.read_bytes() == b"after"
    assert names_in(tmp_path) == ["voice"]


async def test_a_full_disk_keeps_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _mode: str) -> BinaryIO:
        path.touch()
        return open("/dev/full", "wb")  # noqa: PTH123

    part = PartFile(tmp_path / "voice")
    with monkeypatch.context() as machine:
        machine.setattr(Path, "open", full)
        await part.write(b"what the buffer holds")
        with pytest.raises(OSError, match="No space left"):
            await part.finish()
    assert len(names_in(tmp_path)) == 1
    part.close()
    await until(lambda: not names_in(tmp_path))


async def test_one_that_was_given_up_does_not_appear_when_the_disk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def fsync(_descriptor: int) -> None:
        hangs.set()
        goes_on.wait(20)

    monkeypatch.setattr(os, "fsync", fsync)
    part = PartFile(tmp_path / "voice")
    await part.write(b"octets")
    finishing = asyncio.create_task(part.finish())
    await until(hangs.is_set)
    finishing.cancel()
    part.close()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await finishing
    await until(lambda: not names_in(tmp_path))
