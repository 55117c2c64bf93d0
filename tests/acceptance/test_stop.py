"""A stop takes no new calls, lets those that run end, ends the rest with records, and is over in time in any case."""

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.acceptance.asking import request_call, voices_in
from tests.acceptance.outage import carrier_of, log_of
from tests.chaos.processes import wait_for_child
from tests.postgresql import PostgresqlServer
from tests.waiting import wait_until

from playvoice.control.place import reachable
from playvoice.control.protocol import Order, write_order
from playvoice.process.stopping import STOP_REST
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.program import Program
from playvoice.simulator.world import Cast, World
from playvoice.store import Store

STAYS, HANGS_UP = "13333330001", "13333330002"
LONG = 60
"""Seconds that running calls have to end by themselves, where a test wants them to have enough."""
BUSY = 5.0
"""Seconds that a busy machine may add to any bound."""


def make(folder: Path, **setting: Any) -> World:
    """A server whose trunk takes one call, so that another one waits."""
    voices = voices_in(folder)
    cast = Cast(
        callee={"1": "answer", "2": {"as": "answer", "hang_up_after": 3.0}},
        registered=False,
        keep_audio=False,
        setting={"company": {"key_time": 60, "record": False}, "trunk": {"max_calls": 1}, **setting},
    )
    return World(folder / "world", voices, cast)


def connected(world: World, number: str) -> str:
    """A call that is answered."""
    answer, uuid = request_call(world.client(), number)
    assert uuid, answer
    carrier_of(world).wait_for("ack", 20, number=number)
    return uuid


def record(world: World, uuid: str) -> tuple[int, int]:
    line = world.receiver.wait_for("callback", 20, lambda line: uuid in line["body"], path="/cdr")
    return line["payload"]["hangupcause"], line["payload"]["hangupdirection"]


def ends_within(server: Program, seconds: float) -> int:
    """The exit status of a server that ends in time."""
    return server.process.wait(seconds + BUSY)


# --- calls that run ---------------------------------------------------------------------------------------------------


def test_calls_end_by_themselves_while_no_new_ones_are_taken_and_what_waits_is_dialled_after_the_start(
    tmp_path: Path,
) -> None:
    with make(tmp_path, stop_timeout=LONG) as world:
        client = world.client()
        _, kept = request_call(client, HANGS_UP, idempotency_key="kept")
        carrier_of(world).wait_for("ack", 20, number=HANGS_UP)
        assert request_call(client, STAYS)[1]
        world.server.process.terminate()

        def ready() -> httpx2.Response:
            return httpx2.get(f"http://{world.http}/readyz", trust_env=False)

        wait_until(lambda: ready().status_code == 503, "it is not ready")
        assert ready().json()["reasons"] == [
            {"part": "server", "reason": "the server is stopping, and takes no more calls"}
        ]
        assert httpx2.get(f"http://{world.http}/healthz", trust_env=False).status_code == 200
        response = httpx2.post(
            f"http://{world.http}/",
            data={
                "service": "App.Sip_Call.PlayVoice",
                "token": client.token,
                "voicetype": "1",
                "destnumber": STAYS,
                "voicefile": "notice.wav",
                "chengshudu": "1",
                "userid": f"1@{GROUP}",
                "disnumber": NUMBERS[0],
            },
            trust_env=False,
        )
        assert response.json()["data"]["errors"]["code"] == 1003
        assert response.headers["retry-after"] == "10"
        assert request_call(client, HANGS_UP, idempotency_key="kept")[1] == kept, "what was accepted is known"
        assert ends_within(world.server, 3 + STOP_REST) == 0
        assert record(world, kept) == (10001, 10041)
        assert carrier_of(world).all("invite", number=STAYS) == []
        world.start_server()
        carrier_of(world).wait_for("invite", 20, number=STAYS)
        world.server.kill()


def test_calls_that_do_not_end_in_time_are_ended_with_a_record_that_is_delivered(tmp_path: Path) -> None:
    with make(tmp_path, stop_timeout=1) as world:
        uuid, began = connected(world, STAYS), time.monotonic()
        world.server.process.terminate()
        assert ends_within(world.server, 1 + STOP_REST) == 0
        assert time.monotonic() - began >= 1
        carrier_of(world).wait_for("bye", 5, number=STAYS)
        (line,) = world.receiver.all("callback", path="/cdr")
        assert (line["payload"]["uuid"], line["payload"]["hangupcause"]) == (uuid, 10007), "before the process ended"


def test_a_second_signal_ends_the_calls_at_once_with_their_records(tmp_path: Path) -> None:
    with make(tmp_path, stop_timeout=LONG) as world:
        uuid = connected(world, STAYS)
        world.server.process.terminate()
        wait_until(lambda: "server_stopping" in log_of(world), "the first signal is heard")
        world.server.process.send_signal(signal.SIGINT)
        assert ends_within(world.server, STOP_REST) == 0
        assert record(world, uuid) == (10007, 10040)
        assert "server_hurried" in log_of(world)


