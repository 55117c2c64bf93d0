"""The RTP of simulated phones: one socket each, one clock for all of a process.

A phone sends from its answer on, silence where it says nothing, as real phones do. What it hears is placed by RTP
timestamps, so that jitter changes nothing and what is lost is silence. It keeps the packets' own octets: what a check
compares is what came over the wire.
"""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.media.rtp import FRAME, MAX_PACKET, Clock, Packet, parse, signed_difference
from playvoice.media.sdp import Negotiated
from playvoice.media.telephone_event import KeyReceiver, press
from playvoice.simulator.sound import Speech, spoken_keys

INTERVAL = FRAME / SAMPLE_RATE
"""Seconds between two packets."""
KEY_PAUSE = 5
"""Packets of silence between two keys."""
MAX_SECONDS = 600
"""Of audio that is kept of one call."""
SO_TIMESTAMPNS = 35
"""socket(7): each datagram comes with the time at which the kernel had it; Python has no name for it."""
TIMESPEC = struct.Struct("@qq")


class Speaker:
    """The clock: every 20 ms each session that has begun sends a packet. Deadlines are absolute, nothing drifts."""

    def __init__(self) -> None:
        self._sessions: set[Audio] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def add(self, session: "Audio") -> None:
        self._sessions.add(session)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time()
            self._timer = loop.call_at(self._due, self._tick)

    def remove(self, session: "Audio") -> None:
        self._sessions.discard(session)

    def _tick(self) -> None:
        for session in list(self._sessions):
            session.send_next()
        if not self._sessions:
            self._timer = None
            return
        loop = asyncio.get_running_loop()
        self._due = max(self._due + INTERVAL, loop.time() - 5 * INTERVAL)
        self._timer = loop.call_at(self._due, self._tick)


class Heard:
    """What came, in packets."""

    def __init__(self, *, keep: bool) -> None:
        self.packets = 0
        self.first_at: float | None = None
        self.last_at = 0.0
        self.codec = Codec.PCMA
        self._keep = keep
        self._payloads: dict[int, bytes] = {}
        self._origin = 0
        self._sequences: set[int] = set()
        self._first_sequence: int | None = None
        self._highest = 0
        self._arrivals: list[float] = []

    def put(self, packet: Packet, codec: Codec, at: float) -> None:
        """Take one packet of audio that arrived at `at`."""
        if self.first_at is None:
            self.first_at = at
            self._origin = packet.timestamp
            self.codec = codec
        self.packets += 1
        self.last_at = at
        self.count(packet)
        place = signed_difference(packet.timestamp, self._origin, 32)
        if self._keep and 0 <= place < MAX_SECONDS * SAMPLE_RATE:
            self._payloads.setdefault(place, packet.payload)
            self._arrivals.append(at)

    def count(self, packet: Packet) -> None:
        """Count a packet's sequence number; keys have theirs among the audio's."""
        if self._first_sequence is None:
            self._first_sequence = packet.sequence
        extended = signed_difference(packet.sequence, self._first_sequence, 16)
        extended += ((self._highest - extended + 0x8000) >> 16) << 16
        self._highest = max(self._highest, extended)
        self._sequences.add(extended)

    @property
    def lost(self) -> int:
        """Packets that are missing between the first and the last."""
        return self._highest + 1 - len(self._sequences) if self._sequences else 0

    @property
    def longest_gap(self) -> float:
        """The longest time between two packets, in seconds."""
        return max((later - earlier for earlier, later in pairwise(self._arrivals)), default=0.0)

    def octets(self) -> bytes:
        """All that was heard from the first packet on, silence where nothing came."""
        silence = bytes([self.codec.silence])
        out = bytearray()
        for place, payload in sorted(self._payloads.items()):
            out += silence * (place - len(out))
            out[place : place + len(payload)] = payload
        return bytes(out)


