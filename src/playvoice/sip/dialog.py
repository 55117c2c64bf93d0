"""Dialogs: RFC 3261 section 12, and what the store keeps of a call so that a later process can end it.

:class:`InviteState` is what an INVITE is cancelled by, known before it is sent. :class:`DialogState` is what any
request inside a dialog is made from. Both are values that go through JSON unchanged.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from sipmessage import URI, Address, CSeq, Request, Response

from playvoice.sip.flow import DEFAULT_PORT, Flow, Transport, format_host, ip_of
from playvoice.sip.grammar import parse_all
from playvoice.sip.headers import new_request
from playvoice.sip.message import MAX_ADDRESSES, addresses_of, cseq_of, parse_uri, read_address, tag_of

MAX_FORWARDS = "70"
CSEQ_RAISED = 1_000
"""More requests than an earlier process has sent in a dialog since that was stored."""


def _flow_to_json(flow: Flow) -> dict[str, Any]:
    return {"transport": flow.transport, "remote": flow.remote, "local": flow.local}


class _Json:
    """Values that go through JSON unchanged."""

    def to_json(self) -> str:
        return json.dumps(vars(self), separators=(",", ":"), default=_flow_to_json)

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields: dict[str, Any] = json.loads(text)
        flow = fields["flow"]
        fields["flow"] = Flow(Transport(flow["transport"]), tuple(flow["remote"]), tuple(flow["local"]))
        for name, value in fields.items():
            if isinstance(value, list):
                fields[name] = tuple(value)
        return cls(**fields)


@dataclass(frozen=True)
class InviteState(_Json):
    """An INVITE of ours as it goes out: enough to CANCEL it, and to know its answer again."""

    call_id: str
    local: str
    """From with its tag."""
    remote: str
    """To, without a tag."""
    uri: str
    """The request URI."""
    via: str
    """The top Via with the branch."""
    cseq: int
    route: tuple[str, ...]
    flow: Flow
    pinned: bool
    """Requests inside the dialog keep to `flow`, whatever Contact says: the far end is behind a NAT."""

    def request(self) -> Request:
        """The INVITE itself, without a body."""
        return make_request(
            "INVITE",
            parse_uri(self.uri),
            via=self.via,
            local=self.local,
            remote=self.remote,
            call_id=self.call_id,
            cseq=self.cseq,
            route=self.route,
        )


@dataclass(frozen=True)
class DialogState(_Json):
    """A dialog as one side knows it (RFC 3261 section 12)."""

    call_id: str
    local: str
    """Our address with our tag."""
    remote: str
    """Their address with their tag."""
    remote_target: str
    """The URI of their Contact."""
    route: tuple[str, ...]
    """The route set, in the order of the Route headers."""
    local_cseq: int
    remote_cseq: int
    """-1 as long as they have sent no request."""
    invite_cseq: int
    flow: Flow
    pinned: bool

    @property
    def local_tag(self) -> str:
        return tag_of(read_address(self.local)) or ""

    @property
    def remote_tag(self) -> str:
        return tag_of(read_address(self.remote)) or ""

    def raised(self) -> "DialogState":
        """The dialog with a later CSeq: after a crash nobody knows which numbers were used."""
        return replace(self, local_cseq=self.local_cseq + CSEQ_RAISED)

    def request(self, method: str, via: str, cseq: int) -> Request:
        """A request inside the dialog: RFC 3261 section 12.2.1.1, with its strict routing."""
        target = parse_uri(self.remote_target)
        route = self.route
        if route and "lr" not in read_address(route[0]).uri.parameters:
            strict = read_address(route[0]).uri
            route = (*route[1:], str(Address(uri=target)))
            target = strict
        return make_request(
            method,
            target,
            via=via,
            local=self.local,
            remote=self.remote,
            call_id=self.call_id,
            cseq=cseq,
            route=route,
        )

    def next_flow(self) -> Flow:
        """Where a request inside the dialog goes: the first route, else the remote target, by a literal address.

        A name is not looked up here; the flow that made the dialog serves as well.
        """
        if self.pinned:
            return self.flow
        uri = read_address(self.route[0]).uri if self.route else parse_uri(self.remote_target)
        return flow_of(uri, self.flow)


def flow_of(uri: URI, flow: Flow) -> Flow:
    """The flow that a URI with a literal IP address of our family names, `flow` itself for any other."""
    host = ip_of(uri.host)
    if host is None or (":" in host) != (":" in flow.local[0]):
        return flow
    named = (uri.parameters.get("transport") or "udp").lower()
    if named != flow.transport:
        return flow
    return Flow(flow.transport, (host, uri.port or DEFAULT_PORT), flow.local)


def make_request(
    method: str,
    uri: URI,
    *,
    via: str,
    local: str,
    remote: str,
    call_id: str,
    cseq: int,
    route: tuple[str, ...] = (),
) -> Request:
    """A request with the headers that each has, without Content-Length (see `finish`)."""
    request = new_request(method, uri)
    request.headers.set("Via", via)
    request.headers.set("Max-Forwards", MAX_FORWARDS)
    for value in route:
        request.headers.add("Route", value)
    request.headers.set("From", local)
    request.headers.set("To", remote)
    request.headers.set("Call-ID", call_id)
    request.headers.set("CSeq", str(CSeq(sequence=cseq, method=method)))
    return request


def finish(request: Request, body: bytes = b"", content_type: str = "application/sdp") -> Request:
    """Give the request its body and the headers that tell of it."""
    request.body = body
    if body:
        request.headers.set("Content-Type", content_type)
    request.headers.set("Content-Length", str(len(body)))
    return request


def make_via(flow: Flow, sent_by: tuple[str, int], branch: str) -> str:
    """Our Via: RFC 3261 section 20.42 with `rport` of RFC 3581."""
    host, port = sent_by
    return f"SIP/2.0/{flow.transport.upper()} {format_host(host)}:{port};rport;branch={branch}"


def contact_of(message: Request | Response) -> str | None:
    """The URI of the first Contact, None where there is none that a request can be sent to."""
    try:
        contacts = addresses_of(message, "Contact")
        uri = contacts[0].uri if contacts else None
        return None if uri is None or not parse_uri(str(uri)).host else str(uri)
    except ValueError:
        return None


def dialog_of_client(response: Response, flow: Flow, *, target: str, pinned: bool) -> DialogState:
    """The dialog that a response to our INVITE makes: RFC 3261 section 12.1.2.

    Everything is in the response: From is ours as we sent it. Where Contact is missing or unreadable, against section
    12.1.1, the far end is still at `target`, the INVITE's request URI, by the way that the INVITE took.
    """
    contact = contact_of(response)
    cseq = cseq_of(response).sequence
    route = _recorded_route(response)
    return DialogState(
        call_id=response.call_id,
        local=response.headers["From"],
        remote=response.headers["To"],
        remote_target=contact or target,
        route=route[::-1],
        local_cseq=cseq,
        remote_cseq=-1,
        invite_cseq=cseq,
        flow=flow,
        pinned=pinned or (contact is None and not route),
    )


def dialog_of_server(invite: Request, local: str, flow: Flow, *, pinned: bool) -> DialogState:
    """The dialog that our response to an INVITE makes: RFC 3261 section 12.1.1.

    `local` is To with our tag. ValueError where Contact is missing or unreadable.
    """
    contact = contact_of(invite)
    if contact is None:
        raise ValueError("no Contact in the INVITE")
    return DialogState(
        call_id=invite.call_id,
        local=local,
        remote=invite.headers["From"],
        remote_target=contact,
        route=_recorded_route(invite),
        local_cseq=0,
        remote_cseq=cseq_of(invite).sequence,
        invite_cseq=cseq_of(invite).sequence,
        flow=flow,
        pinned=pinned,
    )


def _recorded_route(message: Request | Response) -> tuple[str, ...]:
    """The proxies that want to stay on the way; what can't be read is left out."""
    route: list[str] = []
    for value in message.headers.getlist("Record-Route"):
        with suppress(ValueError):
            route += [str(address) for address in parse_all([value], MAX_ADDRESSES)]
    return tuple(route)
