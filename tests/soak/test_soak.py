"""`python -m tests.soak` as `make soak` runs it, but for few calls: whatever they took is given back."""

import json
from pathlib import Path

import pytest
from tests.soak.__main__ import main
from tests.soak.run import WARM_UP

CALLS = 500 - WARM_UP


def test_whatever_calls_of_mixed_ends_take_is_given_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--calls", str(CALLS), "--rate", "40", "--output", str(tmp_path)])
    text = capsys.readouterr().out
    outcome = json.loads(text.splitlines()[-1])
    assert status == 0, text
    assert outcome["not_back"] == [], text
    assert outcome["accepted"] == outcome["records"] == outcome["calls"] == CALLS + WARM_UP, text
    assert outcome["callbacks"] > outcome["records"], "agents rang"
    assert outcome["owed_to_dead_receiver"] > CALLS // 10, "the second company's receiver was dead"
