"""Recordings: what the record calls them, where they become files, and what is left under `raw`."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import structlog.testing
from tests.samples import COMPANY
from tests.unit.calls.rooms import Encoder
from tests.waiting import until

from playvoice.calls import recordings as recordings_module
from playvoice.calls.errors import RecordingUnknown
from playvoice.calls.recordings import MIN_FREE, Recordings
from playvoice.config import RecordFormat, RecordPolicy
from playvoice.media.encoding import RecordingFormat
from playvoice.media.transcoder import Transcoder

UUID = "3418035c-4af5-11ea-afb2-fbc8753285b6"
ANSWERED_AT = datetime(2026, 1, 2, 23, 59, 59, tzinfo=UTC)
SOUND = b"\xd5\xd5"


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def recordings(tmp_path: Path, encoder: Encoder) -> Recordings:
    return Recordings(tmp_path / "recordings", cast(Transcoder, encoder))


async def encoded(recordings: Recordings) -> None:
    async with asyncio.timeout(10):
        await recordings.encoded()


@pytest.mark.parametrize("policy", RecordPolicy)
@pytest.mark.parametrize("transferred", [True, False])
def test_a_company_gets_the_recordings_that_it_wants(
    recordings: Recordings, policy: RecordPolicy, transferred: bool
) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    wanted = policy is RecordPolicy.ALWAYS or (policy is RecordPolicy.TRANSFERRED and transferred)
    name = recordings.name(UUID, replace(COMPANY, record=policy), transferred=transferred)
    assert name == (f"{UUID}.wav" if wanted else "")


@pytest.mark.parametrize("form", RecordFormat)
def test_a_recording_is_named_by_its_call_and_the_format_of_its_company(
    recordings: Recordings, form: RecordFormat
) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    assert recordings.name(UUID, replace(COMPANY, record_format=form), transferred=True) == f"{UUID}.{form.value}"


def test_a_recording_is_named_as_what_it_becomes_while_the_encoder_has_a_backlog(
    recordings: Recordings, encoder: Encoder
) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    encoder.form = RecordingFormat.WAV
    assert recordings.name(UUID, replace(COMPANY, record_format=RecordFormat.MP3), transferred=True) == f"{UUID}.wav"


@pytest.mark.parametrize("left", [None, b"", b"\xd5"])
def test_what_has_not_one_sample_of_both_channels_is_no_recording(recordings: Recordings, left: bytes | None) -> None:
    if left is not None:
        recordings.raw(UUID).write_bytes(left)
    assert recordings.name(UUID, COMPANY, transferred=True) == ""


async def test_a_recording_is_filed_under_the_day_of_the_answer_and_the_raw_one_goes(recordings: Recordings) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    recordings.finish(UUID, f"{UUID}.mp3", ANSWERED_AT)
    await encoded(recordings)
    path = recordings.path(f"{UUID}.mp3", ANSWERED_AT)
    assert path.parts[-4:] == ("2026", "01", "02", f"{UUID}.mp3")
    assert path.read_bytes() == b"mp3" + SOUND
    assert list(recordings.left()) == []
    assert repr(recordings) == "<Recordings 0 to be encoded>"


async def test_a_raw_recording_that_no_record_names_is_removed(recordings: Recordings) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    recordings.finish(UUID, "", ANSWERED_AT)
    recordings.finish(UUID, "", ANSWERED_AT)
    assert not recordings.raw(UUID).exists()


async def test_what_cannot_be_encoded_stays_raw_for_the_next_start(recordings: Recordings, encoder: Encoder) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    encoder.broken = True
    recordings.finish(UUID, f"{UUID}.wav", ANSWERED_AT)
    await encoded(recordings)
    assert list(recordings.left()) == [UUID]


@pytest.mark.parametrize("fault", [False, True])
async def test_what_could_not_be_encoded_is_tried_again_each_time_later(
    recordings: Recordings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, fault: bool
) -> None:
    encode = encoder.encode_recording

    async def faulty(raw: Path, to: Path, form: RecordingFormat) -> Path:
        if encoder.broken and fault:
            raise RuntimeError("a fault of ours")
        return await encode(raw, to, form)

    monkeypatch.setattr(encoder, "encode_recording", faulty)
    delays: list[float] = []
    call_later = asyncio.get_running_loop().call_later

    def soon(delay: float, callback: Callable[..., object], *arguments: object) -> object:
        if delay < 60:  # the test's own
            return call_later(delay, callback, *arguments)
        delays.append(delay)
        encoder.broken = len(delays) < 8
        return call_later(0, callback, *arguments)

    recordings.raw(UUID).write_bytes(SOUND)
    encoder.broken = True
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", soon)
    recordings.finish(UUID, f"{UUID}.wav", ANSWERED_AT)
    await until(recordings.path(f"{UUID}.wav", ANSWERED_AT).exists, "it is encoded at last")
    assert delays == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert list(recordings.left()) == []


async def test_what_is_gone_is_not_tried_again(
    recordings: Recordings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder.broken = True
    monkeypatch.setattr(recordings_module, "AGAIN", None)
    recordings.finish(UUID, f"{UUID}.wav", ANSWERED_AT)
    await asyncio.gather(*recordings._tasks)


async def test_a_folder_that_cannot_be_made_leaves_the_raw_recording(recordings: Recordings, tmp_path: Path) -> None:
    recordings.raw(UUID).write_bytes(SOUND)
    blocked(tmp_path / "recordings" / "2026")
    recordings.finish(UUID, f"{UUID}.wav", ANSWERED_AT)
    await encoded(recordings)
    assert list(recordings.left()) == [UUID]


async def test_a_recording_whose_folder_is_away_is_named_and_made_when_the_folder_is_back(
    recordings: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings_module, "AGAIN", 0.001)
    monkeypatch.setattr(recordings_module, "MAX_AGAIN", 0.001)
    recordings.raw(UUID).write_bytes(SOUND)
    folder, away = tmp_path / "recordings", tmp_path / "away"
    folder.rename(away)
    name = recordings.name(UUID, COMPANY, transferred=False)
    assert name == f"{UUID}.wav"
    with structlog.testing.capture_logs() as logs:
        recordings.finish(UUID, name, ANSWERED_AT)
        await until(lambda: len(logs) >= 2, "it was tried twice")
    assert {line["reason"] for line in logs} == {f"the folder {folder / 'raw'} is not there"}
    assert not folder.exists(), "nothing is in the way of what was taken away"
    away.rename(folder)
    await until(recordings.path(name, ANSWERED_AT).exists, "it is made")


def blocked(folder: Path) -> None:
    """A file where a folder has to be."""
    folder.write_bytes(b"")


async def test_a_recording_is_looked_for_where_it_was_filed(recordings: Recordings, encoder: Encoder) -> None:
    name = f"{UUID}.mp3"
    with pytest.raises(RecordingUnknown, match=name):
        recordings.look(name, ANSWERED_AT)
    recordings.raw(UUID).write_bytes(SOUND)
    assert recordings.look(name, ANSWERED_AT) is None, "it is to be encoded"
    recordings.finish(UUID, name, ANSWERED_AT)
    await encoded(recordings)
    status = recordings.look(name, ANSWERED_AT)
    assert status is not None
    assert status.st_size == len(b"mp3" + SOUND)


def test_what_an_earlier_process_left_is_found_and_nothing_else(recordings: Recordings) -> None:
    for uuid in ("b", "a"):
        recordings.raw(uuid).write_bytes(SOUND)
    recordings.raw("c").with_suffix(".tmp").write_bytes(SOUND)
    assert list(recordings.left()) == ["a", "b"]


@pytest.mark.parametrize(("free", "low"), [(0, True), (MIN_FREE - 4096, True), (MIN_FREE, False), (None, True)])
def test_a_disk_is_low_where_a_recording_might_find_no_room(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch, free: int | None, low: bool
) -> None:
    def statvfs(_path: Path) -> SimpleNamespace:
        if free is None:
            raise FileNotFoundError("the disk is gone")
        return SimpleNamespace(f_bavail=free // 4096, f_frsize=4096)

    monkeypatch.setattr(os, "statvfs", statvfs)
    assert recordings.disk_is_low is low


def test_a_folder_that_can_not_be_written_to_takes_no_more_recordings(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def access(path: Path, mode: int) -> bool:
        assert path == recordings.raw("a").parent
        return not mode & os.W_OK

    monkeypatch.setattr(os, "access", access)
    assert recordings.disk_is_low
