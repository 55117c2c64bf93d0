"""The processes of a server, found from outside, so that one of them can be killed and the others not."""

import contextlib
import os
import signal
import time
from pathlib import Path

PROC = Path("/proc")
ROLES = {
    ("playvoice.media.worker",): "media worker",
    ("playvoice.media.transcoder", "10"): "decoder",
    ("playvoice.media.transcoder", "19"): "encoder",
}
"""By words of a child's command line: the module, and of the transcoder's two children their niceness."""
LOOK = 0.002


def children(server: int) -> dict[str, int]:
    """The server's children by their roles, those that run just now."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):  # it ends meanwhile
        for task in (PROC / str(server) / "task").iterdir():
            for child in (task / "children").read_text().split():
                if role := _role(int(child)):
                    found[role] = int(child)
    return found


def wait_for_child(server: int, role: str, seconds: float) -> int | None:
    """The child of this role as soon as there is one; None if none comes."""
    until = time.monotonic() + seconds
    while (pid := children(server).get(role)) is None and time.monotonic() < until:
        time.sleep(LOOK)
    return pid


def still_run(pids: dict[str, int], seconds: float) -> dict[str, int]:
    """Which of these children still run after so many seconds."""
    until = time.monotonic() + seconds
    left = dict(pids)
    while left and time.monotonic() < until:
        left = {role: pid for role, pid in left.items() if _role(pid) == role}
        time.sleep(LOOK)
    return left


def kill(pid: int) -> None:
    """SIGKILL to this one process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _role(pid: int) -> str | None:
    """What a process is; None for one that is nothing of ours, or has ended."""
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    return next((role for wanted, role in ROLES.items() if set(wanted) <= set(words)), None)
