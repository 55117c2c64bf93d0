"""Offers inside a call, of both sides: re-INVITE (RFC 3261 section 14) and UPDATE (RFC 3311).

At most one offer is under way. One of the far end is a :class:`SessionChange`, which the owner answers::

    open ── accept, UPDATE: 200 ─────────────────────────────────────────────────> done
     │ └─── accept, INVITE: 200, repeated ──> unacknowledged ── ACK ─────────────> done
     │                                            └── no ACK in 32 s: BYE
     └───── refuse · CANCEL and BYE: 487, the session stays as it was ───────────> done

What comes at a wrong moment is refused without a word to the owner: 491 while an offer of ours has no answer yet, 500
while one of the far end has none (RFC 3261 section 14.2, RFC 3311 section 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from playvoice.sip.dialog import finish
from playvoice.sip.events import SessionAnswered, SessionChangeReceived, SessionRefused, TargetChanged
from playvoice.sip.repeated_answer import RepeatedAnswer
from playvoice.sip.state import CallState
from playvoice.sip.transaction import Deliver, Effect, TimedOut

if TYPE_CHECKING:
    from playvoice.sip.call import Call
    from playvoice.sip.incoming import IncomingRequest
    from playvoice.sip.user_agent import UserAgent

RETRY_AFTER = 10
"""Seconds: the longest that a far end is told to wait with its next offer (RFC 3261 section 14.2)."""
_GONE = (408, 481)
"""What says to a request of ours that the dialog is no more (RFC 3261 section 12.2.1.2)."""


class SessionChange:
    """A re-INVITE or UPDATE of the far end that waits for the owner's answer."""

    def __init__(self, session: Session, request: IncomingRequest) -> None:
        self._session = session
        self._answer: RepeatedAnswer | None = None
        self.request = request
        self.is_open = True
        """It has no final response yet."""

    def __repr__(self) -> str:
        return f"<SessionChange by {self.request.method}, {'open' if self.is_open else 'answered'}>"

    @property
    def offer(self) -> bytes:
        """The far end's description; empty if it wants one of ours, and answers it in its ACK."""
        return self.request.request.body

    @property
    def is_invite(self) -> bool:
        return self.request.method == "INVITE"

    def accept(self, now: float, body: bytes = b"") -> None:
        """Answer with our description, or, where there was no offer, make one."""
        if self.is_open:
            self._session.accept(self, now, body)

    def refuse(self, now: float, status: int = 488) -> None:
        """Let the session stay as it was."""
        if self.is_open:
            self.is_open = False
            self.request.respond(status, now)
            self._session.done(self)

    def repeat(self, answer: RepeatedAnswer) -> None:
        """Its 200 is on its way."""
        self._answer = answer

    def stop(self) -> None:
        if self._answer is not None:
            self._answer.stop()


@dataclass(frozen=True, slots=True, eq=False)
class _Ours:
    """A re-INVITE or UPDATE of ours that has no final response yet."""

    method: str
    cseq: int
    body: bytes


