"""A stranger who sends octets to a user agent over the network of the tests, and what goes out in answer."""

import re
from dataclasses import dataclass

from sipmessage import Request, Response
from sipmessage.message import Message
from tests.unit.sip.pair import A, B, World

from playvoice.sip import Event, IncomingCallReceived, RequestReceived
from playvoice.sip.message import parse

_LONG = {"f": "from", "t": "to", "i": "call-id", "v": "via"}


@dataclass
class Heard:
    """What a message did to the user agent that got it."""

    events: list[Event]
    answers: list[Response]
    """Final responses."""
    dropped: dict[str, int]

    @property
    def status(self) -> int | None:
        """The status of the one answer, None for silence."""
        assert len(self.answers) <= 1, "one request gets one answer"
        return self.answers[0].code if self.answers else None


def send(*messages: bytes) -> Heard:
    """Send octets from one address to a user agent whose owner answers 200 to requests and 404 to calls."""
    world = World()
    heard: list[Event] = []
    for data in messages:
        world.caller.core.send(data, world.network.flow(A, B))
        world.run()
        for event in world.network.take("callee"):
            heard.append(event)
            match event:
                case RequestReceived(request):
                    request.respond(200, world.now)
                case IncomingCallReceived(call):
                    call.reject(world.now, 404)
                case _:
                    raise AssertionError(event)
        world.run()
    sent = [Message.parse(data) for _, sender, _, data in world.network.sent if sender == "callee"]
    answers = {bytes(each): each for each in sent if isinstance(each, Response) and each.code >= 200}
    return Heard(heard, list(answers.values()), dict(world.callee.core.counters))


def header(data: bytes, name: str) -> str:
    """A header of a message as a person finds it: unfolded, in any case, its compact form as well."""
    head = re.sub(r"\r\n[ \t]+", " ", data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].decode())
    values = [
        value.strip()
        for line in head.split("\r\n")[1:]
        for key, _, value in [line.partition(":")]
        if _LONG.get(key.strip().lower(), key.strip().lower()) == name.lower()
    ]
    return values[0]


def read(data: bytes) -> Request:
    """A message that has to be a request."""
    message = parse(data)
    assert isinstance(message, Request)
    return message
