"""What a far end saw and did, one JSON object a line, at once."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Protocol


class Output(Protocol):
    """Where lines go: a file, or what stands before one."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Journal:
    """Writes events in the order in which they happen."""

    def __init__(self, output: Output = sys.stdout) -> None:
        self._output = output

    def write(self, event: str, **fields: object) -> None:
        """Write one event with the wall clock (`at`) and the machine's monotonic clock (`time`, seconds)."""
        line = {
            "event": event,
            "time": round(time.monotonic(), 6),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **fields,
        }
        self._output.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._output.flush()
