"""What a program wrote is known to who asks, however late its reader is."""

import sys
import threading
from pathlib import Path

from playvoice.simulator.program import Line, Program

WRITES_TWICE = """
import json, pathlib, sys
print(json.dumps({"event": "first"}), flush=True)
sys.stdin.readline()
print("words for people", flush=True)
print(json.dumps({"event": "second"}), flush=True)
pathlib.Path(sys.argv[1]).touch()
sys.stdin.readline()
"""


def test_a_line_that_was_written_is_seen_though_the_reader_is_behind(tmp_path: Path) -> None:
    written, behind, go_on = tmp_path / "written", threading.Event(), threading.Event()

    def hold(_program: Program, line: Line) -> None:
        if line["event"] == "first":
            behind.set()
            go_on.wait(30)

    with Program([sys.executable, "-c", WRITES_TWICE, str(written)], name="writer", on_line=hold) as program:
        assert behind.wait(30)
        program.send(go="on")
        while not written.exists():
            assert program.process.poll() is None
        threading.Timer(0.1, go_on.set).start()
        assert program.all("second") == [{"event": "second"}]


def test_a_program_that_has_ended_keeps_its_lines(tmp_path: Path) -> None:
    with Program([sys.executable, "-c", WRITES_TWICE, str(tmp_path / "written")], name="writer") as program:
        program.wait_for("first", 30)
    assert program.all("first") == [{"event": "first"}]
    assert program.all("second") == []
