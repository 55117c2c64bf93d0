"""What happens on a notification call, as a pure state machine: events and the time in, commands out.

::

    INITIAL ─ start: Dial ─> DIALLING ─ answered: Play ─> PLAYING ─ voice over ─> WAITING ─ key_time over ─┐
                │ refused, waittime over: Finish       │ key of userid              │ key of userid         │
                v                                      v                            v                       │
              ENDED                              TRANSFERRING <─────────────────────┴── no-key group ───────┤
                ^                                 │ hold music; Offer; all refused: again after 5 s         │
                │                                 │ agent answered: Connect                                 │
                │                                 v                                                         │
                ├── conntime, either hangs up ─ TALKING          no no-key group: HangUpCustomer, Finish <──┘
                ├── waited for the store longer than a call may wait: from INITIAL
                └── nobody registered, waiting time over, customer hangs up, the server stops: from any state

Where `userid` names no key, only a no-key group, WAITING is left out. Every state has a deadline. Each call gives
exactly one :class:`Finish`; what comes after it is late and changes nothing. An event that a state can't have is
:class:`~playvoice.calls.errors.IllegalEvent`.
"""

from dataclasses import dataclass
from enum import Enum, auto

from playvoice.calls.errors import IllegalEvent
from playvoice.calls.userid import NO_KEY, KeyGroups
from playvoice.codes import HangupCause as Cause

OFFER_AGAIN = 5.0
"""Seconds after which a group that had nobody to offer the call to is asked again, from the first."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Dial the customer."""


@dataclass(frozen=True, slots=True)
class CancelCustomer:
    """End the attempts to reach the customer."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play the voice."""


@dataclass(frozen=True, slots=True)
class PlayHoldMusic:
    """Play music in place of the voice until told otherwise."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring agents of this group, as its strategy chooses; `offered` answers."""

    group: str
    again: bool = False
    """Those who had their turn have one again."""


@dataclass(frozen=True, slots=True)
class WithdrawOffers:
    """End every agent's leg but that of `winner`."""

    winner: str | None = None


@dataclass(frozen=True, slots=True)
class Connect:
    """Let customer and agent hear each other."""

    agent: str


@dataclass(frozen=True, slots=True)
class HangUpCustomer:
    """End the customer's answered leg."""


@dataclass(frozen=True, slots=True)
class HangUpAgent:
    """End this agent's leg."""

    agent: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The call is over; this is what its record says."""

    cause: Cause
    direction: Cause
    userkey: str = ""


Command = (
    Dial
    | CancelCustomer
    | Play
    | PlayHoldMusic
    | Offer
    | WithdrawOffers
    | Connect
    | HangUpCustomer
    | HangUpAgent
    | Finish
)


class State(Enum):
    """Where a call is."""

    INITIAL = auto()
    DIALLING = auto()
    PLAYING = auto()
    WAITING = auto()
    TRANSFERRING = auto()
    TALKING = auto()
    ENDED = auto()


ANSWERED = frozenset({State.PLAYING, State.WAITING, State.TRANSFERRING, State.TALKING})


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. Times in seconds."""

    key_groups: KeyGroups
    waittime: float
    conntime: float
    key_time: float


@dataclass(frozen=True, slots=True)
class GroupTimes:
    """How long a group is rung: each agent, and the customer in all. Seconds."""

    ring_time: float
    max_wait: float