def test_a_command_that_can_not_come_to_its_end_keeps_no_call_from_its_own(tmp_path: Path) -> None:
    with make(tmp_path) as world:
        uuid = connected(world, STAYS)
        decoder = wait_for_child(world.server.pid, "decoder", 20)
        assert decoder is not None
        os.kill(decoder, signal.SIGSTOP)
        path = tmp_path / "voices" / "notice.wav"
        new = {"company": "2028", "name": "new.wav", "path": str(path), "overwrite": False}
        with socket.socket(socket.AF_UNIX) as operator, reachable(world.directory / "data") as place:
            operator.connect(place)
            operator.sendall(write_order(Order("voice.add", new)))
            wait_until(
                lambda: any((world.directory / "data").glob("voices/uploads/*.part")), "its file is being looked at"
            )
            world.server.process.terminate()
            assert ends_within(world.server, STOP_REST) == 0
        carrier_of(world).wait_for("bye", 5, number=STAYS)
        (line,) = world.receiver.all("callback", path="/cdr")
        assert (line["payload"]["uuid"], line["payload"]["hangupcause"]) == (uuid, 10007), "before the process ended"


# --- storage that is not there ----------------------------------------------------------------------------------------


def test_a_database_that_takes_nothing_holds_a_stop_up_for_less_than_15_s_and_costs_no_record(tmp_path: Path) -> None:
    with make(tmp_path) as world:
        uuid = connected(world, STAYS)
        (database,) = (tmp_path / "world").rglob("*.db")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            world.server.process.terminate()
            ends_within(world.server, STOP_REST)
        carrier_of(world).wait_for("bye", 5)
        world.start_server()
        assert record(world, uuid) == (10007, 10040)
        assert world.server.stop() == 0


@pytest.mark.peer("postgresql")
def test_a_stop_while_postgresql_is_away_is_over_in_time_and_costs_no_record(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    with make(tmp_path, database=postgresql_server.create_database()) as world:
        uuid = connected(world, STAYS)
        postgresql_server.crash()
        try:
            world.server.process.terminate()
            ends_within(world.server, STOP_REST)
        finally:
            postgresql_server.start()
        carrier_of(world).wait_for("bye", 5)
        world.start_server()
        assert record(world, uuid) == (10007, 10040)
        assert world.server.stop() == 0


# --- during the start -------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[World, Program, Store]]:
    """A server that starts, and waits for the lock of its database, which another process has."""
    with make(tmp_path) as world:
        assert world.server.stop() == 0
        taken = Store.open(f"sqlite:///{tmp_path}/world/playvoice.db")
        told = log_of(world).count("database_taken")
        server = world.launch_server()
        wait_until(lambda: log_of(world).count("database_taken") > told, "it waits")
        yield world, server, taken
        taken.close_now()


def test_a_server_that_is_stopped_while_it_starts_ends_in_order(waiting: tuple[World, Program, Store]) -> None:
    _, server, _ = waiting
    server.process.terminate()
    assert ends_within(server, 1) == 0
    assert server.all("ready") == []


def test_a_hangup_during_the_start_is_taken_when_the_server_is_ready(waiting: tuple[World, Program, Store]) -> None:
    world, server, taken = waiting
    server.process.send_signal(signal.SIGHUP)
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace(NUMBERS[1], "2120289999"), encoding="utf-8")
    taken.close_now()
    world.ready = server.wait_for("ready", 30)
    wait_until(lambda: "configuration_reloaded" in log_of(world), "the file is read anew")
    numbers = "SELECT number FROM caller_numbers"
    with closing(sqlite3.connect(world.directory / "playvoice.db")) as database:
        assert "2120289999" in {number for (number,) in database.execute(numbers)}
    assert server.stop() == 0


def test_a_stop_during_the_migration_leaves_the_database_to_the_next_start(tmp_path: Path) -> None:
    with make(tmp_path) as world:
        assert world.server.stop() == 0
        database = world.directory / "playvoice.db"
        for old in world.directory.glob("playvoice.db*"):
            old.unlink()
        Store.open(f"sqlite:///{database}").close_now()
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            server = world.launch_server()
            wait_until(lambda: holds_lock(database, server.pid), "it has the lock, and wants to migrate")
            server.process.terminate()
            ends_within(server, STOP_REST)
            assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        world.start_server()
        assert world.server.stop() == 0


def test_a_stop_at_any_moment_of_a_start_ends_every_process_and_loses_nothing(tmp_path: Path) -> None:
    """Among them moments at which the calls of a killed server are being ended and reported."""
    with make(tmp_path) as world:
        uuid = connected(world, STAYS)
        world.server.kill()
        began = time.monotonic()
        world.start_server()
        took = time.monotonic() - began
        assert world.server.stop() == 0
        for tenth in (3, 6, 9):
            server = world.launch_server()
            time.sleep(took * tenth / 10)
            children = of_group(server.pid)
            server.process.terminate()
            assert ends_within(server, STOP_REST) in (0, -signal.SIGTERM), "in order, or before there was any"
            wait_until(lambda children=children: not any(map(is_there, children)), "its children end as well")  # type: ignore[misc]
        world.start_server()
        assert record(world, uuid) == (10007, 10040)
        assert world.server.stop() == 0
        assert len({line["webhook_id"] for line in world.receiver.all("callback", path="/cdr")}) == 1


def holds_lock(database: Path, pid: int) -> bool:
    lock = Path(f"{database}.lock")
    return lock.exists() and lock.read_text(encoding="ascii").strip() == str(pid)


def of_group(pid: int) -> list[int]:
    """The processes of this one's group, itself left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(path.name) != pid and os.getpgid(int(path.name)) == pid:
                found.append(int(path.name))
        except ProcessLookupError:
            continue
    return found


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
