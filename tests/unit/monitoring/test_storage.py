"""What the database and the disks tell; what can't be had costs nothing else."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.unit.calls.stored import accept

from playvoice.callbacks import CallbackKind, owe
from playvoice.callbacks.manage import Backlog
from playvoice.calls import ledger
from playvoice.monitoring.storage import Storage
from playvoice.store import Store, StoreUnavailable

AT = datetime(2026, 1, 2, tzinfo=UTC)


def owe_one(conn: Connection) -> None:
    owe(conn, company_code="2028", call_uuid="c1", kind=CallbackKind.CDR, payload={}, at=AT)


async def test_waiting_calls_owed_callbacks_and_room_are_told(store: Store, tmp_path: Path) -> None:
    await store.write(owe_one)
    call = await accept(store)
    stored, spaces = await Storage(store, {"data": tmp_path}).look()
    assert stored is not None
    assert stored.oldest_waiting == call.accepted_at
    assert stored.backlogs == {"2028": Backlog(1, AT)}
    assert 0 < spaces["data"].free <= spaces["data"].size


async def test_a_database_that_can_not_be_read_leaves_the_disks(sqlite: Store, tmp_path: Path) -> None:
    storage = Storage(sqlite, {"data": tmp_path, "gone": tmp_path / "gone"})
    await sqlite.close()
    stored, spaces = await storage.look()
    assert stored is None
    assert list(spaces) == ["data"]


async def test_a_database_that_hangs_is_not_waited_for(
    sqlite: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(query: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Store, "read", lambda _store, query: hang(query))
    storage = Storage(sqlite, {"data": tmp_path}, patience=0.2)
    stored, spaces = await storage.look()
    assert stored is None
    assert list(spaces) == ["data"]
    await storage.close()


@pytest.mark.parametrize("error", [StoreUnavailable("away"), ValueError("a fault of ours")])
async def test_whatever_goes_wrong_the_rest_is_told(
    sqlite: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(conn: Connection) -> None:
        raise error

    monkeypatch.setattr(ledger, "oldest_waiting", fail)
    stored, spaces = await Storage(sqlite, {"data": tmp_path}).look()
    assert stored is None
    assert list(spaces) == ["data"]
