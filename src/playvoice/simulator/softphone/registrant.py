"""The phone's registration: `playvoice.lines.trunk_registration` with what a person wants to know of it.

The first try decides: a refusal, or silence for `PATIENCE`, is the phone's end. Later ones are told and tried again.
"""

from random import Random

from playvoice.lines.registering import FAILURES, send_register
from playvoice.lines.trunk_registration import EXPIRES, Ask, Outcome, State, TrunkRegistration
from playvoice.simulator.softphone.notebook import Notebook
from playvoice.sip import URI, Credentials, Event, Flow, OutgoingRequest, RequestFailed, ResponseReceived, UserAgent

PATIENCE = 10.0
"""Seconds that the first try may take."""
_ADVICE = {
    401: "check user and password",
    403: "check user and password",
    404: "check the user: the registrar does not know it",
    407: "check user and password",
    408: "check address and port, and whether a firewall is between",
    503: "check address and port, and whether the server runs",
}


class Registrant:
    """One address-of-record, over one flow. Without I/O."""

    def __init__(
        self,
        agent: UserAgent,
        flow: Flow,
        account: URI,
        credentials: Credentials,
        notebook: Notebook,
        random: Random,
        expires: int = EXPIRES,
    ) -> None:
        self.account = account
        self.failure = ""
        """Why there is no registration and will be none; empty while there may be."""
        self._agent = agent
        self._flow = flow
        self._notebook = notebook
        self._registrar = URI(scheme="sip", host=account.host, port=account.port, parameters=account.parameters)
        self._registration = TrunkRegistration(self._registrar, credentials, random, expires)
        self._request: OutgoingRequest | None = None
        self._contact = URI(scheme="sip", host="invalid")
        self._until: float | None = None
        """When the first try has taken too long."""
        self._was_registered = False

    def __repr__(self) -> str:
        return f"<Registrant {self.account} {self._registration}>"

    @property
    def is_closed(self) -> bool:
        return self._registration.state is State.CLOSED

    def is_registered(self, now: float) -> bool:
        return self._registration.is_registered(now)

    def start(self, now: float) -> None:
        """Send the first REGISTER."""
        self._until = now + PATIENCE
        self._registration.start(now)
        self.handle_deadline(now)

    def next_deadline(self) -> float | None:
        times = [at for at in (self._registration.next_deadline(), self._until) if at is not None]
        return min(times, default=None)

    def handle_deadline(self, now: float) -> None:
        """Send what is due; give the first try up when it has taken too long."""
        if (ask := self._registration.handle_deadline(now)) is not None:
            self._send(ask, now)
        if self._until is not None and now >= self._until:
            self._decide(Outcome(408, f"no answer from {self._flow} in {PATIENCE:g} s"))

    def on_event(self, event: Event, now: float) -> bool:
        """Take a response or its absence; False if the request was not ours."""
        if not isinstance(event, ResponseReceived | RequestFailed) or event.request is not self._request:
            return False
        self._request = None
        if isinstance(event, ResponseReceived):
            ask = self._registration.on_response(event.response, self._contact, now)
        else:
            ask = self._registration.on_failure(FAILURES[event.why], now)
        if ask is not None:
            self._send(ask, now)
        elif self.is_closed:
            if self._was_registered:
                self._notebook.write("unregistered", account=str(self.account))
        elif (outcome := self._registration.outcome) is not None:
            self._decide(outcome)
        return True

    def close(self, now: float) -> None:
        """Take the registration back; `is_closed` says when that has come through."""
        self._until = None
        if (ask := self._registration.close(now)) is not None:
            self._send(ask, now)

    def _decide(self, outcome: Outcome) -> None:
        first, self._until = self._until is not None, None
        if outcome.registered:
            if not self._was_registered:
                self._notebook.write("registered", account=str(self.account))
            self._was_registered = True
            return
        self._was_registered = False
        why = f"{outcome.status} {outcome.reason}".strip()
        if first:
            advice = f"; {_ADVICE[outcome.status]}" if outcome.status in _ADVICE else ""
            kind = "failed" if outcome.status in (408, 503) else "refused"
            self.failure = f"registration {kind}: {why}{advice}"
        self._notebook.write("registration_failed", account=str(self.account), why=why)

    def _send(self, ask: Ask, now: float) -> None:
        self._request, self._contact = send_register(
            self._agent,
            self._flow,
            self._registration,
            ask,
            address_of_record=self.account,
            registrar=self._registrar,
            now=now,
        )
