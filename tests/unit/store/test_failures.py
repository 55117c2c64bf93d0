"""Storage that goes away or fills up, and comes back."""

import asyncio
import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from tests.postgresql import PostgresqlServer
from tests.unit.store.notes import Notes, notes, tables
from tests.waiting import wait_until

from playvoice.store import Store, StoreError, StoreTaken, StoreUnavailable, postgresql
from playvoice.store import sqlite as sqlite_room
from playvoice.store.looking import look


@pytest.fixture
def full_disk(sqlite_url: str) -> Iterator[Store]:
    """A store on SQLite whose files can't grow any more."""
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = Path(str(make_url(sqlite_url).database) + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    yield store
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    store.close_now()


async def test_a_full_disk_fails_every_fact_and_heals_without_a_hand(full_disk: Store) -> None:
    results = await asyncio.gather(
        *(full_disk.write(partial(Notes.add, key=str(number))) for number in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert await full_disk.read(Notes.count) == 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    await full_disk.write(partial(Notes.add, key="after"))
    assert await full_disk.read(Notes.keys) == ["after"]


async def test_how_writing_goes_can_be_seen(full_disk: Store) -> None:
    before = full_disk.writing
    assert (before.available, before.failures, before.waiting) == (True, 0, 0)
    with pytest.raises(StoreUnavailable):
        await full_disk.write(partial(Notes.add, key="lost"))
    failed = full_disk.writing
    assert (failed.available, failed.failures, failed.commits) == (False, 1, before.commits)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    await full_disk.write(partial(Notes.add, key="after"))
    after = full_disk.writing
    assert (after.available, after.commits, after.facts) == (True, before.commits + 1, before.facts + 1)
    assert before.committed_at is not None
    assert after.committed_at is not None
    assert after.committed_at > before.committed_at
    assert after.seconds > before.seconds


async def test_a_fact_that_changes_nothing_is_no_sign_that_a_full_disk_has_room(full_disk: Store) -> None:
    with pytest.raises(StoreUnavailable):
        await full_disk.write(partial(Notes.add, key="lost"))
    before = full_disk.writing
    await full_disk.write(lambda conn: conn.execute(notes.delete().where(notes.c.key == "lost")))
    after = full_disk.writing
    assert (after.available, after.committed_at) == (False, before.committed_at)


@pytest.mark.peer("postgresql")
async def test_a_database_that_crashes_is_used_again_when_it_is_back(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create_database()
    store = Store.open(url)
    await store.write(tables.create_all)
    await store.write(partial(Notes.add, key="before"))
    assert await store.read(Notes.count) == 1
    postgresql_server.crash()
    try:
        with pytest.raises(StoreUnavailable, match="can't store anything now"):
            await store.write(partial(Notes.add, key="while away"))
        with pytest.raises(StoreUnavailable, match="can't be read now"):
            await store.read(Notes.count)
    finally:
        postgresql_server.start()
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["before", "after"]
    await store.close()


@pytest.mark.peer("postgresql")
async def test_a_table_that_somebody_has_for_himself_is_as_good_as_away(
    postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_STATEMENT_BOUNDS", "-c lock_timeout=100ms")
    url = postgresql_server.create_database()
    store = Store.open(url)
    await store.write(tables.create_all)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            await store.write(partial(Notes.add, key="while it is locked"))
        with pytest.raises(StoreUnavailable, match="can't be read now"):
            await store.read(Notes.count)
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["after"]
    await store.close()


@pytest.mark.peer("postgresql")
async def test_of_several_servers_the_one_that_can_be_written_is_read_as_well(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    address = make_url(postgresql_server.create_database())
    hosts = f"{tmp_path},{address.query['host']}"
    url = address.set(query={"host": hosts, "target_session_attrs": "read-write"}).render_as_string()
    store = Store.open(url)
    await store.write(tables.create_all)
    await store.write(partial(Notes.add, key="one"))
    assert await store.read(Notes.keys) == ["one"]
    with look(url) as conn:
        assert conn is not None
        assert Notes.keys(conn) == ["one"]
    await store.close()


@pytest.mark.peer("postgresql")
async def test_a_table_that_is_somebody_elses_now_is_as_good_as_away(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create_database()
    role = f"role_{make_url(url).database}"
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(f'CREATE ROLE "{role}" LOGIN'.encode())
        other.execute(f'ALTER SCHEMA public OWNER TO "{role}"'.encode())
        store = Store.open(make_url(url).set(username=role).render_as_string())
        await store.write(tables.create_all)
        other.execute(b"ALTER TABLE notes OWNER TO playvoice")
        with pytest.raises(StoreUnavailable, match="permission denied"):
            await store.write(partial(Notes.add, key="meanwhile"))
        assert not store.writing.available
        with pytest.raises(StoreUnavailable, match="can't be read now: permission denied"):
            await store.read(Notes.keys)
        other.execute(f'ALTER TABLE notes OWNER TO "{role}"'.encode())
    await store.write(partial(Notes.add, key="after"))
    assert await store.read(Notes.keys) == ["after"]
    await store.close()


async def test_what_a_wrong_statement_raises_does_not_tell_its_values(store: Store) -> None:
    wrong, values = text("SELECT * FROM nowhere WHERE secret = :secret"), {"secret": "whsec_1"}
    for run in (store.write, store.read):
        with pytest.raises(DBAPIError) as raised:
            await run(lambda conn: conn.execute(wrong, values))
        assert "nowhere" in str(raised.value)
        assert "whsec_1" not in str(raised.value)


@pytest.mark.peer("postgresql")
async def test_a_connection_that_died_in_between_costs_no_fact(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create_database()
    store = Store.open(url)
    await store.write(tables.create_all)
    await store.read(Notes.count)
    postgresql_server.crash()
    postgresql_server.start()
    await asyncio.gather(*(store.write(partial(Notes.add, key=str(number))) for number in range(10)))
    assert await store.read(Notes.count) == 10
    await store.close()


@pytest.mark.peer("postgresql")
async def test_a_server_that_lost_its_lock_to_another_writes_no_more(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create_database()
    first = Store.open(url)
    await first.write(tables.create_all)
    postgresql_server.crash()
    postgresql_server.start()
    second = Store.open(url)
    with pytest.raises(StoreUnavailable, match="another PlayVoice server"):
        await first.write(partial(Notes.add, key="from the first"))
    await second.close()
    await first.write(partial(Notes.add, key="alone again"))
    await first.close()


def test_what_was_answered_survives_kill_9(sqlite_url: str) -> None:
    program = textwrap.dedent(
        """
        import asyncio, sys
        from functools import partial
        from playvoice.store import Store
        from tests.unit.store.notes import Notes, tables

        async def main():
            store = Store.open(sys.argv[1])
            await store.write(tables.create_all)
            async def writer(name):
                for number in range(10**9):
                    print(await store.write(partial(Notes.add, key=f"{name}-{number}")), flush=True)
            await asyncio.gather(*(writer(name) for name in "abcd"))

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", program, sqlite_url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    answered += rest.splitlines()[: rest.count("\n")]
    store = Store.open(sqlite_url)
    kept = store.read_now(Notes.keys)
    store.close_now()
    assert set(answered) <= set(kept)
    assert len(answered) >= 200


def test_the_log_of_sqlite_is_copied_away_while_the_writer_goes_on(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_room, "CHECKPOINT_EVERY_BYTES", 64 * 1024)
    monkeypatch.setattr(sqlite_room, "RESTART_AT_BYTES", 256 * 1024)
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    log = Path(str(make_url(sqlite_url).database) + "-wal")
    written = 0

    def fact(conn: Connection) -> None:
        conn.execute(notes.insert(), [{"key": f"{written}-{number}", "text": "x" * 40} for number in range(300)])

    began_anew, size = 0, 0
    while began_anew < 3 and written < 1_000:
        store.write_now(fact)
        written += 1
        size, before = log.stat().st_size, size
        began_anew += size < before
    assert store.read_now(Notes.count) == written * 300
    store.close_now()
    assert began_anew == 3, "a log that is never copied only grows"


def test_a_store_that_closes_during_a_checkpoint_waits_for_its_end(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow_checkpoint(_: object) -> None:
        began.set()
        assert go_on.wait(10)

    monkeypatch.setattr(sqlite_room, "CHECKPOINT_EVERY_BYTES", 1)
    monkeypatch.setattr(sqlite_room._Checkpointer, "_checkpoint", slow_checkpoint)
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    assert began.wait(10)
    closing = threading.Thread(target=store.close_now)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    go_on.set()
    closing.join(10)
    assert not closing.is_alive()


def test_a_database_behind_a_link_is_locked_and_its_log_copied_away_where_it_is(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_room, "CHECKPOINT_EVERY_BYTES", 1)
    place, link = Path(str(make_url(sqlite_url).database)), tmp_path / "link.db"
    link.symlink_to(place)
    store = Store.open(f"sqlite:///{link}")
    store.write_now(tables.create_all)
    store.write_now(partial(Notes.add, key="one"))
    with pytest.raises(StoreTaken):
        Store.open(sqlite_url)
    with look(f"sqlite:///{link}") as conn:
        assert conn is not None
        assert Notes.keys(conn) == ["one"]
    wait_until(lambda: place.stat().st_size > 4096, "the log is copied into the database")
    store.close_now()
    assert [path.name for path in tmp_path.glob("link.db?*")] == []


@pytest.mark.parametrize("replaced", [False, True])
def test_a_database_that_is_moved_away_takes_nothing_until_it_is_back_and_is_not_made_anew(
    sqlite_url: str, replaced: bool
) -> None:
    path = Path(str(make_url(sqlite_url).database))
    files = [path, *(path.with_name(f"{path.name}-{part}") for part in ("wal", "shm"))]
    store = Store.open(sqlite_url, readers=1)
    store.write_now(tables.create_all)
    store.write_now(partial(Notes.add, key="before"))
    for file in files:
        file.rename(file.with_suffix(".away" + file.suffix))
    if replaced:
        path.write_bytes(b"")
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="moved, removed or replaced"):
            store.write_now(partial(Notes.add, key="while away"))
    with pytest.raises(StoreUnavailable, match="moved, removed or replaced"):
        store.read_now(Notes.count)
    assert [file.exists() for file in files] == [replaced, False, False]
    for file in files:
        file.with_suffix(".away" + file.suffix).rename(file)
    store.write_now(partial(Notes.add, key="after"))
    assert store.read_now(Notes.keys) == ["before", "after"]
    store.close_now()


@pytest.mark.parametrize("what", ["removed", "replaced", "removed with its index", "removed, and somebody looks"])
def test_a_log_that_is_removed_under_a_running_server_costs_nothing(sqlite_url: str, what: str) -> None:
    path = Path(str(make_url(sqlite_url).database))
    log, index = (path.with_name(f"{path.name}-{part}") for part in ("wal", "shm"))
    store = Store.open(sqlite_url, readers=2)
    store.write_now(tables.create_all)
    store.write_now(partial(Notes.add, key="before"))
    assert store.read_now(Notes.keys) == ["before"]
    octets = log.read_bytes()
    log.unlink()
    if what == "replaced":
        log.write_bytes(octets[: len(octets) // 2])
    if what == "removed with its index":
        index.unlink()
    if what == "removed, and somebody looks":
        with contextlib.suppress(StoreError), look(sqlite_url):
            pass
    store.write_now(partial(Notes.add, key="after"))
    for _ in range(4):
        assert store.read_now(Notes.keys) == ["before", "after"]
    kept = path.with_name("killed.db")
    for source in (path, log):  # as kill -9 leaves them
        kept.with_name(source.name.replace(path.name, kept.name)).write_bytes(source.read_bytes())
    store.write_now(partial(Notes.add, key="later"))
    store.close_now()
    for place, keys in ((kept, ["before", "after"]), (path, ["before", "after", "later"])):
        again = Store.open(f"sqlite:///{place}")
        assert again.read_now(Notes.keys) == keys
        again.close_now()


def test_a_lost_log_is_copied_as_soon_as_nobody_reads(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_room, "BUSY_TIMEOUT_MS", 10)
    path = Path(str(make_url(sqlite_url).database))
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM notes").fetchall()
        store.write_now(partial(Notes.add, key="before"))
        path.with_name(f"{path.name}-wal").unlink()
        with pytest.raises(
            StoreUnavailable, match="was removed or replaced while the server uses it, and the database is"
        ):
            store.write_now(partial(Notes.add, key="refused"))
        other.execute("ROLLBACK")
    store.write_now(partial(Notes.add, key="after"))
    assert store.read_now(Notes.keys) == ["before", "after"]
    store.close_now()


def damaged(path: Path, how: str) -> None:
    """Damage a database at rest."""
    octets = bytearray(path.read_bytes())
    match how:
        case "the first page overwritten":
            octets[:4096] = b"x" * 4096
        case "a page of a table overwritten":
            octets[-4096:] = b"x" * 4096
        case "cut off in the middle":
            del octets[len(octets) // 8192 * 4096 :]
        case "cut off within a page":
            del octets[-100:]
    path.write_bytes(octets)


@pytest.mark.parametrize(
    "how",
    [
        "the first page overwritten",
        "a page of a table overwritten",
        "cut off in the middle",
        "cut off within a page",
    ],
)
def test_a_damaged_database_is_refused_in_words_and_left_as_it_is(sqlite_url: str, how: str) -> None:
    path = Path(str(make_url(sqlite_url).database))
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    store.write_now(
        lambda conn: conn.execute(notes.insert(), [{"key": str(n), "text": "x" * 40} for n in range(2_000)])
    )
    store.close_now()
    damaged(path, how)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"the database .*\.db is damaged: .*; put a backup in its place"):
        Store.open(sqlite_url)
    assert path.read_bytes() == before
    path.unlink()
    Store.open(sqlite_url).close_now()


def many_notes(url: str) -> Path:
    """A database at rest with notes on many pages."""
    store = Store.open(url)
    store.write_now(tables.create_all)
    store.write_now(
        lambda conn: conn.execute(notes.insert(), [{"key": str(n), "text": "x" * 40} for n in range(2_000)])
    )
    store.close_now()
    return Path(str(make_url(url).database))


@pytest.mark.parametrize("found_by", ["the writer", "a reader"])
@pytest.mark.parametrize("too_large", [False, True])
def test_damage_that_shows_while_the_server_runs_stops_all_storing_until_the_database_is_whole(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, found_by: str, too_large: bool
) -> None:
    path = many_notes(sqlite_url)
    whole = path.read_bytes()
    store = Store.open(sqlite_url, readers=1)
    if too_large:
        monkeypatch.setattr(sqlite_room, "CHECK_SECONDS", -1.0)
        monkeypatch.setattr(sqlite_room, "CHECK_STEPS", 1)
    store.write_now(lambda conn: conn.exec_driver_sql("PRAGMA shrink_memory").close())  # pages that it has are whole
    path.write_bytes(whole[:8192] + b"x" * (len(whole) - 8192))
    if found_by == "a reader":
        with pytest.raises(StoreUnavailable, match="can't be read now"):
            store.read_now(Notes.count)
    else:
        with pytest.raises(StoreUnavailable, match=r"damaged: .*; put a backup in its place"):
            store.write_now(Notes.count)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"damaged: .*; put a backup in its place"):
            store.write_now(lambda conn: None)  # which touches no damaged page
    assert not store.writing.available
    path.write_bytes(whole)
    if too_large:
        monkeypatch.undo()
    store.write_now(partial(Notes.add, key="after"))
    assert store.read_now(Notes.count) == 2_001
    store.close_now()


def log_of_a_killed_server(url: str, notes_in_it: int = 2) -> tuple[Path, bytes]:
    """A database whose last notes stand in its log alone, as kill -9 leaves it; and the log."""
    path = many_notes(url)
    log = path.with_name(f"{path.name}-wal")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA wal_autocheckpoint=0")
        for number in range(notes_in_it):
            other.execute("INSERT INTO notes (key, text) VALUES (?, '')", (f"number {number}",))
        octets = log.read_bytes()
    log.write_bytes(octets)
    return log, octets


@pytest.mark.parametrize("head", [b"x" * 32, b"\0" * 32, b"\x37\x7f\x06"])
def test_a_log_without_its_head_is_refused_in_words_and_left_as_it_is(sqlite_url: str, head: bytes) -> None:
    log, octets = log_of_a_killed_server(sqlite_url)
    damaged = head + octets[32:] if len(head) == 32 else head
    log.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"log .*-wal is damaged, .*; put a backup in the place"):
        Store.open(sqlite_url)
    assert log.read_bytes() == damaged
    log.write_bytes(octets)
    store = Store.open(sqlite_url)
    assert store.read_now(Notes.count) == 2_002
    store.close_now()


def test_a_log_that_is_damaged_in_its_middle_is_refused_in_words_and_left_as_it_is(sqlite_url: str) -> None:
    log, octets = log_of_a_killed_server(sqlite_url, notes_in_it=5)
    damaged = bytearray(octets)
    damaged[len(octets) // 2] ^= 1
    log.write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(
            StoreError, match=r"-wal is damaged behind its frame \d+, and [23] commits stand behind it; put"
        ):
            Store.open(sqlite_url)
        assert log.read_bytes() == damaged
    log.write_bytes(octets)
    store = Store.open(sqlite_url)
    assert store.read_now(Notes.count) == 2_005
    store.close_now()


@pytest.mark.parametrize("is_there", [False, True])
def test_a_log_without_its_database_is_refused_in_words_and_left_as_it_is(sqlite_url: str, is_there: bool) -> None:
    log, octets = log_of_a_killed_server(sqlite_url)
    database = log.with_name(log.name.removesuffix("-wal"))
    whole = database.read_bytes()
    database.write_bytes(b"")
    if not is_there:
        database.unlink()
    with pytest.raises(StoreError, match=r"-wal is there, but no database .*; put the database or a backup in"):
        Store.open(sqlite_url)
    assert (log.read_bytes(), database.exists()) == (octets, is_there)
    database.write_bytes(whole)
    store = Store.open(sqlite_url)
    assert store.read_now(Notes.count) == 2_002
    store.close_now()


def test_a_log_whose_end_a_power_cut_left_torn_is_taken_as_far_as_it_is_whole(sqlite_url: str) -> None:
    log, octets = log_of_a_killed_server(sqlite_url)
    log.write_bytes(octets[:-100] + b"x" * 100)
    store = Store.open(sqlite_url)
    assert store.read_now(Notes.count) == 2_001
    store.close_now()


def test_a_database_too_large_to_be_looked_at_in_time_is_opened(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    store.write_now(
        lambda conn: conn.execute(notes.insert(), [{"key": str(n), "text": "x" * 40} for n in range(2_000)])
    )
    store.close_now()
    monkeypatch.setattr(sqlite_room, "CHECK_SECONDS", -1.0)
    monkeypatch.setattr(sqlite_room, "CHECK_STEPS", 1)
    store = Store.open(sqlite_url)
    assert store.read_now(Notes.count) == 2_000
    store.close_now()


def test_what_comes_while_a_commit_waits_for_a_lock_in_vain_is_told_with_it(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, tries = threading.Event(), 0
    begin = sqlite_room.SqliteDatabase.begin

    def counted(database: sqlite_room.SqliteDatabase, conn: Connection, *, reading: bool = False) -> None:
        nonlocal tries
        tries += not reading
        began.set()
        begin(database, conn, reading=reading)

    monkeypatch.setattr(sqlite_room, "BUSY_TIMEOUT_MS", 1_000)
    store = Store.open(sqlite_url)
    store.write_now(tables.create_all)
    monkeypatch.setattr(sqlite_room.SqliteDatabase, "begin", counted)
    with ThreadPoolExecutor() as threads, closing(sqlite3.connect(str(make_url(sqlite_url).database))) as other:
        other.execute("BEGIN IMMEDIATE")
        first = threads.submit(store.write_now, partial(Notes.add, key="first"))
        assert began.wait(10)
        later = [threads.submit(store.write_now, partial(Notes.add, key=str(number))) for number in range(3)]
        for written in (first, *later):
            with pytest.raises(StoreUnavailable, match="locked"):
                written.result(10)
    assert tries == 1
    store.write_now(partial(Notes.add, key="after"))
    assert store.read_now(Notes.keys) == ["after"]
    store.close_now()
