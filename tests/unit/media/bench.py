"""An engine under a clock that the test sets, and phones at its streams' far ends; sockets are on loopback."""

import contextlib
import random
import time
from pathlib import Path

from tests.unit.media.workers import PORTS

from playvoice.media import protocol as p
from playvoice.media import udp
from playvoice.media.engine import Engine
from playvoice.media.metronome import TICK
from playvoice.media.rtp import FRAME, HEADER, Packet, parse

EVENT = 101


def _open_pair(host: str) -> udp.Pair:
    """Sockets for RTP and RTCP, at ports that nobody else has."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            return udp.open_pair(host, 2 * random.randrange(15_000, 29_999))
    raise AssertionError("no port is free")


class Phone:
    """A far end: what it was sent, and what it says."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket, self.rtcp = _open_pair(host)
        self.port: int = self.socket.getsockname()[1]
        self.sequence = 100
        self.ssrc = 7

    def close(self) -> None:
        self.socket.close()
        self.rtcp.close()

    def heard(self) -> list[Packet]:
        """The packets since this was last asked."""
        packets: list[Packet] = []
        while True:
            try:
                packet = parse(self.socket.recv(2048))
            except BlockingIOError:
                return packets
            assert packet is not None
            packets.append(packet)

    def says(self, port: int, payload: bytes = b"a" * FRAME, *, payload_type: int = 8, timestamp: int = -1) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        at = self.sequence * FRAME if timestamp < 0 else timestamp
        packet = HEADER.pack(0x80, payload_type, self.sequence, at, self.ssrc) + payload
        self.socket.sendto(packet, ("127.0.0.1", port))


class Bench:
    """An engine, its clock, and phones that are connected to it."""

    def __init__(self, capacity: int = 4) -> None:
        self.engine = Engine("127.0.0.1", PORTS, 3, capacity, random.Random())
        self.ticks = 0
        self.phones: list[Phone] = []
        self.reports: list[p.Message] = []

    @property
    def now(self) -> float:
        return 1000.0 + self.ticks * TICK

    def do(self, *commands: p.Message) -> None:
        for command in commands:
            self.engine.handle(command, self.now)

    def run(self, seconds: float) -> list[p.Message]:
        """Let so much time pass; what is reported meanwhile."""
        reports = []
        for _ in range(round(seconds / TICK)):
            self.engine.tick(self.ticks, self.now)
            self.ticks += 1
            reports += self.engine.take_reports()
        return reports

    def reserve(self) -> p.Reserved:
        self.do(p.Reserve(1))
        (reserved,) = self.engine.take_reports()
        assert isinstance(reserved, p.Reserved)
        return reserved

    def phone(self) -> tuple[p.Reserved, Phone]:
        """A stream and the phone at its far end."""
        phone = Phone()
        self.phones.append(phone)
        reserved = self.reserve()
        self.do(connect(reserved, phone))
        return reserved, phone

    def close(self) -> None:
        for number in list(self.engine._streams):
            self.do(p.Release(1, number))
        for phone in self.phones:
            phone.close()


def connect(
    reserved: p.Reserved,
    phone: Phone,
    *,
    sends: bool = True,
    receives: bool = True,
    event: int = EVENT,
    tones: bool = False,
) -> p.Connect:
    return p.Connect(
        stream=reserved.stream,
        host="127.0.0.1",
        port=phone.port,
        rtcp_host="127.0.0.1",
        rtcp_port=phone.port + 1,
        sip_source="",
        codec=8,
        payload_type=8,
        telephone_event=event,
        receive={"8": 8},
        receive_telephone_event=event,
        sends=sends,
        receives=receives,
        tones=tones,
    )


def recording_of(bench: Bench, stream: int, path: Path) -> tuple[bytes, bytes]:
    """Stop it, and wait for the disk; the two channels."""
    bench.do(p.StopRecording(77, stream))
    began = time.monotonic()
    while not (done := [r for r in bench.engine.take_reports() if isinstance(r, p.RecordingDone)]):
        assert time.monotonic() - began < 10, "the disk does not finish"
        time.sleep(0.001)
    octets = path.read_bytes()
    assert done == [p.RecordingDone(77, len(octets) // 2, "")]
    return octets[0::2], octets[1::2]


def assert_one_talk(packets: list[Packet]) -> None:
    """One source, every sequence number once."""
    assert len({packet.ssrc for packet in packets}) == 1
    first = packets[0].sequence
    assert [packet.sequence for packet in packets] == [(first + n) & 0xFFFF for n in range(len(packets))]
