"""The machine as the kernel tells of it under /proc: sockets and who has them, settings, memory, processors.

`root` is where /proc is; tests write one of their own.
"""

import contextlib
import os
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

TABLES = {"udp": ("udp", "udp6"), "tcp": ("tcp", "tcp6")}
_LISTENING = "0A"
"""The state of a TCP socket that waits for connections."""
MAX_COMMAND = 80
"""Characters of a command line that are told."""


@dataclass(frozen=True, slots=True)
class BoundSocket:
    """A UDP socket, or a TCP socket that listens."""

    protocol: str
    host: str
    port: int
    user: int
    """Whose it is."""
    inode: int

    def is_in_the_way_of(self, host: str) -> bool:
        """Whether this socket keeps others from binding its port at an address."""
        mine, theirs = self.host, host
        if ":" in theirs:
            return mine in (theirs, "::") or (theirs == "::" and ":" in mine)
        return mine in (theirs, "0.0.0.0", "::") or (theirs == "0.0.0.0" and ":" not in mine)


@dataclass(frozen=True, slots=True)
class Process:
    """One process."""

    pid: int
    parent: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command[:MAX_COMMAND]})"


class Machine:
    """What can be read of it now; whatever can't be is None, or not there."""

    def __init__(self, root: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> None:
        self._root = root
        self._cgroup = cgroup

    def sockets(self, protocol: str) -> list[BoundSocket]:
        """The bound sockets of `udp` or `tcp`."""
        lines = [line for table in TABLES[protocol] for line in (self._text(f"net/{table}") or "").splitlines()[1:]]
        return [bound for line in lines if (bound := _read_socket(protocol, line)) is not None]

    def holders(self, inodes: Iterable[int]) -> dict[int, Process]:
        """Who has these sockets open; those of other users are not told to everybody."""
        wanted = {f"socket:[{inode}]": inode for inode in inodes}
        found: dict[int, Process] = {}
        for directory in self._root.glob("[0-9]*") if wanted else ():
            with contextlib.suppress(OSError):
                for descriptor in (directory / "fd").iterdir():
                    inode = wanted.get(_led_to(descriptor))
                    if inode is not None and (process := self.process(int(directory.name))) is not None:
                        found.setdefault(inode, process)
        return found

    def process(self, pid: int) -> Process | None:
        """A process that runs."""
        status = self._text(f"{pid}/status")
        parent = re.search(r"^PPid:\s*(\d+)$", status or "", re.MULTILINE)
        if status is None or parent is None:
            return None
        command = (self._text(f"{pid}/cmdline") or "").replace("\0", " ").strip()
        return Process(pid, int(parent[1]), command or status.partition("\n")[0].removeprefix("Name:").strip())

    def descriptors(self, pid: int | None) -> int | None:
        """How many descriptors a process may have open, or this one."""
        limits = self._text(f"{'self' if pid is None else pid}/limits") or ""
        found = re.search(r"^Max open files\s+\S+\s+(\S+)", limits, re.MULTILINE)
        if found is None:
            return None
        return int(found[1]) if found[1].isdigit() else 1 << 62

    def setting(self, name: str) -> str | None:
        """A setting of the kernel, as `net/core/rmem_max`."""
        text = self._text(f"sys/{name}")
        return None if text is None else text.strip()

    def memory_available(self) -> int | None:
        """Octets that a new program can have, within what its control group leaves."""
        found = re.search(r"^MemAvailable:\s*(\d+) kB$", self._text("meminfo") or "", re.MULTILINE)
        free = None if found is None else int(found[1]) * 1024
        most, used = _number(self._cgroup / "memory.max"), _number(self._cgroup / "memory.current")
        left = None if most is None else max(0, most - (used or 0))
        return min((each for each in (free, left) if each is not None), default=None)

    def processors(self) -> float:
        """Processors that this process may use, within what its control group leaves."""
        most = float(len(os.sched_getaffinity(0)))
        with contextlib.suppress(OSError, ValueError):
            quota, period = (self._cgroup / "cpu.max").read_text(encoding="ascii").split()
            most = min(most, int(quota) / int(period))
        return most

    def addresses(self) -> list[str]:
        """The IP addresses of this machine's interfaces, loopback among them."""
        return sorted({*self._addresses_4(), *self._addresses_6()})

    def _addresses_4(self) -> Iterator[str]:
        """Those that the routing table calls local hosts."""
        address = ""
        for line in (self._text("net/fib_trie") or "").splitlines():
            if found := re.match(r"\s*\|--\s*(\S+)$", line):
                address = found[1]
            elif line.strip() == "/32 host LOCAL":
                yield address

    def _addresses_6(self) -> Iterator[str]:
        for line in (self._text("net/if_inet6") or "").splitlines():
            address = IPv6Address(int(line[:32], 16))
            if not address.is_link_local:
                yield str(address)

    def _text(self, name: str) -> str | None:
        try:
            return (self._root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


def can_bind(kind: socket.SocketKind, host: str, port: int) -> OSError | None:
    """Try to bind a port the way the server does, and give it back at once; the error where it can't be had."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as sock:
            if kind is socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sock.family is socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((host, port))
            if kind is socket.SOCK_STREAM:
                sock.listen(1)  # SO_REUSEADDR lets a second one bind beside one that listens, but not listen
    except OSError as error:
        return error
    return None


def _read_socket(protocol: str, line: str) -> BoundSocket | None:
    fields = line.split()
    if len(fields) < 10 or (protocol == "tcp" and fields[3] != _LISTENING):
        return None
    host, _, port = fields[1].partition(":")
    return BoundSocket(protocol, _read_address(host), int(port, 16), int(fields[7]), int(fields[9]))


def _read_address(text: str) -> str:
    """Addresses stand there in words of the processor's order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    octets = struct.pack(f"={len(words)}I", *words)
    return str(IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets))


def _led_to(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - it leads to no path
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