class Audio:
    """One phone's RTP session."""

    def __init__(
        self, speaker: Speaker, address: str, *, keep: bool, generator: random.Random, on_first: Callable[[], None]
    ) -> None:
        self.heard = Heard(keep=keep)
        self.keys_heard = ""
        self.started_at: float | None = None
        """When the first packet left."""
        self._speaker = speaker
        self._keep = keep
        self._on_first = on_first
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((address, 0))
        if keep:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._clock = Clock(generator.getrandbits(32), generator.getrandbits(16), generator.getrandbits(32))
        self._negotiated: Negotiated | None = None
        self._key_receiver = KeyReceiver()
        self._speech = b""
        self._position = 0
        self._keys: Iterator[tuple[bytes, bool] | None] = iter(())
        self._key_timestamp = 0
        self._said = bytearray()
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def codec(self) -> Codec:
        return self._negotiated.codec if self._negotiated is not None else Codec.PCMA

    def start(self, negotiated: Negotiated) -> None:
        """Begin to send."""
        self._negotiated = negotiated
        self._speaker.add(self)

    def say(self, speech: Speech) -> float:
        """Speak in place of silence from the next packet on; gives the seconds that it takes."""
        self._speech = speech[self.codec]
        self._position = 0
        return len(self._speech) / SAMPLE_RATE

    def press(self, keys: str) -> None:
        """Press keys one after the other, as tones in place of speech where telephone-events were not agreed on."""
        if self._negotiated is not None and self._negotiated.telephone_event is None:
            self._speech = spoken_keys(keys, self.codec)
            self._position = 0
        else:
            self._keys = _presses(keys)

    def said(self) -> bytes:
        """All that was sent, from the first packet on; silence while a key was pressed."""
        return bytes(self._said)

    def close(self) -> None:
        self._speaker.remove(self)
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def send_next(self) -> None:
        """Send the packet of this tick."""
        assert self._negotiated is not None
        if self.started_at is None:
            self.started_at = time.monotonic()
        silence = bytes([self.codec.silence]) * FRAME
        key = next(self._keys, None)
        if key is not None and self._negotiated.telephone_event is not None:
            payload, first = key
            if first:
                self._key_timestamp = self._clock.timestamp
            packet = self._clock.packet(
                self._negotiated.telephone_event, payload, marker=first, timestamp=self._key_timestamp
            )
            frame = silence
        else:
            frame = self._speech[self._position : self._position + FRAME].ljust(FRAME, silence[:1])
            self._position += FRAME
            packet = self._clock.packet(self._negotiated.payload_type, frame, marker=not self._said)
        self._clock.advance(FRAME)
        if self._keep and len(self._said) < MAX_SECONDS * SAMPLE_RATE:
            self._said += frame
        try:
            self._socket.sendto(packet, self._negotiated.remote)
        except OSError:
            pass  # the far end is gone; SIP will say so

    def _receive(self) -> None:
        while True:
            try:
                data, told, _, _ = self._socket.recvmsg(MAX_PACKET, socket.CMSG_SPACE(TIMESPEC.size))
            except BlockingIOError:
                return
            except OSError:
                return  # an ICMP error of what was sent
            packet = parse(data)
            if packet is None or self._negotiated is None:
                continue
            if packet.payload_type == self._negotiated.receive_telephone_event:
                self.heard.count(packet)
                self.keys_heard += self._key_receiver.receive(packet.timestamp, packet.payload)
            elif (codec := self._negotiated.receive_payload_types.get(packet.payload_type)) is not None:
                first = self.heard.first_at is None
                self.heard.put(packet, codec, _arrival(told))
                if first:
                    self._on_first()


def _arrival(told: list[tuple[int, int, bytes]]) -> float:
    """When a datagram arrived, by the clock of `time.monotonic`: not when a busy machine came to read it."""
    now, wall = time.monotonic(), time.time()
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(data)
            arrived: float = seconds + nanoseconds / 1e9
            return now - (wall - arrived)
    return now


def _presses(keys: str) -> Iterator[tuple[bytes, bool] | None]:
    for number, key in enumerate(keys):
        if number:
            yield from (None,) * KEY_PAUSE
        yield from press(key)
