"""Calls that we make: RFC 3261 sections 9.1 and 13.2; how a call ends is in `playvoice.sip.call`.

A call::

    PREPARED ── send ──> CALLING ── 1xx ──> EARLY ── 2xx: Answered ──> ANSWERED ── ack ──> CONFIRMED
                           └──────────────────┴── 300-699: Rejected, Challenged · no answer: Failed ──> ENDED

After :meth:`OutgoingCall.cancel` one of Rejected, Failed and Answered follows: an answer may cross the CANCEL, and who
gets it ends it by `bye`. A 2xx of a second fork gets ACK and BYE without a word (section 13.2.2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sipmessage import URI, Request, Response

from playvoice.sip import reliable, session_timer
from playvoice.sip.body import description_of
from playvoice.sip.call import CallState, q850_cause
from playvoice.sip.core import Entry
from playvoice.sip.dialog import DialogState, InviteState, dialog_of_client, finish
from playvoice.sip.digest import CHALLENGES, MAX_ATTEMPTS, Credentials, DigestClient, answers_of
from playvoice.sip.events import (
    Answered,
    Challenged,
    Failed,
    Provisional,
    Rejected,
    Why,
)
from playvoice.sip.flow import Flow
from playvoice.sip.following import FollowingCall
from playvoice.sip.hanging_up import CONNECTIONS, make_ack, send_bye
from playvoice.sip.message import cseq_of, make_cancel, tag_of, to_of
from playvoice.sip.reliable import EarlyDialogs, Prack, rseq_of
from playvoice.sip.session import Session
from playvoice.sip.transaction import (
    Deliver,
    Effect,
    Happening,
    TimedOut,
    TransportFailed,
    response_event,
    status_of,
)

if TYPE_CHECKING:
    from playvoice.sip.incoming import IncomingRequest
    from playvoice.sip.user_agent import UserAgent


COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"""The Reason of a CANCEL to a phone whose call another took: it shows no missed call (RFC 3326 section 3.1)."""


class OutgoingCall(FollowingCall):
    """One call that we make: an INVITE, its answer, and the dialog until BYE. Made by the user agent."""

    def __init__(
        self,
        agent: UserAgent,
        invite: InviteState,
        body: bytes,
        headers: Sequence[tuple[str, str]],
        credentials: Credentials | None = None,
    ) -> None:
        super().__init__(agent, invite)
        self._body = body
        self._headers = list(headers)
        self.digest = None if credentials is None else DigestClient(credentials, self._core.random)
        self._challenge: Response | None = None
        self._authorized = 0
        """INVITEs that answered a challenge."""
        self._is_through = False
        """A proxy has passed the INVITE on, or the far end has heard it."""
        self._entry: Entry | None = None
        self._ack: bytes | None = None
        self._early = EarlyDialogs()
        self._strays: dict[str, bytes] = {}
        """The ACK of each dialog that nobody wanted, by the far end's tag."""
        self._longer_wanted = 0
        self._cancelling = False
        self._cancel_sent = False
        self._is_old = False
        """No answer can be on its way any more."""
        self._reason = ""

    def __repr__(self) -> str:
        return f"<OutgoingCall {self.id} {self.state.name}{' cancelling' if self._cancelling else ''}>"

    # --- what the owner does --------------------------------------------------------------------------------------

    def send(self, now: float) -> None:
        """Send the INVITE that `invite` describes; nothing if the call was cancelled meanwhile."""
        if self.state is not CallState.PREPARED:
            return
        request = self.invite.request()
        for name, value in (*self._agent.invite_headers(self.invite.flow), *self._headers):
            request.headers.add(name, value)
        request.headers.add("Supported", f"{reliable.OPTION}, {session_timer.OPTION}")
        request.headers.add("Session-Expires", str(max(session_timer.INTERVAL, self.session.min_se)))
        request.headers.add("Min-SE", str(self.session.min_se))
        finish(request, self._body)
        self.authorize_inside(request)
        self.state = CallState.CALLING
        self._agent.dialogs.watch(self)
        self._entry = self._core.start_client(request, self.invite.flow, now, self._on_effect)

    def resume(self, now: float, *, is_old: bool = False) -> None:
        """Go on with an INVITE that an earlier process sent; `cancel` is what follows."""
        self._is_old = is_old
        request = finish(self.invite.request())
        self.state = CallState.EARLY
        self._agent.dialogs.watch(self)
        self._entry = self._core.start_client(request, self.invite.flow, now, self._on_effect, resumed=True)

    def resume_dialog(self, dialog: DialogState) -> None:
        """Go on with a call that an earlier process had answered; `bye` is what follows."""
        self.dialog = dialog
        self.invite = replace(self.invite, flow=dialog.flow)
        self.state = CallState.CONFIRMED
        self._agent.dialogs.watch(self)
        self._agent.dialogs.confirm(self, dialog)

    def cancel(self, now: float, reason: str = "") -> None:
        """End the call before its answer; the CANCEL waits for a provisional response (RFC 3261 section 9.1).

        `reason` is the value of its Reason header (RFC 3326).
        """
        self._cancelling = True
        self._reason = reason
        if self.state is CallState.PREPARED:
            self._end()
        elif self.state is CallState.EARLY:
            self._send_cancel(now)

    def ack(self, now: float, body: bytes = b"") -> None:
        """Acknowledge the answer, now that it is stored. Repeated answers get the same ACK."""
        if self.state is not CallState.ANSWERED:
            return
        self._send_ack(body)
        self.state = CallState.CONFIRMED

    def bye(self, now: float) -> None:
        """End the answered call; an answer that was not acknowledged yet is first. CallEnded follows."""
        if self.state is CallState.ANSWERED:
            self._send_ack(b"")
        super().bye(now)

    def authorize(self) -> bool:
        """After Challenged: prepare the INVITE that answers it (section 22.2); store `invite` anew, then `send`.

        False where there are no credentials, no challenge can be answered, or the server refused the answer it got.
        """
        if self._challenge is None or self.digest is None or self._authorized >= MAX_ATTEMPTS:
            return False
        if not self.digest.learn(self._challenge):
            return False
        self._authorized += 1
        self._challenge = None
        self._prepare_again(self._agent.next_invite(self.invite))
        return True

    def lengthen(self) -> bool:
        """After Rejected by 422: prepare the INVITE with the interval that the far end wants (RFC 4028 section 7.3).

        Store `invite` anew, then `send`. False where it named none that is longer, or one was followed before.
        """
        if self._longer_wanted <= self.session.min_se or self.session.min_se > session_timer.MIN_SE:
            return False
        self.session.min_se = self._longer_wanted
        self._prepare_again(self._agent.next_invite(self.invite))
        return True

    def redirect(self, target: URI, flow: Flow) -> None:
        """After Rejected by 3xx, or by a target that it named: prepare the INVITE to this one (section 8.1.3.4).

        Store `invite` anew, then `send`.
        """
        self._prepare_again(self._agent.next_invite(replace(self.invite, uri=str(target), flow=flow)))

    def _prepare_again(self, invite: InviteState) -> None:
        self.invite = invite
        self.state = CallState.PREPARED
        self._is_through = False
        self._early = EarlyDialogs()
        min_se = self.session.min_se
        self.session = Session(self._agent, self)
        self.session.min_se = min_se

    # --- what comes back ------------------------------------------------------------------------------------------

    def _on_effect(self, effect: Effect, now: float) -> None:
        if isinstance(effect, Deliver):
            assert isinstance(effect.message, Response)
            self.on_response(effect.message, now)
        elif self.state in (CallState.CALLING, CallState.EARLY):
            self._end()
            self._agent.dialogs.remember(self, now)  # the INVITE may have arrived all the same
            why = Why.TIMEOUT if isinstance(effect, TimedOut) else Why.TRANSPORT
            self._core.events.append(Failed(self, why))

    def on_response(self, response: Response, now: float) -> None:
        """Take a response to the INVITE from its transaction."""
        event = response_event(response.code)
        if event is Happening.PROVISIONAL:
            self._on_provisional(response, now)
        elif event is Happening.SUCCESS:
            self._on_success(response, now)
        elif self.state in (CallState.CALLING, CallState.EARLY):
            self._on_failure(response)

    def on_late_response(self, response: Response, now: float) -> None:
        """Take a 1xx or 2xx to the INVITE whose transaction is gone; a call that was given up is cancelled anew."""
        if response.code >= 200:
            self._on_success(response, now)
        elif self.state is CallState.ENDED:
            self._cancel_anew(now)

    def _on_provisional(self, response: Response, now: float) -> None:
        if response.code > 100 and not self._is_through:
            self._is_through = True  # so its credentials were taken
            self.learn_inside(response)
        if self.state is CallState.CALLING:
            self.state = CallState.EARLY
        if self._cancelling and self.state is CallState.EARLY:
            self._send_cancel(now)
        self._early.hear(response, self.invite)
        if not self._acknowledge_early(response, now):
            return
        if response.code > 100 and self.state is CallState.EARLY and not self._cancelling:
            self._core.events.append(Provisional(self, response.code, description_of(response)))

    def _acknowledge_early(self, response: Response, now: float) -> bool:
        """Send PRACK where it is wanted; False for a response that was told of before, or is not to be yet."""
        rseq = rseq_of(response)
        if rseq is None:
            return True
        prack = self._early.take(response, rseq)
        if prack is not None:
            self._send_prack(prack, now)
        return prack is not None

    def _on_success(self, response: Response, now: float) -> None:
        if self.dialog is not None and (tag_of(to_of(response)) or "") == self.dialog.remote_tag:
            self._acknowledge_again()
            return
        dialog = dialog_of_client(response, self.invite.flow, target=self.invite.uri, pinned=self.invite.pinned)
        dialog = self._early.confirm(dialog)
        is_wanted = self.state in (CallState.CALLING, CallState.EARLY)
        if not is_wanted or cseq_of(response).sequence != self.invite.cseq:
            self._end_stray(dialog, now)
            return
        self.dialog = dialog
        self.state = CallState.ANSWERED
        self._give_up_at = None
        self._agent.dialogs.confirm(self, dialog)
        self.session.begin_as_client(response, now)
        self.session.description = self._early.ours(dialog) or self._body
        self.learn_inside(response)
        self._core.events.append(Answered(self, self._early.answer(dialog, response)))

    def _end_stray(self, dialog: DialogState, now: float) -> None:
        """ACK and BYE what nobody wants: a second fork, an answer after the end; its repetitions get the ACK again."""
        tag = dialog.remote_tag
        if tag not in self._strays:
            if len(self._strays) >= reliable.MAX_FORKS:
                return
            self._strays[tag] = bytes(make_ack(self._agent, dialog, credentials=self._credentials))
            self._core.send(self._strays[tag], dialog.next_flow())
            send_bye(self._agent, dialog, now, digest=self.digest)
        else:
            self._core.send(self._strays[tag], dialog.next_flow())

    def _on_failure(self, response: Response) -> None:
        self._end()
        if response.code in CHALLENGES and not self._cancelling:
            self._challenge = response
            self._core.events.append(Challenged(self, response))
            return
        self._longer_wanted = session_timer.min_se(response) if response.code == 422 else 0
        self._core.events.append(Rejected(self, response.code, response.phrase, q850_cause(response), response))

    # --- on the way out -------------------------------------------------------------------------------------------

    def _send_prack(self, prack: Prack, now: float, connections: int = CONNECTIONS) -> None:
        """Send PRACK in a transaction of its own; whatever comes back, the INVITE's own responses tell what follows."""
        flow = prack.dialog.next_flow()
        request = prack.dialog.request("PRACK", self._agent.make_via(flow), prack.dialog.local_cseq)
        request.headers.add("RAck", prack.rack)
        request.headers.add("User-Agent", self._core.name)
        self.authorize_inside(request)
        self._core.start_client(finish(request), flow, now, partial(self._on_prack_effect, prack, connections))

    def _on_prack_effect(self, prack: Prack, connections: int, effect: Effect, now: float) -> None:
        """A PRACK that is challenged, or met a dead connection, is sent again; all else says nothing more."""
        if self.state is not CallState.EARLY:
            return
        is_for_another = False
        if isinstance(effect, TransportFailed):
            connections -= 1
            is_for_another = connections > 0
        elif isinstance(effect, Deliver) and status_of(effect.message) >= 200:
            assert isinstance(effect.message, Response)
            is_for_another = self.learn_inside(effect.message)
        again = self._early.again(prack) if is_for_another else None
        if again is not None:
            self._send_prack(again, now, connections)

    def on_early_update(self, incoming: IncomingRequest, now: float) -> bool:
        """Take an UPDATE before the answer; False if it is of no early dialog."""
        if self.state is not CallState.EARLY:
            return False
        in_order = self._early.take_update(incoming.request)
        if in_order is None:
            return False
        incoming.begin(now)
        if not in_order:
            incoming.respond(500, now)
        elif description_of(incoming.request) and not self._early.is_answered(incoming.request):
            incoming.respond(491, now)  # our offer has no answer yet
        else:
            self._agent.on_change(self, incoming, now)
        return True

    def changed(self, request: Request) -> None:
        self._early.change(request, self.session.description)

    def _cancel_again(self, now: float) -> None:
        if self.state is CallState.ENDED:
            self._cancel_anew(now)
        elif self.state is CallState.EARLY and self._cancelling:
            self._send_cancel(now)

    def _cancel_anew(self, now: float) -> None:
        """Cancel what was given up."""
        if self._entry is None:
            return
        if self._entry.transaction.terminated:
            request = self._entry.transaction.request
            self._entry = self._core.start_client(request, self.invite.flow, now, self._on_effect, resumed=True)
            self._cancel_sent = False
        self._send_cancel(now)

    def _send_cancel(self, now: float, connections: int = CONNECTIONS) -> None:
        if self._cancel_sent or self._entry is None:
            return
        self._cancel_sent = True
        cancel = make_cancel(self._entry.transaction.request)
        if self._reason:
            cancel.headers.add("Reason", self._reason)
        self._core.start_client(cancel, self.invite.flow, now, partial(self._on_cancel_effect, connections))
        self._wait_for_end(now)

    def _on_cancel_effect(self, connections: int, effect: Effect, now: float) -> None:
        """Only the INVITE's own final response tells its end, but where the far end knows no INVITE any more.

        One that has answered says the same (RFC 3261 section 9.2) while it repeats its answer, so it is believed of an
        old INVITE alone. A CANCEL that met a dead connection is sent again: over another one of so many, or when the
        far end is heard of.
        """
        if isinstance(effect, TransportFailed):
            self._cancel_sent = False
            if connections > 1 and self._entry is not None and not self._entry.transaction.terminated:
                self._send_cancel(now, connections - 1)
        elif self._is_old and isinstance(effect, Deliver) and status_of(effect.message) == 481:
            self.on_deadline(now)

    def _give_up_invite(self, now: float) -> None:
        if self._entry is not None and not self._entry.transaction.terminated:
            self._entry.fire(Happening.GIVE_UP, now)

    def _send_ack(self, body: bytes) -> None:
        assert self.dialog is not None
        self._ack = bytes(make_ack(self._agent, self.dialog, body, credentials=self._credentials))
        self._core.send(self._ack, self.dialog.next_flow())

    @property
    def _credentials(self) -> tuple[tuple[str, str], ...]:
        """Those of the INVITE."""
        return () if self._entry is None else answers_of(self._entry.transaction.request)

    def _acknowledge_again(self) -> None:
        """A repeated answer gets the same ACK; one to an earlier process is acknowledged anew."""
        assert self.dialog is not None
        if self._ack is not None:
            self._core.send(self._ack, self.dialog.next_flow())
        elif self.state is not CallState.ANSWERED:
            self._send_ack(b"")
