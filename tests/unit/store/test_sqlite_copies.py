"""A copy is one state of the database, made while others write; put in place, it is the database."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.postgresql import PostgresqlServer
from tests.unit.store.notes import Notes, tables

from playvoice.store import Store, StoreError
from playvoice.store.looking import replace_database
from playvoice.store.sqlite_copies import copy_database


def keys(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as conn:
        return [key for (key,) in conn.execute("SELECT key FROM notes ORDER BY key")]


def parts(folder: Path) -> list[Path]:
    """What a copy that was given up could have left."""
    return list(folder.glob("*.part"))


def remove(url: str) -> None:
    Path(make_url(url).database or "").unlink()


async def a_store(url: str, *notes: str) -> Store:
    store = Store.open(url)
    await store.write(tables.create_all)
    for key in notes:
        await store.write(partial(Notes.add, key=key))
    return store


async def test_a_copy_holds_what_was_committed_and_is_one_file(sqlite_url: str, tmp_path: Path) -> None:
    store = await a_store(sqlite_url, "before")
    folder = tmp_path / "backup"
    folder.mkdir()
    await asyncio.to_thread(store.copy_to, folder / "copy.db")
    await store.write(partial(Notes.add, key="later"))
    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    assert keys(folder / "copy.db") == ["before"]
    assert await store.read(Notes.keys) == ["before", "later"]
    await store.close()


async def test_a_copy_that_can_not_be_made_leaves_nothing(sqlite_url: str, tmp_path: Path) -> None:
    store = await a_store(sqlite_url)
    with pytest.raises(StoreError, match="could not be copied"):
        await asyncio.to_thread(store.copy_to, tmp_path / "nowhere" / "copy.db")
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="could not be copied"):
        await asyncio.to_thread(store.copy_to, tmp_path / "taken")
    assert parts(tmp_path) == []
    await store.close()


def test_a_damaged_database_is_not_copied(sqlite_url: str, tmp_path: Path) -> None:
    path, copy = Path(str(make_url(sqlite_url).database)), tmp_path / "copy.db"
    store = asyncio.run(a_store(sqlite_url, *(f"{number:04}" for number in range(300))))
    store.close_now()
    octets = path.read_bytes()
    path.write_bytes(octets[:-4096] + b"\x55" * 4096)
    with pytest.raises(StoreError, match=r"could not be copied to .*: (it is damaged|.*malformed)"):
        copy_database(path, copy)
    assert parts(tmp_path) == []
    assert not copy.exists()
    path.write_bytes(octets)
    copy_database(path, copy)
    assert len(keys(copy)) == 300


async def test_a_copy_is_the_database_from_then_on_and_the_one_before_can_still_be_used(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = await a_store(sqlite_url, "kept")
    await asyncio.to_thread(store.copy_to, tmp_path / "copy.db")
    await store.write(partial(Notes.add, key="lost"))
    await store.close()
    before = replace_database(sqlite_url, tmp_path / "copy.db", ".before")
    assert before is not None
    assert keys(before) == ["kept", "lost"]
    again = Store.open(sqlite_url)
    assert await again.read(Notes.keys) == ["kept"]
    await again.close()


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_a_database_that_can_not_be_replaced_is_there_as_it_was_and_a_start_after_a_kill_begins_no_empty_one(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    store = asyncio.run(a_store(sqlite_url, "kept"))
    path, copy = Path(str(make_url(sqlite_url).database)), tmp_path / "copy.db"
    log = path.with_name(f"{path.name}-wal")
    copy_database(path, copy)
    octets = log.read_bytes()
    store.close_now()
    log.write_bytes(octets)  # as kill -9 leaves it
    rename, left = Path.rename, renamed

    def fails(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left == -1:
            raise failure
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    failure: BaseException = OSError(28, "No space left on device")
    with pytest.raises(StoreError, match=r"could not be replaced: .*No space left"):
        replace_database(sqlite_url, copy, ".before")
    assert sorted(each.name for each in tmp_path.glob(f"{path.name}*")) == [path.name, log.name, f"{path.name}.lock"]
    left, failure = renamed, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        replace_database(sqlite_url, copy, ".before")
    if renamed:
        with pytest.raises(StoreError, match=r"a restore of the database .* was cut off; restore it again"):
            Store.open(sqlite_url)
    replace_database(sqlite_url, copy, ".again")
    again = Store.open(sqlite_url)
    assert again.read_now(Notes.keys) == ["kept"]
    again.close_now()


async def test_where_there_was_no_database_none_is_kept(sqlite_url: str, tmp_path: Path) -> None:
    store = await a_store(sqlite_url, "kept")
    await asyncio.to_thread(store.copy_to, tmp_path / "copy.db")
    await store.close()
    remove(sqlite_url)
    assert replace_database(sqlite_url, tmp_path / "copy.db", ".before") is None


async def test_a_server_that_works_on_the_database_is_not_robbed_of_it(sqlite_url: str, tmp_path: Path) -> None:
    store = await a_store(sqlite_url, "kept")
    await asyncio.to_thread(store.copy_to, tmp_path / "copy.db")
    with pytest.raises(StoreError, match="another PlayVoice server"):
        replace_database(sqlite_url, tmp_path / "copy.db", ".before")
    assert await store.read(Notes.keys) == ["kept"]
    await store.close()


@pytest.mark.parametrize("damage", ["no database", "half", "pages"])
async def test_what_is_no_whole_database_takes_nobodys_place(sqlite_url: str, tmp_path: Path, damage: str) -> None:
    store = await a_store(sqlite_url, *(f"{number:04}" for number in range(300)))
    copy = tmp_path / "copy.db"
    await asyncio.to_thread(store.copy_to, copy)
    await store.close()
    octets = copy.read_bytes()
    copy.write_bytes(
        {"no database": b"x" * 5000, "half": octets[: len(octets) // 2], "pages": octets[:4096] + b"\x55" * 4096}[
            damage
        ]
    )
    with pytest.raises(StoreError, match=r"damaged|can't be read"):
        replace_database(sqlite_url, copy, ".before")
    again = Store.open(sqlite_url)
    assert await again.read(Notes.count) == 300
    await again.close()


@pytest.mark.peer("postgresql")
async def test_postgresql_has_tools_of_its_own(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    url = postgresql_server.create_database()
    store = Store.open(url)
    with pytest.raises(StoreError, match="pg_dump"):
        await asyncio.to_thread(store.copy_to, tmp_path / "copy.db")
    await store.close()
    with pytest.raises(StoreError, match="pg_restore"):
        replace_database(url, tmp_path / "copy.db", ".before")
