"""A machine and a situation as the checks want them, made up."""

from pathlib import Path
from typing import Any

from tests.unit.lines.configs import company, extension, trunk

from playvoice.commands.doctor.demand import Demand
from playvoice.commands.doctor.finding import Finding
from playvoice.commands.doctor.machine import Machine, Process
from playvoice.commands.doctor.setup import setup_of
from playvoice.commands.doctor.situation import Situation
from playvoice.config import Config

SERVER = Process(100, 1, "python playvoice serve")
_UDP = "   1: {address}:{port:04X} 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 {inode} 2 0 0"
_TCP = "   1: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode}"


class MadeUp:
    """A /proc of files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "net").mkdir(parents=True)
        (root / "cgroup").mkdir()

    @property
    def machine(self) -> Machine:
        return Machine(self.root, self.root / "cgroup")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def bind(self, table: str, port: int, inode: int, *, address: str = "0100007F", state: str = "0A") -> None:
        """A socket of 127.0.0.1, or of another address in the kernel's own spelling."""
        path = self.root / "net" / table
        before = path.read_text() if path.exists() else "  sl  local_address rem_address   st\n"
        line = (_TCP if table.startswith("tcp") else _UDP).format(address=address, port=port, inode=inode, state=state)
        path.write_text(f"{before}{line}\n")

    def run(
        self, pid: int, command: str, *, parent: int = 1, sockets: tuple[int, ...] = (), files: str = "4096"
    ) -> None:
        """A process that has these sockets open."""
        self.write(f"{pid}/status", f"Name:\tpython\nPid:\t{pid}\nPPid:\t{parent}\n")
        self.write(f"{pid}/cmdline", command.replace(" ", "\0"))
        self.write(
            f"{pid}/limits",
            f"Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 {files}   files\n",
        )
        (self.root / str(pid) / "fd").mkdir()
        for number, inode in enumerate(sockets):
            (self.root / str(pid) / "fd" / str(number)).symlink_to(f"socket:[{inode}]")


def configuration(**sections: Any) -> Config:
    """One trunk, one company with a phone, and whatever a test says otherwise."""
    data: dict[str, Any] = {
        "server": {"database": "sqlite:////nowhere/at/all.db"},
        "trunk": [trunk()],
        "company": [company(accesskey="0" * 32, extension=[extension("1001", "long enough")])],
    }
    return Config.model_validate(data | sections)


def situation(config: Config, machine: Machine, *, path: Path = Path("playvoice.toml"), **fields: Any) -> Situation:
    setup = setup_of(config)
    return Situation(path, config, machine, setup, Demand.of(setup), **fields)


def told(finding: Finding) -> tuple[str, str]:
    """How it came out, and its check."""
    return finding.outcome.value, finding.check
