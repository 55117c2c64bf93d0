"""What calls leave goes when it was kept for long enough, a few at once, and nothing else goes with it."""

import errno
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Select, create_engine, update
from tests.samples import REQUEST
from tests.unit.calls.stored import accept, call_states, run

from playvoice.calls import ledger, removal
from playvoice.calls.errors import IdempotencyMismatch
from playvoice.calls.queue import CallQueue
from playvoice.calls.removal import forget_keys, remove_calls, remove_recordings
from playvoice.calls.tables import LegKind, calls, legs
from playvoice.migrations import all_tables
from playvoice.store import Store

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
KEYED = replace(REQUEST, idempotency_key="k1", fingerprint="f1")


async def a_call(store: Store, ended_at: datetime, state: str = "ended") -> str:
    """A call with one leg that began an hour before it ended, if it has."""
    uuid, at = (await accept(store)).uuid, ended_at - timedelta(hours=1)
    values = {"accepted_at": at, "state": state, "ended_at": ended_at if state == "ended" else None}
    run(
        store,
        lambda conn: ledger.add_leg(conn, uuid, uuid, LegKind.CUSTOMER, "invite", at),
        lambda conn: conn.execute(update(calls).where(calls.c.uuid == uuid).values(values)),
    )
    return uuid


def left(store: Store) -> set[str]:
    assert set(call_states(store)) == set(store.read_now(lambda conn: conn.execute(legs.select()).scalars().all()))
    return set(call_states(store))


def removed(store: Store, before: datetime, most: int = 10) -> int:
    return store.write_now(lambda conn: remove_calls(conn, before, most))


def recording(folder: Path, day: str, name: str = "one.mp3") -> Path:
    path = folder / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"audio")
    return path


# --- records ----------------------------------------------------------------------------------------------------------


async def test_records_go_with_their_legs_when_they_ended_before_the_time_and_not_at_it(store: Store) -> None:
    await a_call(store, NOW - MOMENT)
    kept = {await a_call(store, NOW), await a_call(store, NOW + DAY)}
    assert removed(store, NOW) == 1
    assert left(store) == kept


@pytest.mark.parametrize("state", ["waiting", "dialled", "answered"])
async def test_a_call_that_is_not_over_stays_however_old_and_hides_none_behind_it(store: Store, state: str) -> None:
    kept = await a_call(store, NOW - 40 * DAY, state)
    await a_call(store, NOW - 39 * DAY)
    assert removed(store, NOW, most=1) == 1
    assert left(store) == {kept}


async def test_many_go_a_few_at_once_those_that_ended_first_before_the_others(store: Store) -> None:
    uuids = [await a_call(store, NOW - number * DAY) for number in range(1, 6)]
    assert removed(store, NOW, most=2) == 2
    assert left(store) == set(uuids[:3])
    assert [removed(store, NOW, most=2) for _ in range(3)] == [2, 1, 0]


# --- idempotency keys -------------------------------------------------------------------------------------------------


async def test_keys_are_forgotten_a_few_at_once_when_their_calls_were_accepted_before_the_time(store: Store) -> None:
    queue = CallQueue(store)
    for number, at in enumerate((NOW - 2 * MOMENT, NOW - MOMENT, NOW)):
        await queue.accept(replace(KEYED, idempotency_key=str(number)), at)
    assert [store.write_now(lambda conn: forget_keys(conn, NOW, 1)) for _ in range(3)] == [1, 1, 0]
    with pytest.raises(IdempotencyMismatch):
        await queue.earlier("2028", "2", "another", NOW)
    assert await queue.earlier("2028", "1", "another", NOW) is None
    assert len(call_states(store)) == 3, "the calls stay"


async def test_a_key_is_known_for_24_hours_whatever_was_removed_meanwhile(store: Store) -> None:
    """The least that `[retention] idempotency_keys` can be is one day."""
    queue = CallQueue(store)
    first = await queue.accept(KEYED, NOW)
    store.write_now(lambda conn: forget_keys(conn, NOW + DAY - DAY, 10))
    again = await queue.accept(KEYED, NOW + DAY)
    assert (again.uuid, again.repeated) == (first.uuid, True)
    assert store.write_now(lambda conn: forget_keys(conn, NOW + MOMENT, 10)) == 1
    assert not (await queue.accept(KEYED, NOW + DAY + MOMENT)).repeated


# --- what a look costs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "index"),
    [(removal._OLD, "ix_calls_ended (ended_at<?)"), (removal._OLD_KEYS, "ix_calls_keys (accepted_at<?)")],
)
def test_what_is_old_is_found_in_an_index_of_it_alone(sqlite_url: str, query: Select[tuple[str]], index: str) -> None:
    engine = create_engine(sqlite_url)
    with closing(engine.connect()) as conn:
        all_tables().create_all(conn)
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query.compile(conn)}", (0, 1, 0)).all()
    engine.dispose()
    assert [row[3].partition("USING ")[2].removeprefix("COVERING ") for row in plan] == [f"INDEX {index}"]


# --- recordings -------------------------------------------------------------------------------------------------------


def test_recordings_go_when_their_whole_day_was_over_and_never_those_that_are_being_made(tmp_path: Path) -> None:
    old, border, young = (recording(tmp_path, f"2026/03/{day:02}") for day in (9, 10, 11))
    raw = recording(tmp_path, "raw", "one.raw")
    assert remove_recordings(tmp_path, NOW, 10) == 1
    assert (old.exists(), border.exists(), young.exists(), raw.exists()) == (False, True, True, True)
    assert not old.parent.exists()


def test_a_day_whose_recordings_can_not_be_removed_keeps_no_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, *gone = (recording(tmp_path, f"2026/03/{day:02}") for day in (7, 8, 9))
    unlink = os.unlink

    def refuse(path: str) -> None:
        if Path(path) == kept:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", refuse)
    assert remove_recordings(tmp_path, NOW, 10) == 2
    assert (kept.exists(), [path.exists() for path in gone]) == (True, [False, False])
    with pytest.raises(PermissionError):
        remove_recordings(tmp_path, NOW, 10)


def test_they_go_a_few_at_once_over_days_and_take_their_empty_folders_along(tmp_path: Path) -> None:
    for day in ("2025/12/30", "2025/12/31", "2026/01/01"):
        for number in range(2):
            recording(tmp_path, day, f"{number}.mp3")
    recording(tmp_path, "2026/03/10")
    assert [remove_recordings(tmp_path, NOW, 4) for _ in range(3)] == [4, 2, 0]
    assert [path.name for path in tmp_path.glob("20??")] == ["2026"]
    assert [path.name for path in tmp_path.glob("2026/??")] == ["03"]


def test_what_is_no_day_of_ours_is_left_alone_and_hides_no_day(tmp_path: Path) -> None:
    files = [recording(tmp_path, day) for day in ("raw", "2020/13/40", "2020/1/2", "old/01/02", "2020/01/02/more")]
    old = recording(tmp_path, "2020/01/03")
    assert remove_recordings(tmp_path, NOW, 1) == 1
    assert all(path.exists() for path in files)
    assert not old.exists()
