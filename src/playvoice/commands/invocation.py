"""How this command was called, so that what a user is told to type next works where he is."""

import shlex
import shutil
import sys
from pathlib import Path


def playvoice(called_as: str = "") -> str:
    """`playvoice`, or the path by which it was called where the shell does not find it by its name."""
    called = Path(called_as or sys.argv[0])
    if called.name != "playvoice":
        return "playvoice"  # a module that Python runs, a test
    found = shutil.which("playvoice")
    return "playvoice" if found is not None and Path(found).samefile(called) else shlex.quote(str(called))
