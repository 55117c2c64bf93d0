"""What a call is to both of its sides: its state, its dialog, and how it ends (RFC 3261 section 15).

::

    ANSWERED, CONFIRMED ── bye ──> ENDING ── our BYE is answered, or given up: CallEnded ──> ENDED
                       └────────────┴── BYE of the far end: CallEnded ───────────────────────^

While a call is ENDING the far end's own BYE, which may cross ours, is still answered; any other request gets 481.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from playvoice.sip.dialog import DialogState
from playvoice.sip.digest import DigestClient
from playvoice.sip.events import CallEnded
from playvoice.sip.flow import Flow
from playvoice.sip.hanging_up import CONNECTIONS, send_bye
from playvoice.sip.informing import Informing
from playvoice.sip.session import Session
from playvoice.sip.state import CallState

if TYPE_CHECKING:
    from playvoice.sip.user_agent import UserAgent

__all__ = ["Call", "CallState", "q850_cause"]

_Q850 = re.compile(r"^\s*Q\.850\s*;(?:.*;)?\s*cause\s*=\s*(\d{1,3})\b", re.IGNORECASE)


class Call:
    """One call, made or received: `OutgoingCall` and `IncomingCall` are the two kinds."""

    def __init__(self, agent: UserAgent, call_id: str, state: CallState) -> None:
        self._agent = agent
        self._core = agent.core
        self.id = call_id
        """Its Call-ID."""
        self.state = state
        self.dialog: DialogState | None = None
        self.digest: DigestClient | None = None
        """Who answers challenges to our requests; None where we have no credentials."""
        self.session = Session(agent, self)
        self._informing = Informing(agent, self)
        self._unacknowledged = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state.name}>"

    def bye(self, now: float) -> None:
        """End the answered call; CallEnded follows when the far end has confirmed it, or after Timer F."""
        if self.state in (CallState.ANSWERED, CallState.CONFIRMED):
            self.session.end(now)
            self._send_bye(now)

    def inform(self, now: float, body: bytes, content_type: str) -> bool:
        """Send INFO with this body, as keys are sent where audio has none; InfoRefused may follow.

        False, and nothing is sent, before the call is confirmed and where too many wait for their answers.
        """
        return self._informing.add(now, body, content_type)

    def give_up(self, now: float) -> None:
        """End the call because no ACK came to an answer of ours (section 13.3.1.4)."""
        self._unacknowledged = True
        self.bye(now)

    def lose(self, flow: Flow) -> None:
        """The connection is lost that it keeps to: what it still sends goes by Route or Contact, if that leads there.

        Anywhere else they would let a far end choose to whom our requests go.
        """
        dialog = self.dialog
        if dialog is None or not dialog.pinned:
            return
        loose = replace(dialog, pinned=False)
        if loose.next_flow().remote[0] == flow.remote[0]:
            self.dialog = loose

    def heard_over(self, flow: Flow, now: float, *, responding: bool) -> None:
        """A message of the far end came over this flow, a response to ours or a request."""

    def on_ack(self, request: Request) -> None:
        """An ACK came that belongs to a 2xx of ours."""
        self.session.acknowledge(request)

    def on_bye(self, request: Request, now: float) -> None:
        """The far end hung up; the user agent has answered."""
        self.session.end(now)
        self._over(q850_cause(request))

    def _send_bye(self, now: float, connections: int = CONNECTIONS) -> None:
        assert self.dialog is not None
        self.state = CallState.ENDING
        unreached = partial(self._on_unreached, connections - 1)
        send_bye(self._agent, self.dialog, now, self._over, self.digest, connections=1, unreached=unreached)

    def _on_unreached(self, connections: int, sent: DialogState, now: float) -> None:
        """A connection did not take our BYE, and so many others may be tried, as the dialog leads now."""
        if self.state is not CallState.ENDING or self.dialog is None:
            return
        self.dialog = replace(self.dialog, local_cseq=sent.local_cseq)
        if connections > 0:
            self._send_bye(now, connections)
        else:
            self._give_bye_up(now)

    def _give_bye_up(self, _now: float) -> None:
        """No connection took our BYE."""
        self._over()

    def _over(self, q850: int | None = None) -> None:
        if self.state is not CallState.ENDED:
            self._end()
            self._core.events.append(CallEnded(self, q850, self._unacknowledged))

    def changed(self, request: Request) -> None:
        """An offer of the far end was taken; where there is no dialog yet its early one keeps it."""

    def authorize_inside(self, request: Request) -> None:
        """Answer in a request inside the call the challenges that are known of."""
        if self.digest is not None:
            self.digest.authorize(request)

    def learn_inside(self, response: Response) -> bool:
        """Take the response to a request inside the call; True for a challenge that the next request answers."""
        return self.digest is not None and self.digest.hear(response)

    def _end(self) -> None:
        self.session.stop()
        self.state = CallState.ENDED
        self._agent.dialogs.release(self)


def q850_cause(message: Request | Response) -> int | None:
    """The Q.850 cause of a message's Reason headers: RFC 3326 section 2."""
    for value in message.headers.getlist("Reason"):
        for part in value.split(","):
            if found := _Q850.match(part):
                return int(found[1])
    return None
