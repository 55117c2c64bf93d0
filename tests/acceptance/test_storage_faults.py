"""Storage that fails for real while calls run: no call is without its record, and nobody is called who was refused."""

import contextlib
import errno
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import soundfile
from tests.acceptance.outage import (
    HANGS_UP,
    HANGS_UP_LATE,
    STAYS,
    UNRECORDED_APPID,
    Customer,
    carrier_of,
    live_through,
    log_of,
    make_world,
    state_of,
)
from tests.postgresql import PostgresqlServer
from tests.postgresql_relay import PostgresqlRelay
from tests.waiting import wait_until

from playvoice.control.client import ask
from playvoice.simulator.configuration import ACCESSKEY
from playvoice.simulator.world import World

MIB = 1024 * 1024
SECOND = 16_000
"""Octets of a raw recording."""
DATABASE_DISK, RECORDINGS_DISK = 4 * MIB, 516 * MIB
"""Sizes of two file systems in memory; of the second one less than 512 MiB free is the mark for recordings."""


def mount(folder: Path, octets: int) -> None:
    """Mount a file system in memory."""
    folder.mkdir(parents=True)
    mounted(["mount", "-t", "tmpfs", "-o", f"size={octets}", "tmpfs", str(folder)])


def mounted(command: list[str]) -> None:
    """Mount something; skip where this user or system can't."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here, which takes root: {done.stderr.strip()}")


@contextmanager
def filled(folder: Path, octets: int | None = None) -> Iterator[None]:
    """A file takes so many octets of a file system, or all that it has."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while octets is None or file.tell() < octets:
                file.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    try:
        yield
    finally:
        path.unlink()


@pytest.fixture(scope="module")
def small_disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server whose database is on a disk of 4 MiB, its recordings on another one."""
    folder = tmp_path_factory.mktemp("small")
    with contextlib.ExitStack() as stack:
        for name, octets in (("disk", DATABASE_DISK), ("data", RECORDINGS_DISK)):
            mount(folder / "world" / name, octets)
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder / "world" / name)], check=False)
        yield stack.enter_context(make_world(folder, database="sqlite:///disk/playvoice.db"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with its database beside its configuration."""
    with make_world(tmp_path_factory.mktemp("plain")) as made:
        yield made


def database_of(world: World) -> Path:
    return world.directory / "playvoice.db"


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Another connection holds the database's write lock."""
    with closing(sqlite3.connect(database_of(world), isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def slow(world: World, seconds: float) -> Iterator[None]:
    """Another connection has the write lock again and again, so that a commit takes so many seconds."""
    over = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(database_of(world), isolation_level=None, timeout=30)) as other:
            while not over.is_set():
                other.execute("BEGIN IMMEDIATE")
                over.wait(seconds)
                other.execute("ROLLBACK")
                over.wait(0.12)  # who waits for the lock looks every 100 ms

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def moved(*paths: Path) -> Iterator[None]:
    """Files or folders are somewhere else."""
    for path in paths:
        path.rename(path.with_name(f"{path.name}.away"))
    try:
        yield
    finally:
        for path in paths:
            path.with_name(f"{path.name}.away").rename(path)


@contextmanager
def damaged(world: World) -> Iterator[None]:
    """All pages of a database but the first are overwritten, and somebody asks for what stood in them."""
    path = database_of(world)
    whole = path.read_bytes()
    client = world.client()
    client.login(UNRECORDED_APPID, ACCESSKEY)
    path.write_bytes(whole[:4096] + b"x" * (len(whole) - 4096))
    try:
        answer, _ = client.post(
            "App.Sip_Cdr.GetBill",
            token=client.token,
            starttime="2020-01-01 00:00:00",
            endtime="2040-01-01 00:00:00",
            syncflag="3",
        )
        assert answer["ret"] == 500, answer
        yield
    finally:
        path.write_bytes(whole)


def add_bills(world: World, count: int) -> None:
    """Many more records like one that is there."""
    with closing(sqlite3.connect(database_of(world))) as conn, conn:
        names = [row[1] for row in conn.execute("PRAGMA table_info(calls)") if row[1] not in ("id", "uuid")]
        columns = ", ".join(names)
        conn.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            f" INSERT INTO calls (uuid, {columns}) SELECT printf('%036d', i), {columns}"
            " FROM n, (SELECT * FROM calls WHERE state = 'ended' LIMIT 1)",
            (count,),
        )


