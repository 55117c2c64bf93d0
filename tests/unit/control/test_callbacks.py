"""Which changes of addresses the sender is told of, and what is sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update
from tests.unit.control.conftest import FILE, Desk

from playvoice.callbacks import CallbackKind, callbacks, owe
from playvoice.callbacks.tables import State
from playvoice.control import CommandFailed
from playvoice.control.all_commands import stored_commands
from playvoice.control.registry import Commands
from playvoice.control.reloading import Reload
from playvoice.control.rooms import Moved

STATUS, CDR = CallbackKind
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def told(desk: Desk) -> list[Moved | str]:
    """What the sender is told: addresses that moved, and companies that are owed something anew."""
    found: list[Moved | str] = []
    rooms = replace(desk.rooms, moved=found.extend, owed=found.extend)
    reload = Reload(desk.configuration, rooms, lambda config: None)
    desk.commands = Commands([*stored_commands(rooms), reload.command()])
    return found


async def change(desk: Desk, **fields: Any) -> None:
    await desk.run("company.set", code="2028", fields=fields)


async def test_an_address_that_is_changed_by_a_command_is_told(desk: Desk, told: list[Moved | str]) -> None:
    await change(desk, cdr_callback="http://a.example/cdr", status_callback="http://a.example/status")
    told.clear()
    await change(desk, cdr_callback="http://b.example/cdr")
    assert told == [("2028", CDR)]
    told.clear()
    await change(desk, cdr_callback="http://b.example/cdr", name="Another name")
    assert told == []


async def test_an_address_that_is_changed_in_the_file_is_told(desk: Desk, told: list[Moved | str]) -> None:
    urls = iter(("http://a.example/", "http://b.example/"))
    for url in urls:
        text = FILE.replace("[[company]]", f'[[company]]\nstatus_callback = "{url}"', 1)
        desk.file.write_text(text)
        await desk.run("reload")
    assert told[-1:] == [("2028", STATUS)]


def give_up(conn: Connection) -> None:
    for hour in range(3):
        at = AT + timedelta(hours=hour)
        owe(conn, company_code="2028", call_uuid=f"c{hour}", kind=CDR, payload={}, at=at)
    conn.execute(update(callbacks).values(state=State.EXHAUSTED, next_attempt=None, done_at=AT))


async def test_what_was_given_up_in_a_time_is_sent_again(desk: Desk, told: list[Moved | str]) -> None:
    await desk.rooms.store.write(give_up)
    zone = desk.rooms.config().server.timezone
    since = (AT + timedelta(hours=1)).astimezone(zone).replace(tzinfo=None).isoformat()
    until = (AT + timedelta(hours=2)).isoformat()
    again = {"given_up": True, "company": "2028", "since": since, "until": until}
    assert await desk.run("callback.resend", **again) == {"done": "1 callbacks are sent again", "notes": []}
    assert told == ["2028"]
    (row,) = await desk.run("callback.list", state="pending")
    assert row["call"] == "c1"
    assert await desk.run("callback.resend", given_up=True) == {"done": "2 callbacks are sent again", "notes": []}


async def test_past_its_bound_sending_again_says_that_there_are_more(
    desk: Desk, told: list[Moved | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.control.callbacks.MOST_AGAIN", 1)
    await desk.rooms.store.write(give_up)
    result = await desk.run("callback.resend", given_up=True)
    assert result["done"].startswith("3 callbacks are sent again (the next as many")
    with pytest.raises(CommandFailed):
        await desk.run("callback.resend", given_up=True, since="yesterday")
