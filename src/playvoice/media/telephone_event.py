"""Keys as RTP packets: RFC 4733, both directions, without I/O.

A press is a row of packets with one timestamp: the first with the marker, durations that grow, the last sent three
times with the end bit. Any of them may be lost, so that a press counts with whichever comes first, and its timestamp
tells the rest apart.

Events that follow on each other without a pause may share a packet (section 2.5.1.5): its timestamp is the first one's,
and each of the others begins where the one before has ended.

A press longer than 65,535 units goes on in a segment with a timestamp of its own (section 2.5.1.3). And there are
gateways that, against the RFC, let the timestamp run on while a key is down, or give the end a timestamp of its own:
such a packet has no marker, its duration has grown, and it claims to have begun within the press before.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from playvoice.media.rtp import FRAME, signed_difference

KEYS = "0123456789*#ABCD"
_EVENT = struct.Struct("!BBH")
_END = 0x80
_VOLUME = 10
"""-10 dBm0, which is what phones send."""
MAX_DURATION = 0xFFFF
"""Timestamp units of one segment."""
MAX_REORDER = 1 << 16
"""Timestamp units, eight seconds, by which a packet of an older press may be late; beyond it the clock began anew."""
MAX_EVENTS = 8
"""Events of one packet that are read."""
PRESS_FRAMES = 5
"""Packets of a press that we send, 20 ms each, before those that end it."""
END_PACKETS = 3
MAX_KEYS = 64
"""Keys that may wait to be sent; more are not taken."""


@dataclass(slots=True)
class KeyReceiver:
    """Tells each press once from a stream's telephone-event packets."""

    _ssrc: int | None = None
    _timestamp: int | None = None
    _event: int = -1
    _duration: int = 0
    _ended: bool = False

    def receive(self, timestamp: int, payload: bytes, *, marker: bool = False, ssrc: int | None = None) -> str:
        """The keys that this packet presses; none for a repetition, an older press, or what is no key."""
        if ssrc != self._ssrc:  # another sender: its timestamps follow from nothing before
            self._ssrc = ssrc
            self._timestamp = None
        pressed = ""
        for event, begins, duration, end in _events(timestamp, payload):
            if event < len(KEYS) and self._begins(event, begins, duration, end=end, marker=marker):
                pressed += KEYS[event]
        return pressed

    def _begins(self, event: int, timestamp: int, duration: int, *, end: bool, marker: bool) -> bool:
        """Whether this is the first that is heard of a press."""
        distance = 0 if self._timestamp is None else signed_difference(timestamp, self._timestamp, 32)
        if self._timestamp is not None and -MAX_REORDER < distance <= 0:
            if distance == 0:
                self._duration = max(self._duration, duration)
                self._ended = self._ended or end
            return False
        goes_on = self._timestamp is not None and self._goes_on(event, marker, distance, duration)
        self._timestamp = timestamp
        self._event, self._duration, self._ended = event, duration, end
        return not goes_on

    def _goes_on(self, event: int, marker: bool, distance: int, duration: int) -> bool:
        """Whether a packet with a new timestamp belongs to the press before."""
        if event != self._event or marker or self._ended:
            return False
        return distance == MAX_DURATION or (duration > self._duration and distance <= duration)


def _events(timestamp: int, payload: bytes) -> Iterator[tuple[int, int, int, bool]]:
    """Event, its timestamp, its duration, and whether it has ended; what stands behind one that goes on is none."""
    whole = min(len(payload) // _EVENT.size, MAX_EVENTS) * _EVENT.size
    for number, (event, flags, duration) in enumerate(_EVENT.iter_unpack(payload[:whole])):
        if number and not duration:
            return  # filling
        end = bool(flags & _END)
        yield event, timestamp, duration, end
        if not end:
            return
        timestamp = (timestamp + duration) & 0xFFFFFFFF


def is_key(text: str) -> bool:
    """Whether this is one key of a telephone."""
    return len(text) == 1 and text.upper() in KEYS


def press(key: str) -> Iterator[tuple[bytes, bool]]:
    """The payloads of one press, 20 ms apart, each with whether it has the marker. ValueError for what is no key."""
    if not is_key(key):
        raise ValueError(f"no key of a telephone: {key!r}")
    return _press(KEYS.index(key.upper()))


def _press(event: int) -> Iterator[tuple[bytes, bool]]:
    duration = 0
    for number in range(PRESS_FRAMES):
        duration += FRAME
        yield _EVENT.pack(event, _VOLUME, duration), number == 0
    for _ in range(END_PACKETS):
        yield _EVENT.pack(event, _END | _VOLUME, duration), False


class KeySender:
    """Keys that are pressed one after the other; the packets of a press end 60 ms before the next begins."""

    def __init__(self) -> None:
        self._packets: deque[tuple[bytes, bool]] = deque()

    def __bool__(self) -> bool:
        """Whether a packet is to be sent."""
        return bool(self._packets)

    def press(self, keys: str) -> None:
        """Queue the presses of these keys, as far as there is room; what is no key is left out."""
        for key in filter(is_key, keys):
            if len(self._packets) < MAX_KEYS * (PRESS_FRAMES + END_PACKETS):
                self._packets.extend(press(key))

    def clear(self) -> None:
        """Send none of what waits."""
        self._packets.clear()

    def next(self) -> tuple[bytes, bool]:
        """The next payload, and whether it begins a press; IndexError if there is none."""
        return self._packets.popleft()
