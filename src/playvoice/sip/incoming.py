"""Calls and requests that come to us: RFC 3261 sections 9.2 and 13.3; how a call ends is in `playvoice.sip.call`.

A call::

    EARLY ── answer: 2xx, repeated until ACK ──> ANSWERED ── ACK: Acknowledged ──> CONFIRMED
      └ reject · CANCEL: 487, Cancelled ──> ENDED   └ no ACK in 32 s: BYE ──> ENDING
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sipmessage import Request

from playvoice.sip.body import description_of
from playvoice.sip.call import Call, CallState
from playvoice.sip.core import Entry
from playvoice.sip.dialog import dialog_of_server
from playvoice.sip.events import Acknowledged, Cancelled
from playvoice.sip.flow import Flow
from playvoice.sip.message import make_response
from playvoice.sip.repeated_answer import RepeatedAnswer
from playvoice.sip.transaction import Deliver, Effect, response_event

if TYPE_CHECKING:
    from playvoice.sip.user_agent import UserAgent


class IncomingRequest:
    """A request that waits for its response."""

    def __init__(self, agent: UserAgent, request: Request, flow: Flow, reply_to: Flow) -> None:
        self._agent = agent
        self._entry: Entry | None = None
        self.request = request
        self.flow = flow
        """Where it came from."""
        self.reply_to = reply_to
        """Where its response goes."""

    def __repr__(self) -> str:
        return f"<IncomingRequest {self.request.method} from {self.flow}>"

    @property
    def method(self) -> str:
        return self.request.method

    def begin(self, now: float) -> None:
        """Start its transaction; the user agent does."""
        self._entry = self._agent.core.start_server(self.request, self.reply_to, now, lambda _effect, _now: None)

    @property
    def entry(self) -> Entry:
        """Its transaction."""
        assert self._entry is not None
        return self._entry

    def when_cancelled(self, cancelled: Callable[[float], None]) -> None:
        """Have a CANCEL of it told, if it is an INVITE."""
        self.entry.on_cancel = cancelled

    def refuse(self, status: int, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send the only response, and keep nothing of it (RFC 3261 section 8.2.7).

        For whoever has proved nothing yet: he could fill the memory with transactions. A repeated request is refused
        anew, with the same tag.
        """
        core = self._agent.core
        if self._entry is not None:
            core.forget(self._entry)
        tag = core.stateless_tag(self.request)
        own = self._agent.server_header()
        core.send(bytes(make_response(self.request, status, to_tag=tag, headers=(*headers, own))), self.reply_to)

    def respond(
        self,
        status: int,
        now: float,
        *,
        reason: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> bytes:
        """Send a response; the first final one counts. Gives it as it went out."""
        response = make_response(
            self.request,
            status,
            reason,
            to_tag=self._agent.core.token(),
            headers=(*headers, self._agent.server_header()),
            body=body,
            content_type=content_type,
        )
        self.entry.fire(response_event(status), now, response)
        return bytes(response)


class IncomingCall(Call):
    """One call that came to us. Made by the user agent."""

    def __init__(self, agent: UserAgent, request: Request, flow: Flow, *, pinned: bool) -> None:
        super().__init__(agent, request.call_id, CallState.EARLY)
        self.request = request
        self.flow = flow
        self.local_tag = self._core.token()
        local = make_response(request, 200, to_tag=self.local_tag).headers["To"]
        self.dialog = dialog_of_server(request, local, flow, pinned=pinned)
        self._entry: Entry | None = None
        self._answer: RepeatedAnswer | None = None

    def begin(self, reply_to: Flow, now: float) -> None:
        """Start its transaction, which sends 100; the user agent does."""
        assert self.dialog is not None
        self._agent.dialogs.confirm(self, self.dialog)
        self._entry = self._core.start_server(self.request, reply_to, now, self._on_effect)
        self._entry.on_cancel = self.on_cancel

    # --- what the owner does --------------------------------------------------------------------------------------

    def ring(self, now: float, status: int = 180, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send a provisional response: 180, or 183 with a session description."""
        if self.state is CallState.EARLY:
            self._respond(status, now, body=body, headers=headers)

    def answer(self, now: float, body: bytes) -> None:
        """Send 200; it is repeated until the ACK comes (section 13.3.1.4), on a reliable transport too."""
        if self.state is not CallState.EARLY:
            return
        assert self._entry is not None
        data = self._respond(200, now, body=body, headers=self.session.begin_as_server(self.request, body, now))
        self.state = CallState.ANSWERED
        self._answer = RepeatedAnswer(self._core, data, self._entry, now, self.give_up)

    def reject(self, now: float, status: int, reason: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send a final response of 300 to 699."""
        if self.state is CallState.EARLY:
            self._respond(status, now, reason=reason, headers=headers)
            self._end()

    def bye(self, now: float) -> None:
        """End the answered call; CallEnded follows."""
        self._stop_repeating()
        super().bye(now)

    # --- what comes in --------------------------------------------------------------------------------------------

    def on_cancel(self, now: float) -> None:
        """The caller cancelled; after the answer that means nothing (section 9.2)."""
        if self.state is CallState.EARLY:
            self._respond(487, now)
            self._end()
            self._core.events.append(Cancelled(self))

    def on_ack(self, request: Request) -> None:
        if self.state is CallState.ANSWERED:
            self._stop_repeating()
            self.state = CallState.CONFIRMED
            self._core.events.append(Acknowledged(self, description_of(request)))
        else:
            super().on_ack(request)

    def _on_effect(self, effect: Effect, _now: float) -> None:
        if isinstance(effect, Deliver):
            assert isinstance(effect.message, Request)
            self.on_ack(effect.message)

    def _respond(
        self,
        status: int,
        now: float,
        *,
        reason: str = "",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        assert self._entry is not None
        own = self._agent.response_headers(self.flow) if status < 300 else (self._agent.server_header(),)
        response = make_response(
            self.request, status, reason, to_tag=self.local_tag, headers=(*own, *headers), body=body
        )
        self._entry.fire(response_event(status), now, response)
        return bytes(response)

    def _stop_repeating(self) -> None:
        if self._answer is not None:
            self._answer.stop()

    def _end(self) -> None:
        self._stop_repeating()
        super()._end()
