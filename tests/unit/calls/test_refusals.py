"""What was refused is in a file before the refusal goes out."""

import asyncio
from pathlib import Path

import pytest
import structlog.testing

from playvoice.calls.refusals import RefusalFile


async def test_who_is_refused_at_once_is_noted_before_any_of_them_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "refused"
    file, refused = RefusalFile(path), ["a", "b", "c"]

    async def note(uuid: str) -> bool:
        await file.note(uuid, refused)
        return uuid in RefusalFile(path).left()

    assert await asyncio.gather(*map(note, refused)) == [True, True, True]
    await file.note("d", ["b"])
    assert sorted(RefusalFile(path).left()) == ["b", "d"], "of the others it has those of now"
    assert not path.with_name("refused.part").exists()


async def test_a_file_that_cant_be_written_refuses_nobody_otherwise_and_is_told(tmp_path: Path) -> None:
    file = RefusalFile(tmp_path / "nowhere" / "refused")
    with structlog.testing.capture_logs() as told:
        await file.note("a", ["a"])
    assert [line["event"] for line in told] == ["refusal_not_noted"]
    (tmp_path / "nowhere").mkdir()
    await file.note("a", ["a"])
    assert file.left() == ["a"], "what was not written is written the next time"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_a_file_that_cant_be_read_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "refused"
    assert RefusalFile(path).left() == []
    path.write_bytes(content)
    assert RefusalFile(path).left() == []
    RefusalFile(path).remove()
    assert not path.exists()
    RefusalFile(path).remove()
