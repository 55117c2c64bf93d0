"""REGISTER to the trunks that want it: the part of `playvoice.lines.trunk_registration` that speaks SIP."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from playvoice.lines.errors import LinesError
from playvoice.lines.keepalive import Endpoint, flows_of
from playvoice.lines.trunk import Trunk
from playvoice.lines.trunk_registration import Ask, Outcome, State, TrunkRegistration
from playvoice.lines.trunks import Trunks
from playvoice.sip import URI, Address, Event, Flow, OutgoingRequest, RequestFailed, ResponseReceived, UserAgent, Why

CLOSE_TIMEOUT = 2.0
"""Seconds for which a server that stops waits for the answers of its registrars."""
FAILURES = {
    Why.TIMEOUT: Outcome(408, "no answer"),  # RFC 3261 section 8.1.3.1
    Why.TRANSPORT: Outcome(503, "no connection"),
}
"""What no response comes to."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Sent:
    trunk: Trunk
    flow: Flow
    registration: TrunkRegistration
    contact: URI
    tried: frozenset[Flow]
    """The trunk's other addresses that this try has been to in vain."""


class Registering:
    """Sends REGISTER when it is due, and tells each trunk's registration what came of it."""

    def __init__(self, trunks: Trunks) -> None:
        self._trunks = trunks
        self._sent: dict[OutgoingRequest, _Sent] = {}
        self._registered_at: dict[TrunkRegistration, Flow] = {}
        self._closing: dict[str, TrunkRegistration] = {}
        self._closed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Registering {len(self._sent)} unanswered>"

    def next_deadline(self) -> float | None:
        """When the next REGISTER is due."""
        times = (registration.next_deadline() for _, registration in self._ready())
        return min((at for at in times if at is not None), default=None)

    def send_due(self, endpoint: Endpoint) -> None:
        """Send the REGISTER requests that are due now; the caller flushes the endpoint."""
        for trunk, registration in self._ready():
            ask = registration.handle_deadline(endpoint.now())
            if ask is not None:
                self._send(trunk, registration, ask, endpoint)

    def _ready(self) -> list[tuple[Trunk, TrunkRegistration]]:
        """The registrations with trunks whose names were looked up."""
        return [(trunk, each) for trunk, each in self._trunks.registrations() if self._trunks.is_looked_up(trunk)]

    def handle(self, event: Event, endpoint: Endpoint) -> bool:
        """Take a response or its absence; False if the request was not one of ours. The caller flushes the endpoint."""
        if not isinstance(event, ResponseReceived | RequestFailed) or event.request not in self._sent:
            return False
        sent = self._sent.pop(event.request)
        registration, before = sent.registration, sent.registration.outcome
        if isinstance(event, ResponseReceived):
            self._trunks.heard(sent.trunk, sent.flow, endpoint.now())
            self._registered_at[registration] = sent.flow
        unavailable = isinstance(event, RequestFailed) or event.response.code == 503
        if unavailable and self._go_elsewhere(sent, endpoint):
            return True
        if isinstance(event, ResponseReceived):
            ask = registration.on_response(event.response, sent.contact, endpoint.now())
        else:
            ask = registration.on_failure(FAILURES[event.why], endpoint.now())
        _tell(sent.trunk, before, registration, endpoint.now())
        if ask is not None:
            self._send(sent.trunk, registration, ask, endpoint, sent.tried, flow=sent.flow)
        if registration.state is State.CLOSED:
            self._registered_at.pop(registration, None)
        self._note_closed()
        return True

    def _go_elsewhere(self, sent: _Sent, endpoint: Endpoint) -> bool:
        """Ask at the next address of the trunk, now that this one has failed; False if all were tried."""
        self._trunks.failed(sent.trunk, sent.flow, endpoint.now())
        tried = sent.tried | {sent.flow}
        try:
            next_flow = self._next_flow(sent.trunk, tried, endpoint)
        except LinesError:  # it was removed meanwhile
            return False
        ask = None if next_flow in tried else sent.registration.elsewhere()
        if ask is None:
            return False
        log.info("registrar_passed_over", trunk=sent.trunk.name, address=str(sent.flow))
        self._send(sent.trunk, sent.registration, ask, endpoint, tried)
        return True

    def _next_flow(self, trunk: Trunk, tried: frozenset[Flow], endpoint: Endpoint) -> Flow:
        """The trunk's first address that a try has not been to, else its first; LinesError where it has none."""
        flows = flows_of(trunk, self._trunks.targets(trunk, endpoint.now()), endpoint)
        return min(flows, key=tried.__contains__)

    def leave(self, dropped: Iterable[tuple[Trunk, TrunkRegistration]], endpoint: Endpoint) -> None:
        """Take back what is registered with trunks that are gone, or where we are somebody else now.

        Where we are the same by another password or way, the new registration is of the same contact: to take the old
        one back could undo it.
        """
        taken_over = {_bound(trunk) for trunk, _ in self._trunks.registrations()}
        for trunk, registration in dropped:
            if _bound(trunk) in taken_over:
                self._registered_at.pop(registration, None)
                continue
            ask = registration.close(endpoint.now())
            flow = self._registered_at.get(registration)
            if ask is not None and flow is not None:
                self._send(trunk, registration, ask, endpoint, flow=flow)
            elif registration.state is State.CLOSED:
                self._registered_at.pop(registration, None)

    async def close(self, endpoint: Endpoint) -> None:
        """Take back what is registered, and wait a moment for the answers."""
        self._closing = {trunk.name: registration for trunk, registration in self._trunks.registrations()}
        if not self._closing:
            return
        for trunk, registration in self._trunks.registrations():
            ask = registration.close(endpoint.now())
            if ask is not None:
                self._send(trunk, registration, ask, endpoint)
        endpoint.flush()
        self._note_closed()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._closed.wait()
        except TimeoutError:
            left = [name for name, each in self._closing.items() if each.state is not State.CLOSED]
            log.warning("trunks_not_unregistered", trunks=left)

    def _note_closed(self) -> None:
        if self._closing and all(each.state is State.CLOSED for each in self._closing.values()):
            self._closed.set()

    def _send(
        self,
        trunk: Trunk,
        registration: TrunkRegistration,
        ask: Ask,
        endpoint: Endpoint,
        tried: frozenset[Flow] = frozenset(),
        flow: Flow | None = None,
    ) -> None:
        before = registration.outcome
        try:
            flow = flow or self._next_flow(trunk, tried, endpoint)
        except LinesError as error:
            ask_again = registration.on_failure(Outcome(503, str(error)), endpoint.now())
            _tell(trunk, before, registration, endpoint.now())
            if ask_again is not None:
                self._send(trunk, registration, ask_again, endpoint)  # a last one, which takes back what was registered
            return
        request, contact = send_register(
            endpoint.agent,
            flow,
            registration,
            ask,
            address_of_record=trunk.address_of_record,
            registrar=trunk.registrar_uri,
            route=trunk.route,
            now=endpoint.now(),
        )
        self._sent[request] = _Sent(trunk, flow, registration, contact, tried)