class Script:
    """One call. Every method takes the time and gives the commands that follow, in order."""

    def __init__(self, plan: Plan) -> None:
        self._groups = dict(plan.key_groups)
        self._plan = plan
        self.state = State.INITIAL
        self.userkey = ""
        self._group = ""
        self._agent = ""
        self._offers: set[str] = set()
        self._step_until: float | None = None
        self._connected_until: float | None = None
        self._waiting_until: float | None = None

    def __repr__(self) -> str:
        return f"<Script {self.state.name} key {self.userkey or 'none'} agent {self._agent or 'none'}>"

    # --- time -----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `on_deadline` wants to be called; None only before all else and after the end."""
        deadlines = (self._step_until, self._connected_until, self._waiting_until)
        return min((at for at in deadlines if at is not None), default=None)

    def on_deadline(self, now: float) -> list[Command]:
        """Do what is due."""
        if self._is_due(self._connected_until, now):
            return self._hang_up(Cause.TIMER_EXPIRED)
        if self._is_due(self._waiting_until, now):
            return self._hang_up(Cause.NOT_ANSWERED)
        if not self._is_due(self._step_until, now):
            return []
        self._step_until = None
        match self.state:
            case State.INITIAL:
                return self._finish(Cause.TIMER_EXPIRED, Cause.TIMER_EXPIRED)
            case State.DIALLING:
                return [CancelCustomer(), *self._finish(Cause.NO_ANSWER, Cause.CALLER_HUNG_UP)]
            case State.WAITING:
                return self._after_key_time()
            case State.TRANSFERRING if self._offers:
                return [WithdrawOffers()]  # each leg's end comes back as `agent_ended`
            case State.TRANSFERRING:
                return [Offer(self._group, again=True)]
            case _:
                return []

    @staticmethod
    def _is_due(at: float | None, now: float) -> bool:
        return at is not None and at <= now

    # --- the customer ---------------------------------------------------------------------------------------------

    def wait(self, until: float) -> None:
        """The first INVITE is being stored: longer than that the call does not wait for it."""
        self._expect(State.INITIAL)
        self._step_until = until

    def start(self, now: float) -> list[Command]:
        """The voice is ready and a trunk is free: the first INVITE goes out now."""
        self._expect(State.INITIAL)
        self.state = State.DIALLING
        self._step_until = now + self._plan.waittime
        return [Dial()]

    def refused(self, cause: Cause) -> list[Command]:
        """The last trunk's answer is final, or none could take the call."""
        if self.state is State.ENDED:
            return []
        self._expect(State.DIALLING)
        return self._finish(cause, cause)

    def answered(self, now: float) -> list[Command]:
        """The customer answered."""
        if self.state is State.ENDED:
            return []
        self._expect(State.DIALLING)
        self._step_until = None
        self._connected_until = now + self._plan.conntime
        self.state = State.PLAYING
        return [Play()]

    def key(self, key: str, now: float) -> list[Command]:
        """The customer pressed a key: the first that `userid` names decides."""
        if self.state not in (State.PLAYING, State.WAITING):
            return []
        if key not in self._groups:
            return []
        self.userkey = key
        return self._transfer(self._groups[key])

    def voice_over(self, now: float) -> list[Command]:
        """The voice has been played to its end."""
        if self.state is not State.PLAYING:
            return []
        if set(self._groups) == {NO_KEY}:
            return self._transfer(self._groups[NO_KEY])
        self.state = State.WAITING
        self._step_until = now + self._plan.key_time
        return []

    def customer_hung_up(self) -> list[Command]:
        """BYE came on the customer's leg."""
        if self.state not in ANSWERED:
            return []
        ends: list[Command] = [WithdrawOffers()] if self.state is State.TRANSFERRING else []
        if self.state is State.TALKING:
            ends = [HangUpAgent(self._agent)]
        return [*ends, *self._finish(Cause.NORMAL, Cause.CALLEE_HUNG_UP)]

    # --- agents ---------------------------------------------------------------------------------------------------

    def offered(self, agents: frozenset[str], times: GroupTimes, now: float) -> list[Command]:
        """These agents' legs are rung now. None: all were passed over or are busy; the group is asked again later."""
        if self.state is not State.TRANSFERRING:
            return [HangUpAgent(agent) for agent in sorted(agents)]
        if self._waiting_until is None:
            self._waiting_until = now + times.max_wait
        self._offers = set(agents)
        self._step_until = now + (times.ring_time if agents else OFFER_AGAIN)
        return []

    def agent_is_free(self) -> list[Command]:
        """A member of the group is free who had no turn yet; of no use while others are rung, or about to be."""
        if self.state is not State.TRANSFERRING or self._offers or self._step_until is None:
            return []
        self._step_until = None
        return [Offer(self._group)]

    def nobody_registered(self) -> list[Command]:
        """No member of the group has a phone."""
        if self.state is not State.TRANSFERRING:
            return []
        return self._hang_up(Cause.EXTENSION_NOT_REGISTERED)

    def agent_answered(self, agent: str, now: float) -> list[Command]:
        """An agent answered; one who is late is hung up."""
        if self.state is not State.TRANSFERRING or agent not in self._offers:
            return [HangUpAgent(agent)]
        self.state = State.TALKING
        self._agent = agent
        self._offers = set()
        self._step_until = self._waiting_until = None
        return [WithdrawOffers(winner=agent), Connect(agent)]

    def agent_ended(self, agent: str) -> list[Command]:
        """An agent refused, did not answer, hung up, or has gone: the next one's turn, if the call was on offer."""
        if self.state is State.TALKING and agent == self._agent:
            return self._hang_up(Cause.NORMAL, agent_is_gone=True)
        if self.state is State.TRANSFERRING and agent in self._offers:
            self._offers.discard(agent)
            if not self._offers:
                self._step_until = None
                return [Offer(self._group)]
        return []

    # --- the server -----------------------------------------------------------------------------------------------

    def silent(self) -> list[Command]:
        """No RTP and no RTCP came for a minute while two people talked."""
        return self._hang_up(Cause.TIMER_EXPIRED) if self.state is State.TALKING else []

    def cut(self) -> list[Command]:
        """The server stops, or its media process has gone."""
        if self.state is State.ENDED:
            return []
        if self.state in ANSWERED:
            return self._hang_up(Cause.HUNG_UP_BY_SERVER)
        ends: list[Command] = [CancelCustomer()] if self.state is State.DIALLING else []
        return [*ends, *self._finish(Cause.HUNG_UP_BY_SERVER, Cause.HUNG_UP_BY_SERVER)]

    # --- steps ----------------------------------------------------------------------------------------------------

    def _transfer(self, group: str) -> list[Command]:
        self.state = State.TRANSFERRING
        self._group = group
        self._step_until = None  # until `offered`: a second offer at once would take the place of the first
        return [PlayHoldMusic(), Offer(group)]

    def _after_key_time(self) -> list[Command]:
        if NO_KEY in self._groups:
            return self._transfer(self._groups[NO_KEY])
        return self._hang_up(Cause.NORMAL)

    def _hang_up(self, cause: Cause, *, agent_is_gone: bool = False) -> list[Command]:
        """End what is answered; the direction is ours or the agent's."""
        ends: list[Command] = []
        if self.state is State.TRANSFERRING:
            ends.append(WithdrawOffers())
        elif self.state is State.TALKING and not agent_is_gone:
            ends.append(HangUpAgent(self._agent))
        return [*ends, HangUpCustomer(), *self._finish(cause, Cause.CALLER_HUNG_UP)]

    def _finish(self, cause: Cause, direction: Cause) -> list[Command]:
        self.state = State.ENDED
        self._step_until = self._connected_until = self._waiting_until = None
        self._offers = set()
        return [Finish(cause, direction, self.userkey)]

    def _expect(self, state: State) -> None:
        if self.state is not state:
            raise IllegalEvent(f"{self!r} is not {state.name}")
