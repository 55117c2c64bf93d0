"""Counting of what a process holds."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.soak.counts import descriptors, memory, not_back, processes, temporary_files


def test_descriptors_are_counted_by_their_kind() -> None:
    before = descriptors(os.getpid())
    with socket.socket(), open(__file__):  # noqa: PTH123
        during = descriptors(os.getpid())
    assert during - before == {"socket": 1, "file": 1}
    assert descriptors(os.getpid()) == before


def test_the_children_of_a_server_are_told_apart() -> None:
    others = set(processes(os.getpid()).values()) - {os.getpid()}
    pause = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", pause, "playvoice.media.transcoder"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as second,
    ):
        for child in (first, second):
            assert child.stdout is not None
            child.stdout.readline()
        found = processes(os.getpid())
        for child in (first, second):
            assert child.stdin is not None
            child.stdin.close()
    assert found["server"] == os.getpid()
    transcoders = {pid for name, pid in found.items() if name.startswith("transcoder")}
    assert transcoders - others == {first.pid, second.pid}


def test_memory_is_told_in_megabytes() -> None:
    figures = memory(os.getpid())
    assert 1 < figures["pss"] <= figures["rss"] < 10_000


def test_files_that_should_be_gone_are_counted(tmp_path: Path) -> None:
    for name in ("a.mp3", "b.raw", "deep/c.part"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert temporary_files(tmp_path) == 2


def test_what_is_more_than_before_is_not_back() -> None:
    before = {"tasks": 3, "sockets": 9}
    assert not_back(before, {"tasks": 3, "sockets": 7}) == []
    assert not_back(before, {"tasks": 4, "sockets": 9, "pipes": 1}) == [
        "tasks: 3 before, 4 after",
        "pipes: 0 before, 1 after",
    ]
