"""The commands as they are typed where no server runs: real configuration, real database, real output."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from playvoice.cli import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration that says as good as nothing."""
    (tmp_path / "playvoice.toml").write_text("[server]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, words, input=typed)


def test_a_server_is_set_up_by_commands_alone(folder: Path) -> None:
    for words in (
        ["trunk", "add", "carrier", "address=sip:192.0.2.1", "max_calls=3"],
        ["company", "add", "2028", "name=Demo", "appid=demo", "accesskey=key", "numbers=2120280001"],
        ["extension", "add", "2028", "20280003", "password=secret"],
        ["group", "add", "2028", "sales", "members=20280003"],
    ):
        done = run(*words)
        assert (done.exit_code, done.stderr) == (0, "")
        assert "was added" in done.stdout
    assert run("company", "list").stdout.splitlines()[1].split()[:5] == ["2028", "Demo", "demo", "yes", "2120280001"]
    assert json.loads(run("group", "list", "--json").stdout)[0]["members"] == ["20280003"]
    assert "max_calls         3" in run("trunk", "show", "carrier").stdout
    assert run("token", "2028").stdout.strip().isalnum()


def test_what_was_done_is_told_to_scripts_as_well(folder: Path) -> None:
    words = ["trunk", "add", "carrier", "address=sip:192.0.2.1", "--json"]
    assert json.loads(run(*words).stdout) == {"done": "trunk carrier was added", "notes": []}
    run("company", "add", "2028", "name=Demo", "appid=demo", "accesskey=key")
    assert json.loads(run("secret", "2028", "--json").stdout)["signing_secret"].startswith("whsec_")
    assert json.loads(run("token", "2028", "--json").stdout)["token"].isalnum()


def test_commands_are_listed_in_the_order_in_which_they_are_needed() -> None:
    listed = run("--help").stdout
    names = ("Set up", "init", "serve", "company", "Look and act", "top", "trace", "Try", "demo", "phone")
    places = [re.search(rf"(?m)^\W+{name}\W", listed) for name in names]
    assert None not in places
    assert [each.start() for each in places if each] == sorted(each.start() for each in places if each)


def test_a_list_in_a_pipe_has_a_row_a_line(folder: Path) -> None:
    wide = "x" * 300
    run("trunk", "add", "carrier", "address=sip:192.0.2.1", f"from_user={wide[:60]}")
    run("company", "add", "2028", "name=Demo", "appid=demo", "accesskey=key", f"cdr_callback=http://192.0.2.1/{wide}")
    assert len(run("company", "list").stdout.splitlines()) == 2


def test_an_empty_list_says_what_to_do(folder: Path) -> None:
    assert run("trunk", "list").stdout == "there is no trunk; see playvoice trunk add --help\n"
    assert run("trunk", "list", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trunk", "add", "x", "address=bla"], "playvoice: address can't be 'bla'; expected a SIP URI"),
        (["trunk", "add", "x", "address"], "playvoice: 'address' is not KEY=VALUE"),
        (["company", "show", "1"], "playvoice: there is no company 1"),
        (["company", "set", "1"], "playvoice: nothing is to be changed; expected KEY=VALUE (--help"),
        (["trunk", "add", "x", "address=sip:1.2.3.4", "address=sip:1.2.3.5"], "playvoice: address is given twice"),
        (["callback", "show", str(2**63)], "playvoice: id can't be used: "),
        (["trunk", "add", "x", "address=sip:1.2.3.4", "username=x", "password=-"], "playvoice: password is missing"),
        (["reload"], "start it with: playvoice serve --config playvoice.toml"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_status_1(folder: Path, words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_configuration_that_is_missing_or_wrong_is_said_with_status_2(folder: Path) -> None:
    (folder / "playvoice.toml").write_text("[serve]\n")
    result = run("company", "list")
    assert result.exit_code == 2
    assert "did you mean server?" in result.stderr
    assert "can't be read: No such file" in run("company", "list", "--config", "other.toml").stderr


def test_a_password_is_read_from_standard_input(folder: Path) -> None:
    run("company", "add", "2028", "name=Demo", "appid=demo", "accesskey=-", typed="from-a-pipe\n")
    assert "was added" in run("extension", "add", "2028", "20280003", typed="secret\n").stdout


def test_help_names_every_key_with_what_is_expected(folder: Path) -> None:
    text = " ".join(run("trunk", "add", "--help").stdout.split())
    assert "max_calls: how many calls at once, 1 to 10000" in text
