import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.unit.commands.doctor.world import MadeUp, configuration, situation, told

from playvoice import migrations
from playvoice.commands.doctor import storage
from playvoice.commands.doctor.files import secrets
from playvoice.commands.doctor.finding import Finding, Outcome
from playvoice.commands.doctor.situation import Situation
from playvoice.commands.doctor.storage import database, disk
from playvoice.store import Store
from playvoice.store.looking import Holder

GIB = 1024**3


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def at(made_up: MadeUp, data_dir: Path, url: str = "", **fields: Any) -> Situation:
    url = url or f"sqlite:///{data_dir / 'playvoice.db'}"
    config = configuration(server={"data_dir": data_dir, "database": url})
    return situation(config, made_up.machine, **fields)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """How much is free, and how long a sync takes."""
    there = {"free": 100 * GIB, "sync": 0.002}
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, int(there["free"])))
    monkeypatch.setattr(storage, "_sync_time", lambda _path: there["sync"])
    return there


def test_a_directory_that_can_be_written_into_is_fine_and_nothing_is_left_in_it(
    made_up: MadeUp, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (found,) = disk(at(made_up, folder))
    assert found.check == "disk"
    assert "MiB" in found.seen
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("room")
def test_a_directory_that_the_first_start_makes_is_not_made_here(made_up: MadeUp, tmp_path: Path) -> None:
    (found,) = disk(at(made_up, tmp_path / "a" / "b"))
    assert found.outcome is Outcome.OK
    assert f"(the first start makes {tmp_path / 'a' / 'b'})" in found.seen
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("room")
def test_a_directory_that_can_not_be_looked_at_is_a_finding_and_no_fault(made_up: MadeUp, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)
    looked = at(made_up, folder)
    assert [told(each)[1] for each in disk(looked)] == ["disk"]
    (tmp_path / "playvoice.toml").touch(0o600)
    assert [told(each) for each in secrets(tmp_path / "playvoice.toml", looked.config)] == [("ok", "file permissions")]
    (found,) = database(looked)
    assert found.outcome is Outcome.FAILURE
    assert "File name too long" in found.seen


@pytest.mark.usefixtures("room")
def test_recordings_on_a_disk_of_their_own_are_looked_at_too(made_up: MadeUp, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    assert [found.check for found in disk(at(made_up, tmp_path))] == ["disk"]
    (tmp_path / "recordings").rmdir()
    (tmp_path / "recordings").symlink_to("/proc")
    assert [found.check for found in disk(at(made_up, tmp_path))] == ["disk", "disk of the recordings"]


def test_the_directory_of_the_database_is_looked_at_too_where_it_is_another(made_up: MadeUp, tmp_path: Path) -> None:
    found = disk(at(made_up, tmp_path / "data", f"sqlite:///{tmp_path}/db/playvoice.db"))
    assert [each.check for each in found] == ["disk", "disk of the database"]
    assert len(list(disk(at(made_up, tmp_path / "data", "postgresql://user@127.0.0.1:1/db")))) == 1


@pytest.mark.parametrize(
    ("free", "sync", "outcome", "words"),
    [
        (100 * GIB, 0.002, Outcome.OK, "a sync takes 2.0 ms"),
        (100 * GIB, 0.2, Outcome.WARNING, "a sync takes 200.0 ms"),
        (2 * GIB, 0.002, Outcome.WARNING, "2048 MiB free"),
        (GIB // 4, 0.002, Outcome.FAILURE, "recorded calls are refused"),
    ],
)
def test_room_and_speed_decide(
    made_up: MadeUp, tmp_path: Path, room: dict[str, float], free: int, sync: float, outcome: Outcome, words: str
) -> None:
    room |= {"free": free, "sync": sync}
    (found,) = disk(at(made_up, tmp_path))
    assert (found.outcome, words in found.seen) == (outcome, True), found


def test_a_directory_of_somebody_else_is_a_failure(
    made_up: MadeUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    (found,) = disk(at(made_up, tmp_path))
    assert (found.outcome, "can't be written into by this user" in found.seen) == (Outcome.FAILURE, True)


def test_a_disk_that_fails_is_a_failure(
    made_up: MadeUp, tmp_path: Path, room: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> float:
        raise OSError(30, "Read-only file system")

    assert room
    monkeypatch.setattr(storage, "_sync_time", full)
    (found,) = disk(at(made_up, tmp_path))
    assert (found.outcome, "Read-only file system" in found.seen) == (Outcome.FAILURE, True)


def look(made_up: MadeUp, tmp_path: Path, url: str, **fields: Any) -> Finding:
    (found,) = database(at(made_up, tmp_path, url, **fields))
    return found


def test_the_first_start_makes_a_database(made_up: MadeUp, tmp_path: Path, sqlite_url: str) -> None:
    assert "there is none yet" in look(made_up, tmp_path, sqlite_url).seen


def test_a_database_of_this_version_is_fine_and_its_server_is_named(
    made_up: MadeUp, tmp_path: Path, database_url: str
) -> None:
    store = Store.open(database_url)
    assert "it is empty" in look(made_up, tmp_path, database_url).seen
    migrations.upgrade(database_url)
    found = look(made_up, tmp_path, database_url, holder=Holder(7, "process 7"))
    store.close_now()
    assert told(found) == ("ok", "database")
    assert found.seen.endswith("the newest; process 7 works on it")


@pytest.mark.parametrize(
    ("revision", "outcome", "words"),
    [
        ("0001", Outcome.OK, "the next start brings it to"),
        ("9999", Outcome.FAILURE, "of a newer PlayVoice (migration 9999"),
    ],
)
def test_a_database_of_another_version_is_told(
    made_up: MadeUp, tmp_path: Path, sqlite_url: str, revision: str, outcome: Outcome, words: str
) -> None:
    store = Store.open(sqlite_url)
    store.write_now(lambda conn: conn.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))").close())
    store.write_now(lambda conn: conn.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{revision}')").close())
    store.close_now()
    found = look(made_up, tmp_path, sqlite_url)
    assert (found.outcome, words in found.seen) == (outcome, True), found
    assert found.do


def test_a_database_that_does_not_answer_is_a_failure_without_its_password(made_up: MadeUp, tmp_path: Path) -> None:
    found = look(made_up, tmp_path, "postgresql://user:secret@127.0.0.1:1/db")
    assert found.outcome is Outcome.FAILURE
    assert "secret" not in str(found)
