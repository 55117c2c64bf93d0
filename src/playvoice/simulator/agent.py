"""Simulated agents' phones: several extensions in one process, each registered with digest authentication."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from playvoice.simulator.behaviour import Behaviours
from playvoice.simulator.journal import Journal
from playvoice.simulator.phone import PhoneOptions, Phones, listen
from playvoice.sip import (
    URI,
    Address,
    Credentials,
    DigestClient,
    Event,
    Flow,
    OutgoingRequest,
    Request,
    RequestFailed,
    ResponseReceived,
    SipEndpoint,
    UserAgent,
)

TRY_AGAIN = 1.0
"""Seconds after a registration that failed."""


@dataclass(frozen=True, slots=True)
class Extension:
    """An account at the registrar."""

    number: str
    password: str


class _Registration:
    """Keeps one extension registered."""

    def __init__(self, agents: "Agents", extension: Extension) -> None:
        self.extension = extension
        self._agents = agents
        self._digest = DigestClient(Credentials(extension.number, extension.password), agents.user_agent.core.random)
        self._call_id = agents.user_agent.core.token(16)
        self._cseq = 0
        self._current: OutgoingRequest | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expires = agents.expires

    def send(self, expires: int | None = None) -> None:
        """Send REGISTER; 0 takes the registration back."""
        self._expires = self._agents.expires if expires is None else expires
        agents = self._agents
        self._cseq += 1
        flow = agents.flow()
        contact = replace(agents.user_agent.contact(flow), user=self.extension.number)
        address = Address(uri=URI(scheme="sip", user=self.extension.number, host=agents.domain))
        self._current = agents.user_agent.request(
            "REGISTER",
            URI(scheme="sip", host=agents.domain),
            flow=flow,
            from_=address,
            to=address,
            now=time.monotonic(),
            call_id=self._call_id,
            cseq=self._cseq,
            headers=(
                ("Contact", str(Address(uri=contact))),
                ("Expires", str(self._expires)),
                *self._authorization(),
            ),
        )

    def owns(self, request: OutgoingRequest) -> bool:
        return request is self._current

    def on_event(self, event: ResponseReceived | RequestFailed) -> None:
        if isinstance(event, RequestFailed):
            self._fail(event.why.value)
            return
        response = event.response
        if response.code in (401, 407) and self._digest.learn(response):
            self.send(self._expires)
        elif 200 <= response.code < 300:
            self._digest.accepted()
            self._agents.journal.write(
                "registered" if self._expires else "unregistered", extension=self.extension.number
            )
            if self._expires:
                self._again(self._expires / 2)
        else:
            self._fail(str(response.code))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _authorization(self) -> tuple[tuple[str, str], ...]:
        """The answers to the challenges known so far; the digest client writes them into a request."""
        blank = Request("REGISTER", URI(scheme="sip", host=self._agents.domain))
        self._digest.authorize(blank)
        names = ("Authorization", "Proxy-Authorization")
        return tuple((name, value) for name in names for value in blank.headers.getlist(name))

    def _fail(self, why: str) -> None:
        self._agents.journal.write("registration_failed", extension=self.extension.number, why=why)
        self._digest.accepted()
        self._again(TRY_AGAIN)

    def _again(self, seconds: float) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._send_and_flush)

    def _send_and_flush(self) -> None:
        self.send()
        self._agents.endpoint.flush()


class Agents:
    """One process's phones."""

    def __init__(
        self,
        journal: Journal,
        *,
        server: tuple[str, str, int],
        domain: str,
        extensions: Sequence[Extension],
        behaviours: Behaviours,
        options: PhoneOptions,
        expires: int = 300,
    ) -> None:
        self.journal = journal
        self.domain = domain
        self.expires = expires
        self._server = server
        self.user_agent = UserAgent(name="PlayVoice simulated phone")
        self.phones = Phones(journal, options, behaviours.of)
        self.endpoint = SipEndpoint(self.user_agent, [(server[0], options.address, 0)], self._on_event)
        self.phones.attach(self.endpoint)
        self._registrations = [_Registration(self, extension) for extension in extensions]

    def flow(self) -> Flow:
        """The way to the server."""
        return self.endpoint.flow_to(*self._server)

    async def start(self) -> None:
        await listen(self.endpoint)
        self.journal.write(
            "ready", sip=[f"{flow.transport}:{flow.local[0]}:{flow.local[1]}" for flow in self.endpoint.addresses]
        )
        for registration in self._registrations:
            registration.send()
        self.endpoint.flush()

    def command(self, command: dict[str, object]) -> None:
        """The phones' commands, and `{"do": "unregister", "number": …}`, `register`."""
        if command.get("do") not in ("register", "unregister"):
            self.phones.command(command)
            return
        for registration in self._registrations:
            if registration.extension.number == command.get("number"):
                registration.stop()
                registration.send(0 if command["do"] == "unregister" else None)
        self.endpoint.flush()

    async def close(self) -> None:
        for registration in self._registrations:
            registration.stop()
        self.phones.close()
        await self.endpoint.close()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ResponseReceived | RequestFailed):
            for registration in self._registrations:
                if registration.owns(event.request):
                    registration.on_event(event)
                    return
        self.phones.on_event(event)
