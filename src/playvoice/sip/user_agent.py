"""The user agent: calls and requests of both directions over transactions and dialogs, without I/O.

Five verbs, as in any sans-IO protocol: `receive` bytes with where they came from and the time, `take_sends`,
`next_deadline` and `handle_deadline`, `take_events`. What a message belongs to is decided here, in this order:
a transaction, a dialog (Call-ID and both tags, whatever its source), and only then somebody whom the owner knows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from sipmessage import URI, Address, Request, Response

from playvoice.sip.body import SDP, is_unsupported
from playvoice.sip.call import Call, CallState
from playvoice.sip.capabilities import ALLOW, KNOWN_METHODS, unsupported_by_us
from playvoice.sip.core import MAX_SERVER_TRANSACTIONS, Core
from playvoice.sip.dialog import DialogState, InviteState, dialog_of_client, finish, make_request, make_via
from playvoice.sip.dialogs import Dialogs
from playvoice.sip.digest import Credentials
from playvoice.sip.drops import Dropped, Kind
from playvoice.sip.errors import MalformedMessage
from playvoice.sip.events import Event, IncomingCallReceived, RequestInCall, RequestReceived
from playvoice.sip.flow import Flow, Transport, format_host, stamp_via
from playvoice.sip.hanging_up import make_ack, send_bye
from playvoice.sip.incoming import IncomingCall, IncomingRequest
from playvoice.sip.message import cseq_of, make_response, parse, tag_of, to_of, top_via, vias_of
from playvoice.sip.outgoing import OutgoingCall
from playvoice.sip.outgoing_request import OutgoingRequest
from playvoice.sip.transaction import Happening, response_event

MAX_CALLS = 20_000
"""Dialogs at once; beyond it an INVITE gets 503."""


class UserAgent:
    """Both sides of RFC 3261 section 8 for one process.

    `advertise` tells the address that the far end of a flow shall use for us (Via, Contact). `admits` tells whether
    a request outside any dialog and transaction comes from somebody we know; what doesn't is dropped and counted.
    `orphans` tells whether a Call-ID is that of a call which an earlier process left: its late answers are ended.
    """

    def __init__(
        self,
        *,
        advertise: Callable[[Flow], tuple[str, int]] = lambda flow: flow.local,
        admits: Callable[[Request, Flow], bool] = lambda _request, _flow: True,
        orphans: Callable[[str], bool] = lambda _call_id: False,
        name: str = "PlayVoice",
        generator: random.Random | None = None,
        max_server_transactions: int = MAX_SERVER_TRANSACTIONS,
    ) -> None:
        self.core = Core(advertise, generator or random.SystemRandom(), name, max_server_transactions)
        self._admits = admits
        self._orphans = orphans
        self.dialogs = Dialogs(self.core)

    def __repr__(self) -> str:
        return f"<UserAgent {len(self.dialogs)} dialogs, {self.core.transaction_count} transactions>"

    # --- the five verbs -------------------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one message as it came over `flow`."""
        if not data.strip(b"\r\n\0 "):
            return  # a keep-alive
        try:
            message = parse(data, stream=flow.reliable)
        except MalformedMessage as error:
            self._on_malformed(error, flow, now)
            return
        if isinstance(message, Response):
            self._on_response(message, flow, now)
        else:
            self._on_request(message, flow, now)

    def connection_failed(self, flow: Flow, now: float) -> None:
        """A message could not be sent over `flow`, or its connection is lost."""
        self.dialogs.lose(flow)
        self.core.connection_failed(flow, now)

    def phone_moved(self, contact: URI, before: Flow, after: Flow, now: float) -> None:
        """The phone that was registered with `contact` over one flow is so over another one now (RFC 5626)."""
        self.dialogs.follow(contact, before, after, now)

    def next_deadline(self) -> float | None:
        return self.core.next_deadline()

    def handle_deadline(self, now: float) -> None:
        self.core.handle_deadline(now)

    def take_sends(self) -> list[tuple[bytes, Flow]]:
        sends, self.core.sends = self.core.sends, []
        return sends

    def take_events(self) -> list[Event]:
        events, self.core.events = self.core.events, []
        return events

    def is_used(self, flow: Flow) -> bool:
        """Whether a call's requests go over this flow."""
        return self.dialogs.are_over(flow)

    def drop(self, kind: Kind, flow: Flow, now: float, reason: str) -> None:
        """Count what its owner's sockets could not use."""
        self.core.drop(kind, flow, now, reason)

    def take_dropped(self) -> list[Dropped]:
        """What was dropped and is to be told of now."""
        return self.core.drops.take()

    # --- calls and requests of ours -------------------------------------------------------------------------------

    def prepare_invite(
        self,
        *,
        target: URI,
        flow: Flow,
        from_: Address,
        to: Address | None = None,
        body: bytes = b"",
        route: Sequence[Address] = (),
        headers: Sequence[tuple[str, str]] = (),
        pinned: bool = False,
        credentials: Credentials | None = None,
    ) -> OutgoingCall:
        """Make a call with its Call-ID, tag, branch and CSeq; nothing is sent before `call.send()`.

        `pinned` keeps requests inside the dialog on `flow`: for a phone behind a NAT, whose Contact leads nowhere.
        `credentials` answer challenges to its requests.
        """
        local = replace(from_, parameters=from_.parameters.replace(tag=self.core.token()))
        invite = InviteState(
            call_id=self.core.token(16),
            local=str(local),
            remote=str(to or Address(uri=target)),
            uri=str(target),
            via=self.make_via(flow),
            cseq=1,
            route=tuple(str(address) for address in route),
            flow=flow,
            pinned=pinned,
        )
        return OutgoingCall(self, invite, body, headers, credentials)

    def resume_invite(
        self, invite: InviteState, now: float, credentials: Credentials | None = None, *, is_old: bool = False
    ) -> OutgoingCall:
        """Take up an INVITE of an earlier process, so that it can be cancelled.

        `is_old`: no answer to it can be on its way any more, so that it is over where the far end does not know it.
        """
        call = OutgoingCall(self, invite, b"", (), credentials)
        call.resume(now, is_old=is_old)
        return call

    def resume_dialog(
        self, invite: InviteState, dialog: DialogState, credentials: Credentials | None = None
    ) -> OutgoingCall:
        """Take up a dialog of an earlier process, so that it can be ended; the caller has raised its CSeq."""
        call = OutgoingCall(self, invite, b"", (), credentials)
        call.resume_dialog(dialog)
        return call

    def request(
        self,
        method: str,
        uri: URI,
        *,
        flow: Flow,
        from_: Address,
        to: Address,
        now: float,
        call_id: str | None = None,
        cseq: int = 1,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> OutgoingRequest:
        """Send a request outside a dialog; ResponseReceived or RequestFailed follows."""
        if tag_of(from_) is None:
            from_ = replace(from_, parameters=from_.parameters.replace(tag=self.core.token()))
        request = make_request(
            method,
            uri,
            via=self.make_via(flow),
            local=str(from_),
            remote=str(to),
            call_id=call_id or self.core.token(16),
            cseq=cseq,
        )
        request.headers.add("User-Agent", self.core.name)
        for name, value in headers:
            request.headers.add(name, value)
        outgoing = OutgoingRequest(self, finish(request, body))
        self.core.start_client(request, flow, now, outgoing.on_effect)
        return outgoing

    # --- what calls use -------------------------------------------------------------------------------------------

    def contact(self, flow: Flow) -> URI:
        """Where the far end of `flow` reaches us."""
        host, port = self.core.advertise(flow)
        uri = URI(scheme="sip", host=format_host(host), port=port)
        if flow.transport is Transport.UDP:
            return uri
        return replace(uri, parameters=uri.parameters.replace(transport=str(flow.transport)))

    def make_via(self, flow: Flow) -> str:
        return make_via(flow, self.core.advertise(flow), self.core.branch())

    def next_invite(self, invite: InviteState) -> InviteState:
        """The same INVITE once more: a new branch, the next CSeq (RFC 3261 section 22.2)."""
        return replace(invite, via=self.make_via(invite.flow), cseq=invite.cseq + 1)

    def invite_headers(self, flow: Flow) -> tuple[tuple[str, str], ...]:
        return (*self.session_headers(flow), ("User-Agent", self.core.name))

    def response_headers(self, flow: Flow) -> tuple[tuple[str, str], ...]:
        return (*self.session_headers(flow), self.server_header())

    def session_headers(self, flow: Flow) -> tuple[tuple[str, str], ...]:
        """What a 200 inside a dialog has that is a target refresh, beside Server."""
        return ("Contact", str(Address(uri=self.contact(flow)))), ("Allow", ALLOW)

    def server_header(self) -> tuple[str, str]:
        return "Server", self.core.name

    # --- responses ------------------------------------------------------------------------------------------------

    def _on_response(self, response: Response, flow: Flow, now: float) -> None:
        if flow.reliable and (call := self.dialogs.of_response(response)) is not None:
            call.heard_over(flow, now, responding=True)
        if (entry := self.core.match_response(response)) is not None:
            entry.fire(response_event(response.code), now, response)
        elif cseq_of(response).method == "INVITE" and response.code < 300:
            self._on_late_response(response, flow, now)
        else:
            self.core.drop(Kind.STRAY_RESPONSE, flow, now, f"{response.code} to {cseq_of(response).method}")

    def _on_late_response(self, response: Response, flow: Flow, now: float) -> None:
        """A 1xx or 2xx whose transaction is gone: for a call of ours, or one that an earlier process left."""
        call = self.dialogs.of_response(response)
        if call is not None:
            call.on_late_response(response, now)
        elif response.code >= 200 and self._orphans(response.call_id):
            dialog = dialog_of_client(response, flow, target=str(to_of(response).uri), pinned=False)
            dialog = dialog.raised()
            self.core.send(bytes(make_ack(self, dialog)), dialog.next_flow())
            send_bye(self, dialog, now)
        else:
            self.core.drop(Kind.STRAY_RESPONSE, flow, now, f"{response.code} to {cseq_of(response).method}")

    # --- requests -------------------------------------------------------------------------------------------------

    def _on_request(self, request: Request, flow: Flow, now: float) -> None:
        reply_to = stamp_via(request, flow)
        if (entry := self.core.match_request(request)) is not None:
            event = Happening.ACK if request.method == "ACK" else Happening.REQUEST
            entry.fire(event, now, request)
            return
        if self.core.is_full and request.method != "ACK":
            self.core.drop(Kind.OVERLOAD, flow, now, request.method)
            return
        if request.method == "CANCEL":
            self._on_cancel(request, flow, reply_to, now)
            return
        if tag_of(to_of(request)) is not None:
            self._on_request_in_dialog(request, flow, reply_to, now)
        elif request.method == "ACK":
            self.core.drop(Kind.STRAY_ACK, flow, now)
        elif not self._admits(request, flow):
            self.core.drop(Kind.STRANGER, flow, now, request.method)
        else:
            self._on_new_request(request, flow, reply_to, now)

    def _on_cancel(self, request: Request, flow: Flow, reply_to: Flow, now: float) -> None:
        invite = self.core.match_request(request, "INVITE")
        if invite is None and not self._admits(request, flow):
            self.core.drop(Kind.STRANGER, flow, now, request.method)
            return
        incoming = IncomingRequest(self, request, flow, reply_to)
        if invite is None:
            incoming.refuse(481)
            return
        incoming.begin(now)
        incoming.respond(200, now)
        invite.on_cancel(now)

    def _on_request_in_dialog(self, request: Request, flow: Flow, reply_to: Flow, now: float) -> None:
        call = self.dialogs.of_request(request)
        if call is None or call.dialog is None:
            if self._is_early_update(request, flow, reply_to, now):
                return
            if request.method == "ACK":
                self.core.drop(Kind.STRAY_ACK, flow, now)
            elif self._orphans(request.call_id) or self._admits(request, flow):
                self._refuse(request, flow, reply_to, 481, now)
            else:
                self.core.drop(Kind.STRANGER, flow, now, request.method)
            return
        if request.method == "ACK":
            call.on_ack(request)
            return
        if cseq_of(request).sequence < call.dialog.remote_cseq:
            self._refuse(request, flow, reply_to, 500, now)
            return
        if call.state is CallState.ENDING and request.method != "BYE":
            self._refuse(request, flow, reply_to, 481, now)
            return
        if flow.reliable:
            call.heard_over(flow, now, responding=False)
        call.dialog = replace(call.dialog, remote_cseq=cseq_of(request).sequence)
        incoming = IncomingRequest(self, request, flow, reply_to)
        incoming.begin(now)
        if request.method == "BYE":
            incoming.respond(200, now)
            call.on_bye(request, now)
        elif request.method in ("INVITE", "UPDATE"):
            self.on_change(call, incoming, now)
        elif request.method not in ("INFO", "OPTIONS"):
            incoming.respond(405, now, headers=(("Allow", ALLOW),))
        elif unsupported := unsupported_by_us(request):
            incoming.respond(420, now, headers=(("Unsupported", unsupported),))
        else:
            self.core.events.append(RequestInCall(call, incoming))

    def _is_early_update(self, request: Request, flow: Flow, reply_to: Flow, now: float) -> bool:
        """Whether it was an UPDATE of a call of ours that rings (RFC 3311 section 5.2)."""
        call = self.dialogs.ringing(request)
        if call is None or request.method != "UPDATE":
            return False
        return call.on_early_update(IncomingRequest(self, request, flow, reply_to), now)

    def on_change(self, call: Call, incoming: IncomingRequest, now: float) -> None:
        """Take a re-INVITE or UPDATE of a call."""
        if unsupported := unsupported_by_us(incoming.request):
            incoming.respond(420, now, headers=(("Unsupported", unsupported),))
        elif is_unsupported(incoming.request):
            incoming.respond(415, now, headers=(("Accept", SDP),))
        else:
            call.session.receive(incoming, now)

    def _on_new_request(self, request: Request, flow: Flow, reply_to: Flow, now: float) -> None:
        if request.method not in KNOWN_METHODS:
            self._refuse(request, flow, reply_to, 405, now, (("Allow", ALLOW),))
        elif unsupported := unsupported_by_us(request):
            self._refuse(request, flow, reply_to, 420, now, (("Unsupported", unsupported),))
        elif request.method == "INVITE":
            self._on_invite(request, flow, reply_to, now)
        elif request.method in ("BYE", "INFO", "UPDATE"):
            self._refuse(request, flow, reply_to, 481, now)
        else:
            incoming = IncomingRequest(self, request, flow, reply_to)
            incoming.begin(now)
            self.core.events.append(RequestReceived(incoming))

    def _on_invite(self, request: Request, flow: Flow, reply_to: Flow, now: float) -> None:
        if len(self.dialogs) >= MAX_CALLS:
            self._refuse(request, flow, reply_to, 503, now, (("Retry-After", "10"),))
            return
        if is_unsupported(request):
            self._refuse(request, flow, reply_to, 415, now, (("Accept", SDP),))
            return
        pinned = "received" in top_via(request).parameters and len(vias_of(request)) == 1
        try:
            call = IncomingCall(self, request, flow, pinned=pinned)
        except ValueError:
            self._refuse(request, flow, reply_to, 400, now)
            return
        call.begin(reply_to, now)
        self.core.events.append(IncomingCallReceived(call))

    def _refuse(
        self,
        request: Request,
        flow: Flow,
        reply_to: Flow,
        status: int,
        now: float,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Refuse without remembering it, but for an INVITE, whose ACK has to be taken."""
        self.core.drop(Kind.REFUSED, flow, now, f"{request.method} with {status}")
        incoming = IncomingRequest(self, request, flow, reply_to)
        if request.method != "INVITE":
            incoming.refuse(status, headers=headers)
            return
        incoming.begin(now)
        incoming.respond(status, now, headers=headers)

    def _on_malformed(self, error: MalformedMessage, flow: Flow, now: float) -> None:
        """Answer without a state what can be answered to somebody whom we know; drop the rest."""
        self.core.drop(Kind.MALFORMED, flow, now, error.reason)
        if error.request is None or error.status is None:
            return
        try:
            reply_to = stamp_via(error.request, flow)
            if not self._admits(error.request, flow):
                return
            response = make_response(
                error.request,
                error.status,
                to_tag=self.core.stateless_tag(error.request),
                headers=(self.server_header(),),
            )
        except (ValueError, KeyError, IndexError):
            return
        self.core.send(bytes(response), reply_to)
