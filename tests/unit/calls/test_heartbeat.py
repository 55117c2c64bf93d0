"""When the server was last known to live, by its row in the store and by the file beside it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.calls.stored import run

from playvoice.calls.heartbeat import HeartbeatFile, heartbeat
from playvoice.store import Store

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
LATER = AT + timedelta(seconds=40)


@pytest.fixture
def file(tmp_path: Path) -> HeartbeatFile:
    return HeartbeatFile(tmp_path / "heartbeat")


def last(store: Store, file: HeartbeatFile) -> datetime | None:
    return store.read_now(file.last)


def test_nothing_tells_of_a_server_that_never_had_a_call(store: Store, file: HeartbeatFile) -> None:
    assert last(store, file) is None


def test_the_row_alone_tells_it(store: Store, file: HeartbeatFile) -> None:
    run(store, lambda conn: heartbeat(conn, AT))
    assert last(store, file) == AT


def test_the_file_tells_it_where_the_row_could_not_be_written_any_more(store: Store, file: HeartbeatFile) -> None:
    run(store, lambda conn: heartbeat(conn, AT))
    file.stored_at = AT
    file.write(LATER)
    assert last(store, file) == LATER


def test_the_file_tells_it_where_no_row_could_be_written_at_all(store: Store, file: HeartbeatFile) -> None:
    file.write(LATER)
    assert last(store, file) == LATER


def test_a_row_whose_commit_nobody_heard_of_is_gone_on_from_too(store: Store, file: HeartbeatFile) -> None:
    file.stored_at = AT
    file.write(LATER)
    run(store, lambda conn: heartbeat(conn, AT + timedelta(seconds=1)))
    assert last(store, file) == LATER


def test_a_file_is_not_believed_for_a_database_of_before_it(store: Store, file: HeartbeatFile) -> None:
    """A backup was put in its place: its calls did not go on until then."""
    run(store, lambda conn: heartbeat(conn, AT - timedelta(days=1)))
    file.stored_at = AT
    file.write(LATER)
    assert last(store, file) == AT - timedelta(days=1)


def test_a_server_that_has_stored_none_of_its_own_yet_goes_on_from_the_row_that_it_found(
    store: Store, file: HeartbeatFile, tmp_path: Path
) -> None:
    run(store, lambda conn: heartbeat(conn, AT))
    assert last(store, file) == AT
    file.write(LATER)
    assert last(store, HeartbeatFile(tmp_path / "heartbeat")) == LATER
    backup = AT - timedelta(days=1)
    run(store, lambda conn: heartbeat(conn, backup))
    assert last(store, HeartbeatFile(tmp_path / "heartbeat")) == backup


def test_a_later_row_counts_more_than_the_file(store: Store, file: HeartbeatFile) -> None:
    file.write(AT)
    run(store, lambda conn: heartbeat(conn, LATER))
    assert last(store, file) == LATER


@pytest.mark.parametrize(
    "text", ["", "2026-03-01", "nonsense more", "2026-03-01T12:00:00 2026-03-01T12:00:01\n", "\xff"]
)
def test_a_file_that_can_not_be_read_tells_nothing(store: Store, tmp_path: Path, text: str) -> None:
    (tmp_path / "heartbeat").write_text(text, "latin-1")
    assert last(store, HeartbeatFile(tmp_path / "heartbeat")) is None


def test_what_is_written_later_stands_in_the_place_of_what_was(store: Store, file: HeartbeatFile) -> None:
    file.stored_at = AT.replace(microsecond=0)  # a shorter text than that with microseconds
    file.write(AT)
    file.stored_at = file.stored_at + timedelta(seconds=1)
    file.write(LATER.replace(microsecond=0))
    run(store, lambda conn: heartbeat(conn, file.stored_at))
    assert last(store, file) == LATER.replace(microsecond=0)
