"""What could not be used, or was refused: all of it is counted, and told of in few words.

Anybody can send anything to an open port, as often as he likes. So the first message of a kind is told of at once, and
what follows within the interval is told of together when it is over::

    QUIET ── note: told ──> COUNTING ── note: counted ──> COUNTING
      ^                        ├── interval over, some were counted: told with their number, a new interval ──> COUNTING
      └────────────────────────┴── interval over, none was
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from playvoice.sip.flow import Flow

INTERVAL = 10.0
"""Seconds in which one kind is told of once."""
MAX_REASON = 120
"""Characters of a reason that are kept."""


class Kind(StrEnum):
    """Why a message was dropped, or refused."""

    MALFORMED = "malformed"
    """No SIP, or not as it has to be; somebody whom the owner knows may have got a 400."""
    STRANGER = "stranger"
    """A request of somebody whom the owner doesn't know."""
    UNKNOWN_USER = "unknown_user"
    """Credentials of a user whom the owner doesn't know, or who may not come; he is answered as one who is known."""
    STRAY_RESPONSE = "stray_response"
    STRAY_ACK = "stray_ack"
    TOO_LATE = "illegal_transition"
    """A message that its transaction has no use for any more."""
    OVERLOAD = "overload"
    """A request beyond the bound of transactions, or a connection beyond that of connections."""
    IDLE = "idle"
    """A connection on which no whole message came in time."""
    REFUSED = "refused"
    """A request that no call or owner got to see, answered with a status from 400 on."""
    LOST = "lost"
    """A connection that the far end, or the network, has broken off."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Messages of one kind that were dropped since it was last told of."""

    kind: Kind
    count: int
    flow: Flow
    """Where the last one came from."""
    reason: str
    """What was wrong with the last one."""


class Drops:
    """The counts, and what is to be told. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        """All that was dropped since the start, by kind."""
        self._told: list[Dropped] = []
        self._until: dict[Kind, float] = {}
        self._waiting: dict[Kind, Dropped] = {}

    def __repr__(self) -> str:
        return f"<Drops {', '.join(f'{kind} {count}' for kind, count in self.counters.items()) or 'none'}>"

    def note(self, kind: Kind, flow: Flow, now: float, reason: str = "") -> None:
        """Count one."""
        self.counters[kind] += 1
        earlier = self._waiting.get(kind)
        dropped = Dropped(kind, earlier.count + 1 if earlier else 1, flow, reason[:MAX_REASON])
        if kind in self._until:
            self._waiting[kind] = dropped
        else:
            self._tell(dropped, now)

    def take(self) -> list[Dropped]:
        """What is to be told now."""
        told, self._told = self._told, []
        return told

    def next_deadline(self) -> float | None:
        """When the first interval is over."""
        return min(self._until.values(), default=None)

    def on_deadline(self, now: float) -> None:
        """Tell what has waited for the end of its interval."""
        for kind in [kind for kind, until in self._until.items() if until <= now]:
            del self._until[kind]
            if (dropped := self._waiting.pop(kind, None)) is not None:
                self._tell(dropped, now)

    def _tell(self, dropped: Dropped, now: float) -> None:
        self._told.append(dropped)
        self._until[dropped.kind] = now + INTERVAL
