"""Refused requests that may be stored all the same, in a file, for a crash may come before their rows are removed."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


class RefusalFile:
    """The uuids of such requests, a line each; what has been removed since does no harm in it.

    It is never synced: what a killed process has written is there all the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted: frozenset[str] = frozenset()
        self._writing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<RefusalFile {self._path}>"

    async def note(self, uuid: str, others: Collection[str]) -> None:
        """Have this one in the file, with `others` of now; where it can't be written, the log says so."""
        async with self._writing:
            if uuid in self._noted:  # written for one that came before
                return
            noted = frozenset((uuid, *others))
            try:
                await asyncio.to_thread(self._write, noted)
                self._noted = noted
            except OSError as error:
                log.error("refusal_not_noted", uuid=uuid, reason=str(error))

    def left(self) -> list[str]:
        """What an earlier process left; nothing where there is no file that can be read."""
        try:
            return self._path.read_text("ascii").split()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            log.error("refusals_not_read", reason=str(error))
            return []

    def remove(self) -> None:
        """What was left has been removed."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:  # the next start does it again
            log.debug("refusals_not_removed", reason=str(error))

    def _write(self, uuids: Collection[str]) -> None:
        part = self._path.with_name(f"{self._path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - its mode counts
            file.writelines(f"{uuid}\n" for uuid in uuids)
        part.replace(self._path)
