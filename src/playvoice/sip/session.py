"""Offers inside a call, of both sides: re-INVITE (RFC 3261 section 14) and UPDATE (RFC 3311).

At most one offer is under way. One of the far end is a :class:`SessionChange`, which the owner answers::

    open ── accept, UPDATE: 200 ─────────────────────────────────────────────────> done
     │ └─── accept, INVITE: 200, repeated ──> unacknowledged ── ACK ─────────────> done
     │                                            └── no ACK in 32 s: BYE
     └───── refuse · CANCEL and BYE: 487, the session stays as it was ───────────> done

What comes at a wrong moment is refused without a word to the owner: 491 while an offer of ours has no answer yet, 500
while one of the far end has none (RFC 3261 section 14.2, RFC 3311 section 5.2).

The session's timer (RFC 4028) is refreshed here, by UPDATE where the far end takes it, else by a re-INVITE with the
description that it has, and ends the call where no refresh comes.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from playvoice.sip import session_timer
from playvoice.sip.alarm import Alarm
from playvoice.sip.body import description_of
from playvoice.sip.dialog import contact_of, finish
from playvoice.sip.digest import answers_of
from playvoice.sip.events import SessionAnswered, SessionChangeReceived, SessionRefused, TargetChanged
from playvoice.sip.hanging_up import make_ack
from playvoice.sip.message import cseq_of
from playvoice.sip.repeated_answer import RepeatedAnswer
from playvoice.sip.session_timer import Agreed, Due, SessionTimer, Side
from playvoice.sip.state import CallState
from playvoice.sip.transaction import Deliver, Effect, TimedOut

if TYPE_CHECKING:
    from playvoice.sip.call import Call
    from playvoice.sip.incoming import IncomingRequest
    from playvoice.sip.user_agent import UserAgent

Headers = tuple[tuple[str, str], ...]

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
        return description_of(self.request.request)

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
    is_refresh: bool
    credentials: Headers


class Session:
    """The offers inside one call."""

    def __init__(self, agent: UserAgent, call: Call) -> None:
        self._agent = agent
        self._core = agent.core
        self._weak_call = weakref.ref(call)
        self._theirs: SessionChange | None = None
        self._unacknowledged: SessionChange | None = None
        self._ours: _Ours | None = None
        self._alarm = Alarm(agent.core, self._on_time)
        self._may_be_longer = True
        self.timer = SessionTimer()
        self.min_se = session_timer.MIN_SE
        """Seconds: the shortest interval that the far end takes, as far as we know."""
        self.description = b""
        """Ours, as the far end knows it."""
        self.peer_allows: frozenset[str] = frozenset()
        """The methods that the far end says it takes."""

    def __repr__(self) -> str:
        return f"<Session of {self._weak_call()}: {self._theirs or self._ours or 'settled'}>"

    @property
    def _call(self) -> Call:
        """Whose session it is. The call holds its session and not the other way round: else neither would ever go."""
        call = self._weak_call()
        assert call is not None
        return call

    # --- the answer of the call -----------------------------------------------------------------------------------

    def begin_as_client(self, response: Response, now: float) -> None:
        """Our INVITE has its answer."""
        self.peer_allows = _allowed(response)
        self._agree(session_timer.as_client(response), now)

    def begin_as_server(self, request: Request, body: bytes, now: float) -> Headers:
        """The far end's INVITE gets its answer, which these headers are for."""
        self.description = body
        self.peer_allows = _allowed(request)
        return self._agree_as_server(request, now)

    # --- offers of the far end ------------------------------------------------------------------------------------

    def receive(self, incoming: IncomingRequest, now: float) -> None:
        """Take a re-INVITE or an UPDATE."""
        if session_timer.is_too_short(incoming.request):
            incoming.respond(422, now, headers=(("Min-SE", str(session_timer.MIN_SE)),))
            return
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
        incoming.when_cancelled(partial(change.refuse, status=487))
        self._core.events.append(SessionChangeReceived(self._call, change))

    def _conflict(self, incoming: IncomingRequest) -> int | None:
        """What a request gets that comes while another offer is under way."""
        is_invite = incoming.method == "INVITE"
        if not is_invite and not description_of(incoming.request):
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
        if body:
            self.description = body
        self.peer_allows = _allowed(incoming.request) or self.peer_allows
        headers = (*self._agent.session_headers(incoming.flow), *self._agree_as_server(incoming.request, now))
        data = incoming.respond(200, now, headers=headers, body=body)
        self.done(change)
        if change.is_invite:
            change.repeat(RepeatedAnswer(self._core, data, incoming.entry, now, self._give_up))
            self._unacknowledged = change
        self._refresh_target(incoming.request)
        self._call.changed(incoming.request)

    def done(self, change: SessionChange) -> None:
        """A change has its final response."""
        if self._theirs is change:
            self._theirs = None

    def acknowledge(self, ack: Request) -> None:
        """Take the ACK to a 200 of ours, and the answer in it if the 200 made the offer."""
        change = self._unacknowledged
        if change is None or cseq_of(change.request.request).sequence != cseq_of(ack).sequence:
            return
        change.stop()
        self._unacknowledged = None
        if not change.offer:
            self._core.events.append(SessionAnswered(self._call, description_of(ack)))

    def _give_up(self, now: float) -> None:
        self._unacknowledged = None
        self._call.give_up(now)

    # --- offers of ours -------------------------------------------------------------------------------------------

    def offer(self, now: float, body: bytes, method: str = "INVITE") -> bool:
        """Offer a session anew; SessionAnswered or SessionRefused follows. False while another offer is under way."""
        if not self._is_free:
            return False
        self._send(now, body, method, is_refresh=False)
        return True

    @property
    def _is_free(self) -> bool:
        """No offer is under way."""
        busy = self._ours or self._theirs or self._unacknowledged
        return self._call.state is CallState.CONFIRMED and busy is None

    def _send(self, now: float, body: bytes, method: str, *, is_refresh: bool) -> None:
        dialog = self._call.dialog
        assert dialog is not None
        dialog = self._call.dialog = replace(dialog, local_cseq=dialog.local_cseq + 1)
        flow = dialog.next_flow()
        request = dialog.request(method, self._agent.make_via(flow), dialog.local_cseq)
        for name, value in (*self._agent.invite_headers(flow), *self._timer_headers()):
            request.headers.add(name, value)
        self._call.authorize_inside(request)
        ours = self._ours = _Ours(method, dialog.local_cseq, body, is_refresh, answers_of(request))
        self._core.start_client(finish(request, body), flow, now, partial(self._on_effect, self._call, ours))

    def _on_effect(self, _call: Call, ours: _Ours, effect: Effect, now: float) -> None:
        """Take what became of an offer of ours, for which the transaction keeps the call."""
        if not isinstance(effect, Deliver):
            self._on_failure(ours, 408 if isinstance(effect, TimedOut) else 503, now)
            return
        response = effect.message
        assert isinstance(response, Response)
        if response.code < 200:
            return
        if response.code < 300:
            self._on_success(ours, response, now)
        elif not self._is_sent_again(ours, response, now):
            self._on_failure(ours, response.code, now)

    def _on_success(self, ours: _Ours, response: Response, now: float) -> None:
        dialog = self._call.dialog
        assert dialog is not None
        self._call.learn_inside(response)
        if ours is self._ours:
            self._ours = None
            if self._call.state is CallState.CONFIRMED:
                self._refresh_target(response)
                self.description = ours.body or self.description
                self._may_be_longer = True
                self._agree(session_timer.as_client(response), now)
                answer = description_of(response)
                if answer or not ours.is_refresh:
                    self._core.events.append(SessionAnswered(self._call, answer))
        if ours.method == "INVITE":
            dialog = self._call.dialog or dialog
            ack = make_ack(self._agent, dialog, cseq=ours.cseq, credentials=ours.credentials)
            self._core.send(bytes(ack), dialog.next_flow())

    def _on_failure(self, ours: _Ours, status: int, now: float) -> None:
        if ours is not self._ours:
            return
        self._ours = None
        if self._call.state is not CallState.CONFIRMED:
            return
        if status in _GONE:
            self._call.bye(now)
        elif not ours.is_refresh:
            self._core.events.append(SessionRefused(self._call, status))

    def _is_sent_again(self, ours: _Ours, response: Response, now: float) -> bool:
        """Send anew what was refused for a reason that we can do something about."""
        if ours is not self._ours or self._call.state is not CallState.CONFIRMED:
            return False
        if response.code in (405, 501) and ours.is_refresh and ours.method == "UPDATE":
            self.peer_allows -= {"UPDATE"}
            self._refresh(now)
            return True
        if response.code == 422 and self.timer.agreed is not None and self._may_be_longer:
            self._may_be_longer = False
            self.min_se = max(self.min_se, session_timer.min_se(response))
        elif not self._call.learn_inside(response):
            return False
        self._send(now, ours.body, ours.method, is_refresh=ours.is_refresh)
        return True

    # --- the session's timer --------------------------------------------------------------------------------------

    def _timer_headers(self) -> Headers:
        agreed = self.timer.agreed
        if agreed is None:
            return (("Supported", session_timer.OPTION),)
        refresher = Side.UAC if agreed.we_refresh else Side.UAS
        expires = session_timer.SessionExpires(max(agreed.seconds, self.min_se), refresher)
        return (
            ("Supported", session_timer.OPTION),
            ("Session-Expires", str(expires)),
            ("Min-SE", str(self.min_se)),
        )

    def _agree_as_server(self, request: Request, now: float) -> Headers:
        """Agree on what a 2xx of ours says; gives its headers."""
        expires = session_timer.as_server(request, self.timer.agreed)
        if expires is None:
            self._agree(None, now)
            return (("Supported", session_timer.OPTION),)
        self._agree(Agreed(expires.seconds, we_refresh=expires.refresher is Side.UAS), now)
        required = (("Require", session_timer.OPTION),) if session_timer.supports(request) else ()
        return (*required, ("Supported", session_timer.OPTION), ("Session-Expires", str(expires)))

    def _agree(self, agreed: Agreed | None, now: float) -> None:
        self.timer.agree(agreed, now)
        self._alarm.set(self.timer.next_deadline())

    def _on_time(self, now: float) -> None:
        due = self.timer.due(now)
        self._alarm.set(self.timer.next_deadline())
        if due is Due.END:
            self._call.bye(now)
        elif due is Due.REFRESH and self._is_free:
            self._refresh(now)

    def _refresh(self, now: float) -> None:
        if "UPDATE" in self.peer_allows:
            self._send(now, b"", "UPDATE", is_refresh=True)
        else:
            self._send(now, self.description, "INVITE", is_refresh=True)

    # --- both -----------------------------------------------------------------------------------------------------

    def _refresh_target(self, message: Request | Response) -> None:
        """Take the Contact of a target refresh (RFC 3261 section 12.2)."""
        dialog, target = self._call.dialog, contact_of(message)
        if target is not None and dialog is not None and target != dialog.remote_target:
            self._call.dialog = replace(dialog, remote_target=target)
            self._core.events.append(TargetChanged(self._call))

    def end(self, now: float) -> None:
        """The call is ending: what is open gets 487 (RFC 3261 section 15.1.2)."""
        if self._unacknowledged is not None:
            self._unacknowledged.stop()
            self._unacknowledged = None
        if self._theirs is not None:
            self._theirs.refuse(now, 487)
        self.stop()

    def stop(self) -> None:
        """The call has ended: no time matters any more."""
        self._alarm.stop()


def _allowed(message: Request | Response) -> frozenset[str]:
    """The methods of Allow."""
    values = message.headers.getlist("Allow")
    return frozenset(method.strip().upper() for value in values for method in value.split(","))
