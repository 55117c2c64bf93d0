import struct

from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.rtp import Clock, Packet, parse, signed_difference

HEADER = struct.Struct("!BBHII")


def test_the_fixed_header_is_read() -> None:
    data = HEADER.pack(0x80, 0x80 | 8, 65_535, 4_294_967_295, 7) + b"abc"
    assert parse(data) == Packet(8, True, 65_535, 4_294_967_295, 7, b"abc")


def test_contributing_sources_extension_and_padding_are_no_audio() -> None:
    head = HEADER.pack(0x80 | 0x20 | 0x10 | 2, 8, 1, 160, 7)
    extension = struct.pack("!HH", 0xBEDE, 1) + bytes(4)
    data = head + bytes(8) + extension + b"audio" + b"\0\0\3"
    packet = parse(data)
    assert packet is not None
    assert packet.payload == b"audio"


def test_what_is_no_rtp_is_nothing() -> None:
    head = HEADER.pack(0x80, 8, 1, 160, 7)
    assert parse(head[:-1]) is None, "too short"
    assert parse(b"\0" + head[1:]) is None, "version 0, as STUN has"
    assert parse(HEADER.pack(0x80, 200, 6, 160, 7)) is None, "an RTCP sender report"
    assert parse(HEADER.pack(0x81, 201, 7, 160, 7) + bytes(24)) is None, "an RTCP receiver report"
    assert parse(HEADER.pack(0xA0, 8, 1, 160, 7) + b"ab\0") is None, "padding that does not count itself"
    assert parse(HEADER.pack(0xA0, 8, 1, 160, 7) + b"ab\4") is None, "more padding than there is payload"
    assert parse(HEADER.pack(0x82, 8, 1, 160, 7) + bytes(7)) is None, "fewer sources than it says"
    assert parse(HEADER.pack(0x90, 8, 1, 160, 7) + b"\0\0\0\1") is None, "a shorter extension than it says"


@given(
    st.integers(0, 127).filter(lambda number: not 72 <= number <= 76),
    st.booleans(),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=320),
)
def test_what_was_written_parses_back(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> None:
    clock = Clock(ssrc, sequence, timestamp)
    packet = clock.packet(payload_type, payload, marker=marker)
    assert parse(packet) == Packet(payload_type, marker, sequence, timestamp, ssrc, payload)
    assert clock.sequence == (sequence + 1) & 0xFFFF


@given(st.binary(max_size=80))
def test_any_octets_are_a_packet_or_nothing(data: bytes) -> None:
    packet = parse(data)
    assert packet is None or data[:1] >= b"\x80"
    assert packet is None or packet.payload in data


@given(st.integers(0x80, 0xBF), st.binary(min_size=11, max_size=80))
def test_any_octets_of_version_two_are_a_packet_or_nothing(first: int, rest: bytes) -> None:
    packet = parse(bytes([first]) + rest)
    assert packet is None or 0 <= packet.payload_type <= 127


def test_after_a_pause_the_timestamp_has_run_on_in_whole_frames() -> None:
    clock = Clock(1, 0, 4_294_967_000)
    clock.resume(10.0)
    assert clock.timestamp == 4_294_967_000, "nothing was sent before"
    clock.advance(160)
    clock.resume(10.0 + 0.02)
    assert clock.timestamp == 4_294_967_160, "the next packet, in time"
    clock.advance(160)
    clock.resume(10.02 + 2.004)
    assert clock.timestamp == (4_294_967_320 + 99 * 160) & 0xFFFFFFFF


@given(st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF))
def test_differences_wrap(earlier: int, distance: int) -> None:
    assert signed_difference((earlier + distance) & 0xFFFF, earlier, 16) == distance
