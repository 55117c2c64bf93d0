"""`python -m tests.chaos` as `make chaos` runs it, but for a few rounds."""

import json
from pathlib import Path

import pytest
from tests.chaos.__main__ import main

ROUNDS = 3


def test_no_call_is_lost_or_told_twice_when_the_server_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--rounds", str(ROUNDS), "--seed", "1", "--output", str(tmp_path)])
    text = capsys.readouterr().out
    outcome = json.loads(text.splitlines()[-1])
    assert status == 0, text
    assert (outcome["lost"], outcome["duplicated"], outcome["out_of_order"]) == (0, 0, 0), text
    assert outcome["rounds"] == ROUNDS
    assert outcome["accepted"] > 5 * ROUNDS, "most requests are answered"
    assert outcome["records"] == outcome["accepted"] + outcome["records_of_unanswered"], "each has its record"
    assert outcome["records_of_unanswered"] <= outcome["unanswered"]
    assert outcome["callbacks"] > outcome["records"], "agents rang"
