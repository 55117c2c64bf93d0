"""The data directory, and the control socket in it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from playvoice.control.errors import ControlError

SOCKET = "control.sock"
"""Its name in the data directory."""


def make_private(data_dir: Path) -> None:
    """Make the data directory where there is none; all that this process makes from now on is for its user alone.

    ControlError says why it can't be made.
    """
    os.umask(0o077)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "it is a file" if isinstance(error, FileExistsError) else f"{error.filename}: {error.strerror}"
        raise ControlError(
            f"[server] data_dir {data_dir} can't be made ({why}); give a directory that may be written to"
        ) from None


@contextlib.contextmanager
def reachable(data_dir: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the kernel (107 octets), wherever the data directory is."""
    directory = os.open(data_dir, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{SOCKET}"
    finally:
        os.close(directory)
