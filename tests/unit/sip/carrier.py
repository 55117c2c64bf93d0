"""A carrier that says exactly what a test has it say, right or wrong, and a caller of ours on its line."""

import random
from collections.abc import Callable

from sipmessage import URI, Address, Request, Response

from playvoice.sip import Credentials, Event, Flow, OutgoingCall, Transport, UserAgent
from playvoice.sip.errors import MalformedMessage
from playvoice.sip.message import Message, make_response, parse
from playvoice.sip.network import FakeNetwork

US, CARRIER, OTHER = ("192.0.2.1", 5060), ("192.0.2.2", 5060), ("192.0.2.3", 5060)
CONTACT = ("Contact", "<sip:callee@192.0.2.2>")

Headers = tuple[tuple[str, str], ...]


class Carrier(UserAgent):
    """It keeps what it gets, and answers a method only where `scripts` say so, one answer after the other."""

    def __init__(self) -> None:
        super().__init__(generator=random.Random(2))
        self.got: list[Message] = []
        self.unreadable: list[bytes] = []
        self.scripts: dict[str, list[Callable[[Request], None]]] = {}

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        try:
            message = parse(data)
        except MalformedMessage:
            self.unreadable.append(data)
            return
        self.got.append(message)
        if isinstance(message, Request) and (waiting := self.scripts.get(message.method)):
            waiting.pop(0)(message)

    def respond(
        self,
        request: Request,
        status: int,
        *,
        tag: str | None = "callee",
        headers: Headers = (CONTACT,),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> None:
        response = make_response(request, status, to_tag=tag, headers=headers, body=body, content_type=content_type)
        self.say(bytes(response))

    def say(self, data: bytes) -> None:
        self.core.send(data, Flow(Transport.UDP, US, CARRIER))

    def then(self, method: str, status: int, *, headers: Headers = (), body: bytes = b"") -> None:
        """Answer the next request of this method so."""
        self.scripts.setdefault(method, []).append(
            lambda request: self.respond(request, status, headers=headers, body=body)
        )


class Line:
    """A caller of ours, the carrier, and the time between them, which is a number."""

    def __init__(self, credentials: Credentials | None = None, transport: Transport = Transport.UDP) -> None:
        self.flow = Flow(transport, CARRIER, US)
        self.network = FakeNetwork()
        self.us = UserAgent(generator=random.Random(1))
        self.carrier = Carrier()
        self.network.attach("us", self.us, US)
        self.network.attach("carrier", self.carrier, CARRIER)
        self._credentials = credentials
        self.call: OutgoingCall
        self.dial_again()

    def dial_again(self, host: str = "192.0.2.2") -> None:
        """Go on with another call, to a number at this host over the carrier."""
        self.call = self.us.prepare_invite(
            target=URI.parse(f"sip:13333333333@{host}"),
            flow=self.flow,
            from_=Address.parse("<sip:2120280001@192.0.2.1>"),
            body=b"offer",
            credentials=self._credentials,
        )

    @property
    def now(self) -> float:
        return self.network.now

    def run(self, seconds: float = 0.0) -> None:
        """Let so much time pass, and everything arrive that is on its way."""
        self.network.run(seconds)
        for _ in range(12):
            self.network.run(0)

    def events(self) -> list[Event]:
        """What the caller was told since the last time."""
        return self.network.take("us")

    def invite(self) -> Request:
        """Send the INVITE; gives it as it came to the carrier."""
        self.call.send(self.now)
        self.run()
        return self.requests("INVITE")[-1]

    def answer(self, invite: Request, *, body: bytes = b"answer") -> None:
        """Have the INVITE answered, and acknowledge that."""
        self.carrier.respond(invite, 200, body=body)
        self.run()
        self.call.ack(self.now)
        self.run()

    def requests(self, method: str) -> list[Request]:
        """What the carrier got of this method, repetitions too."""
        return [each for each in self.carrier.got if isinstance(each, Request) and each.method == method]

    def statuses(self) -> list[int]:
        """The responses that the carrier got."""
        return [each.code for each in self.carrier.got if isinstance(each, Response)]

    def methods(self) -> list[str]:
        """The methods of all that the carrier got."""
        return [each.method for each in self.carrier.got if isinstance(each, Request)]

    def in_dialog(
        self, method: str, *, from_: str = "", cseq: int = 1, headers: Headers = (), body: bytes = b"", via: str = ""
    ) -> bytes:
        """A request of the carrier inside the call; `from_` and `via` are its own unless they are given."""
        invite = self.requests("INVITE")[0]
        via = via or f"192.0.2.2;branch=z9hG4bK{method}{cseq}"
        lines = [f"{method} sip:us@192.0.2.1 SIP/2.0", f"Via: SIP/2.0/UDP {via}", "Max-Forwards: 70"]
        lines += [f"From: {from_ or invite.headers['To'] + ';tag=callee'}", f"To: {invite.headers['From']}"]
        lines += [f"Call-ID: {invite.call_id}", f"CSeq: {cseq} {method}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += [f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body
