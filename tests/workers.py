"""Tests in several processes at once (pytest-xdist): how many, and which tests stay together.

`make test` runs them so; `pytest` alone, or `make test ARGS="-n 0"`, runs them one after the other. Most acceptance
tests wait for phones, so that a few more processes than processors keep these busy.

- The tests of a file run in one process, in their order; so do those of a folder that is a package, since they share
  one server. Fixtures of a module or of such a package are made once then.
- Each process has fixtures of the session of its own: a PostgreSQL, for one.
- Whatever listens takes a port of the system's choice, and files go to `tmp_path`: other tests run at the same time.
- A test that waits gives a deadline that a busy machine keeps, and measures nobody's speed.
"""

import os
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
MOST = 8
"""Processes, on whatever machine: each has a PostgreSQL, and servers with their far ends."""


def how_many() -> int:
    """Processes on this machine for `-n auto`."""
    return min(MOST, 2 * len(os.sched_getaffinity(0)))


def together(nodeid: str) -> str:
    """The file or the package whose tests run in one process with this one."""
    path = nodeid.partition("::")[0]
    folder = path.rpartition("/")[0]
    return folder if (ROOT / folder / "__init__.py").exists() else path


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Files and packages go to whoever is free, in the order of collection: the acceptance tests, which last, first."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