def send_register(
    agent: UserAgent,
    flow: Flow,
    registration: TrunkRegistration,
    ask: Ask,
    *,
    address_of_record: URI,
    registrar: URI,
    route: Sequence[Address] = (),
    now: float,
) -> tuple[OutgoingRequest, URI]:
    """Send what a registration asks for; gives the request, and the contact that it names."""
    contact = replace(agent.contact(flow), user=address_of_record.user)
    who = Address(uri=address_of_record)
    request = agent.request(
        "REGISTER",
        registrar,
        flow=flow,
        from_=replace(who, parameters=who.parameters.replace(tag=registration.tag)),
        to=who,
        now=now,
        call_id=registration.call_id,
        cseq=ask.cseq,
        headers=(
            ("Contact", str(Address(uri=contact))),
            ("Expires", str(ask.expires)),
            *ask.credentials,
            *(("Route", str(address)) for address in route),
        ),
    )
    return request, contact


def _bound(trunk: Trunk) -> tuple[str, str]:
    """Whose contact a registration keeps, and where."""
    return str(trunk.registrar_uri), str(trunk.address_of_record)


def _tell(trunk: Trunk, before: Outcome | None, registration: TrunkRegistration, now: float) -> None:
    """Tell once what has changed, and not each refresh and each try."""
    after = registration.outcome
    if after is None or after == before:
        return
    if after.registered:
        log.info("trunk_registered", trunk=trunk.name)
        return
    due = registration.next_deadline()
    log.warning(
        "trunk_registration_failed",
        trunk=trunk.name,
        status=after.status,
        reason=after.reason,
        again_in=None if due is None else round(due - now),
    )
