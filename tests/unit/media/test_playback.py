"""Many streams in one batch: each gets its own voice, under its own numbers, whoever comes and goes beside it."""

import random
import socket
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.media.g711 import Codec
from playvoice.media.playback import Batch, Playing
from playvoice.media.reports import Reports
from playvoice.media.rtp import FRAME, Clock, Packet, parse
from playvoice.media.stream import Stream
from playvoice.media.voice_file import Voice

NOWHERE = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
"""Never used: what a stream sends is taken from it before."""
NOWHERE.close()


class Sent(Stream):
    """A stream that keeps what it is given to send."""

    def __init__(self, number: int, *, sequence: int = 0xFFFA, timestamp: int = 0xFFFFFF00) -> None:
        reports = Reports(number, b"", lambda: 0.5, 0.0)
        super().__init__(number, 4000, (NOWHERE, NOWHERE), Clock(number, sequence, timestamp), reports)
        self.may_send = True
        self.packets: list[Packet] = []
        self.send = self.keep

    def keep(self, packet: bytes | memoryview) -> None:
        read = parse(packet)
        assert read is not None
        self.packets.append(read)


def voice(number: int, octets: int) -> Voice:
    """A voice whose octets tell which it is, as `Voices` cuts it."""
    data = np.random.default_rng(number).integers(0, 256, octets, dtype=np.uint8)
    whole = max(0, (octets - 1) // FRAME)
    last = np.full(FRAME, Codec.PCMA.silence, dtype=np.uint8)
    last[: octets - whole * FRAME] = data[whole * FRAME :]
    return Voice(data[: whole * FRAME].reshape(-1, FRAME), last)


def playing(stream: Stream, played: Voice, *, loop: bool = False, position: int = 0) -> Playing:
    return Playing(stream, played, {}, loop, position)


def test_the_last_frame_is_filled_up_and_the_end_comes_a_tick_later() -> None:
    batch, stream, played = Batch(), Sent(1), voice(1, 2 * FRAME + 3)
    batch.add(playing(stream, played), 0.0)
    ended = [batch.tick(frame, frame * 0.02) for frame in range(5)]
    assert ended == [[], [], [], [stream], []]
    assert b"".join(packet.payload for packet in stream.packets) == played.cut(0, 3)
    assert not stream.playing
    assert batch.get(stream) is None


def test_a_voice_without_octets_is_one_frame_of_silence() -> None:
    batch, stream = Batch(), Sent(1)
    batch.add(playing(stream, voice(1, 0)), 0.0)
    assert [batch.tick(frame, frame * 0.02) for frame in range(2)] == [[], [stream]]
    assert [packet.payload for packet in stream.packets] == [bytes([Codec.PCMA.silence]) * FRAME]


def test_numbers_wrap_and_only_the_first_packet_has_the_marker() -> None:
    batch, stream = Batch(), Sent(1)
    batch.add(playing(stream, voice(1, 20 * FRAME)), 0.0)
    for frame in range(12):
        batch.tick(frame, frame * 0.02)
    assert [packet.sequence for packet in stream.packets] == [(0xFFFA + n) & 0xFFFF for n in range(12)]
    assert [packet.timestamp for packet in stream.packets] == [(0xFFFFFF00 + n * FRAME) & 0xFFFFFFFF for n in range(12)]
    assert [packet.marker for packet in stream.packets] == [True] + [False] * 11


def test_what_loops_begins_anew_without_a_gap_or_an_end() -> None:
    batch, stream, played = Batch(), Sent(1), voice(1, 3 * FRAME)
    batch.add(playing(stream, played, loop=True), 0.0)
    assert [batch.tick(frame, frame * 0.02) for frame in range(7)] == [[]] * 7
    assert b"".join(packet.payload for packet in stream.packets) == (played.cut(0, 3) * 3)[: 7 * FRAME]


@pytest.mark.parametrize("stood_still", [False, True])
def test_what_was_taken_out_goes_on_where_it_was(stood_still: bool) -> None:
    batch, stream, played = Batch(), Sent(1), voice(1, 10 * FRAME)
    batch.add(playing(stream, played), 0.0)
    for frame in range(3):
        batch.tick(frame, frame * 0.02)
    taken = batch.remove(stream)
    assert taken is not None
    assert taken.position == 3
    assert batch.remove(stream) is None
    for frame in range(3, 3 if stood_still else 50):
        batch.tick(frame, frame * 0.02)
    batch.add(taken, 1.0)
    for frame in range(50, 57):
        batch.tick(frame, frame * 0.02)
    assert b"".join(packet.payload for packet in stream.packets) == played.cut(0, 10)
    assert stream.packets[3].marker
    assert (stream.packets[3].timestamp - stream.packets[2].timestamp) & 0xFFFFFFFF == 48 * FRAME


def test_a_voice_in_place_of_another_goes_on_in_the_same_numbers() -> None:
    batch, stream = Batch(), Sent(1)
    batch.add(playing(stream, voice(1, 10 * FRAME)), 0.0)
    batch.tick(0, 0.0)
    batch.add(playing(stream, voice(2, 10 * FRAME)), 0.01)
    batch.tick(1, 0.02)
    assert len(batch) == 1
    first, second = stream.packets
    assert (second.sequence - first.sequence) & 0xFFFF == 1
    assert (second.timestamp - first.timestamp) & 0xFFFFFFFF == FRAME
    assert second.payload == voice(2, 10 * FRAME).cut(0, 1)


@dataclass
class Expected:
    """What one stream should have been sent."""

    stream: Sent
    frames: list[bytes] = field(default_factory=list)
    voice: Voice | None = None
    position: int = 0
    loop: bool = False


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["play", "loop", "stop"]), st.integers(0, 9), st.integers(0, 3)), max_size=3
        ),
        max_size=25,
    ),
    st.randoms(use_true_random=False),
)
def test_each_stream_gets_its_own_voice_whoever_comes_and_goes(
    steps: list[list[tuple[str, int, int]]], generator: random.Random
) -> None:
    voices = [voice(number, generator.randrange(6 * FRAME)) for number in range(4)]
    batch = Batch()
    all_streams = [Expected(Sent(number, sequence=generator.getrandbits(16))) for number in range(10)]
    for frame, commands in enumerate(steps):
        for what, who, which in commands:
            expected = all_streams[who]
            if what == "stop":
                batch.remove(expected.stream)
                expected.voice = None
            else:
                expected.voice, expected.position, expected.loop = voices[which], 0, what == "loop"
                batch.add(playing(expected.stream, voices[which], loop=expected.loop), frame * 0.02)
        ended = batch.tick(frame, frame * 0.02)
        for expected in all_streams:
            if expected.voice is not None and expected.loop:
                expected.position %= len(expected.voice)
            if expected.voice is not None and expected.position == len(expected.voice):
                assert expected.stream in ended
                expected.voice = None
            elif expected.voice is not None:
                expected.frames.append(expected.voice.cut(expected.position, expected.position + 1))
                expected.position += 1
    for expected in all_streams:
        packets = expected.stream.packets
        assert [packet.payload for packet in packets] == expected.frames
        assert {packet.ssrc for packet in packets} <= {expected.stream.number}
        assert all((b.sequence - a.sequence) & 0xFFFF == 1 for a, b in pairwise(packets))


