"""A start looks at what is open, however many calls have ended since the first one."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.unit.calls.world import House

from playvoice.migrations import upgrade
from playvoice.store import Store


async def test_a_start_reads_no_table_from_end_to_end(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(sqlite_url)
    store = Store.open(sqlite_url)
    asked: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        house = House(store, tmp_path, monkeypatch)
        await house.conductor.start()
        await house.conductor.stop(1)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    queries = [(text, values) for text, values in asked if re.search(r"FROM (calls|legs)\b", text)]
    assert len(queries) >= 4, "the legs, the open calls, what waits, and how much of it"
    for text, values in queries:
        plan = [row[3] for row in store.read_now(lambda conn: _plan(conn, text, values))]  # noqa: B023
        scans = [step for step in plan if step.startswith(("SCAN calls", "SCAN legs"))]
        assert all(re.search(r"USING (COVERING )?INDEX ix_\w+_open", step) for step in scans), (text, plan)
    await store.close()


def _plan(conn: Any, text: str, values: Any) -> list[Any]:
    return list(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all())
