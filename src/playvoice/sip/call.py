"""What a call is to both of its sides: its state, its dialog, and how it ends (RFC 3261 section 15).

::

    ANSWERED, CONFIRMED ── bye ──> ENDING ── our BYE is answered, or given up: CallEnded ──> ENDED
                       └────────────┴── BYE of the far end: CallEnded ───────────────────────^

While a call is ENDING the far end's own BYE, which may cross ours, is still answered; any other request gets 481.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from playvoice.sip.dialog import DialogState
from playvoice.sip.events import CallEnded

if TYPE_CHECKING:
    from playvoice.sip.user_agent import UserAgent

_Q850 = re.compile(r"^\s*Q\.850\s*;(?:.*;)?\s*cause\s*=\s*(\d{1,3})\b", re.IGNORECASE)


class CallState(Enum):
    """Where a call is, made or received."""

    PREPARED = auto()
    CALLING = auto()
    EARLY = auto()
    ANSWERED = auto()
    CONFIRMED = auto()
    ENDING = auto()
    """Our BYE is on its way."""
    ENDED = auto()


class Call:
    """One call, made or received: `OutgoingCall` and `IncomingCall` are the two kinds."""

    def __init__(self, agent: UserAgent, call_id: str, state: CallState) -> None:
        self._agent = agent
        self._core = agent.core
        self.id = call_id
        """Its Call-ID."""
        self.state = state
        self.dialog: DialogState | None = None
        self._unacknowledged = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state.name}>"

    def bye(self, now: float) -> None:
        """End the answered call; CallEnded follows when the far end has confirmed it, or after Timer F."""
        if self.state in (CallState.ANSWERED, CallState.CONFIRMED):
            self._send_bye(now)

    def on_bye(self, request: Request) -> None:
        """The far end hung up; the user agent has answered."""
        self._over(q850_cause(request))

    def _send_bye(self, now: float) -> None:
        assert self.dialog is not None
        self.state = CallState.ENDING
        self._agent.send_bye(self.dialog, now, self._over)

    def _over(self, q850: int | None = None) -> None:
        if self.state is not CallState.ENDED:
            self._end()
            self._core.events.append(CallEnded(self, q850, self._unacknowledged))

    def _end(self) -> None:
        self.state = CallState.ENDED
        self._agent.release(self)


def q850_cause(message: Request | Response) -> int | None:
    """The Q.850 cause of a message's Reason headers: RFC 3326 section 2."""
    for value in message.headers.getlist("Reason"):
        for part in value.split(","):
            if found := _Q850.match(part):
                return int(found[1])
    return None
