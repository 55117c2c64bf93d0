"""OPTIONS to the trunks: the part of a trunk's health that speaks SIP."""

from typing import Protocol

import structlog

from playvoice.lines.errors import LinesError
from playvoice.lines.health import State
from playvoice.lines.resolving import Target
from playvoice.lines.trunk import Trunk
from playvoice.lines.trunks import Trunks
from playvoice.sip import (
    Address,
    Event,
    Flow,
    OutgoingRequest,
    RequestFailed,
    ResponseReceived,
    SipError,
    UserAgent,
    Why,
)

log = structlog.get_logger(__name__)


class Endpoint(Protocol):
    """What this room needs of `playvoice.sip.SipEndpoint`."""

    @property
    def agent(self) -> UserAgent:
        """The user agent that it drives."""

    def now(self) -> float:
        """Monotonic seconds."""

    def flow_to(self, transport: str, host: str, port: int) -> Flow:
        """The flow to an IP address; SipError where there is none."""

    def is_open(self, flow: Flow) -> bool:
        """Whether what is sent over this flow needs no new connection."""

    def flush(self) -> None:
        """Send what the user agent has to send."""


class Keepalive:
    """Sends OPTIONS when they are due, and tells each trunk's health what came of them."""

    def __init__(self, trunks: Trunks) -> None:
        self._trunks = trunks
        self._sent: dict[OutgoingRequest, tuple[Trunk, int, Flow]] = {}
        self._unanswered: dict[str, Flow] = {}
        """By the trunk's name where its last OPTIONS went, until something comes back."""

    def __repr__(self) -> str:
        return f"<Keepalive {len(self._sent)} unanswered>"

    def next_deadline(self) -> float | None:
        """When the next OPTIONS is due."""
        times = (self._trunks.health(trunk).next_deadline() for trunk in self._ready())
        return min((at for at in times if at is not None), default=None)

    def send_due(self, endpoint: Endpoint) -> None:
        """Send the OPTIONS that are due now; the caller flushes the endpoint."""
        now = endpoint.now()
        for trunk in self._ready():
            health = self._trunks.health(trunk)
            state = health.state
            number = health.handle_deadline(now)
            if number is not None:
                self._set_back(trunk, now)
                self._send(trunk, number, endpoint, now)
            self._note(trunk, state, health.state, now)

    def _ready(self) -> list[Trunk]:
        """The trunks whose names were looked up."""
        return [trunk for trunk in self._trunks if self._trunks.is_looked_up(trunk)]

    def handle(self, event: Event, now: float) -> bool:
        """Take a response or its absence; False if the request was not one of ours."""
        if not isinstance(event, ResponseReceived | RequestFailed) or event.request not in self._sent:
            return False
        trunk, number, flow = self._sent.pop(event.request)
        if self._trunks.get(trunk.name) is None:
            return True
        health = self._trunks.health(trunk)
        state = health.state
        if isinstance(event, ResponseReceived):
            health.answered()
            self._unanswered.pop(trunk.name, None)
            self._trunks.heard(trunk, flow, now)
        else:
            health.failed(number)
            if event.why is Why.TRANSPORT:
                self._trunks.failed(trunk, flow, now)
        self._note(trunk, state, health.state, now)
        return True

    def _note(self, trunk: Trunk, before: State, after: State, now: float) -> None:
        """One that is back may have forgotten us, and one that is silent may be so because it has."""
        _tell(trunk, before, after)
        if before is not after and before is not State.UNKNOWN:
            self._trunks.may_have_forgotten(trunk, now)

    def _set_back(self, trunk: Trunk, now: float) -> None:
        """The next OPTIONS go elsewhere if the last one was not answered, unless the trunk never answered any."""
        flow = self._unanswered.pop(trunk.name, None)
        if flow is not None and self._trunks.health(trunk).state is not State.UNKNOWN:
            self._trunks.failed(trunk, flow, now)

    def _send(self, trunk: Trunk, number: int, endpoint: Endpoint, now: float) -> None:
        try:
            flow = flows_of(trunk, self._trunks.targets(trunk, now), endpoint)[0]
        except LinesError as error:
            log.debug("options_not_sent", trunk=trunk.name, reason=str(error))
            self._trunks.health(trunk).failed(number)
            return
        request = endpoint.agent.request(
            "OPTIONS",
            trunk.options_uri(),
            flow=flow,
            from_=trunk.service_address,
            to=Address(uri=trunk.options_uri()),
            now=now,
            headers=(("Accept", "application/sdp"), *(("Route", str(address)) for address in trunk.route)),
        )
        self._sent[request] = trunk, number, flow
        self._unanswered[trunk.name] = flow


def flows_of(trunk: Trunk, targets: tuple[Target, ...], endpoint: Endpoint) -> list[Flow]:
    """The flows to the targets that we can reach from where we listen, in their order; LinesError if there is none."""
    reason = "its name can't be resolved"
    flows = []
    for target in targets:
        try:
            flows.append(endpoint.flow_to(target.transport, target.host, target.port))
        except SipError as error:
            reason = str(error)
    if not flows:
        raise LinesError(f"trunk {trunk.name!r} can't be reached at {trunk.next_hop}: {reason}")
    return flows


def _tell(trunk: Trunk, before: State, after: State) -> None:
    if before is not after:
        level = log.warning if after is State.DOWN else log.info
        level("trunk_health", trunk=trunk.name, state=after.name.lower(), before=before.name.lower())
