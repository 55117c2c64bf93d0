"""RTP of the test's own: a socket that a SIPp scenario names in its SDP, and captures for SIPp to play."""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, MAX_PACKET, SAMPLE_RATE, Clock, Packet, parse, signed_difference
from playvoice.media.telephone_event import press
from playvoice.simulator.configuration import LOOPBACK

INTERVAL = FRAME / SAMPLE_RATE
"""Seconds between two packets."""
TELEPHONE_EVENT = 101
"""Payload type of keys in all scenarios."""
_SO_TIMESTAMPNS = 35
"""Linux's socket option, which the module socket doesn't name: the kernel's time of each datagram's arrival."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet and when the kernel got it, in Unix seconds."""

    at: float
    packet: Packet


class RtpPeer:
    """A callee's ear and mouth: keeps every packet, and speaks back to where the first one came from."""

    def __init__(
        self, says: bytes = b"", codec: Codec = Codec.PCMA, address: str = LOOPBACK, *, packet: int = 20
    ) -> None:
        """`packet` is how many milliseconds one of its packets has."""
        self.arrivals: list[Arrival] = []
        self._size = packet * SAMPLE_RATE // 1_000
        self._frames = [says[start : start + self._size] for start in range(0, len(says), self._size)]
        self._codec = codec
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((address, 0))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="RTP peer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def heard(self) -> bytes:
        """The payloads in the order of their sequence numbers, after asserting that these tell of one whole stream."""
        first = self.arrivals[0].packet
        ordered = sorted(
            (arrival.packet for arrival in self.arrivals), key=lambda each: _distance(each.sequence, first.sequence)
        )
        assert {each.ssrc for each in ordered} == {first.ssrc}, "there is one source"
        for earlier, later in pairwise(ordered):
            assert _distance(later.sequence, earlier.sequence) == 1, "no packet is missing and none came twice"
            assert signed_difference(later.timestamp, earlier.timestamp, 32) == FRAME, "timestamps count samples"
        return b"".join(each.payload for each in ordered)

    def payload_types(self) -> set[int]:
        return {arrival.packet.payload_type for arrival in self.arrivals}

    def _run(self) -> None:
        far_end: tuple[str, int] | None = None
        frames = iter(self._frames)
        clock = Clock(ssrc=random.getrandbits(32), sequence=0, timestamp=0)
        due = float("inf")
        while not self._ended.is_set():
            self._socket.settimeout(max(0.001, min(due - time.monotonic(), 0.1)))
            try:
                data, ancillary, _, source = self._socket.recvmsg(MAX_PACKET, 64)
            except TimeoutError:
                pass
            else:
                packet = parse(data)
                if packet is not None:
                    self.arrivals.append(Arrival(_arrived(ancillary), packet))
                    if far_end is None:
                        far_end, due = source, time.monotonic()
            if far_end is not None and time.monotonic() >= due:
                if (frame := next(frames, None)) is None:
                    due = float("inf")
                    continue
                self._socket.sendto(clock.packet(self._codec.value, frame), far_end)
                clock.advance(len(frame))
                due += self._size / SAMPLE_RATE


def write_capture(path: Path, speech: bytes, keys: Sequence[tuple[float, str]]) -> None:
    """Write a pcap file of one RTP stream in A-law, which SIPp's `play_pcap_audio` sends as it stands.

    `keys` are seconds from the start and the key that is pressed then, as telephone-event (RFC 4733) in place of
    speech. SIPp replaces addresses and ports, and keeps the times between packets.
    """
    write_packets(path, [(number * INTERVAL, packet) for number, packet in enumerate(_stream(speech, keys))])


def write_packets(path: Path, packets: Iterable[tuple[float, bytes]]) -> None:
    """Write a pcap file of RTP packets for `play_pcap_audio`, each with the seconds after which it is sent."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, MAX_PACKET, 1)]  # the file's head; 1 is Ethernet
    for at, packet in packets:
        frame = _ethernet(packet)
        seconds, microseconds = divmod(round(at * 1_000_000), 1_000_000)
        records.append(struct.pack("<IIII", seconds, microseconds, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(records))


def _stream(speech: bytes, keys: Sequence[tuple[float, str]]) -> Iterator[bytes]:
    presses = {round(at / INTERVAL): key for at, key in keys}
    clock = Clock(ssrc=random.getrandbits(32), sequence=0, timestamp=0)
    events: list[tuple[bytes, bool]] = []
    began = 0
    for number in range(len(speech) // FRAME):
        if key := presses.get(number):
            events = list(press(key))
            began = clock.timestamp
        if events:
            payload, first = events.pop(0)
            yield clock.packet(TELEPHONE_EVENT, payload, marker=first, timestamp=began)
        else:
            yield clock.packet(Codec.PCMA.value, speech[number * FRAME : (number + 1) * FRAME])
        clock.advance(FRAME)


def _ethernet(payload: bytes) -> bytes:
    """A UDP datagram in an Ethernet frame; what SIPp replaces or doesn't read is zero."""
    udp = struct.pack("!HHHH", 4000, 4000, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0, b"\0" * 4, b"\0" * 4)
    return b"\0" * 12 + b"\x08\x00" + head + udp


def _distance(later: int, earlier: int) -> int:
    return signed_difference(later, earlier, 16)


def _arrived(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", data[:16])
            return float(seconds) + float(nanoseconds) / 1e9
    raise AssertionError("the kernel gives no time of arrival")
