"""Lines that can't be written are lost and counted, and hold nobody up."""

import fcntl
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from playvoice import logs
from playvoice.process.log_output import LogOutput

LINE = "x" * 99


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The ends of a pipe that takes four pages: to read from, and to write to."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4 * 4_096)
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.fixture
def output(pipe: tuple[int, int]) -> Iterator[LogOutput]:
    """Writes to the pipe, and what it has to tell itself goes there as well."""
    before, output = structlog.get_config(), LogOutput(pipe[1])
    structlog.configure(processors=[lambda _logger, _level, event: f"{event}"], logger_factory=output)
    yield output
    structlog.configure(**before)


def test_a_reader_that_stands_still_costs_lines_which_are_counted_when_it_reads_on(
    pipe: tuple[int, int], output: LogOutput
) -> None:
    written = [output.msg(LINE) for _ in range(1_000)]
    kept = written.index(False)
    assert kept > 0
    assert not any(written[kept:])
    came = os.read(pipe[0], 65_536).decode()
    assert output.msg("next")
    came += os.read(pipe[0], 65_536).decode()
    lines = came.split("\n")
    assert lines[:kept] == [LINE] * kept
    assert lines[-3:] == ["next", str({"lines": 1_000 - kept, "event": "log_lines_lost"}), ""]


def test_they_are_counted_where_nothing_but_errors_is_logged(pipe: tuple[int, int], output: LogOutput) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logs.Level.ERROR.value))
    while output.msg(LINE):
        pass
    os.read(pipe[0], 65_536)
    assert output.msg("next")
    assert str({"lines": 1, "event": "log_lines_lost"}) in os.read(pipe[0], 65_536).decode()


def test_a_terminal_that_stands_still_costs_lines_alone() -> None:
    master, terminal = pty.openpty()
    output = LogOutput(terminal)
    written = [output.msg(LINE) for _ in range(1_000)]
    assert written[0]
    assert not written[-1]
    assert os.get_blocking(terminal), "others who write there wait as before"
    os.close(terminal)
    os.close(master)


def test_lines_are_lost_alone_where_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    output = LogOutput(writing)
    assert [output.msg(LINE) for _ in range(3)] == [False] * 3
    os.close(writing)


def test_a_line_that_was_cut_is_ended_before_the_next_one(tmp_path: Path) -> None:
    """A limit to the file's size stands for a disk that is full."""
    program = (
        "import resource, signal\n"
        "from playvoice.process.log_output import LogOutput\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150, resource.RLIM_INFINITY))\n"
        "output = LogOutput(1)\n"
        "told = [output.msg('x' * 99), output.msg('y' * 99), output.msg('z')]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "assert [*told, output.msg('next')] == [True, False, False, True], told\n"
    )
    path = tmp_path / "log"
    with path.open("wb") as file:
        ran = subprocess.run([sys.executable, "-c", program], stdout=file, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    lines = path.read_text().split("\n")
    assert lines[:3] == ["x" * 99, "y" * 50, "next"]
