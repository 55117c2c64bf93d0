"""What the configuration asks of the machine when all its trunks are full."""

from dataclasses import dataclass

from playvoice.commands.doctor.setup import Setup
from playvoice.config import RecordPolicy

PROCESSOR_OF_A_STREAM = 0.0005
"""Seconds of processor that a stream takes each second, at most (`docs/architecture.md`)."""
PROCESSOR_OF_A_CALL = 0.0134
"""Seconds of processor that a whole call takes beside its audio."""
PROCESSOR_OF_A_RECORDING = 1 / 140
"""The share of a processor that writing mp3 takes while a recorded call runs."""
MEMORY_OF_A_SERVER = 400 * 1024 * 1024
"""Octets that a server with its media worker and both transcoders is allowed without a call; idle it takes half."""
MEMORY_OF_A_STREAM = 150 * 1024
"""Octets that each leg is allowed."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Calls at once, and what they take."""

    calls: int
    streams: int
    """A leg each: the customers, and as many agents as there are."""
    calls_per_second: float
    recorded: int
    """Calls at once that may be recorded."""

    @classmethod
    def of(cls, setup: Setup) -> "Demand":
        """Read it off the trunks' limits and the number of extensions."""
        calls = sum(trunk.max_calls for trunk in setup.trunks)
        records = any(company.record is not RecordPolicy.NEVER for company in setup.companies)
        return cls(
            calls=calls,
            streams=calls + min(calls, setup.extensions),
            calls_per_second=sum(trunk.calls_per_second for trunk in setup.trunks),
            recorded=calls if records else 0,
        )

    @property
    def processors(self) -> float:
        """Processors that they keep busy."""
        return (
            self.streams * PROCESSOR_OF_A_STREAM
            + self.calls_per_second * PROCESSOR_OF_A_CALL
            + self.recorded * PROCESSOR_OF_A_RECORDING
        )

    @property
    def memory(self) -> int:
        """Octets."""
        return MEMORY_OF_A_SERVER + self.streams * MEMORY_OF_A_STREAM
