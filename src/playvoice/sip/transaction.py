"""What the four transaction machines of RFC 3261 section 17 (as RFC 6026 corrects it) have in common.

A machine is a table: (state, event) → (next state, actions). It does no I/O. :meth:`Transaction.fire` takes an event
with the message and the time that belong to it, and gives the effects, in order: bytes to send, a message for the
transaction's user, or the news that it failed. Timers are deadlines that :meth:`Transaction.next_deadline` tells and
:meth:`Transaction.handle_deadline` fires. An event without a row raises `IllegalTransition` and changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar

from sipmessage import Request, Response

from playvoice.sip.errors import IllegalTransition
from playvoice.sip.flow import Flow
from playvoice.sip.message import Message

T1 = 0.5
"""Seconds: the estimate of a round trip (RFC 3261 section 17.1.1.1)."""
T2 = 4.0
"""Seconds: the longest interval between retransmissions of a request that is no INVITE, and of a response to INVITE."""
T4 = 5.0
"""Seconds: how long a message stays in the network."""
TIMER_D = 32.0
"""Seconds that a client waits for retransmitted failures, at least 32 on UDP (section 17.1.1.2)."""


class State(Enum):
    """Every state of the four machines; each machine uses some of them."""

    INITIAL = auto()
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Happening(Enum):
    """What can happen to a transaction."""

    START = auto()
    """The user hands the request over."""
    RESUME = auto()
    """The request was sent by an earlier process; the transaction goes on as if a provisional response had come."""
    REQUEST = auto()
    """The request came (again)."""
    ACK = auto()
    PROVISIONAL = auto()
    """A 1xx, received by a client or given by a server's user."""
    SUCCESS = auto()
    """A 2xx."""
    FAILURE = auto()
    """A 3xx to 6xx."""
    TRANSPORT_ERROR = auto()
    GIVE_UP = auto()
    """The user waits no longer (RFC 3261 section 9.1: 64*T1 after a CANCEL)."""
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_J = auto()
    TIMER_K = auto()
    TIMER_L = auto()
    TIMER_M = auto()


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the transaction's flow."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message for the transaction's user."""

    message: Message


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nothing answered in time: Timer B or F, or H for a server (no ACK)."""


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """The flow could not carry the message."""


Effect = Send | Deliver | TimedOut | TransportFailed
Action = Callable[[Any, Message | None, float], None]
Table = Mapping[tuple[State, Happening], tuple[State, tuple[Action, ...]]]


class Transaction:
    """One transaction: a state, its timers, and the table of its kind."""

    TABLE: ClassVar[Table]

    def __init__(self, request: Request, flow: Flow) -> None:
        self.request = request
        self.flow = flow
        self.state = State.INITIAL
        self._timers: dict[Happening, float] = {}
        self._effects: list[Effect] = []

    def __repr__(self) -> str:
        timers = ", ".join(f"{timer.name[-1]} at {at:g}" for timer, at in sorted(self._timers.items(), key=_by_time))
        return f"<{type(self).__name__} {self.request.method} {self.state.name}{timers and ': ' + timers}>"

    @property
    def terminated(self) -> bool:
        return self.state is State.TERMINATED

    @property
    def is_unheard(self) -> bool:
        """Whether nothing shows that the far end has our request."""
        return self.state in (State.CALLING, State.TRYING)

    def fire(self, event: Happening, now: float, message: Message | None = None) -> list[Effect]:
        """Take `event` at `now`, in seconds of a monotonic clock, and give what follows from it.

        Raises `IllegalTransition` where the state has no row for the event.
        """
        row = self.TABLE.get((self.state, event))
        if row is None:
            raise IllegalTransition(f"{self!r}: no {event.name} here")
        self.state, actions = row
        for action in actions:
            action(self, message, now)
        if self.terminated:
            self._timers.clear()
        effects, self._effects = self._effects, []
        return effects

    def next_deadline(self) -> float | None:
        """When `handle_deadline` wants to be called, None if no timer runs."""
        return min(self._timers.values(), default=None)

    def handle_deadline(self, now: float) -> list[Effect]:
        """Fire the timers that are due."""
        effects: list[Effect] = []
        for timer in [timer for timer, at in self._timers.items() if at <= now]:
            if self._timers.pop(timer, None) is not None:
                effects += self.fire(timer, now)
        return effects

    def _send(self, message: Message) -> None:
        self._effects.append(Send(bytes(message)))

    def _deliver(self, message: Message | None, _now: float) -> None:
        assert message is not None
        self._effects.append(Deliver(message))

    def _time_out(self, _message: Message | None, _now: float) -> None:
        self._effects.append(TimedOut())

    def _fail(self, _message: Message | None, _now: float) -> None:
        self._effects.append(TransportFailed())

    def _stop_timers(self, _message: Message | None, _now: float) -> None:
        self._timers.clear()

    def _start(self, timer: Happening, delay: float, now: float) -> None:
        self._timers[timer] = now + delay


def response_event(status: int) -> Happening:
    """The event that a response with this status is."""
    if status < 200:
        return Happening.PROVISIONAL
    return Happening.SUCCESS if status < 300 else Happening.FAILURE


def status_of(message: Message | None) -> int:
    """The status of a message that can only be a response."""
    assert isinstance(message, Response)
    return message.code


def _by_time(timer: tuple[Happening, float]) -> float:
    return timer[1]
