"""Keys as RTP packets: RFC 4733, both directions, without I/O.

A press is a row of packets with one timestamp: the first with the marker, the last sent three times with the end bit.
Any of them may be lost, so that a press counts with whichever comes first, and its timestamp tells the rest apart.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from playvoice.media.rtp import FRAME, signed_difference

KEYS = "0123456789*#ABCD"
_EVENT = struct.Struct("!BBH")
MAX_DURATION = 0xFFFF
"""Timestamp units of one segment; a longer press goes on in another (section 2.5.1.3)."""
PRESS_FRAMES = 5
"""Packets of a press that we send, 20 ms each."""
END_PACKETS = 3


@dataclass(slots=True)
class KeyReceiver:
    """Tells each press once from a stream's telephone-event packets."""

    _timestamp: int | None = None
    _key: str = ""

    def receive(self, timestamp: int, payload: bytes) -> str | None:
        """The key that this packet presses; None for a repetition, an older press, or what is no key."""
        if len(payload) < _EVENT.size:
            return None
        event, _flags, _duration = _EVENT.unpack_from(payload)
        if event >= len(KEYS):
            return None
        key = KEYS[event]
        last = self._timestamp
        if last is not None:
            distance = signed_difference(timestamp, last, 32)
            if distance <= 0 and distance > -(1 << 24):
                return None
            if distance == MAX_DURATION and key == self._key:
                self._timestamp = timestamp
                return None
        self._timestamp = timestamp
        self._key = key
        return key


def press(key: str) -> Iterator[tuple[bytes, bool]]:
    """The payloads of one press, 20 ms apart, each with whether it has the marker.

    ValueError for what is no key.
    """
    event = KEYS.index(key.upper())
    duration = 0
    for number in range(PRESS_FRAMES):
        duration += FRAME
        yield _EVENT.pack(event, 10, duration), number == 0
    for _ in range(END_PACKETS):
        yield _EVENT.pack(event, 0x80 | 10, duration), False
