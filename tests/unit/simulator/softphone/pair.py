"""Two telephones on simulated time: what they tell, and the audio that they would have."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sipmessage import URI, Address

from playvoice.media.sdp import Negotiated
from playvoice.simulator.softphone.manner import Manner
from playvoice.simulator.softphone.status import Figures
from playvoice.simulator.softphone.telephone import Telephone
from playvoice.simulator.softphone.voice import KeysHeard
from playvoice.sip import Credentials, Event, UserAgent
from playvoice.sip.network import FakeNetwork

A, B = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
TO_B = URI.parse("sip:100@192.0.2.2")
FROM_A = Address.parse('"Alice" <sip:200@192.0.2.1>')
FIGURES = Figures(sent=100, received=98, lost=2, jitter=0.0015)


class Notes:
    """A notebook that is read by tests."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def write(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.lines]

    def fields(self, event: str) -> dict[str, Any]:
        """Those of the one line of this event."""
        (found,) = (fields for name, fields in self.lines if name == event)
        return found


@dataclass
class FakeVoice:
    """Audio that goes nowhere."""

    address: str
    heard: KeysHeard
    port: int = 4000
    started: list[Negotiated] = field(default_factory=list)
    begun: int = 0
    events: str = ""
    tones: str = ""
    ended: bool = False

    def start(self, negotiated: Negotiated) -> None:
        self.started.append(negotiated)

    def begin(self) -> None:
        self.begun += 1

    def press(self, keys: str) -> None:
        self.events += keys

    def press_tones(self, keys: str) -> None:
        self.tones += keys

    def figures(self, _now: float) -> Figures:
        return FIGURES

    def end(self, _now: float) -> str:
        self.ended = True
        return "a.wav"


class Side:
    """One telephone."""

    def __init__(self, network: FakeNetwork, name: str, address: tuple[str, int], manner: Manner, seed: int) -> None:
        self.name = name
        self.notes = Notes()
        self.voices: list[FakeVoice] = []
        self.agent = UserAgent(generator=random.Random(seed))
        self.line = Telephone(self.agent, manner, self._voice(address[0]), self.notes, random.Random(seed))
        network.attach(name, self.agent, address)

    def _voice(self, address: str) -> Callable[[str, KeysHeard], FakeVoice]:
        def make(_remote: str, heard: KeysHeard) -> FakeVoice:
            self.voices.append(FakeVoice(address, heard))
            return self.voices[-1]

        return make


class Pair:
    """A, which calls, and B, which is called."""

    def __init__(self, a: Manner | None = None, b: Manner | None = None) -> None:
        self.network = FakeNetwork()
        self.a = Side(self.network, "a", A, a or Manner(), 1)
        self.b = Side(self.network, "b", B, b or Manner(), 2)

    @property
    def now(self) -> float:
        return self.network.now

    def run(self, seconds: float = 0.1) -> None:
        """Let time pass in steps of 10 ms, in which each telephone does what is due."""
        end = self.now + seconds
        while self.now < end:
            self.network.run(min(0.01, end - self.now))
            for side in (self.a, self.b):
                side.line.handle_deadline(self.now)
                for event in self.network.take(side.name):
                    self._tell(side, event)
        self.network.run(0)

    def _tell(self, side: Side, event: Event) -> None:
        assert side.line.on_event(event, self.now)

    def dial(self, credentials: Credentials | None = None) -> None:
        self.a.line.dial(self.now, TO_B, self.network.flow(A, B), FROM_A, credentials)
        self.run()

    def talk(self) -> None:
        self.dial()
        self.b.line.answer(self.now)
        self.run()
        self.a.notes.lines.clear()
        self.b.notes.lines.clear()
