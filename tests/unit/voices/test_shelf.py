"""The shelf of decoded voices: lent, retired, removed, and the event loop has no part in giving room back."""

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from playvoice.media.decoded import voice_files
from playvoice.voices.shelf import Shelf


def put(shelf: Shelf, name: str) -> list[Path]:
    paths = list(voice_files(shelf.stem(name)).values())
    for path in paths:
        path.write_bytes(b"voice")
    return paths


async def test_a_voice_that_is_retired_goes_at_once_and_its_room_is_given_back_by_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, closed_by = Shelf(tmp_path / "shelf"), asyncio.Queue[int]()
    paths, close, loop = put(shelf, "a"), os.close, asyncio.get_running_loop()

    def closed(descriptor: int) -> None:
        close(descriptor)
        loop.call_soon_threadsafe(closed_by.put_nowait, threading.get_ident())

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", closed)
        shelf.retire("a")
        assert not any(path.exists() for path in paths)
        threads = {await closed_by.get(), await closed_by.get()}
    assert threading.get_ident() not in threads


async def test_without_a_descriptor_it_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    shelf = Shelf(tmp_path / "shelf")
    paths = put(shelf, "a")
    monkeypatch.setattr(os, "open", none_left)
    shelf.retire("a")
    assert not any(path.exists() for path in paths)


def test_without_an_event_loop_it_goes_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    paths = put(shelf, "a")
    shelf.retire("a")
    assert not any(path.exists() for path in paths)


async def test_a_voice_that_is_lent_goes_when_the_last_has_given_it_back(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    paths = put(shelf, "a")
    lent = [shelf.lend("a"), shelf.lend("a")]
    shelf.retire("a")
    for voice in lent:
        assert all(path.exists() for path in paths)
        assert voice is not None
        voice.give_back()
    assert not any(path.exists() for path in paths)


async def test_what_can_not_be_removed_is_told_and_fails_nobody(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    first, second = put(shelf, "a")
    first.unlink()
    first.mkdir()
    with capture_logs() as logs:
        shelf.retire("a")
        shelf.retire("gone")
    assert [(line["event"], line["name"]) for line in logs] == [("decoded voice not removed", first.name)]
    assert not second.exists()
