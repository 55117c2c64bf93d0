"""A far end on loopback: a user agent of its own, which asks and answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from playvoice.sip import (
    URI,
    Address,
    Credentials,
    DigestClient,
    Event,
    Flow,
    OutgoingCall,
    Rejected,
    Request,
    RequestReceived,
    Response,
    ResponseReceived,
    SipEndpoint,
    UserAgent,
)


class FarEnd:
    """Phone or carrier, at a port of its own."""

    def __init__(self, server: Flow, user: str) -> None:
        self.server = server
        self.user = user
        self.agent = UserAgent()
        self.endpoint = SipEndpoint(self.agent, [(str(server.transport), "127.0.0.1", 0)], self._on_event)
        self.responses: asyncio.Queue[Response] = asyncio.Queue()
        self.requests: list[str] = []
        """The methods of what came."""
        self.received: list[Request] = []
        self.silent_to: set[str] = set()
        """Methods that get no answer; the others get 200."""
        self._cseq = 0

    @property
    def local(self) -> tuple[str, int]:
        return self.endpoint.addresses[0].local

    @property
    def contact(self) -> str:
        host, port = self.local
        return f"<sip:{self.user}@{host}:{port};transport={self.server.transport}>"

    async def request(self, method: str, *headers: tuple[str, str]) -> Response:
        """Send a request and give its final response; TimeoutError if none comes."""
        self._cseq += 1
        host, port = self.server.local
        uri = URI(scheme="sip", host=host, port=port)
        who = Address(uri=URI(scheme="sip", user=self.user, host=host))
        self.agent.request(
            method,
            uri,
            flow=self._flow(),
            from_=who,
            to=who,
            now=self.endpoint.now(),
            call_id=f"call-of-{self.user}-{self.local[1]}",
            cseq=self._cseq,
            headers=headers,
        )
        self.endpoint.flush()
        async with asyncio.timeout(5.0):
            return await self.responses.get()

    async def register(
        self,
        password: str = "secret",
        *,
        expires: int = 120,
        headers: Sequence[tuple[str, str]] = (),
        user: str | None = None,
    ) -> Response:
        """Register as a phone does: without credentials, and again with what the challenge asks for."""
        wanted = (("Contact", f"{self.contact};expires={expires}"), *headers)
        challenge = await self.request("REGISTER", *wanted)
        assert challenge.code == 401
        client = DigestClient(Credentials(user or self.user, password), Random(1))
        assert client.learn(challenge)
        return await self.request("REGISTER", *wanted, self.authorization(client))

    def authorization(self, client: DigestClient) -> tuple[str, str]:
        """The header that answers the last challenge once more."""
        host, port = self.server.local
        request = Request("REGISTER", URI(scheme="sip", host=host, port=port))
        client.authorize(request)
        return "Authorization", request.headers["Authorization"]

    async def invite(self) -> Response:
        """Send an INVITE and give the response that refuses it."""
        host, port = self.server.local
        call = self.agent.prepare_invite(
            target=URI(scheme="sip", user="1001", host=host, port=port),
            flow=self._flow(),
            from_=Address(uri=URI(scheme="sip", user=self.user, host=host)),
        )
        assert isinstance(call, OutgoingCall)
        call.send(self.endpoint.now())
        self.endpoint.flush()
        async with asyncio.timeout(5.0):
            return await self.responses.get()

    def _flow(self) -> Flow:
        return self.endpoint.flow_to(str(self.server.transport), *self.server.local)

    def _on_event(self, event: Event) -> None:
        match event:
            case ResponseReceived(_, response) | Rejected(response=response):
                self.responses.put_nowait(response)
            case RequestReceived(request):
                self.requests.append(request.method)
                self.received.append(request.request)
                if request.method not in self.silent_to:
                    request.respond(200, self.endpoint.now())
            case _:
                raise AssertionError(event)


@asynccontextmanager
async def far_end(server: Flow, user: str) -> AsyncIterator[FarEnd]:
    """A far end that listens until the block ends."""
    end = FarEnd(server, user)
    await end.endpoint.start()
    try:
        yield end
    finally:
        await end.endpoint.close()
