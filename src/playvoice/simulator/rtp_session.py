"""The RTP of one call of a phone: a socket of its own, and one clock for all calls of a process.

A phone sends from its answer on, silence where it says nothing, as real phones do; while its description says that it
does not send, only its timestamps go on. What it says and what it makes of what it hears is told by those who inherit
from it: the simulated phones and the one in the terminal.
"""

import asyncio
import random
import socket
import struct
import time
from abc import ABC, abstractmethod

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.media.rtp import FRAME, MAX_PACKET, Clock, Packet, parse
from playvoice.media.sdp import Negotiated
from playvoice.media.telephone_event import MAX_KEYS, KeyReceiver, press

INTERVAL = FRAME / SAMPLE_RATE
"""Seconds between two packets."""
KEY_PAUSE = 5
"""Packets of silence between two keys."""
SO_TIMESTAMPNS = 35
"""socket(7): each datagram comes with the time at which the kernel had it; Python has no name for it."""
TIMESPEC = struct.Struct("@qq")
PACKETS_A_TURN = 64
"""Packets that are read in one turn of the loop, so that a flood leaves time for the rest."""


class Speaker:
    """The clock: every 20 ms each session that has begun sends a packet. Deadlines are absolute, nothing drifts."""

    def __init__(self) -> None:
        self._sessions: set[RtpSession] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def add(self, session: "RtpSession") -> None:
        self._sessions.add(session)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time()
            self._timer = loop.call_at(self._due, self._tick)

    def remove(self, session: "RtpSession") -> None:
        self._sessions.discard(session)

    def _tick(self) -> None:
        now = time.monotonic()
        for session in list(self._sessions):
            session.send_next(now)
        if not self._sessions:
            self._timer = None
            return
        loop = asyncio.get_running_loop()
        self._due = max(self._due + INTERVAL, loop.time() - 5 * INTERVAL)
        self._timer = loop.call_at(self._due, self._tick)


class RtpSession(ABC):
    """One call's RTP. OSError where no port can be had."""

    def __init__(self, speaker: Speaker, address: str, generator: random.Random, *, stamped: bool = False) -> None:
        """`stamped`: what comes is told with the time at which it arrived, and not that at which it is read."""
        self._speaker = speaker
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind((address, 0))
        except OSError:
            self._socket.close()
            raise
        if stamped:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.clock = Clock(generator.getrandbits(32), generator.getrandbits(16), generator.getrandbits(32))
        self.negotiated: Negotiated | None = None
        self.sent = 0
        """Packets."""
        self._key_receiver = KeyReceiver()
        self._keys: list[tuple[bytes, bool] | None] = []
        self._key_timestamp = 0
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def codec(self) -> Codec:
        return self.negotiated.codec if self.negotiated is not None else Codec.PCMA

    def start(self, negotiated: Negotiated) -> None:
        """Begin to send, or go on as another description says."""
        self.negotiated = negotiated
        self._speaker.add(self)

    def press(self, keys: str) -> None:
        """Press keys one after the other, by telephone-events; those past `MAX_KEYS` that wait are left out."""
        for key in keys:
            packets = list(press(key))
            if len(self._keys) + len(packets) + KEY_PAUSE <= MAX_KEYS * (len(packets) + KEY_PAUSE):
                pause = [None] * KEY_PAUSE if self._keys else []
                self._keys += [*pause, *packets]

    def close(self) -> None:
        self._speaker.remove(self)
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    @abstractmethod
    def next_frame(self) -> bytes:
        """What is said in the next 20 ms: `FRAME` octets of `codec`."""

    @abstractmethod
    def heard_audio(self, packet: Packet, codec: Codec, now: float) -> None:
        """A packet of audio came."""

    @abstractmethod
    def heard_keys(self, packet: Packet, keys: str, now: float) -> None:
        """A packet of a key came; `keys` are the presses that begin with it."""

    @abstractmethod
    def sent_frame(self, frame: bytes, now: float) -> None:
        """This was said; silence while a key is pressed by telephone-events."""

    def send_next(self, now: float) -> None:
        """Send the packet of this tick."""
        assert self.negotiated is not None
        silence = bytes([self.codec.silence]) * FRAME
        if not self.negotiated.direction.sends:
            self.clock.advance(FRAME)
            self.sent_frame(silence, now)
            return
        key = self._keys.pop(0) if self._keys else None
        if key is not None and self.negotiated.telephone_event is not None:
            payload, first = key
            if first:
                self._key_timestamp = self.clock.timestamp
            packet = self.clock.packet(
                self.negotiated.telephone_event, payload, marker=first, timestamp=self._key_timestamp
            )
            frame = silence
        else:
            frame = self.next_frame()
            packet = self.clock.packet(self.negotiated.payload_type, frame, marker=not self.sent)
        self.clock.advance(FRAME)
        self.sent += 1
        self.sent_frame(frame, now)
        try:
            self._socket.sendto(packet, self.negotiated.remote)
        except OSError:
            pass  # the far end is gone; SIP will say so

    def _receive(self) -> None:
        for _ in range(PACKETS_A_TURN):
            try:
                data, told, _, _ = self._socket.recvmsg(MAX_PACKET, socket.CMSG_SPACE(TIMESPEC.size))
            except BlockingIOError:
                return
            except OSError:
                return  # an ICMP error of what was sent
            packet = parse(data)
            if packet is not None and self.negotiated is not None:
                self._take(packet, self.negotiated, _arrival(told))

    def _take(self, packet: Packet, negotiated: Negotiated, now: float) -> None:
        if packet.payload_type == negotiated.receive_telephone_event:
            keys = self._key_receiver.receive(packet.timestamp, packet.payload, marker=packet.marker, ssrc=packet.ssrc)
            self.heard_keys(packet, keys, now)
        elif (codec := negotiated.receive_payload_types.get(packet.payload_type)) is not None:
            self.heard_audio(packet, codec, now)


def _arrival(told: list[tuple[int, int, bytes]]) -> float:
    """When a datagram arrived, by the clock of `time.monotonic`: not when a busy machine came to read it."""
    now, wall = time.monotonic(), time.time()
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(data)
            arrived: float = seconds + nanoseconds / 1e9
            return now - (wall - arrived)
    return now
