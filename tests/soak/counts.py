"""What a server holds, counted from outside by /proc and from inside by its control socket.

`Counts` before and after are compared name by name: what has not come back is a leak.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playvoice.control.client import ask

PROC = Path("/proc")
ROLES = {"playvoice.media.worker": "media", "playvoice.media.transcoder": "transcoder"}
"""By the module that a child runs; the server is the parent."""
TEMPORARY = (".part", ".download", ".raw")
"""Ends of names of files that are gone once what made them is done."""

Counts = Mapping[str, int]


def processes(server: int) -> dict[str, int]:
    """The server's process and its children by what they are; several of a kind are numbered in order of age."""
    found = {"server": server}
    for pid in sorted(_children(server)):
        words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        role = next((role for module, role in ROLES.items() if module in words), "other")
        number = sum(name.rstrip("0123456789") == role for name in found) + 1
        found[role if number == 1 else f"{role}{number}"] = pid
    return found


def _children(pid: int) -> list[int]:
    tasks = (PROC / str(pid) / "task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def descriptors(pid: int) -> Counter[str]:
    """Open descriptors of a process by kind: `socket`, `pipe`, `anon_inode`, `file`."""
    kinds: Counter[str] = Counter()
    for path in (PROC / str(pid) / "fd").iterdir():
        try:
            target = str(path.readlink())
        except FileNotFoundError:
            continue  # closed meanwhile
        kinds[target.partition(":")[0] if not target.startswith("/") else "file"] += 1
    return kinds


def memory(pid: int) -> dict[str, float]:
    """Resident and proportional memory of a process in MB (proc(5), smaps_rollup)."""
    fields = {}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split()[:2]
        fields[name] = int(value) / 1024
    return {"rss": round(fields["Rss:"], 2), "pss": round(fields["Pss:"], 2)}


def temporary_files(*folders: Path) -> int:
    """Files below these folders that only last as long as what makes them."""
    return sum(path.suffix in TEMPORARY for folder in folders for path in folder.rglob("*"))


def read_counts(server: int, data_dir: Path) -> dict[str, int]:
    """All counts of one moment."""
    status: dict[str, Any] = ask(data_dir, "status", {})
    counts: dict[str, int] = {
        "calls": status["calls"]["running"],
        "waiting": sum(status["waiting"].values()),
        "rtp_ports": status["media"]["streams"],
        "callbacks_under_way": status["callbacks"]["under_way"],
        "callbacks_owed": sum(status["callbacks"]["owed"].values()),
        "trunk_calls": sum(trunk["calls"] for trunk in status["trunks"]),
        "agents_busy": sum(agent["state"] not in ("idle", "offline") for agent in status["agents"]),
        **status["held"],
        "temporary_files": temporary_files(data_dir),
    }
    for name, pid in processes(server).items():
        counts |= {f"{name}.{kind}": number for kind, number in sorted(descriptors(pid).items())}
    return counts


def not_back(before: Counts, after: Counts) -> list[str]:
    """What is more than it was, in words; less is no leak."""
    return [
        f"{name}: {before.get(name, 0)} before, {number} after"
        for name, number in after.items()
        if number > before.get(name, 0)
    ]
