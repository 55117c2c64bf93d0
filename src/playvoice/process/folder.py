"""The data directory as a start takes it: two servers would remove each other's files, and take each other's orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playvoice.process.errors import StartError
from playvoice.store.lock_file import LockFile, LockHeld

LOCK = "server.lock"
"""Its name in the data directory."""


@contextmanager
def only_server(data_dir: Path) -> Iterator[None]:
    """Have the directory for this process alone; StartError where another server works in it."""
    try:
        lock = LockFile(data_dir / LOCK)
    except LockHeld as error:
        raise StartError(
            f"another PlayVoice server{f' (process {error.holder})' if error.holder else ''} works in [server] data_dir"
            f" {data_dir}, with another database; stop it first, or give this one a directory of its own"
        ) from None
    try:
        yield
    finally:
        lock.release()
