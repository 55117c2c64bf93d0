"""Migrates a database and is killed at each statement in turn: `python -m tests.migration.killed URL`.

Each time a child of this process goes one changing statement further than the last one, and kills itself there; the one
after the last statement does so before the commit. For each kill it prints what was found afterwards.
"""

import json
import os
import signal
import sys
import tempfile
from typing import Any

from sqlalchemy import Engine, event
from tests.migration import kept

from playvoice.migrations import upgrade
from playvoice.store import schema_connection

CHANGES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")


def main(url: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        upgrade(f"sqlite:///{directory}/first.db")  # what takes time is imported once, and not by each child
    for kill_at in range(1, 10_000):
        child = os.fork()
        if child == 0:
            _migrate(url, kill_at)
        _, status = os.waitpid(child, 0)
        with schema_connection(url) as conn:
            rows = kept.rows_of(conn)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        tables = {name: len(found) for name, found in rows.items()}
        print(json.dumps({"killed": killed, "revision": rows["alembic_version"], "tables": tables}), flush=True)
        if not killed:
            sys.exit(status)


def _migrate(url: str, kill_at: int) -> None:
    seen = 0

    def at_statement(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        nonlocal seen
        if statement.lstrip().upper().startswith(CHANGES):
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def at_commit(_conn: Any) -> None:
        if seen == kill_at - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", at_statement)
    event.listen(Engine, "commit", at_commit)
    try:
        upgrade(url)
    except BaseException as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
