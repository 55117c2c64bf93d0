import json

import pytest

from playvoice.commands.doctor.finding import failure, ok, warning
from playvoice.commands.doctor.report import Report, to_json, to_text

BAD = failure("port of HTTP", "127.0.0.1:8080 is held by process 7", "stop that process")


def test_a_finding_is_a_line_and_below_it_what_to_do() -> None:
    assert to_text(ok("server", "it runs"), 80) == "\x1b[32mok        \x1b[0mserver: it runs"
    assert to_text(BAD, 80).splitlines()[1] == "          → stop that process"


def test_long_lines_are_broken_at_the_terminals_width_and_words_are_not() -> None:
    text = to_text(warning("check", "word " * 40, "https://example.com/" + "x" * 100), 60)
    lines = text.replace("\x1b[33m", "").replace("\x1b[0m", "").splitlines()
    assert all(len(line) <= 60 for line in lines[:-1])
    assert "x" * 100 in text


def test_what_others_sent_moves_no_cursor() -> None:
    assert "\x1b[2J" not in to_text(ok("a", "Busy\x1b[2J\nhere"), 80)
    assert "\\x1b[2J\\nhere" in to_text(ok("a", "Busy\x1b[2J\nhere"), 80)


def test_json_has_every_finding_and_the_sums() -> None:
    data = json.loads(to_json([ok("a", "b"), BAD]))
    assert data["counts"] == {"ok": 1, "warning": 0, "failure": 1}
    assert data["findings"][1] == {
        "check": "port of HTTP",
        "outcome": "failure",
        "seen": "127.0.0.1:8080 is held by process 7",
        "do": "stop that process",
    }


def test_lines_come_at_once_and_the_sum_last(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(as_json=False)
    report.tell(0, 2, ["a", "b"])
    report.add(ok("a", "b"))
    assert "a: b" in capsys.readouterr().out
    assert not report.failed
    report.add(BAD)
    report.end()
    shown = capsys.readouterr()
    assert shown.out.endswith("\n1 ok, 0 warnings, 1 failure\n")
    assert shown.err == "", "progress is for terminals"
    assert report.failed


def test_json_comes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(as_json=True)
    report.add(BAD)
    assert capsys.readouterr().out == ""
    report.end()
    assert json.loads(capsys.readouterr().out)["counts"]["failure"] == 1
