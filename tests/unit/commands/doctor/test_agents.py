"""The agents' phones, as the database tells of them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from tests.unit.commands.doctor.world import MadeUp, configuration, situation, told
from tests.unit.lines.configs import company, extension

from playvoice import companies, lines, migrations
from playvoice.commands.doctor.agents import agents
from playvoice.lines.tables import registrations
from playvoice.store import Store

EXTENSIONS = [extension("1001", "long enough"), extension("1002", "long enough")]


async def registered(url: str, *numbers: str, seconds: int = 60) -> None:
    """A database of a server that has run, at which these phones have registered."""
    migrations.upgrade(url)
    members = {"sales": ["1001", "1002"], "night": ["1002"], "empty": []}
    groups = [{"name": name, "members": numbers} for name, numbers in members.items()]
    config = configuration(company=[company(accesskey="0" * 32, extension=EXTENSIONS, group=groups)])
    now = datetime.now(UTC)
    row = {
        "server_id": "s", "contact": "<sip:x@127.0.0.1>", "transport": "udp", "remote_host": "127.0.0.1",
        "remote_port": 5070, "local_host": "127.0.0.1", "local_port": 5060, "source_host": "127.0.0.1",
        "source_port": 5070, "path": "", "call_id": "c", "cseq": 1, "expires_at": now + timedelta(seconds=seconds),
    }  # fmt: skip
    store = Store.open(url)
    try:
        await store.write(lambda conn: companies.apply(conn, config, now))
        await store.write(lambda conn: lines.apply(conn, config, now))
        rows = [row | {"number": number} for number in numbers]
        await store.write(lambda conn: conn.execute(insert(registrations), rows))
    finally:
        await store.close()


def look(made_up: MadeUp, url: str) -> list[tuple[str, ...]]:
    config = configuration(server={"database": url})
    return [(*told(each), each.seen) for each in agents(situation(config, made_up.machine))]


async def test_who_is_not_registered_is_named_and_a_group_of_nobody_is_a_warning(
    made_up: MadeUp, sqlite_url: str
) -> None:
    await registered(sqlite_url, "1001")
    nobody = "who is led there is hung up at once, 10008"
    assert look(made_up, sqlite_url) == [
        ("ok", "agents", "1 of 2 extensions are registered; not 1002"),
        ("warning", "agents of group night of company 2028", f"none of its 1 members is registered: {nobody}"),
        ("warning", "agents of group empty of company 2028", f"it has no member: {nobody}"),
    ]


async def test_a_registration_that_has_expired_is_none(made_up: MadeUp, sqlite_url: str) -> None:
    await registered(sqlite_url, "1001", seconds=-1)
    assert look(made_up, sqlite_url)[0] == ("ok", "agents", "0 of 2 extensions are registered; not 1001, 1002")


def test_before_the_first_start_nobody_can_be_registered(made_up: MadeUp, sqlite_url: str) -> None:
    assert look(made_up, sqlite_url) == [("ok", "agents", "who is registered is known after the first start")]


def test_a_database_that_cannot_be_read_is_told_elsewhere(made_up: MadeUp) -> None:
    assert look(made_up, "postgresql://user@127.0.0.1:1/db") == []
