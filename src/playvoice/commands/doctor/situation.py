"""What all checks are about: a configuration, the machine, and the server that may be running on them."""

from dataclasses import dataclass
from pathlib import Path

from playvoice.commands.doctor.demand import Demand
from playvoice.commands.doctor.machine import Machine, Process
from playvoice.commands.doctor.setup import Setup, setup_of
from playvoice.config import Config
from playvoice.store import StoreError
from playvoice.store.looking import Holder, directory_of, holder_of


@dataclass(frozen=True, slots=True)
class Situation:
    """One set-up at one moment."""

    path: Path
    """The configuration file."""
    config: Config
    machine: Machine
    setup: Setup
    demand: Demand
    holder: Holder | None = None
    """Who works on the database."""
    server: Process | None = None
    """The server of this configuration, where it runs on this machine and can be seen."""
    is_hidden: bool = False
    """This user can't look at the lock, so nobody knows whether the server runs that is not seen."""

    @classmethod
    def look(cls, path: Path, config: Config, machine: Machine) -> "Situation":
        """Find out whether the server runs: by its lock, or where that tells no process, by who has its HTTP port."""
        try:
            holder, is_hidden = holder_of(config.server.database), _is_hidden(config)
        except StoreError:  # which the check of the database tells
            holder, is_hidden = None, True
        server = None if holder is None or holder.pid is None else machine.process(holder.pid)
        if server is None and (holder is not None or is_hidden):
            server = _listener(config, machine)
        setup = setup_of(config)
        return cls(path, config, machine, setup, Demand.of(setup), holder, server, is_hidden)

    @property
    def runs(self) -> bool:
        """Whether the server runs, wherever, or may run."""
        return self.server is not None or self.holder is not None or self.is_hidden

    def is_ours(self, process: Process) -> bool:
        """Whether it is the server, or a child of it as the media worker is."""
        return self.server is not None and self.server.pid in (process.pid, process.parent)


def _is_hidden(config: Config) -> bool:
    """Whether this user can't look at the lock."""
    directory = directory_of(config.server.database)
    try:
        if directory is not None:
            (directory / "any").stat()
    except PermissionError:
        return True
    except OSError:
        pass
    return False


def _listener(config: Config, machine: Machine) -> Process | None:
    http = config.server.http
    bound = [each for each in machine.sockets("tcp") if http.port and each.port == http.port]
    for process in machine.holders(each.inode for each in bound).values():
        if "playvoice" in process.command and "serve" in process.command:
            return process
    return None
