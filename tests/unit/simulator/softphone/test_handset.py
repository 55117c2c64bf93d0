"""The audio of a call over real sockets of loopback, packets sent by the test: no clock is waited for."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from tests.waiting import until

from playvoice.media.g711 import Codec, decode, encode
from playvoice.media.rtp import FRAME, Clock, Packet, parse
from playvoice.media.sdp import Direction, Negotiated
from playvoice.media.telephone_event import MAX_KEYS, press
from playvoice.simulator.rtp_session import Speaker
from playvoice.simulator.softphone.handset import MAX_TONES, Handset
from playvoice.simulator.softphone.level import level_of
from playvoice.simulator.softphone.recording import WavFile, numbered
from playvoice.simulator.softphone.source import Played, tone
from playvoice.simulator.sound import read_channels, spoken_keys

LOOPBACK = "127.0.0.1"


@pytest.fixture
def far() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(5)
        yield sock


class StillSpeaker(Speaker):
    """A clock that stands: a test ticks itself."""

    def add(self, session: object) -> None:
        pass


def handset(keys: list[tuple[str, str]], file: WavFile | None = None) -> Handset:
    return Handset(
        StillSpeaker(),
        LOOPBACK,
        random.Random(1),
        Played(tone(1_000), repeat=True),
        lambda pressed, way: keys.append((pressed, way)),
        file=file,
    )


def terms(
    far: socket.socket, direction: Direction = Direction.SENDRECV, event: int | None = 101, codec: Codec = Codec.PCMA
) -> Negotiated:
    remote = far.getsockname()
    return Negotiated(
        remote=remote,
        codec=codec,
        payload_type=int(codec),
        telephone_event=event,
        direction=direction,
        receive_payload_types=MappingProxyType({int(codec): codec}),
        receive_telephone_event=event,
        remote_rtcp=(remote[0], 0),
    )


def received(far: socket.socket) -> Packet:
    packet = parse(far.recv(2_048))
    assert packet is not None
    return packet


def audio(number: int, payload: bytes, codec: Codec = Codec.PCMA) -> Packet:
    return Packet(int(codec), False, number, number * FRAME, 7, payload)


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_it_is_silent_until_it_is_answered_then_says_what_it_has(far: socket.socket) -> None:
    phone = handset([])
    phone.start(terms(far))
    phone.send_next(0.0)
    assert received(far).payload == bytes([Codec.PCMA.silence]) * FRAME
    phone.begin()
    phone.send_next(0.02)
    assert level_of(decode(Codec.PCMA, received(far).payload)) > -20
    phone.end(0.04)


async def test_on_hold_it_says_nothing_and_while_it_is_held_it_sends_nothing(far: socket.socket) -> None:
    phone = handset([])
    phone.begin()
    phone.start(terms(far, Direction.SENDONLY))
    phone.send_next(0.0)
    first = received(far)
    assert first.payload == bytes([Codec.PCMA.silence]) * FRAME
    phone.start(terms(far, Direction.RECVONLY))
    phone.send_next(0.02)
    phone.start(terms(far))
    phone.send_next(0.04)
    third = received(far)
    assert (third.sequence - first.sequence) & 0xFFFF == 1
    assert (third.timestamp - first.timestamp) & 0xFFFFFFFF == 2 * FRAME
    phone.end(0.06)


async def test_keys_go_as_telephone_events_in_place_of_audio(far: socket.socket) -> None:
    phone = handset([])
    phone.begin()
    phone.start(terms(far))
    phone.press("5")
    phone.send_next(0.0)
    packet = received(far)
    assert (packet.payload_type, packet.marker, packet.payload[0]) == (101, True, 5)
    phone.end(0.02)


async def test_keys_go_as_tones_before_what_else_is_to_be_said(far: socket.socket) -> None:
    phone = handset([])
    phone.begin()
    phone.start(terms(far, event=None))
    phone.press_tones("5")
    expected = spoken_keys("5", Codec.PCMA)
    said = b""
    for tick in range(len(expected) // FRAME):
        phone.send_next(tick * 0.02)
        said += received(far).payload
    assert said == expected[: len(said)]
    phone.end(1.0)


async def test_keys_are_heard_by_either_way_each_once(far: socket.socket) -> None:
    keys: list[tuple[str, str]] = []
    phone = handset(keys)
    phone.start(terms(far))
    for number, (payload, marker) in enumerate(press("5")):
        phone.heard_keys(Packet(101, marker, number, 0, 7, payload), "5" if marker else "", 0.02 * number)
    phone.start(terms(far, event=None))
    tones = spoken_keys("#1", Codec.PCMA)
    for number in range(len(tones) // FRAME):
        phone.heard_audio(audio(number, tones[number * FRAME :][:FRAME]), Codec.PCMA, 0.02 * number)
    assert keys == [("5", "events"), ("#", "tones"), ("1", "tones")]
    phone.end(1.0)


async def test_packets_of_the_socket_are_counted_and_what_is_none_is_not(far: socket.socket) -> None:
    keys: list[tuple[str, str]] = []
    phone = handset(keys)
    phone.start(terms(far))
    clock = Clock(7, 65_534, 0)
    for _ in range(3):
        far.sendto(clock.packet(8, b"\xd5" * FRAME), (LOOPBACK, phone.port))
        clock.advance(FRAME)
    clock.sequence = (clock.sequence + 2) & 0xFFFF
    for garbage in (b"", b"garbage", clock.packet(33, b"mpeg")):
        far.sendto(garbage, (LOOPBACK, phone.port))
    for payload, marker in press("#"):
        far.sendto(clock.packet(101, payload, marker=marker), (LOOPBACK, phone.port))
    await until(lambda: bool(keys))
    figures = phone.figures(0.0)
    assert keys == [("#", "events")]
    assert figures.received >= 4
    assert figures.lost == 3
    phone.end(1.0)


async def test_the_level_is_that_of_what_is_heard_now(far: socket.socket) -> None:
    phone = handset([])
    phone.start(terms(far))
    assert phone.figures(0.0).level is None
    loud = encode(Codec.PCMA, np.full(FRAME, 8_000, np.int16))
    phone.heard_audio(audio(1, loud), Codec.PCMA, 1.0)
    level = phone.figures(1.1).level
    assert level is not None
    assert level == pytest.approx(-6, abs=0.5)
    assert phone.figures(1.4).level is None
    phone.end(2.0)


async def test_the_recording_has_what_was_heard_left_and_what_was_said_right(
    far: socket.socket, tmp_path: Path
) -> None:
    phone = handset([], WavFile(tmp_path / "a.wav"))
    phone.start(terms(far))
    phone.begin()
    heard = encode(Codec.PCMA, np.full(FRAME, 4_000, np.int16))
    for tick in range(50):
        phone.send_next(tick * 0.02)
        phone.heard_audio(audio(tick, heard), Codec.PCMA, tick * 0.02)
    assert phone.end(1.0) == str(tmp_path / "a.wav")
    rate, (left, right) = read_channels(tmp_path / "a.wav")
    assert (rate, left.size) == (8_000, 8_000)
    assert np.all(left == decode(Codec.PCMA, heard)[0])
    assert level_of(right) == pytest.approx(-16, abs=0.3)


async def test_no_file_is_left_where_nothing_was_said_and_a_problem_is_told(far: socket.socket, tmp_path: Path) -> None:
    phone = handset([], WavFile(tmp_path / "a.wav"))
    assert phone.end(0.0) == ""
    assert names_in(tmp_path) == []
    phone = handset([], WavFile(tmp_path / "missing" / "a.wav"))
    phone.start(terms(far))
    phone.begin()
    phone.send_next(0.0)
    assert "can't be written" in phone.end(1.0)


def test_each_call_has_a_file_of_its_own() -> None:
    assert [numbered(Path("a/b.wav"), call).name for call in (1, 2, 3)] == ["b.wav", "b-2.wav", "b-3.wav"]


async def test_keys_that_wait_are_bounded_either_way(far: socket.socket) -> None:
    phone = handset([])
    phone.start(terms(far))
    phone.press("1" * 2 * MAX_KEYS)
    presses = 0
    for tick in range(2 * MAX_KEYS * 13):
        phone.send_next(tick * 0.02)
        packet = received(far)
        presses += packet.marker and packet.payload_type == 101
    assert presses == MAX_KEYS
    for _ in range(3):
        phone.press_tones("1" * 60)
    assert len(phone._tones) < MAX_TONES + len(spoken_keys("1" * 60, Codec.PCMA))
    phone.end(1.0)
