"""A real server with SIPp as its carrier, which sends RTP as gateways do: keys with gaps, odd packets, other addresses.

The streams are written as captures, packet by packet; SIPp plays them from its media port, or from another address.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from tests.acceptance.rtp_peer import INTERVAL, TELEPHONE_EVENT, RtpPeer, write_packets
from tests.acceptance.sipp_peer import Part
from tests.acceptance.sipp_world import NOTICE, SippWorld, noise, sipp_world
from tests.acceptance.test_trunk_registration import wait_for_line
from tests.peers import need_raw_sockets

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import SAMPLE_RATE, Codec, decode
from playvoice.media.rtp import FRAME, Clock
from playvoice.media.telephone_event import KEYS, MAX_DURATION
from playvoice.simulator.configuration import GROUP
from playvoice.simulator.sound import find
from playvoice.simulator.world import EXTENSION

pytestmark = pytest.mark.peer("sipp")

COMFORT_NOISE = 13
"""RFC 3389."""
UNKNOWN = 97
"""A payload type that nobody agreed on."""
END = 0x80
SILENCE = {8}
"""The one sample of a recording in A-law where nobody speaks."""


@pytest.fixture(scope="module")
def udp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SippWorld]:
    need_raw_sockets()
    with sipp_world(tmp_path_factory.mktemp("udp"), "udp", registered=True) as held:
        yield held


@dataclass
class Stream:
    """The RTP of a gateway, written packet by packet."""

    packets: list[tuple[float, bytes]] = field(default_factory=list)
    clock: Clock = field(default_factory=lambda: Clock(ssrc=7, sequence=65_500, timestamp=2**32 - 8_000))
    at: float = 0.0
    """Seconds from the beginning."""

    def send(self, payload_type: int, payload: bytes, *, marker: bool = False, timestamp: int | None = None) -> None:
        packet = self.clock.packet(payload_type, payload, marker=marker, timestamp=timestamp)
        self.packets.append((self.at, packet))

    def lose(self) -> None:
        """A packet that does not arrive."""
        self.clock.sequence = (self.clock.sequence + 1) & 0xFFFF

    def rest(self, seconds: float = INTERVAL) -> None:
        self.at += seconds
        self.clock.advance(round(seconds * SAMPLE_RATE))

    def say(self, speech: bytes, packet: int) -> None:
        """Speech in packets of so many milliseconds."""
        size = packet * SAMPLE_RATE // 1_000
        for start in range(0, len(speech), size):
            self.send(Codec.PCMA.value, speech[start : start + size])
            self.rest(packet / 1_000)

    def event(self, key: str, duration: int, *, end: bool = False, marker: bool = False, began: int) -> None:
        payload = bytes([KEYS.index(key), END * end | 10]) + duration.to_bytes(2, "big")
        self.send(TELEPHONE_EVENT, payload, marker=marker, timestamp=began % 2**32)

    def press(self, key: str, *, lost: Callable[[int], bool] = lambda _number: False, times: int = 1) -> None:
        """Five packets and three that end the press, 20 ms each; those that `lost` names do not arrive."""
        began = self.clock.timestamp
        for number in range(8):
            for _ in range(times):
                duration = min(number + 1, 5) * FRAME
                if lost(number):
                    self.lose()
                else:
                    self.event(key, duration, end=number >= 5, marker=number == 0, began=began)
            self.rest()
        self.rest()

    def press_long(self, key: str, segments: int) -> None:
        """A press in segments (RFC 4733 section 2.5.1.3), told in a fraction of the time that it would last."""
        began = self.clock.timestamp
        for segment in range(segments):
            for part in (1, 2, 3):
                end = segment == segments - 1 and part == 3
                marker = segment == 0 and part == 1
                self.event(key, MAX_DURATION * part // 3, end=end, marker=marker, began=began)
                self.at += INTERVAL
            began += MAX_DURATION
        self.clock.advance(segments * MAX_DURATION + FRAME)

    def press_with_running_clock(self, key: str) -> None:
        """A press whose timestamp runs on with its duration, against the RFC."""
        for number in range(6):
            self.event(key, (number + 1) * FRAME, end=number == 5, marker=number == 0, began=self.clock.timestamp)
            self.rest()
        self.rest()


def pressed(world: SippWorld, uuid: str) -> str:
    """The keys of a call, as the server counted them."""
    log = (world.world.directory / "server.log").read_text(errors="replace")
    return "".join(re.findall(rf"key_pressed\b(?=.*\b{uuid}).*\bkey=['\"]?([0-9A-D*#])", log))


def test_each_press_counts_once_however_its_packets_are_lost_repeated_and_stretched(
    udp: SippWorld, tmp_path: Path
) -> None:
    stream = Stream()
    stream.say(noise(0.2, Codec.PCMA, 21), 20)
    stream.press("2")
    stream.press("3", lost=lambda number: number < 2)
    stream.press("4", lost=lambda number: number >= 5)
    stream.press("5")
    stream.press("5")
    stream.press("6", lost=lambda number: number != 6)
    stream.press("7", times=2)
    stream.press_long("8", 3)
    stream.press_with_running_clock("9")
    stream.press("*", lost=lambda number: number == 0)
    stream.press("1")
    stream.say(noise(3.0, Codec.PCMA, 22), 20)
    write_packets(tmp_path / "key.pcap", stream.packets)
    # The far end wants telephone-events as 96, and sends them as we asked for them: as 101 (RFC 3264 section 6.1).
    with udp.carrier("press_key", tmp_path, event_type=96) as sipp:
        uuid = udp.dial("long.wav")
        sipp.finish()
        record = udp.record(uuid)
    assert pressed(udp, uuid) == "234556789*1"
    assert (record["userkey"], record["extnumber"]) == ("1", EXTENSION)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLER_HUNG_UP)


def test_the_keys_of_an_agent_go_out_under_the_number_that_the_far_end_gave_them(
    udp: SippWorld, tmp_path: Path
) -> None:
    with RtpPeer() as callee, udp.carrier("answer", tmp_path, rtp_port=callee.port, event_type=96) as sipp:
        uuid = udp.dial(userid=f"@{GROUP}")
        sipp.finish()
        assert udp.record(uuid)["extnumber"] == EXTENSION
    assert callee.payload_types() == {Codec.PCMA, 96}, "and not as we offered them"


def test_a_key_that_comes_with_the_last_packet_of_the_voice_counts_once(udp: SippWorld, tmp_path: Path) -> None:
    octets = NOTICE[Codec.PCMA]
    stream = Stream()
    stream.say(noise(len(octets) / SAMPLE_RATE - INTERVAL, Codec.PCMA, 23), 20)
    stream.press("1")
    stream.say(noise(2.5, Codec.PCMA, 24), 20)
    write_packets(tmp_path / "key.pcap", stream.packets)
    with udp.carrier("press_key", tmp_path) as sipp:
        uuid = udp.dial("notice.wav")
        sipp.finish()
        record = udp.record(uuid)
    assert pressed(udp, uuid) == record["userkey"] == "1"
    assert record["extnumber"] == EXTENSION
    assert udp.states(uuid) == ["ring", "answer", "hangup"]


def test_audio_from_another_port_in_packets_of_many_lengths_is_heard_and_what_is_no_speech_is_not(
    udp: SippWorld, tmp_path: Path
) -> None:
    said = [noise(seconds, Codec.PCMA, seed) for seconds, seed in ((0.3, 31), (0.3, 32), (0.3, 33))]
    stream = Stream()
    stream.say(said[0], 10)
    for _ in range(5):  # silence suppression, and a gateway's own packets
        stream.send(COMFORT_NOISE, b"\x30")
        stream.send(UNKNOWN, bytes(range(200)))
        stream.send(UNKNOWN, b"")
        stream.rest()
    stream.say(said[1], 30)
    stream.say(said[2], 60)
    write_packets(tmp_path / "key.pcap", stream.packets)
    with RtpPeer() as announced, udp.carrier("press_key", tmp_path, rtp_port=announced.port) as sipp:
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert len(announced.arrivals) < 25, "the voice goes to where the audio comes from"
    _, (left, _) = udp.recording(record)
    first = decode(Codec.PCMA, said[0])
    rest = decode(Codec.PCMA, b"".join(said[1:]))
    at, then = (find(part, left).offset for part in (first, rest))
    assert np.array_equal(left[at : at + first.size], first)
    assert np.array_equal(left[then : then + rest.size], rest)
    assert set(left[at + first.size : then].tolist()) == SILENCE, (
        "neither comfort noise nor what nobody knows is recorded"
    )


def test_a_stranger_who_sends_to_our_port_is_neither_heard_nor_sent_the_voice(udp: SippWorld, tmp_path: Path) -> None:
    stream = Stream()
    stream.say(noise(0.3, Codec.PCMA, 41), 20)
    stream.press("1")
    stream.say(noise(0.3, Codec.PCMA, 42), 20)
    write_packets(tmp_path / "key.pcap", stream.packets)
    with (
        RtpPeer() as callee,
        udp.carrier("press_key", tmp_path, Part(media_address="127.0.0.9"), rtp_port=callee.port) as sipp,
    ):
        uuid = udp.dial()
        sipp.finish()
        record = udp.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert pressed(udp, uuid) == record["userkey"] == ""
    _, (left, _) = udp.recording(record)
    assert set(left.tolist()) == SILENCE
    wait_for_line(udp.world, rf"rtp_ignored\b.*\bpackets={len(stream.packets)}\b.*{uuid}")
