"""What the kernel knows of a process: processor time and memory."""

import os
import platform
import statistics
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all its threads, in user mode and in the kernel."""
    return sum(_times(Path(f"/proc/{pid}/stat"))[:2])


def ended_cpu_seconds(pid: int) -> float:
    """Processor time of the children of a process that have ended and were waited for."""
    return sum(_times(Path(f"/proc/{pid}/stat"))[2:])


def thread_cpu_seconds(pid: int) -> float:
    """Processor time of a process's first thread: the one that runs the event loop."""
    return sum(_times(Path(f"/proc/{pid}/task/{pid}/stat"))[:2])


def children(pid: int) -> list[int]:
    """The children of a process that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(_fields(stat)[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            pass  # it has ended meanwhile
    return found


def command(pid: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def resident_kb(pid: int) -> int:
    """Memory of a process that is resident, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def machine() -> str:
    """What was measured on, for people: with how fast it is, since shared machines are not always equally so."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    system = f"{os.cpu_count()} cores, Python {platform.python_version()}, Linux {platform.release()}"
    return f"{system}, load {load}, a million additions in {_additions():.0f} ms"


def _additions() -> float:
    """Processor time of a million additions in a plain loop, in milliseconds: the median of five."""
    times = []
    for _ in range(5):
        began, total = time.thread_time(), 0
        for number in range(1_000_000):
            total += number
        times.append(time.thread_time() - began)
    return 1000 * statistics.median(times)


def _times(stat: Path) -> list[float]:
    """Seconds: own user and system time, then those of children that were waited for."""
    return [int(field) / TICKS for field in _fields(stat)[11:15]]


def _fields(stat: Path) -> list[str]:
    """What stands behind the name of the command: proc_pid_stat(5), from field 3 on."""
    return stat.read_text().rpartition(")")[2].split()
