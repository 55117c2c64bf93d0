"""What a run does to a server's database, of whichever kind, and the choice of one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

KINDS = ("sqlite", "postgresql")
REVISION = "0006"
"""Of the version that a database is brought back to: the last one without traces of calls."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which nothing can be stored."""

    why: str
    end: Callable[[], object]
    outlasts: float = 0.0
    """Seconds from the start of the next server to its end; 0: it ends before that starts."""


class Database(Protocol):
    """The database of the servers of a run."""

    @property
    def url(self) -> str:
        """Its address, as the servers' configuration has it."""

    def begin_outage(self) -> Outage:
        """Let nothing be stored from now on."""

    def bring_back(self, revision: str = REVISION) -> None:
        """Put the database of a dead server in the shape of this revision; what that has no place for is lost."""

    def revision(self) -> str:
        """Which revision it is at."""

    def wait_for_migration(self, seconds: float) -> bool:
        """Wait until a server has begun to bring it up to date; False if none does so or it is done by another one."""


@contextmanager
def make_database(kind: str, folder: Path) -> Iterator[Database]:
    """Make an empty database of one of `KINDS`, with what it needs to run; files of it that are kept go to `folder`."""
    if kind == "sqlite":
        from tests.chaos.sqlite import SqliteFile

        yield SqliteFile(folder / "playvoice.db")
        return
    from tests.chaos.postgresql import own_postgresql

    with own_postgresql(folder) as database:
        yield database
