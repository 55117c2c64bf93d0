"""A database is brought back to an older revision with its rows, and a start brings it forth again."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.chaos.database import REVISION, bring_back, lock, revision_of, wait_for_writer

from playvoice.migrations import upgrade
from playvoice.migrations.upgrade import newest


def test_what_is_in_a_database_is_there_before_and_after_its_migration(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.db"
    upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("INSERT INTO servers (server_id, heartbeat_at) VALUES ('1', 5)")
        columns = "company_code, call_uuid, kind, payload, state, attempts, early, created_at, next_attempt"
        conn.execute(f"INSERT INTO callbacks ({columns}) VALUES ('1', 'c', 'cdr', '{{}}', 'pending', 0, 0, 1, 5)")
        conn.execute(f"INSERT INTO callbacks ({columns}) VALUES ('1', 'c', 'cdr', '{{}}', 'pending', 0, 0, 1, 5)")
        conn.execute("DELETE FROM callbacks WHERE id = 2")
    bring_back(path)
    assert revision_of(path) == REVISION < newest()
    upgrade(f"sqlite:///{path}")
    assert revision_of(path) == newest()
    with closing(sqlite3.connect(path)) as conn, conn:
        assert conn.execute("SELECT heartbeat_at FROM servers").fetchall() == [(5,)]
        conn.execute(f"INSERT INTO callbacks ({columns}) VALUES ('1', 'c', 'cdr', '{{}}', 'pending', 0, 0, 1, 5)")
        assert conn.execute("SELECT id FROM callbacks").fetchall() == [(1,), (3,)], "no number is given out twice"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("older")] == []


def test_who_has_locked_it_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.db"
    upgrade(f"sqlite:///{path}")
    assert not wait_for_writer(path, 0.01)
    with closing(lock(path)):
        assert wait_for_writer(path, 5.0)
    assert not wait_for_writer(path, 0.01)
