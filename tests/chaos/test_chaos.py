"""`python -m tests.chaos` as `make chaos` runs it: a round of each kind on SQLite, of some on PostgreSQL."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import tests.chaos.__main__ as program
from tests.chaos.__main__ import ALL_CHECKS, main
from tests.chaos.plan import Kind, draw_kinds

ROUNDS = len(Kind)
ON_POSTGRESQL = (Kind.MIGRATION, Kind.MAIN)
"""Those in which it matters which database it is."""
SEED_OF_THESE = 3151
"""Its run begins with them, and they are short."""


def play(capsys: pytest.CaptureFixture[str], rounds: int, *arguments: str) -> dict[str, Any]:
    """Play so many rounds, in which nothing is to be found; the JSON object at the end."""
    status = main(["--rounds", str(rounds), *arguments])
    text = capsys.readouterr().out
    outcome: dict[str, Any] = json.loads(text.splitlines()[-1])
    assert status == 0, text
    assert {name: outcome[name] for name in ALL_CHECKS} == dict.fromkeys(ALL_CHECKS, 0), text
    assert outcome["rounds"] == rounds
    assert outcome["accepted"] > 5 * rounds, "most requests are answered"
    assert outcome["records"] == outcome["accepted"] + outcome["records_of_unanswered"], "each has its record"
    assert outcome["records_of_unanswered"] <= outcome["unanswered"]
    return outcome


def test_nothing_is_lost_told_twice_or_left_half_when_the_server_or_a_part_of_it_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = play(capsys, ROUNDS, "--seed", "1", "--output", str(tmp_path))
    assert outcome["recordings"] > ROUNDS
    assert sum(outcome["kills"].values()) > ROUNDS, "some rounds kill more than once"
    assert outcome["callbacks"] > outcome["records"], "agents rang"


@pytest.mark.peer("postgresql")
def test_nothing_is_lost_on_postgresql_when_the_server_is_killed_while_it_migrates_or_commits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = len(ON_POSTGRESQL)
    assert tuple(islice(draw_kinds(SEED_OF_THESE), rounds)) == ON_POSTGRESQL
    options = ("--seed", str(SEED_OF_THESE), "--database", "postgresql", "--output", str(tmp_path))
    outcome = play(capsys, rounds, *options)
    assert outcome["kills"] == {"server": 1, "while it migrated": 2, "main process alone": 1}
    assert (tmp_path / "postgresql.log").stat().st_size > 0


def test_where_there_is_no_postgresql_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "postgresql_directory", lambda: None)
    with pytest.raises(SystemExit):
        main(["--database", "postgresql"])
    assert "there is no PostgreSQL on this machine" in capsys.readouterr().err
