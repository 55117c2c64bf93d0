"""One call of the phone: who, since when, what was agreed, what is still to be done, and how it went."""

from collections.abc import Callable
from dataclasses import dataclass, field

from playvoice.simulator.softphone.status import Figures
from playvoice.simulator.softphone.terms import Terms
from playvoice.simulator.softphone.voice import Voice
from playvoice.sip import Call

MAX_KEYS_KEPT = 1_000
"""Keys of a call, sent and heard each, that its summary tells."""


@dataclass(slots=True)
class Talk:
    """What is known of a call while it lasts. Times are monotonic seconds."""

    call: Call
    peer: str
    voice: Voice
    terms: Terms
    since: float
    answered_at: float | None = None
    keys_heard: str = ""
    keys_sent: str = ""
    rings: bool = False
    """The far end has said so."""
    recording: str = ""
    """Its path, once the call is over; empty if there is none."""
    _timers: list[tuple[float, Callable[[float], None]]] = field(default_factory=list)

    def at(self, when: float, action: Callable[[float], None]) -> None:
        """Have something done at a time."""
        self._timers.append((when, action))

    def next_deadline(self) -> float | None:
        return min((when for when, _ in self._timers), default=None)

    def take_due(self, now: float) -> Callable[[float], None] | None:
        """The earliest action that is due; call it until there is none."""
        earliest = min(self._timers, key=lambda timer: timer[0], default=None)
        if earliest is None or earliest[0] > now:
            return None
        self._timers.remove(earliest)
        return earliest[1]

    def forget_timers(self) -> None:
        self._timers.clear()

    def heard(self, keys: str) -> None:
        self.keys_heard = (self.keys_heard + keys)[:MAX_KEYS_KEPT]

    def pressed(self, keys: str) -> None:
        self.keys_sent = (self.keys_sent + keys)[:MAX_KEYS_KEPT]


def summary(talk: Talk, figures: Figures, by: str, now: float, recording: str) -> dict[str, object]:
    """What is told when an answered call is over: who, how long, who hung up, and what its audio came to."""
    negotiated = talk.terms.negotiated
    expected = figures.received + figures.lost
    return {
        "peer": talk.peer,
        "seconds": round(now - (talk.answered_at or now), 1),
        "by": by,
        "codec": negotiated.codec.name if negotiated is not None else "",
        "sent": figures.sent,
        "received": figures.received,
        "lost": figures.lost,
        "loss": round(100 * figures.lost / expected, 1) if expected else 0.0,
        "jitter": round(1000 * figures.jitter, 1),
        "keys_heard": talk.keys_heard,
        "keys_sent": talk.keys_sent,
        **({"recording": recording} if recording else {}),
    }
