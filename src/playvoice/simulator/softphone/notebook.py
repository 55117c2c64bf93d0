"""Where a phone writes what happens to it: JSON lines, plain lines, or a terminal."""

from typing import Protocol


class Notebook(Protocol):
    """`playvoice.simulator.journal.Journal` is one."""

    def write(self, event: str, **fields: object) -> None:
        """Take one event, in the order in which they happen."""