class Session:
    """The offers inside one call."""

    def __init__(self, agent: UserAgent, call: Call) -> None:
        self._agent = agent
        self._core = agent.core
        self._call = call
        self._theirs: SessionChange | None = None
        self._unacknowledged: SessionChange | None = None
        self._ours: _Ours | None = None

    def __repr__(self) -> str:
        return f"<Session of {self._call.id}: {self._theirs or self._ours or 'settled'}>"

    # --- offers of the far end ------------------------------------------------------------------------------------

    def receive(self, incoming: IncomingRequest, now: float) -> None:
        """Take a re-INVITE or an UPDATE."""
        status = self._conflict(incoming)
        if status is not None:
            retry = (("Retry-After", str(self._core.random.randint(0, RETRY_AFTER))),) if status == 500 else ()
            incoming.respond(status, now, headers=retry)
            return
        change = SessionChange(self, incoming)
        if not change.is_invite and not change.offer:
            self.accept(change, now, b"")
            return
        self._theirs = change
        self._core.events.append(SessionChangeReceived(self._call, change))

    def _conflict(self, incoming: IncomingRequest) -> int | None:
        """What a request gets that comes while another offer is under way."""
        is_invite = incoming.method == "INVITE"
        if not is_invite and not incoming.request.body:
            return None
        if self._theirs is not None:
            return 500
        if self._ours is not None and (self._ours.body or (is_invite and self._ours.method == "INVITE")):
            return 491
        if self._unacknowledged is not None and (is_invite or not self._unacknowledged.offer):
            return 491
        if is_invite and self._call.state is not CallState.CONFIRMED:
            return 491
        return None

    def accept(self, change: SessionChange, now: float, body: bytes) -> None:
        """Send the 200 that a change gets; the change calls it."""
        change.is_open = False
        incoming = change.request
        data = incoming.respond(200, now, headers=self._agent.session_headers(incoming.flow), body=body)
        self.done(change)
        if change.is_invite:
            change.repeat(RepeatedAnswer(self._core, data, incoming.reply_to, now, self._give_up))
            self._unacknowledged = change
        self._refresh_target(incoming.request)

    def done(self, change: SessionChange) -> None:
        """A change has its final response."""
        if self._theirs is change:
            self._theirs = None

    def acknowledge(self, ack: Request) -> None:
        """Take the ACK to a 200 of ours, and the answer in it if the 200 made the offer."""
        change = self._unacknowledged
        if change is None or change.request.request.cseq.sequence != ack.cseq.sequence:
            return
        change.stop()
        self._unacknowledged = None
        if not change.offer:
            self._core.events.append(SessionAnswered(self._call, ack.body))

    def cancel(self, invite: Request, now: float) -> bool:
        """Take a CANCEL of this INVITE (section 9.2); False if it is not the one that is open."""
        change = self._theirs
        if change is None or change.request.request is not invite:
            return False
        change.refuse(now, 487)
        return True

    def _give_up(self, now: float) -> None:
        self._unacknowledged = None
        self._call.give_up(now)

    # --- offers of ours -------------------------------------------------------------------------------------------

    def offer(self, now: float, body: bytes, method: str = "INVITE") -> bool:
        """Offer a session anew; SessionAnswered or SessionRefused follows. False while another offer is under way."""
        busy = self._ours or self._theirs or self._unacknowledged
        if self._call.state is not CallState.CONFIRMED or busy is not None:
            return False
        dialog = self._call.dialog
        assert dialog is not None
        dialog = self._call.dialog = replace(dialog, local_cseq=dialog.local_cseq + 1)
        ours = self._ours = _Ours(method, dialog.local_cseq, body)
        flow = dialog.next_flow()
        request = dialog.request(method, self._agent.make_via(flow), ours.cseq)
        for name, value in self._agent.invite_headers(flow):
            request.headers.add(name, value)
        self._core.start_client(finish(request, body), flow, now, partial(self._on_effect, ours))
        return True

    def _on_effect(self, ours: _Ours, effect: Effect, now: float) -> None:
        if not isinstance(effect, Deliver):
            self._on_failure(ours, 408 if isinstance(effect, TimedOut) else 503, now)
            return
        response = effect.message
        assert isinstance(response, Response)
        if 200 <= response.code < 300:
            self._on_success(ours, response)
        elif response.code >= 300:
            self._on_failure(ours, response.code, now)

    def _on_success(self, ours: _Ours, response: Response) -> None:
        dialog = self._call.dialog
        assert dialog is not None
        if ours is self._ours:
            self._ours = None
            if self._call.state is CallState.CONFIRMED:
                self._refresh_target(response)
                self._core.events.append(SessionAnswered(self._call, response.body))
        if ours.method == "INVITE":
            self._core.send(
                bytes(self._agent.make_ack(self._call.dialog or dialog, cseq=ours.cseq)), dialog.next_flow()
            )

    def _on_failure(self, ours: _Ours, status: int, now: float) -> None:
        if ours is not self._ours:
            return
        self._ours = None
        if self._call.state is not CallState.CONFIRMED:
            return
        if status in _GONE:
            self._call.bye(now)
        else:
            self._core.events.append(SessionRefused(self._call, status))

    # --- both -----------------------------------------------------------------------------------------------------

    def _refresh_target(self, message: Request | Response) -> None:
        """Take the Contact of a target refresh (RFC 3261 section 12.2)."""
        try:
            contact = message.contact
        except ValueError:
            return
        dialog = self._call.dialog
        if not contact or contact[0].uri is None or dialog is None:
            return
        target = str(contact[0].uri)
        if target != dialog.remote_target:
            self._call.dialog = replace(dialog, remote_target=target)
            self._core.events.append(TargetChanged(self._call))

    def end(self, now: float) -> None:
        """The call is ending: what is open gets 487 (RFC 3261 section 15.1.2)."""
        if self._unacknowledged is not None:
            self._unacknowledged.stop()
            self._unacknowledged = None
        if self._theirs is not None:
            self._theirs.refuse(now, 487)
