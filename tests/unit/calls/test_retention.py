"""Records and recordings go when they were kept for long enough, a few at once, and nothing else goes with them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs
from tests.unit.calls.stored import accept, call_states, run

from playvoice.calls import ledger, retention
from playvoice.calls.retention import AT_ONCE, Pruned, Retention, prune
from playvoice.calls.tables import LegKind, calls, legs
from playvoice.store import Store

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def a_call(store: Store, age: timedelta, state: str = "ended", ended: timedelta | None = None) -> str:
    """A call that was accepted so long ago, with one leg; it ended a minute later, or so long ago."""
    uuid = (await accept(store)).uuid
    at = NOW - age
    over = at + timedelta(minutes=1) if ended is None else NOW - ended
    values = {"accepted_at": at, "state": state, "ended_at": over if state == "ended" else None}
    run(
        store,
        lambda conn: ledger.add_leg(conn, uuid, uuid, LegKind.CUSTOMER, "invite", at),
        lambda conn: conn.execute(update(calls).where(calls.c.uuid == uuid).values(values)),
    )
    return uuid


def left(store: Store) -> set[str]:
    return set(call_states(store))


def legs_of(store: Store) -> set[str]:
    return set(store.read_now(lambda conn: conn.execute(legs.select()).scalars().all()))


def keeping(store: Store, folder: Path, calls_days: int = 0, recordings_days: int = 0) -> Retention:
    return Retention(store, folder, calls_days=calls_days, recordings_days=recordings_days, rest=0)


def recording(folder: Path, day: str, name: str = "one.mp3") -> Path:
    path = folder / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"audio")
    return path


def years(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("20??")]


async def test_records_go_with_their_legs_when_they_ended_long_enough_ago(store: Store, tmp_path: Path) -> None:
    await a_call(store, 31 * DAY)
    late = await a_call(store, 31 * DAY, ended=29 * DAY)
    young = await a_call(store, 29 * DAY)
    with capture_logs() as logs:
        await keeping(store, tmp_path, calls_days=30).look(NOW)
    assert left(store) == {late, young}
    assert legs_of(store) == {late, young}
    assert logs == [{"event": "retention", "calls": 1, "recordings": 0, "log_level": "info"}]


@pytest.mark.parametrize("state", ["waiting", "dialled", "answered"])
async def test_a_call_that_is_not_over_stays_however_old_and_hides_none_behind_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    kept = await a_call(store, 40 * DAY, state)
    await a_call(store, 39 * DAY)
    await keeping(store, tmp_path, calls_days=30).look(NOW)
    assert left(store) == {kept}


async def test_many_go_a_few_at_once(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):
        await a_call(store, 31 * DAY)
    assert await store.write(lambda conn: prune(conn, NOW - 30 * DAY, 0, 2)) == Pruned(2, 2)
    assert len(left(store)) == 3
    await keeping(store, tmp_path, calls_days=30).look(NOW)
    assert left(store) == set()


async def test_for_ever_is_for_ever(store: Store, tmp_path: Path) -> None:
    old, file = await a_call(store, 5_000 * DAY), recording(tmp_path, "2012/01/02")
    keep = keeping(store, tmp_path)
    await keep.look(NOW)
    async with asyncio.timeout(5):
        await keep.run()
    assert left(store) == {old}
    assert file.exists()


@pytest.mark.parametrize(("calls_days", "recordings_days"), [(0, 7), (30, 7), (7, 0), (7, 30)])
async def test_recordings_go_by_days_and_never_outlast_their_records(
    store: Store, tmp_path: Path, calls_days: int, recordings_days: int
) -> None:
    old, border, young = (recording(tmp_path, f"2026/03/{day:02}") for day in (2, 3, 10))
    await keeping(store, tmp_path, calls_days, recordings_days).look(NOW)
    assert (old.exists(), border.exists(), young.exists()) == (False, True, True)
    assert not old.parent.exists()


async def test_folders_that_are_empty_then_go_too(store: Store, tmp_path: Path) -> None:
    for number in range(AT_ONCE + 3):
        recording(tmp_path, "2025/12/31", f"{number}.mp3")
    recording(tmp_path, "2026/03/10")
    await keeping(store, tmp_path, recordings_days=7).look(NOW)
    assert years(tmp_path) == ["2026"]


async def test_what_is_no_day_of_ours_is_left_alone(store: Store, tmp_path: Path) -> None:
    files = [recording(tmp_path, day) for day in ("raw", "2020/13/40", "2020/1/2", "old/01/02", "2020/01/02/more")]
    await keeping(store, tmp_path, recordings_days=7).look(NOW)
    assert all(path.exists() for path in files)


async def test_a_look_that_fails_is_told_and_comes_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EVERY", 0)
    looks: asyncio.Queue[datetime] = asyncio.Queue()

    async def look(at: datetime) -> None:
        looks.put_nowait(at)
        raise OSError("a disk that is gone")

    keep = keeping(store, tmp_path, calls_days=30)
    monkeypatch.setattr(keep, "look", look)
    with capture_logs() as logs:
        running = asyncio.create_task(keep.run())
        async with asyncio.timeout(5):
            await looks.get()
            await looks.get()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert logs[0]["event"] == "retention_failed"
