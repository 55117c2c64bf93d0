"""`python -m tests.chaos` as `make chaos` runs it: a round of each kind."""

import json
from pathlib import Path

import pytest
from tests.chaos.__main__ import ALL_CHECKS, main
from tests.chaos.plan import Kind

ROUNDS = len(Kind)


def test_nothing_is_lost_told_twice_or_left_half_when_the_server_or_a_part_of_it_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--rounds", str(ROUNDS), "--seed", "1", "--output", str(tmp_path)])
    text = capsys.readouterr().out
    outcome = json.loads(text.splitlines()[-1])
    assert status == 0, text
    assert {name: outcome[name] for name in ALL_CHECKS} == dict.fromkeys(ALL_CHECKS, 0), text
    assert outcome["rounds"] == ROUNDS
    assert outcome["accepted"] > 5 * ROUNDS, "most requests are answered"
    assert outcome["records"] == outcome["accepted"] + outcome["records_of_unanswered"], "each has its record"
    assert outcome["records_of_unanswered"] <= outcome["unanswered"]
    assert outcome["recordings"] > ROUNDS
    assert sum(outcome["kills"].values()) > ROUNDS, "some rounds kill more than once"
    assert outcome["callbacks"] > outcome["records"], "agents rang"
