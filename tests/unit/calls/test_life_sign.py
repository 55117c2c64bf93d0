"""The sign of life beside the database: believed only beside the heartbeat that it was noted with."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from playvoice.calls.life_sign import LifeSign

BEAT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
LATER = BEAT + timedelta(seconds=30)


async def test_it_tells_when_the_server_last_lived_and_outlives_it(tmp_path: Path) -> None:
    for seconds in (1, 30):
        await LifeSign(tmp_path / "sign").note(BEAT, BEAT + timedelta(seconds=seconds))
    assert LifeSign(tmp_path / "sign").last(BEAT) == LATER


async def test_it_counts_where_no_heartbeat_was_ever_stored(tmp_path: Path) -> None:
    sign = LifeSign(tmp_path / "sign")
    assert sign.last(None) is None
    await sign.note(None, LATER)
    assert sign.last(None) == LATER


@pytest.mark.parametrize("stored", [None, BEAT - timedelta(microseconds=1), BEAT + timedelta(days=1)])
async def test_beside_a_database_with_another_heartbeat_it_counts_for_nothing(
    tmp_path: Path, stored: datetime | None
) -> None:
    """As beside a backup that was restored."""
    sign = LifeSign(tmp_path / "sign")
    await sign.note(BEAT, LATER)
    assert sign.last(stored) == stored


async def test_a_clock_that_was_set_back_ends_nothing_earlier(tmp_path: Path) -> None:
    sign = LifeSign(tmp_path / "sign")
    await sign.note(BEAT, BEAT - timedelta(hours=1))
    assert sign.last(BEAT) == BEAT


@pytest.mark.parametrize("octets", [b"", b"x" * 42, b"1", b"9" * 42, b"\xff" * 100, b"0" * 20 + b" " + b"9" * 20])
def test_what_is_no_sign_counts_for_nothing(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "sign").write_bytes(octets)
    assert LifeSign(tmp_path / "sign").last(BEAT) == BEAT


async def test_without_a_file_nothing_is_noted(tmp_path: Path) -> None:
    with capture_logs() as logs:
        sign = LifeSign(tmp_path / "nowhere" / "sign")
    for each in (sign, LifeSign()):
        await each.note(BEAT, LATER)
        assert each.last(BEAT) == BEAT
        each.close()
    assert [line["event"] for line in logs] == ["life_sign_not_noted"]
