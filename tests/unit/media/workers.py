"""What tests of the media worker share: far ends, legs that keep what they are told, and bounded waits."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from playvoice.media.client import MediaEvent, Stream
from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME
from playvoice.media.sdp import Direction, Negotiated

PORTS = (20_000, 29_999)
"""What a worker may choose from: what somebody else holds it skips."""
BOUND = 10.0
"""Seconds that a test waits at most for what takes milliseconds."""


class Reserves(Protocol):
    """A `MediaClient` or a `MediaSupervisor`."""

    def reserve(self, on_event: Callable[[MediaEvent], None], /) -> Awaitable[Stream]: ...


class Leg:
    """A stream and what it told."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self.stream: Stream

    @classmethod
    async def reserve(cls, media: Reserves) -> "Leg":
        leg = cls()
        leg.stream = await media.reserve(leg.events.put_nowait)
        return leg

    async def event(self) -> MediaEvent:
        async with asyncio.timeout(BOUND):
            return await self.events.get()


def far_end(port: int, codec: Codec = Codec.PCMA, *, direction: Direction = Direction.SENDRECV) -> Negotiated:
    """A phone on loopback that takes keys."""
    return Negotiated(
        remote=("127.0.0.1", port),
        codec=codec,
        payload_type=int(codec),
        telephone_event=101,
        direction=direction,
        receive_payload_types={8: Codec.PCMA, 0: Codec.PCMU},
        receive_telephone_event=101,
        remote_rtcp=("127.0.0.1", port + 1),
    )


async def connected_pair(media: Reserves) -> tuple[Leg, Leg]:
    """Two legs that are each other's far end."""
    one, other = await Leg.reserve(media), await Leg.reserve(media)
    one.stream.connect(far_end(other.stream.port))
    other.stream.connect(far_end(one.stream.port))
    return one, other


def speech(seconds: float, seed: int) -> bytes:
    """Octets of G.711 that are found again in a recording."""
    return np.random.default_rng(seed).integers(0, 256, int(seconds * 8000), dtype=np.uint8).tobytes()


def channels(path: Path) -> tuple[bytes, bytes]:
    """What was heard and what was said, of a raw recording."""
    octets = path.read_bytes()
    return octets[0::2], octets[1::2]


def assert_frames_in_order(heard: bytes, said: bytes) -> None:
    """Every 20 ms of what was said is in what was heard. A worker that got no processor meanwhile leaves gaps."""
    at = 0
    for start in range(0, len(said), FRAME):
        found = heard.find(said[start : start + FRAME], at)
        assert found >= 0, f"the 20 ms from {start / 8000:.2f} s on are not there"
        at = found + FRAME


def open_sockets() -> set[str]:
    """The sockets of this process."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
        except FileNotFoundError:  # the one that lists
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def children() -> set[int]:
    """The processes that this one started and that have not been waited for."""
    lists = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    return {int(number) for text in lists for number in text.split()}
