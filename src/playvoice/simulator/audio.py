"""What a simulated phone says and hears, over `playvoice.simulator.rtp_session`.

What it hears is placed by RTP timestamps, so that jitter changes nothing and what is lost is silence. It keeps the
packets' own octets: what a check compares is what came over the wire.
"""

import random
from collections.abc import Callable
from itertools import pairwise

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.media.rtp import FRAME, Packet, signed_difference
from playvoice.simulator.rtp_session import RtpSession, Speaker
from playvoice.simulator.sound import Speech, spoken_keys

MAX_SECONDS = 600
"""Of audio that is kept of one call."""


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


class Audio(RtpSession):
    """One phone's RTP session."""

    def __init__(
        self, speaker: Speaker, address: str, *, keep: bool, generator: random.Random, on_first: Callable[[], None]
    ) -> None:
        super().__init__(speaker, address, generator, stamped=keep)
        self.heard = Heard(keep=keep)
        self.keys_heard = ""
        self.started_at: float | None = None
        """When the first packet left."""
        self._keep = keep
        self._on_first = on_first
        self._speech = b""
        self._position = 0
        self._said = bytearray()

    def say(self, speech: Speech) -> float:
        """Speak in place of silence from the next packet on; gives the seconds that it takes."""
        self._speech = speech[self.codec]
        self._position = 0
        return len(self._speech) / SAMPLE_RATE

    def press(self, keys: str) -> None:
        """Press keys one after the other, as tones in place of speech where telephone-events were not agreed on."""
        if self.negotiated is not None and self.negotiated.telephone_event is None:
            self._speech = spoken_keys(keys, self.codec)
            self._position = 0
        else:
            super().press(keys)

    def said(self) -> bytes:
        """All that was sent, from the first packet on; silence while a key was pressed."""
        return bytes(self._said)

    def next_frame(self) -> bytes:
        frame = self._speech[self._position : self._position + FRAME]
        self._position += FRAME
        return frame.ljust(FRAME, bytes([self.codec.silence]))

    def sent_frame(self, frame: bytes, now: float) -> None:
        if self.started_at is None:
            self.started_at = now
        if self._keep and len(self._said) < MAX_SECONDS * SAMPLE_RATE:
            self._said += frame

    def heard_audio(self, packet: Packet, codec: Codec, now: float) -> None:
        first = self.heard.first_at is None
        self.heard.put(packet, codec, now)
        if first:
            self._on_first()

    def heard_keys(self, packet: Packet, keys: str, now: float) -> None:
        self.heard.count(packet)
        self.keys_heard += keys
