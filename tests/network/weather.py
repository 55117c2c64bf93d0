"""What a bad network does to packets: loses, delays, doubles and overtakes them. Pure, and the same for the same seed.

A packet that gets another delay than the one before it may overtake it: reordering needs no rule of its own.
"""

import heapq
import random
from dataclasses import dataclass
from itertools import count

MAX_WAITING = 20_000
"""Packets of one direction on their way; more are lost, as in a full buffer."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares from 0 to 1, times in seconds."""

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    """A packet's delay is `delay` plus or minus up to so much."""
    duplicate: float = 0.0


class Way:
    """One direction of a network. Times are monotonic seconds."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self._weather = weather
        self._random = random.Random(seed)
        self._numbers = count()
        self._waiting: list[tuple[float, int, bytes]] = []
        self.passed = 0
        self.lost = 0

    def enter(self, packet: bytes, now: float) -> None:
        """A packet sets out."""
        weather = self._weather
        copies = 2 if self._random.random() < weather.duplicate else 1
        for _ in range(copies):
            if self._random.random() < weather.loss or len(self._waiting) >= MAX_WAITING:
                self.lost += 1
                continue
            delay = weather.delay + weather.jitter * self._random.uniform(-1.0, 1.0)
            heapq.heappush(self._waiting, (now + max(0.0, delay), next(self._numbers), packet))

    def arrived(self, now: float) -> list[bytes]:
        """The packets that come out now, in the order of their arrival."""
        packets = []
        while self._waiting and self._waiting[0][0] <= now:
            packets.append(heapq.heappop(self._waiting)[2])
        self.passed += len(packets)
        return packets

    def next_arrival(self) -> float | None:
        """When the next packet comes out."""
        return self._waiting[0][0] if self._waiting else None