def test_it_grows_with_its_streams_and_all_go_on() -> None:
    batch = Batch()
    streams = [Sent(number) for number in range(200)]
    for frame, stream in enumerate(streams):
        batch.add(playing(stream, voice(1, 300 * FRAME)), frame * 0.02)
        batch.tick(frame, frame * 0.02)
    assert repr(batch) == "<Batch of 200>"
    assert [len(stream.packets) for stream in streams] == list(range(200, 0, -1))
    assert len({(stream.packets[-1].sequence - 0xFFFA) & 0xFFFF for stream in streams}) == 200


def test_a_packet_that_the_kernel_does_not_take_is_counted_and_the_others_go_on() -> None:
    batch, streams = Batch(), [Sent(number) for number in range(3)]

    def refuse(_packet: bytes | memoryview) -> None:
        raise ConnectionRefusedError

    for stream in streams:
        batch.add(playing(stream, voice(1, 10 * FRAME)), 0.0)
    for frame in range(6):
        streams[1].send = refuse if frame in (2, 3) else streams[1].keep
        batch.tick(frame, frame * 0.02)
    for stream in streams:
        batch.remove(stream)
    assert [(stream.counts.sent, stream.counts.unsent) for stream in streams] == [(6, 0), (4, 2), (6, 0)]
    assert [len(stream.packets) for stream in streams] == [6, 4, 6]


@pytest.mark.parametrize("may_send", [True, False])
def test_a_recording_hears_what_was_sent_and_nothing_of_what_was_held(may_send: bool) -> None:
    batch, stream, heard = Batch(), Sent(1), []
    stream.may_send = may_send

    class Hears:
        pass

    stream.recorder = Hears()  # type: ignore[assignment]
    stream.note_sent = lambda timestamp, payload, now: heard.append((timestamp, payload, round(now, 3)))  # type: ignore[method-assign]
    played = voice(1, 10 * FRAME)
    batch.add(playing(stream, played), 5.0)
    for frame in range(250, 255):
        batch.tick(frame, frame * 0.02)
    batch.note(stream)
    batch.note(stream)
    assert heard == ([(0xFFFFFF00, played.cut(0, 5), 5.0)] if may_send else [])
