"""Packets of any length as packets of 20 ms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.frames import MAX_GAP, Frames
from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, Packet

SILENCE = bytes([Codec.PCMA.silence])


def octets(start: int, count: int) -> bytes:
    """Those that a far end says from sample `start` on, so that each 20 ms are found again."""
    return bytes((sample // 40) % 200 + 1 for sample in range(start, start + count))


def packet(
    number: int, samples: int, *, at: int | None = None, ssrc: int = 1, marker: bool = False, payload: bytes = b""
) -> Packet:
    """Packet `number` of a far end that counts from 65,530 and 4,294,967,000, at sample `at`."""
    start = number * samples if at is None else at
    return Packet(
        8,
        marker,
        (65_530 + number) & 0xFFFF,
        (4_294_967_000 + start) & 0xFFFFFFFF,
        ssrc,
        payload or octets(start, samples),
    )


def cut(frames: Frames, *packets: Packet) -> list[tuple[int, int, bytes]]:
    """What comes out: sequence number and timestamp from the beginning, and payload."""
    given_back = [frame for each in packets for frame in frames.cut(each, Codec.PCMA)]
    return [
        ((each.sequence - 65_530) & 0xFFFF, (each.timestamp - 4_294_967_000) & 0xFFFFFFFF, each.payload)
        for each in given_back
    ]


def said(sequence: int, start: int) -> tuple[int, int, bytes]:
    """A frame of 20 ms of what the far end says."""
    return sequence, start, octets(start, FRAME)


def test_20_ms_pass_as_they_are() -> None:
    frames = Frames()
    packets = [packet(number, FRAME, marker=number == 0) for number in (0, 1, 5, 3, 3)]
    assert [frame for each in packets for frame in frames.cut(each, Codec.PCMA)] == packets
    assert repr(frames) == "<Frames as they come>"


def test_60_ms_are_three_frames_and_10_ms_wait_for_their_other_half() -> None:
    assert cut(Frames(), packet(0, 480), packet(1, 480)) == [said(number, number * FRAME) for number in range(6)]
    frames = Frames()
    assert cut(frames, packet(0, 80)) == []
    assert repr(frames) == "<Frames cut, 80 octets wait>"
    assert cut(frames, packet(1, 80), packet(2, 80), packet(3, 80)) == [said(0, 0), said(1, FRAME)]


def test_the_marker_is_on_the_first_frame_only() -> None:
    assert [frame.marker for frame in Frames().cut(packet(0, 480, marker=True), Codec.PCMA)] == [True, False, False]
    frames = Frames()
    frames.cut(packet(0, 80, marker=True), Codec.PCMA)
    assert [frame.marker for frame in frames.cut(packet(1, 80), Codec.PCMA)] == [True]


def test_a_lost_packet_is_as_many_lost_frames() -> None:
    frames = Frames()
    cut(frames, packet(0, 320))
    assert cut(frames, packet(2, 320)) == [said(4, 640), said(5, 800)]


def test_a_part_of_a_frame_whose_rest_was_lost_is_filled_up_with_silence() -> None:
    frames = Frames()
    assert cut(frames, packet(0, 80), packet(2, 80), packet(3, 80)) == [
        (0, 0, octets(0, 80) + SILENCE * 80),
        said(1, 160),
    ]
    frames = Frames()
    assert cut(frames, packet(0, 240), packet(2, 240)) == [
        said(0, 0),
        (1, 160, octets(160, 80) + SILENCE * 80),
        (3, 480, octets(480, FRAME)),
    ], "the frame from 320 on is missing, and so is its number"


def test_a_pause_without_loss_is_none_in_the_numbers() -> None:
    frames = Frames()
    cut(frames, packet(0, 320))
    assert cut(frames, packet(1, 320, at=16_000, marker=True)) == [said(2, 16_000), said(3, 16_160)]


@pytest.mark.parametrize("number", [0, 1])
def test_what_is_late_or_comes_twice_is_dropped(number: int) -> None:
    frames = Frames()
    cut(frames, packet(0, 320), packet(2, 320))
    assert cut(frames, packet(number, 320)) == []
    assert cut(frames, packet(3, 320)) == [said(6, 960), said(7, 1_120)]


def test_a_leap_of_numbers_or_timestamps_begins_anew_without_a_gap() -> None:
    frames = Frames()
    cut(frames, packet(0, 320))
    assert [sequence for sequence, _, _ in cut(frames, packet(20_000, 320))] == [2, 3]
    assert [sequence for sequence, _, _ in cut(frames, packet(20_001, 320, at=5))] == [4, 5]
    far = (MAX_GAP + 3) * FRAME
    assert [sequence for sequence, _, _ in cut(frames, packet(20_003, 320, at=far))] == [6, 7]
    assert [sequence for sequence, _, _ in cut(frames, packet(300, 320, at=far))] == [8, 9]


def test_another_source_passes_as_it_is_until_it_too_sends_something_else() -> None:
    frames = Frames()
    cut(frames, packet(0, 240))
    other = packet(700, FRAME, ssrc=2)
    assert list(frames.cut(other, Codec.PCMA)) == [other]
    assert cut(frames, packet(701, 320, ssrc=2)) == [
        (701, 701 * 320, octets(701 * 320, 160)),
        (702, 701 * 320 + 160, octets(701 * 320 + 160, 160)),
    ]


def test_a_part_in_another_law_does_not_get_into_a_frame() -> None:
    frames = Frames()
    frames.cut(packet(0, 80), Codec.PCMA)
    assert [frame.payload for frame in frames.cut(packet(1, 160, at=80), Codec.PCMU)] == [octets(80, 160)]


def test_keys_take_their_place_among_the_frames_and_late_ones_none() -> None:
    frames = Frames()
    key = packet(0, 4, payload=b"\1\0\0\0")
    assert frames.number(key) is key, "while all passes as it is"
    cut(frames, packet(0, 320))
    numbers = []
    for number in (1, 2, 4, 3):
        numbered = frames.number(packet(number, 4, payload=b"\1\0\0\0"))
        numbers.append(None if numbered is None else (numbered.sequence - 65_530) & 0xFFFF)
    assert numbers == [2, 3, 5, None]
    assert [sequence for sequence, _, _ in cut(frames, packet(5, 320))] == [6, 7]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.integers(0, 1),
            st.binary(max_size=700),
            st.sampled_from(Codec),
            st.sampled_from(["audio", "key"]),
        ),
        max_size=30,
    )
)
def test_whatever_comes_whole_frames_come_out(packets: list[tuple[int, int, int, bytes, Codec, str]]) -> None:
    frames = Frames()
    for sequence, timestamp, ssrc, payload, codec, kind in packets:
        each = Packet(8, False, sequence, timestamp, ssrc, payload)
        if kind == "key":
            numbered = frames.number(each)
            assert numbered is None or 0 <= numbered.sequence <= 0xFFFF
        else:
            made = frames.cut(each, codec)
            assert len(made) <= len(payload) // FRAME + 2
            for frame in made:
                assert len(frame.payload) == FRAME
                assert 0 <= frame.sequence <= 0xFFFF
                assert 0 <= frame.timestamp <= 0xFFFFFFFF


@given(st.lists(st.integers(1, 700), min_size=1, max_size=40))
def test_lengths_may_change_from_packet_to_packet(lengths: list[int]) -> None:
    frames, at, heard = Frames(), 0, b""
    for number, samples in enumerate(lengths):
        for index, frame in enumerate(frames.cut(packet(number, samples, at=at), Codec.PCMA)):
            assert (frame.timestamp - 4_294_967_000) & 0xFFFFFFFF == len(heard), (number, index)
            heard += frame.payload
        at += samples
    assert heard == octets(0, at)[: len(heard)]
    assert at - len(heard) < FRAME
