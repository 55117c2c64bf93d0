"""RTP ports: even ones of a range, the one that has been free longest first, from a random place on.

So a call does not hear what a far end still sends to the call before it.
"""

import random
from collections import deque


class PortPool:
    """Even ports of a range, each for RTP with its odd neighbour for RTCP (RFC 3550 section 11)."""

    def __init__(self, first: int, last: int, generator: random.Random) -> None:
        ports = list(range(first + first % 2, last, 2))
        start = generator.randrange(len(ports)) if ports else 0
        self._free = deque(ports[start:] + ports[:start])
        self.size = len(ports)

    def __repr__(self) -> str:
        return f"<PortPool {len(self._free)} of {self.size} free>"

    def __len__(self) -> int:
        return len(self._free)

    def take(self) -> int | None:
        """The port that has been free longest, None if there is none."""
        return self._free.popleft() if self._free else None

    def give_back(self, port: int) -> None:
        """The port is free from now on; one that somebody else holds comes to its turn again later."""
        self._free.append(port)
