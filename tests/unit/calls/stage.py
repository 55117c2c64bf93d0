"""One call on a model, told step by step: every moment is a number, and nothing else happens in between."""

from tests.unit.calls.model import Model
from tests.unit.calls.stored import owed

from playvoice.media.client import Stream
from playvoice.sip import IncomingCall

ACCEPTED_AT = 1_000
"""Seconds on the model's clock."""


class Stage:
    """One call on a model. Each method is a step of its story."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def ask(self, userid: str = "1@sales", waittime: int = 60, conntime: int = 600, *, broken: bool = False) -> None:
        self.model.accept("2028", userid, waittime, conntime, broken=broken)

    @property
    def customer(self) -> IncomingCall:
        return self.model.carrier.calls[-1]

    @property
    def stream(self) -> Stream:
        found = self.model.stream_of(self.customer)
        assert found is not None
        return found

    def agent(self, extension: str = "20280003") -> IncomingCall:
        """The last call to this agent."""
        return [call for call in self.model.phones.calls if call.request.uri.user == extension][-1]

    def wait(self, seconds: float) -> None:
        self.model.pass_time(seconds)

    def answered(self, userid: str = "1@sales", *, conntime: int = 600) -> None:
        """Answer after 3 s."""
        self.ask(userid, conntime=conntime)
        self.wait(3)
        self.model.answer(self.customer, usable=True)

    def press(self, key: str = "1") -> None:
        self.model.press(self.customer, self.stream, key)

    def voice_ends(self) -> None:
        self.model.voice_ends(self.customer, self.stream)

    def transferred(self, *, conntime: int = 600) -> None:
        """Answer after 3 s, press 1 after 4 more, whereupon two agents ring."""
        self.answered(conntime=conntime)
        self.wait(4)
        self.press()
        self.model.agent_rings(self.agent("20280003"))
        self.model.agent_rings(self.agent("20280004"))

    def talking(self, *, conntime: int = 600) -> None:
        """The same, and 5 s later the first of them answers."""
        self.transferred(conntime=conntime)
        self.wait(5)
        self.model.agents_answer(self.agent())
        self.wait(10)

    def hang_up(self) -> None:
        self.customer.bye(self.model.now)
        self.model.settle()

    def refuse(self, status: int) -> None:
        self.customer.reject(self.model.now, status)
        self.model.settle()

    # --- what came of it ------------------------------------------------------------------------------------------

    def states(self) -> list[str]:
        """What was reported of agents: the last digit of the extension, and the state."""
        told = [message for message in owed(self.model.store) if "status" in message]
        return [f"{str(message['extnumber'])[-1]} {message['status']}" for message in told]

    def record(self) -> tuple[object, ...]:
        """Cause, direction, key, agent, duration and seconds connected of the one record."""
        (found,) = [message for message in owed(self.model.store) if "hangupcause" in message]
        names = ("hangupcause", "hangupdirection", "userkey", "extnumber", "duration", "billsec")
        return tuple(found[name] for name in names)
