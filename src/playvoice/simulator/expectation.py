"""What a demonstration call has to come to, by who plays how: the contract, in one table."""

from dataclasses import dataclass
from enum import StrEnum

from playvoice.codes import HangupCause as Cause

KEY = "1"
"""The key that `userid` names."""


class Callee(StrEnum):
    """What the one who is called does."""

    ANSWER = "answer"
    HANGUP = "hangup"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no-answer"
    NOT_FOUND = "not-found"
    FAILURE = "failure"


class Agent(StrEnum):
    """What the agent does."""

    ANSWER = "answer"
    STAY = "stay"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no-answer"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Expectation:
    """How the call ends."""

    cause: Cause
    direction: Cause
    answered: bool = True
    """By the callee."""
    key: str = ""
    """`userkey` of the record."""
    rings: bool = False
    """The agent's phone rings."""
    talks: bool = False
    """The agent answers."""

    @property
    def final(self) -> str:
        """What the carrier writes of how its call was answered."""
        if self.answered:
            return "answered"
        return "rejected" if self.direction is self.cause else "cancel"

    @property
    def states(self) -> list[str]:
        """The extension states of one leg of the agent."""
        if not self.rings:
            return []
        return ["ring", "answer", "hangup"] if self.talks else ["ring", "hangup"]


_NOT_ANSWERED = {
    Callee.BUSY: Expectation(Cause.BUSY, Cause.BUSY, answered=False),
    Callee.REJECTED: Expectation(Cause.REJECTED, Cause.REJECTED, answered=False),
    Callee.NO_ANSWER: Expectation(Cause.NO_ANSWER, Cause.CALLER_HUNG_UP, answered=False),
    Callee.NOT_FOUND: Expectation(Cause.NOT_FOUND, Cause.NOT_FOUND, answered=False),
    Callee.FAILURE: Expectation(Cause.LINE_FAILURE, Cause.LINE_FAILURE, answered=False),
}
_NOBODY = Expectation(Cause.NOT_ANSWERED, Cause.CALLER_HUNG_UP, key=KEY)
_TRANSFERRED = {
    Agent.ANSWER: Expectation(Cause.NORMAL, Cause.CALLER_HUNG_UP, key=KEY, rings=True, talks=True),
    Agent.STAY: Expectation(Cause.NORMAL, Cause.CALLEE_HUNG_UP, key=KEY, rings=True, talks=True),
    Agent.BUSY: _NOBODY,
    Agent.REJECTED: Expectation(Cause.NOT_ANSWERED, Cause.CALLER_HUNG_UP, key=KEY, rings=True),
    Agent.NO_ANSWER: Expectation(Cause.NOT_ANSWERED, Cause.CALLER_HUNG_UP, key=KEY, rings=True),
    Agent.NONE: Expectation(Cause.EXTENSION_NOT_REGISTERED, Cause.CALLER_HUNG_UP, key=KEY),
}


def expect(callee: Callee, press: str, agent: Agent) -> Expectation:
    """What has to come of it."""
    if callee in _NOT_ANSWERED:
        return _NOT_ANSWERED[callee]
    if callee is Callee.HANGUP:
        return Expectation(Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    if KEY not in press:
        return Expectation(Cause.NORMAL, Cause.CALLER_HUNG_UP)
    return _TRANSFERRED[agent]
