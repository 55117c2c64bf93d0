"""Where the control socket is."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

SOCKET = "control.sock"
"""Its name in the data directory."""


@contextlib.contextmanager
def reachable(data_dir: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the kernel (107 octets), wherever the data directory is."""
    directory = os.open(data_dir, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{SOCKET}"
    finally:
        os.close(directory)
