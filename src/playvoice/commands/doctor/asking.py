"""Asks far ends over SIP: a user agent of our own beside that of the server, which takes no calls."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom

from playvoice.config import Config
from playvoice.lines import ToldAddress
from playvoice.lines.resolving import Target
from playvoice.lines.trunk import Trunk
from playvoice.sip import (
    URI,
    Address,
    DigestClient,
    Event,
    Flow,
    OutgoingRequest,
    Request,
    RequestFailed,
    Response,
    ResponseReceived,
    SipEndpoint,
    SipError,
    UserAgent,
    Why,
)
from playvoice.sip.message import top_via

ANSWER_SECONDS = 4.0
"""How long an answer is waited for: four datagrams of a request over UDP."""
MAX_ASKED = 4
"""REGISTER requests until a registrar has the credentials that it wants."""

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request."""

    target: Target
    response: Response | None = None
    seconds: float = 0.0
    """From the request to its answer."""
    reason: str = ""
    """Why there is no response."""

    @property
    def seen_as(self) -> str | None:
        """The address that the far end saw us at (RFC 3581 section 4), where it told."""
        return None if self.response is None else top_via(self.response).parameters.get("received")


class Asker:
    """Sends requests, and gives what comes back."""

    def __init__(self, agent: UserAgent, listen: Sequence[tuple[str, str, int]], random: Random) -> None:
        self._random = random
        self._waiting: dict[OutgoingRequest, asyncio.Future[Response | Why]] = {}
        self._endpoint = SipEndpoint(agent, listen, self._on_event)

    async def start(self) -> None:
        """Bind everything. SipError names the address that can't be had."""
        await self._endpoint.start()

    async def close(self) -> None:
        await self._endpoint.close()

    def _on_event(self, event: Event) -> None:
        """Take the end of a request; whatever else comes is for the server."""
        if isinstance(event, ResponseReceived | RequestFailed):
            waiting = self._waiting.pop(event.request, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(event.response if isinstance(event, ResponseReceived) else event.why)

    async def options(self, trunk: Trunk, target: Target) -> Reply:
        """Ask as the server does to see whether a trunk is there."""
        to = Address(uri=trunk.options_uri())
        return await self._ask("OPTIONS", trunk, target, trunk.options_uri(), trunk.service_address, to)

    async def bindings(self, trunk: Trunk, target: Target) -> Reply:
        """Ask with our credentials what is registered: a REGISTER without Contact (RFC 3261 section 10.2.3).

        It changes nothing, so that the registration of a server that runs, here or elsewhere, stays what it is.
        """
        assert trunk.credentials is not None
        digest = DigestClient(trunk.credentials, self._random)
        who = Address(uri=trunk.address_of_record)
        call_id = self._random.randbytes(16).hex()
        from_ = Address.parse(f"{who};tag={self._random.randbytes(8).hex()}")
        credentials: Headers = ()
        for cseq in range(1, MAX_ASKED + 1):
            reply = await self._ask(
                "REGISTER",
                trunk,
                target,
                trunk.registrar_uri,
                from_,
                who,
                headers=credentials,
                call_id=call_id,
                cseq=cseq,
            )
            response = reply.response
            if response is None or response.code not in (401, 407) or not digest.learn(response):
                return reply
            request = Request("REGISTER", trunk.registrar_uri)
            digest.authorize(request)
            names = ("Authorization", "Proxy-Authorization")
            credentials = [(name, value) for name in names for value in request.headers.getlist(name)]
        return reply

    async def _ask(
        self,
        method: str,
        trunk: Trunk,
        target: Target,
        uri: URI,
        from_: Address,
        to: Address,
        *,
        headers: Headers = (),
        call_id: str | None = None,
        cseq: int = 1,
    ) -> Reply:
        endpoint = self._endpoint
        try:
            flow = endpoint.flow_to(target.transport, target.host, target.port)
        except SipError as error:
            return Reply(target, reason=str(error))
        began = endpoint.now()
        route = [("Route", str(address)) for address in trunk.route]
        request = endpoint.agent.request(
            method,
            uri,
            flow=flow,
            from_=from_,
            to=to,
            now=began,
            call_id=call_id,
            cseq=cseq,
            headers=(*headers, *route),
        )
        outcome: asyncio.Future[Response | Why] = asyncio.get_running_loop().create_future()
        self._waiting[request] = outcome
        endpoint.flush()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                found = await outcome
        except TimeoutError:
            self._waiting.pop(request, None)
            return Reply(target, reason=f"no answer within {ANSWER_SECONDS:g} s")
        if isinstance(found, Response):
            return Reply(target, found, endpoint.now() - began)
        return Reply(target, reason="no connection" if found is Why.TRANSPORT else "no answer")


@asynccontextmanager
async def asking(config: Config) -> AsyncIterator[tuple[Asker, bool]]:
    """An asker on the configured addresses; tells whether it has the configured ports, too. SipError if it has none.

    The ports are the server's while it runs; then the system gives others.
    """
    told = ToldAddress.from_config(config)
    for own_ports in (True, False):
        agent = UserAgent(advertise=told.for_sip, admits=_nobody)
        listen = [(each.transport, each.host, each.port if own_ports else 0) for each in config.sip.listen]
        asker = Asker(agent, listen, SystemRandom())
        try:
            await asker.start()
        except SipError:
            if own_ports:
                continue
            raise
        try:
            yield asker, own_ports
        finally:
            await asker.close()
        return


def _nobody(_request: Request, _flow: Flow) -> bool:
    return False