@contextmanager
def unmounted(folder: Path, source: Path) -> Iterator[None]:
    """A folder of another disk is not at its place, where an empty folder is."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "--bind", str(source), str(folder)], check=True)


@contextmanager
def full(folder: Path, octets: int) -> Iterator[None]:
    """A file system in memory, of so many octets, has next to no room for what it has not yet."""
    status = os.statvfs(folder)
    used = (status.f_blocks - status.f_bfree) * status.f_frsize
    subprocess.run(["mount", "-o", f"remount,size={used + 4096}", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", f"remount,size={octets}", str(folder)], check=True)


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """A file that nobody may write to, not even who has it open; skip where the file system has none."""
    done = subprocess.run(["chattr", "+i", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a file can't be made immutable here, which takes root and ext4: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)


# --- nothing can be stored --------------------------------------------------------------------------------------------


def test_a_full_disk_costs_no_call_its_record_and_heals_when_there_is_room(small_disks: World) -> None:
    live_through(small_disks, filled(small_disks.directory / "disk"))


def test_a_database_that_is_locked_for_10_s_costs_no_call_its_record(world: World) -> None:
    live_through(world, locked(world))


def test_a_database_that_cant_be_written_costs_no_call_its_record(world: World) -> None:
    log = database_of(world).with_name("playvoice.db-wal")
    with unwritable(log):
        pass  # skips before calls are made
    live_through(world, unwritable(log))


def test_a_database_that_was_moved_away_costs_no_call_its_record_and_is_not_made_anew(world: World) -> None:
    database = database_of(world)
    files = [database, *(database.with_name(f"{database.name}-{part}") for part in ("wal", "shm"))]
    live_through(world, moved(*files))


def test_a_database_whose_disk_was_unmounted_costs_no_call_its_record_and_is_used_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    disk, place = tmp_path / "disk", tmp_path / "world" / "place"
    disk.mkdir()
    place.mkdir(parents=True)
    mounted(["mount", "--bind", str(disk), str(place)])
    try:
        with make_world(tmp_path, database="sqlite:///place/playvoice.db") as world:
            live_through(world, unmounted(place, disk))
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


def test_a_database_that_is_damaged_under_a_running_server_costs_no_call_its_record(world: World) -> None:
    customer = Customer(world)
    customer.record(customer.ask(HANGS_UP))
    assert world.server.stop() == 0  # so that all stands in the file, and nothing in its log
    add_bills(world, 1_000)
    world.start_server()
    live_through(world, damaged(world))


def test_commits_that_take_2_s_delay_calls_and_refuse_none(world: World) -> None:
    customer, carrier = Customer(world), carrier_of(world)
    with slow(world, 2.0):
        calls = [customer.connected(HANGS_UP_LATE), customer.connected(STAYS)]
        carrier.wait_for("hung_up", 20, number=calls[0].number)
        record = customer.record(calls[0])
    assert (record["hangupcause"], record["hangupdirection"]) == (10001, 10041)
    ask(world.directory / "data", "call.hangup", {"uuid": calls[1].uuid})
    customer.check()
    assert all(asked.uuid for asked in customer.asked)


@pytest.mark.peer("postgresql")
def test_a_postgresql_that_restarts_costs_no_call_its_record(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    @contextmanager
    def stopped() -> Iterator[None]:
        postgresql_server.crash()
        try:
            yield
        finally:
            postgresql_server.start()

    with make_world(tmp_path, database=postgresql_server.create_database()) as world:
        live_through(world, stopped())


@pytest.mark.peer("postgresql")
def test_a_postgresql_whose_answer_to_a_commit_is_lost_costs_no_call_its_record_and_calls_nobody_who_was_refused(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    socket = tmp_path / "pg"
    socket.mkdir()
    with PostgresqlRelay(postgresql_server.create_database(), socket) as relay:

        @contextmanager
        def cut() -> Iterator[None]:
            relay.cut_at_commit()
            yield
            relay.admit()

        with make_world(tmp_path, database=relay.url) as world:
            customer = live_through(world, cut())
            world.server.kill()
            world.start_server()  # what waits is dialled
            Customer(world).connected()
            customer.check()


def killed_in(world: World, outage: AbstractContextManager[object]) -> None:
    """A server that is killed while nothing can be stored tells the end of its calls all the same."""
    customer, carrier = Customer(world), carrier_of(world)
    call = customer.connected(STAYS)
    with outage:
        time.sleep(4)
        killed_at = time.time()
        world.server.kill()
    world.start_server()
    record = customer.record(call)
    assert (record["hangupcause"], record["hangupdirection"]) == (10007, 10040)
    zone = ZoneInfo("Asia/Shanghai")
    ended_at = datetime.strptime(record["endtime"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone).timestamp()
    assert killed_at - 3 < ended_at <= killed_at, "within 2 s of the kill, as whole seconds tell it"
    assert record["billsec"] >= 3, "the time in which nothing could be stored is counted"
    carrier.wait_for("bye", 20, number=call.number)
    customer.check()


def test_a_server_that_is_killed_while_its_database_is_locked_tells_when_its_calls_ended(world: World) -> None:
    killed_in(world, locked(world))


def test_a_server_that_is_killed_while_its_disk_is_full_tells_when_its_calls_ended(small_disks: World) -> None:
    killed_in(small_disks, filled(small_disks.directory / "disk"))


# --- recordings and voices --------------------------------------------------------------------------------------------


def test_a_company_whose_calls_are_recorded_places_none_while_the_disk_is_low(small_disks: World) -> None:
    recorded, unrecorded = Customer(small_disks, recorded=True), Customer(small_disks)
    with filled(small_disks.directory / "data", 6 * MIB):
        refused = recorded.ask(HANGS_UP)
        assert refused.answer["data"]["errors"]["code"] == 1003, refused.answer
        assert unrecorded.ask(HANGS_UP).uuid
    assert recorded.ask(HANGS_UP).uuid
    recorded.check()
    unrecorded.check()


def test_a_recording_whose_disk_fills_up_meanwhile_ends_there_and_its_call_goes_on(small_disks: World) -> None:
    customer, carrier, folder = Customer(small_disks, recorded=True), carrier_of(small_disks), small_disks.directory
    call = customer.connected(STAYS)
    raw = folder / "data" / "recordings" / "raw" / f"{call.uuid}.raw"
    wait_until(lambda: raw.exists() and raw.stat().st_size > 2 * SECOND, "two seconds are written")
    with full(folder / "data", RECORDINGS_DISK):
        wait_until(lambda: has_no_room(folder / "data"), "the disk is full")
        time.sleep(2.5)  # a recording is written every two seconds
        kept = raw.stat().st_size
    time.sleep(2.5)
    assert raw.stat().st_size == kept, "what followed the hole is left out"
    assert not carrier.all("bye", number=call.number)
    ask(folder / "data", "call.hangup", {"uuid": call.uuid})
    record = customer.record(call)
    assert record["hangupcause"] == 10007
    wait_until(lambda: list((folder / "data" / "recordings").glob(f"20*/*/*/{record['recordfilename']}")), "it is made")
    (recording,) = (folder / "data" / "recordings").rglob(record["recordfilename"])
    assert abs(soundfile.info(str(recording)).duration - kept / SECOND) < 0.2
    assert record["billsec"] > kept / SECOND
    customer.check()


def test_a_voice_for_which_the_disk_has_no_room_calls_nobody_and_is_played_when_there_is_room(
    small_disks: World,
) -> None:
    customer, carrier = Customer(small_disks), carrier_of(small_disks)
    assert customer.connected(HANGS_UP).uuid
    with full(small_disks.directory / "data", RECORDINGS_DISK):
        unheard = customer.ask(HANGS_UP, voice="unheard.wav")
        record = customer.record(unheard)
        assert (record["hangupcause"], record["hangupdirection"]) == (10020, 10020)
        assert not carrier.all("invite", number=unheard.number)
        assert state_of(small_disks, "/readyz")[0] == 200, "requests are stored, and other voices are played"
        assert customer.connected(HANGS_UP).uuid
    assert customer.connected(HANGS_UP, voice="unheard.wav").uuid
    assert not list((small_disks.directory / "data" / "voices").rglob("*.part"))


def has_no_room(folder: Path) -> bool:
    return os.statvfs(folder).f_bavail == 0


def test_a_lost_data_directory_fails_recordings_and_voices_with_words_and_ends_no_call(world: World) -> None:
    recorded, unrecorded, carrier = Customer(world, recorded=True), Customer(world), carrier_of(world)
    stays, other, ends = recorded.connected(STAYS), unrecorded.connected(STAYS), recorded.connected(HANGS_UP)
    with moved(world.directory / "data"):
        assert recorded.record(ends)["recordfilename"], "it is made when the directory is back, if not at once"
        refused = recorded.ask(HANGS_UP)
        assert refused.answer["data"]["errors"]["code"] == 1003, refused.answer
        unheard = unrecorded.ask(HANGS_UP, voice="unheard.wav")
        record = unrecorded.record(unheard)
        assert (record["hangupcause"], record["hangupdirection"]) == (10020, 10020)
        assert not carrier.all("invite", number=unheard.number)
        assert not carrier.all("bye", number=stays.number)
        assert not carrier.all("bye", number=other.number)
    assert unrecorded.connected(HANGS_UP, voice="unheard.wav").uuid
    for customer, call in ((recorded, stays), (unrecorded, other)):
        ask(world.directory / "data", "call.hangup", {"uuid": call.uuid})
        assert customer.record(call)["hangupcause"] == 10007
    name = recorded.record(stays)["recordfilename"]
    assert name
    wait_until(lambda: list((world.directory / "data" / "recordings").rglob(name)), f"{name} is there")
    again = recorded.connected(HANGS_UP)
    assert recorded.record(again)["recordfilename"]


# --- at the start -----------------------------------------------------------------------------------------------------


def refused_start(world: World) -> str:
    """Start the server, which is to refuse; what it says."""
    before = len(log_of(world))
    server = world.launch_server()
    assert server.process.wait(30) == 1
    said = log_of(world)[before:]
    assert "Traceback" not in said, said
    return said


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A file system, whose files nobody has open, can only be read."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)


def test_a_server_whose_disk_is_full_or_read_only_starts_when_it_can_and_says_why_not_before(
    small_disks: World,
) -> None:
    world, customer = small_disks, Customer(small_disks)
    assert world.server.stop() == 0
    with filled(world.directory / "disk"):
        assert "can't be opened, for its disk is full" in refused_start(world)
    for folder in ("disk", "data"):
        with read_only(world.directory / folder):
            said = refused_start(world)
            assert "playvoice could not start: " in said
            assert "read" in said.lower(), said
    world.start_server()
    customer = Customer(world)
    customer.ask(HANGS_UP)
    customer.check()


def wait_again(world: World, uuid: str) -> None:
    """Let a call wait to be dialled, as if the server had been stopped before it was."""
    with closing(sqlite3.connect(database_of(world))) as conn, conn:
        conn.execute(
            "UPDATE calls SET state = 'waiting', started_at = NULL, answered_at = NULL, ended_at = NULL WHERE uuid = ?",
            (uuid,),
        )


def test_a_damaged_database_is_refused_at_the_start_and_nobody_is_called(world: World) -> None:
    carrier, database, customer = carrier_of(world), database_of(world), Customer(world)
    waits = customer.ask(HANGS_UP)
    customer.record(waits)
    world.server.stop()
    wait_again(world, waits.uuid)
    whole = database.read_bytes()
    octets = bytearray(whole)
    half = len(octets) // 8192 * 4096
    octets[half : half + 16 * 4096] = b"x" * 16 * 4096
    database.write_bytes(octets)
    said = refused_start(world)
    assert f"the database {database} is damaged: " in said
    assert "put a backup in its place" in said
    assert database.read_bytes() == octets, "what could be saved of it is left"
    assert len(carrier.all("invite", number=waits.number)) == 1
    database.write_bytes(whole)
    world.start_server()
    carrier.wait_for("invite", 20, lambda _: len(carrier.all("invite", number=waits.number)) == 2)
