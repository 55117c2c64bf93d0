"""Two user agents, a caller and a callee, and the network between them."""

import random
from collections.abc import Callable

from sipmessage import URI, Address

from playvoice.sip import Credentials, IncomingCall, IncomingCallReceived, OutgoingCall, UserAgent
from playvoice.sip.network import FakeNetwork

A, B = ("192.0.2.1", 5060), ("192.0.2.2", 5060)


class World:
    """A caller, a callee and the network between them."""

    def __init__(
        self, seed: int = 0, loss: float = 0.0, duplicate: float = 0.0, delay: float = 0.0, jitter: float = 0.0
    ) -> None:
        self.network = FakeNetwork(seed=seed, loss=loss, duplicate=duplicate, delay=delay, jitter=jitter)
        self.caller = self.agent("caller", A, seed)
        self.callee = self.agent("callee", B, seed + 1000)

    def agent(
        self, name: str, address: tuple[str, int], seed: int, orphans: Callable[[str], bool] = lambda _id: False
    ) -> UserAgent:
        agent = UserAgent(generator=random.Random(seed), orphans=orphans)
        self.network.attach(name, agent, address)
        return agent

    @property
    def now(self) -> float:
        return self.network.now

    def run(self, seconds: float = 0.1) -> None:
        self.network.run(seconds)

    def invite(self, *, send: bool = True, credentials: Credentials | None = None) -> OutgoingCall:
        call = self.caller.prepare_invite(
            target=URI.parse("sip:13333333333@192.0.2.2"),
            flow=self.network.flow(A, B),
            from_=Address.parse("<sip:2120280001@192.0.2.1>"),
            body=b"offer",
            credentials=credentials,
        )
        if send:
            call.send(self.now)
        return call

    def incoming(self) -> IncomingCall:
        self.run()
        events = [event for event in self.network.take("callee") if isinstance(event, IncomingCallReceived)]
        assert len(events) == 1
        return events[0].call

    def talk(self) -> tuple[OutgoingCall, IncomingCall]:
        """A call that was answered and acknowledged."""
        call = self.invite()
        incoming = self.incoming()
        incoming.answer(self.now, b"answer")
        self.run()
        call.ack(self.now)
        self.run()
        self.network.take("caller")
        self.network.take("callee")
        return call, incoming

    def messages(self, name: str, word: str) -> list[bytes]:
        """What one side has sent of a method or status."""
        return [data for _, sender, _, data in self.network.sent if sender == name and first_word(data) == word]

    def requests(self, name: str) -> list[str]:
        """The methods and statuses that one side has sent."""
        return [first_word(data) for _, sender, _, data in self.network.sent if sender == name]


def first_word(data: bytes) -> str:
    """The method or status of a message."""
    words = data.split(b"\r\n")[0].decode().split(" ")
    return words[1] if words[0] == "SIP/2.0" else words[0]
