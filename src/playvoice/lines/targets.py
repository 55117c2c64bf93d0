"""The addresses of one trunk: in which order they are tried, and which of them have been silent.

SRV and address records give several (`playvoice.lines.resolving`). One that failed goes behind the others for a minute:
it is still tried where no other is left, and gets its place back by itself. OPTIONS go where calls go, so that a trunk
has one health: it is down only if none of its addresses answers in turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from playvoice.lines.resolving import Target
from playvoice.sip import Flow

SILENCE = 30.0
"""Seconds without any response, to OPTIONS or to a call, after which an address counts as silent."""
SET_BACK = 60.0
"""Seconds for which an address that failed stands behind the others."""
MAX_RETRY_AFTER = 300.0
"""Seconds of a Retry-After that are honoured: a 503 may be about one call only, whatever it says."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a call has tried in vain: whole trunks, and single addresses of trunks."""

    trunks: frozenset[str] = frozenset()
    addresses: frozenset[tuple[str, Flow]] = frozenset()

    def and_trunk(self, name: str) -> "Tried":
        return Tried(self.trunks | {name}, self.addresses)

    def and_address(self, name: str, flow: Flow) -> "Tried":
        return Tried(self.trunks, self.addresses | {(name, flow)})


@dataclass(slots=True)
class _Record:
    """What is known of one address; times are in seconds of a monotonic clock."""

    heard_at: float | None = None
    back_until: float = 0.0
    """It stands behind the others."""
    closed_until: float = 0.0
    """It asked for no more calls."""


@dataclass(slots=True)
class Targets:
    """The addresses of one trunk, the first to be tried first."""

    _records: dict[Target, _Record] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._records)

    def replace(self, targets: Iterable[Target]) -> None:
        """Take the addresses as they were looked up now; what is known of those that stay is kept."""
        self._records = {target: self._records.get(target) or _Record() for target in targets}

    def in_order(self, now: float) -> tuple[Target, ...]:
        """The addresses as they are to be tried now: those that have failed lately behind the others."""
        return tuple(sorted(self._records, key=lambda target: now < self._records[target].back_until))

    def failed(self, flow: Flow, now: float, retry_after: float = 0.0) -> None:
        """It could not be reached, said nothing in time, or can't take calls (503) for so many seconds."""
        if (record := self._at(flow)) is not None:
            wanted = min(retry_after, MAX_RETRY_AFTER)
            record.back_until = max(record.back_until, now + max(SET_BACK, wanted))
            record.closed_until = max(record.closed_until, now + wanted)

    def are_closed(self, now: float) -> bool:
        """Whether every address has asked for no more calls now."""
        return bool(self._records) and all(now < record.closed_until for record in self._records.values())

    def heard(self, flow: Flow, now: float) -> None:
        """A response came from it."""
        if (record := self._at(flow)) is not None:
            record.heard_at = now

    def is_silent(self, flow: Flow, now: float) -> bool:
        """Whether nothing was heard from it for 30 s, or never."""
        record = self._at(flow)
        return record is None or record.heard_at is None or now - record.heard_at >= SILENCE

    def _at(self, flow: Flow) -> _Record | None:
        return self._records.get(Target(flow.transport, *flow.remote))
