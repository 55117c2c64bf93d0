"""What far ends may send in RTP, however odd, and what of it the other leg and the recording hear."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.media.bench import EVENT, Bench, Phone, assert_one_talk, connect, recording_of

from playvoice.media import protocol as p
from playvoice.media.g711 import Codec, convert
from playvoice.media.rtp import FRAME


def whole(packets: list[bytes]) -> bytes:
    return b"".join(packets)


@pytest.mark.parametrize("milliseconds", [5, 10, 20, 25, 30, 40, 60, 100, 200])
def test_packets_of_any_length_are_sent_on_in_packets_of_20_ms_and_recorded(
    bench: Bench, tmp_path: Path, milliseconds: int
) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    bench.do(p.Record(reserved.stream, str(tmp_path / "customer")), p.Record(other.stream, str(tmp_path / "agent")))
    samples = milliseconds * 8
    said = [random.Random(number).randbytes(samples) for number in range(3_000 // milliseconds)]
    for number, payload in enumerate(said):
        customer.says(reserved.port, payload, timestamp=number * samples)
        bench.run(milliseconds / 1000)
    packets = agent.heard()
    assert {len(packet.payload) for packet in packets} == {FRAME}
    assert whole([packet.payload for packet in packets]) == whole(said)[: len(packets) * FRAME]
    assert len(packets) == len(whole(said)) // FRAME
    first = packets[0]
    assert first.marker
    for number, packet in enumerate(packets):
        assert packet.sequence == (first.sequence + number) & 0xFFFF
        assert packet.timestamp == (first.timestamp + number * FRAME) & 0xFFFFFFFF
        assert packet.marker == (number == 0)
    left, _ = recording_of(bench, reserved.stream, tmp_path / "customer")
    assert whole(said) in left
    _, right = recording_of(bench, other.stream, tmp_path / "agent")
    assert whole([packet.payload for packet in packets]) in right


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("payload_type", [13, 19, 77, 126])
def test_comfort_noise_and_payloads_that_were_not_agreed_on_are_not_heard_and_leave_no_gap(
    bench: Bench, tmp_path: Path, payload_type: int, frames: int
) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream), p.Record(reserved.stream, str(tmp_path / "raw")))
    said = [random.Random(number).randbytes(frames * FRAME) for number in range(40)]
    for number, payload in enumerate(said):
        if number % 4 == 3:
            customer.says(reserved.port, b"noise", payload_type=payload_type, timestamp=number * frames * FRAME)
        customer.says(reserved.port, payload, timestamp=number * frames * FRAME)
        bench.run(frames * 0.02)
    packets = agent.heard()
    assert whole([packet.payload for packet in packets]) == whole(said)
    assert {packet.payload_type for packet in packets} == {8}
    assert_one_talk(packets)
    left, _ = recording_of(bench, reserved.stream, tmp_path / "raw")
    assert whole(said) in left


def test_payload_types_of_both_directions_and_legs_may_all_differ(bench: Bench) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    customers = replace(connect(reserved, customer), payload_type=97, receive={"98": 8}, telephone_event=96)
    bench.do(replace(customers, receive_telephone_event=101))
    agents = replace(connect(other, agent), codec=0, payload_type=0, receive={"0": 0}, telephone_event=99)
    bench.do(replace(agents, receive_telephone_event=100), p.Bridge(reserved.stream, other.stream))
    for number in range(5):
        customer.says(reserved.port, payload_type=98, timestamp=number * FRAME)
        agent.says(other.port, payload_type=0, timestamp=number * FRAME)
        bench.run(0.02)
    customer.says(reserved.port, b"\1\12\0\240", payload_type=101, timestamp=5 * FRAME)
    agent.says(other.port, b"\2\12\0\240", payload_type=100, timestamp=5 * FRAME)
    assert bench.run(0.02) == [p.KeyPressed(reserved.stream, "1"), p.KeyPressed(other.stream, "2")]
    assert [packet.payload_type for packet in agent.heard()] == [0] * 5 + [99]
    assert [packet.payload_type for packet in customer.heard()] == [97] * 5 + [96]


def test_an_address_codec_and_payload_types_that_change_while_two_talk_are_followed(
    bench: Bench, tmp_path: Path
) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    moved = Phone()
    moved.ssrc = 9
    bench.phones.append(moved)
    bench.do(p.Bridge(reserved.stream, other.stream), p.Record(reserved.stream, str(tmp_path / "raw")))

    def talk(phone: Phone, payload_type: int, payload: bytes) -> None:
        for _ in range(10):
            customer.says(reserved.port)
            phone.says(other.port, payload, payload_type=payload_type)
            bench.run(0.02)

    talk(agent, 8, b"a" * FRAME)
    there = connect(other, moved, event=96)
    bench.do(replace(there, codec=0, payload_type=97, receive={"98": 0}))
    for _ in range(3):  # its old phone, which has not heard of it yet, is none of ours any more
        agent.says(other.port)
        bench.run(0.02)
    customer.heard()
    talk(moved, 98, convert(b"b" * FRAME, Codec.PCMA, Codec.PCMU))
    assert [packet.payload for packet in customer.heard()] == [b"b" * FRAME] * 10
    before, after = agent.heard(), moved.heard()
    assert {packet.payload_type for packet in before} == {8}
    assert {packet.payload_type for packet in after} == {97}
    assert {packet.payload for packet in after} == {convert(b"a" * FRAME, Codec.PCMA, Codec.PCMU)}
    assert_one_talk(before + after)
    _, right = recording_of(bench, reserved.stream, tmp_path / "raw")
    assert b"a" * 10 * FRAME in right
    assert b"b" * 10 * FRAME in right


def test_twice_late_and_lost_packets_are_recorded_in_their_places_and_sent_on_as_they_came(
    bench: Bench, tmp_path: Path
) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream), p.Record(reserved.stream, str(tmp_path / "raw")))
    said = [random.Random(number).randbytes(FRAME) for number in range(30)]
    order = [0, 1, 2, 4, 3, 5, 5, 6, 8, 9, 8, 10, 13, 12, 11, *range(14, 30)]  # 7 is lost
    for number in order:
        customer.sequence = (65_520 + number - 1) & 0xFFFF
        customer.says(reserved.port, said[number], timestamp=(0xFFFFFF00 + number * FRAME) & 0xFFFFFFFF)
        bench.run(0.02)
    packets = agent.heard()
    numbers = [(packet.sequence - packets[0].sequence) & 0xFFFF for packet in packets]
    assert numbers == [0, 1, 2, 4, 3, 5, 6, 8, 9, 8, 10, 13, 12, 11, *range(14, 30)], "a phone drops what came twice"
    assert [(packet.timestamp - packets[0].timestamp) & 0xFFFFFFFF for packet in packets] == [
        n * FRAME for n in numbers
    ]
    assert [packet.payload for packet in packets] == [said[number] for number in numbers]
    left, _ = recording_of(bench, reserved.stream, tmp_path / "raw")
    assert whole(said[:7]) + bytes([Codec.PCMA.silence]) * FRAME + whole(said[8:]) in left


@pytest.mark.parametrize("leap", [1_000_000, -1_000_000, 0x80000000])
@pytest.mark.parametrize("ssrc", [7, 8])
def test_another_source_or_a_leap_of_timestamps_is_heard_and_recorded_without_a_pause(
    bench: Bench, tmp_path: Path, leap: int, ssrc: int
) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream), p.Record(reserved.stream, str(tmp_path / "raw")))
    said = [random.Random(number).randbytes(FRAME) for number in range(20)]
    for number, payload in enumerate(said):
        customer.ssrc = ssrc if number >= 10 else 7
        shift = leap if number >= 10 else 0
        customer.says(reserved.port, payload, timestamp=(100_000_000 + number * FRAME + shift) & 0xFFFFFFFF)
        bench.run(0.02)
    packets = agent.heard()
    assert [packet.payload for packet in packets] == said
    assert [number for number, packet in enumerate(packets) if packet.marker] == [0, 10]
    assert_one_talk(packets)
    steps = [(packet.timestamp - packets[0].timestamp) & 0xFFFFFFFF for packet in packets]
    assert steps == [number * FRAME for number in range(20)]
    left, _ = recording_of(bench, reserved.stream, tmp_path / "raw")
    assert whole(said) in left


def test_keys_of_a_phone_that_sends_40_ms_come_in_order_between_the_frames(bench: Bench) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    at = 0
    for _ in range(3):
        customer.says(reserved.port, b"a" * 2 * FRAME, timestamp=at)
        at += 2 * FRAME
        bench.run(0.04)
    for duration in (1, 2, 3):
        payload = bytes((5, 0x8A if duration == 3 else 10)) + (duration * 2 * FRAME).to_bytes(2, "big")
        customer.says(reserved.port, payload, payload_type=EVENT, timestamp=at)
        bench.run(0.04)
    at += 6 * FRAME
    customer.says(reserved.port, b"b" * 2 * FRAME, timestamp=at)
    bench.run(0.04)
    packets = agent.heard()
    assert [packet.payload_type for packet in packets] == [8] * 6 + [EVENT] * 3 + [8] * 2
    assert_one_talk(packets)
    assert (packets[9].timestamp - packets[6].timestamp) & 0xFFFFFFFF == 6 * FRAME


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("takes", ["no keys", "none of this press"])
def test_a_key_that_is_not_for_the_other_leg_leaves_no_gap_there(bench: Bench, frames: int, takes: str) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    key = bytes((5, 10, 0, 160))
    if takes == "no keys":
        bench.do(connect(other, agent, event=-1))
    else:
        customer.says(reserved.port, key, payload_type=EVENT, timestamp=0)
        bench.run(0.02)
    bench.do(p.Bridge(reserved.stream, other.stream))
    at = 0
    for _ in range(5):
        customer.says(reserved.port, bytes(frames * FRAME), timestamp=at)
        customer.says(reserved.port, key, payload_type=EVENT, timestamp=0)
        at += frames * FRAME
        bench.run(frames * 0.02)
    packets = agent.heard()
    assert [packet.payload_type for packet in packets] == [8] * 5 * frames
    assert_one_talk(packets)


@pytest.mark.parametrize("frames", [1, 2])
def test_what_was_said_to_a_phone_that_held_is_no_loss_when_it_hears_again(bench: Bench, frames: int) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    at = 0
    for sends in (True, False, True):
        bench.do(connect(other, agent, sends=sends))
        for _ in range(5):
            customer.says(reserved.port, bytes(frames * FRAME), timestamp=at)
            at += frames * FRAME
            bench.run(frames * 0.02)
    packets = agent.heard()
    assert len(packets) == 10 * frames
    assert_one_talk(packets)
    passed = (packets[5 * frames].timestamp - packets[5 * frames - 1].timestamp) & 0xFFFFFFFF
    assert passed == (5 * frames + 1) * FRAME, "the time has passed all the same"


def test_an_empty_packet_that_keeps_a_binding_alive_is_not_heard(bench: Bench) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    customer.says(reserved.port, b"")
    bench.run(0.02)
    assert agent.heard() == []
