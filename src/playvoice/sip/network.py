"""A network that isn't one: carries datagrams between user agents on simulated time, and loses some if it is told to.

Tests run a minute of retransmissions in milliseconds with it, and the same seed gives the same minute.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from playvoice.sip.events import Event
from playvoice.sip.flow import Flow, Transport
from playvoice.sip.tap import Tap
from playvoice.sip.user_agent import UserAgent


@dataclass
class FakeNetwork:
    """Datagrams between the user agents that `attach` knows, by their addresses."""

    seed: int = 0
    loss: float = 0.0
    """Share of the datagrams that never arrive."""
    duplicate: float = 0.0
    """Share that arrives twice."""
    delay: float = 0.0
    """Seconds that each takes."""
    jitter: float = 0.0
    """Seconds that it takes longer at most: more than nothing reorders."""
    now: float = 0.0
    sent: list[tuple[float, str, str, bytes]] = field(default_factory=list)
    """All that was sent: when, from whom, to whom, what."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._agents: dict[tuple[str, int], tuple[str, UserAgent]] = {}
        self._taps: dict[tuple[str, int], Sequence[Tap]] = {}
        self._in_flight: list[tuple[float, int, bytes, Flow]] = []
        self._order = count()
        self.events: dict[str, list[Event]] = {}

    def attach(self, name: str, agent: UserAgent, address: tuple[str, int], taps: Sequence[Tap] = ()) -> None:
        """Let `agent` be reached at `address`; its events are kept under `name`, and `taps` see its messages."""
        self._agents[address] = (name, agent)
        self._taps[address] = taps
        self.events[name] = []

    def flow(self, source: tuple[str, int], target: tuple[str, int]) -> Flow:
        """The UDP flow from one address to another."""
        return Flow(Transport.UDP, target, source)

    def run(self, seconds: float) -> None:
        """Let so much time pass; events gather in `events`."""
        end = self.now + seconds
        while True:
            self._collect()
            at = min(self._next_times(), default=end)
            if at > end:
                break
            self.now = max(self.now, at)
            self._deliver()
            for _, agent in self._agents.values():
                agent.handle_deadline(self.now)
            if at >= end:
                self._collect()
                break
        self.now = end

    def take(self, name: str) -> list[Event]:
        """The events of one agent since the last time."""
        self._collect()
        events, self.events[name] = self.events[name], []
        return events

    def _next_times(self) -> list[float]:
        times = [agent.next_deadline() for _, agent in self._agents.values()]
        times += [self._in_flight[0][0]] if self._in_flight else []
        return [at for at in times if at is not None]

    def _collect(self) -> None:
        for address, (name, agent) in self._agents.items():
            for data, flow in agent.take_sends():
                target = self._agents.get(flow.remote, ("nobody", None))[0]
                self.sent.append((self.now, name, target, data))
                self._tell_taps(address, data, flow, sent=True)
                self._carry(data, Flow(flow.transport, address, flow.remote))
            self.events[name] += agent.take_events()

    def _carry(self, data: bytes, flow: Flow) -> None:
        copies = 2 if self._random.random() < self.duplicate else 1
        for _ in range(copies):
            if self._random.random() >= self.loss:
                at = self.now + self.delay + self.jitter * self._random.random()
                heapq.heappush(self._in_flight, (at, next(self._order), data, flow))

    def _deliver(self) -> None:
        while self._in_flight and self._in_flight[0][0] <= self.now:
            _, _, data, flow = heapq.heappop(self._in_flight)
            if flow.local in self._agents:
                self._tell_taps(flow.local, data, flow, sent=False)
                self._agents[flow.local][1].receive(data, flow, self.now)

    def _tell_taps(self, address: tuple[str, int], data: bytes, flow: Flow, *, sent: bool) -> None:
        for tap in self._taps[address]:
            tap(data, flow, sent=sent, now=self.now)
