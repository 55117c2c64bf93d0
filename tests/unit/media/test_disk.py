import os
import queue
import threading
from pathlib import Path

import pytest

from playvoice.media.disk import Disk, DiskFile

BOUND = 10.0


def closed(file: DiskFile) -> str:
    """What went wrong with a file, told when it is closed."""
    told: queue.Queue[str] = queue.Queue()
    file.close(told.put)
    return told.get(timeout=BOUND)


def test_what_is_written_is_on_the_disk_in_order_when_it_is_closed(tmp_path: Path) -> None:
    disk = Disk(threads=2)
    files = [disk.open(tmp_path / str(number)) for number in range(4)]
    for part in range(50):
        for number, file in enumerate(files):
            file.write(bytes([part, number]) * 100)
    for number, file in enumerate(files):
        assert closed(file) == ""
        expected = b"".join(bytes([part, number]) * 100 for part in range(50))
        assert (tmp_path / str(number)).read_bytes() == expected
    assert repr(disk) == "<Disk 0 octets waiting>"


@pytest.mark.parametrize(("name", "told"), [("none/file", "No such file"), ("nul\0", "null")])
def test_a_file_that_cannot_be_opened_is_told_at_its_end_and_costs_no_other(
    tmp_path: Path, name: str, told: str
) -> None:
    disk = Disk(threads=1)
    bad, good = disk.open(tmp_path / name), disk.open(tmp_path / "good")
    for file in (bad, good):
        file.write(b"octets")
    assert told in closed(bad)
    assert closed(good) == ""
    assert repr(disk) == "<Disk 0 octets waiting>"


def test_a_disk_that_is_full_fails_the_file() -> None:
    disk = Disk(threads=1)
    file = disk.open(Path("/dev/full"))
    file.write(b"octets")
    assert "No space left" in closed(file)


@pytest.mark.parametrize("step", ["fsync", "close"])
def test_a_failure_that_the_system_tells_late_is_told_and_the_thread_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    disk = Disk(threads=1)
    real = getattr(os, step)

    def fails(descriptor: int) -> None:
        real(descriptor)
        raise OSError(5, "Input/output error")

    bad = disk.open(tmp_path / "bad")
    written: queue.Queue[str] = queue.Queue()
    disk.open(tmp_path / "barrier").close(written.put)  # `bad` is open before anything is changed
    assert written.get(timeout=BOUND) == ""
    monkeypatch.setattr(os, step, fails)
    assert "Input/output error" in closed(bad)
    monkeypatch.undo()
    assert closed(disk.open(tmp_path / "good")) == ""


def test_what_was_written_before_the_disk_was_full_stays_without_a_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, room = os.write, 10

    def write(descriptor: int, octets: memoryview) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        written = real(descriptor, octets[:room])
        room -= written
        return written

    monkeypatch.setattr(os, "write", write)
    file = Disk(threads=1).open(tmp_path / "file")
    for octets in (b"1234", b"5678", b"9abc", b"def"):
        file.write(octets)
    assert "No space left" in closed(file)
    assert (tmp_path / "file").read_bytes() == b"123456789a"


def test_what_waits_is_bounded_and_a_file_that_would_wait_longer_has_failed(tmp_path: Path) -> None:
    disk = Disk(threads=1, max_waiting=10)
    stand, stands = threading.Event(), threading.Event()

    def stop(_problem: str) -> None:
        stands.set()
        stand.wait(BOUND)

    disk.open(tmp_path / "slow").close(stop)
    assert stands.wait(BOUND)
    file = disk.open(tmp_path / "file")
    file.write(b"12345678")
    file.write(b"123")
    file.write(b"1")
    assert repr(disk) == "<Disk 8 octets waiting>"
    stand.set()
    assert closed(file) == "the disk can't keep up"
    assert repr(disk) == "<Disk 0 octets waiting>"
    again = disk.open(tmp_path / "again")
    again.write(b"1234567890")
    assert closed(again) == ""
