"""Recordings by name: those that a record names, for their company alone."""

import os
from pathlib import Path
from typing import cast

import pytest
from tests.unit.calls.rooms import Encoder
from tests.unit.calls.stored import AT, accept, later, run
from tests.unit.calls.world import LINKS, SETTINGS

from playvoice.calls.archive import Archive
from playvoice.calls.errors import RecordingUnknown
from playvoice.calls.ledger import End, Reports
from playvoice.calls.recordings import Recordings
from playvoice.codes import HangupCause as Cause
from playvoice.media.transcoder import Transcoder
from playvoice.store import Store


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings", cast(Transcoder, Encoder()))


@pytest.fixture
def archive(store: Store, recordings: Recordings) -> Archive:
    return Archive(store, recordings, LINKS)


async def recorded(store: Store, recordings: Recordings, *, encoded: bool = True) -> str:
    """Store a call whose record names a recording, and give the name."""
    stored = await accept(store, at=AT)
    name = f"{stored.uuid}.mp3"
    end = End(AT, later(5), later(9), Cause.NORMAL, Cause.CALLEE_HUNG_UP, recordfilename=name)
    run(store, lambda conn: Reports(stored, None, SETTINGS).ended(conn, end))
    recordings.raw(stored.uuid).write_bytes(b"\xd5\xd5")
    if encoded:
        recordings.finish(stored.uuid, name, later(5))
        await recordings.encoded()
    return name


async def test_a_recording_is_found_by_the_name_in_its_record(
    store: Store, recordings: Recordings, archive: Archive
) -> None:
    name = await recorded(store, recordings)
    found = await archive.find(name)
    assert (found.company_code, found.path) == ("2028", recordings.path(name, later(5)))
    assert found.status is not None
    assert found.status.st_size == len(found.path.read_bytes())


async def test_a_recording_that_is_still_to_be_encoded_has_no_status(
    store: Store, recordings: Recordings, archive: Archive
) -> None:
    name = await recorded(store, recordings, encoded=False)
    assert (await archive.find(name)).status is None
    assert (await archive.link("2028", name, AT)).url


async def test_a_recording_that_was_removed_is_unknown(store: Store, recordings: Recordings, archive: Archive) -> None:
    name = await recorded(store, recordings)
    recordings.path(name, later(5)).unlink()
    with pytest.raises(RecordingUnknown, match="not there any more"):
        await archive.find(name)


async def test_a_link_to_a_recording_is_made_for_its_company_alone(
    store: Store, recordings: Recordings, archive: Archive
) -> None:
    name = await recorded(store, recordings)
    assert (await archive.link("2028", name, AT)) == LINKS.link(name, AT)
    with pytest.raises(RecordingUnknown):
        await archive.link("1", name, AT)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../raw/x.raw",
        "3418035c-4af5-41ea-afb2-fbc8753285b6.mp3",
        "3418035c-4af5-41ea-afb2-fbc8753285b6.raw",
        "/etc/passwd",
        "x\x00.mp3",
    ],
)
async def test_a_name_that_no_record_has_is_unknown(archive: Archive, name: str) -> None:
    with pytest.raises(RecordingUnknown):
        await archive.find(name)


async def test_a_recording_is_found_under_no_other_name_of_its_call(
    store: Store, recordings: Recordings, archive: Archive
) -> None:
    name = await recorded(store, recordings)
    for other in (name.replace(".mp3", ".wav"), name.upper(), f"{name}\n", f"./{name}"):
        with pytest.raises(RecordingUnknown):
            await archive.find(other)


async def test_the_link_is_checked_as_it_was_made(archive: Archive) -> None:
    link = LINKS.link("x.mp3", AT)
    expires, signature = (value.partition("=")[2] for value in link.url.partition("?")[2].split("&"))
    archive.check("x.mp3", expires, signature, AT)


async def test_a_recording_whose_disk_cannot_be_read_is_unknown(
    store: Store, recordings: Recordings, archive: Archive, tmp_path: Path
) -> None:
    name = await recorded(store, recordings)
    os.replace(tmp_path / "recordings" / "2026", tmp_path / "elsewhere")  # noqa: PTH105
    (tmp_path / "recordings" / "2026").write_bytes(b"")
    with pytest.raises(RecordingUnknown):
        await archive.find(name)
