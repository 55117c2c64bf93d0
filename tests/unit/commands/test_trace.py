"""`playvoice trace` as a person types it."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.unit.calls.stored import accept
from typer.testing import CliRunner

from playvoice.calls.ledger import StoredCall
from playvoice.cli import cli
from playvoice.migrations import all_tables
from playvoice.store import Store

CONFIG = """
[server]
database = "sqlite:///playvoice.db"
{}
[[trunk]]
name = "carrier"
address = "sip:127.0.0.1:5080"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "playvoice.toml"
    path.write_text(CONFIG.format(""), encoding="utf-8")
    return path


@pytest.fixture
def calls(config: Path) -> list[StoredCall]:
    """Two calls to one number that wait, in a database that a server has open."""
    store = Store.open(f"sqlite:///{config.parent / 'playvoice.db'}")
    store.write_now(all_tables().create_all)

    async def both() -> list[StoredCall]:
        return [await accept(store), await accept(store)]

    accepted = asyncio.run(both())
    store.close_now()
    return accepted


def typed(config: Path, *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    result = CliRunner().invoke(cli, ["trace", *words, "--config", str(config)])
    return result.exit_code, result.stdout, result.stderr


def test_a_call_is_told_by_its_uuid_and_by_its_record(config: Path, calls: list[StoredCall]) -> None:
    for word in (calls[0].uuid, str(calls[0].id)):
        status, out, _ = typed(config, word)
        assert status == 0
        assert f"Call {calls[0].uuid}" in out
        assert "waiting: it has no record yet" in out


def test_a_call_is_shown_by_its_fields(config: Path, calls: list[StoredCall]) -> None:
    words = ["call", "show", calls[0].uuid, "--config", str(config)]
    told = dict(line.split(None, 1) for line in CliRunner().invoke(cli, words).stdout.splitlines())
    assert (told["uuid"], told["state"], told["cause"]) == (calls[0].uuid, "waiting", "-")
    shown = json.loads(CliRunner().invoke(cli, [*words, "--json"]).stdout)
    assert (shown["uuid"], shown["destnumber"]) == (calls[0].uuid, calls[0].destnumber)
    assert not {"legs", "messages", "notes"} & shown.keys()


def test_a_number_lists_its_calls(config: Path, calls: list[StoredCall]) -> None:
    status, out, _ = typed(config, calls[0].destnumber)
    assert status == 0
    assert all(call.uuid in out for call in calls)
    assert "2 calls: playvoice trace UUID tells the story of one" in out


def test_json_is_for_programs(config: Path, calls: list[StoredCall]) -> None:
    _, one, _ = typed(config, calls[0].uuid, "--json")
    _, both, _ = typed(config, calls[0].destnumber, "--json")
    assert json.loads(one)["destnumber"] == calls[0].destnumber
    assert [call["uuid"] for call in json.loads(both)] == [calls[1].uuid, calls[0].uuid]


def test_numbers_are_hidden_where_that_is_configured(config: Path, calls: list[StoredCall]) -> None:
    config.write_text(CONFIG.format("[trace]\nmask_numbers = true"), encoding="utf-8")
    for words in ([calls[0].uuid], [calls[0].destnumber], [calls[0].uuid, "--json"], [calls[0].destnumber, "--json"]):
        _, out, _ = typed(config, *words)
        assert "****" in out
        assert calls[0].destnumber not in out


def test_a_call_that_nobody_knows_is_said_in_words(config: Path, calls: list[StoredCall]) -> None:
    status, out, err = typed(config, "nothing")
    assert (status, out) == (1, "")
    assert err.startswith("playvoice: there is no call nothing; give a call's uuid")


def test_a_database_that_is_not_there_yet_is_said_in_words(config: Path) -> None:
    status, _, err = typed(config, "nothing")
    assert status == 1
    assert err.startswith("playvoice: there is no database ")
    assert err.endswith("yet; the server makes it at its first start\n")


def test_a_configuration_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    status, _, err = typed(tmp_path / "none.toml", "nothing")
    assert status == 2
    assert "the file can't be read" in err
