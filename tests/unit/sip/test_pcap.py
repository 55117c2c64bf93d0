"""Packets as a reader of captures takes them apart."""

import struct

import pytest

from playvoice.sip.flow import Flow, Transport
from playvoice.sip.pcap import FILE_HEADER, MAX_SEGMENT, Packets

US, CARRIER = ("192.0.2.1", 5060), ("192.0.2.9", 5080)
US6, CARRIER6 = ("2001:db8::1", 5060), ("2001:db8::9", 5080)
UDP, TCP = Flow(Transport.UDP, CARRIER, US), Flow(Transport.TCP, CARRIER, US)


def split(records: bytes) -> list[bytes]:
    """The packets of records."""
    packets = []
    while records:
        length = struct.unpack("<IIII", records[:16])[2]
        packets.append(records[16 : 16 + length])
        records = records[16 + length :]
    return packets


def sums_up(octets: bytes) -> bool:
    """Whether the one's complement sum over octets with their checksum is all ones (RFC 1071)."""
    octets += b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def test_the_file_says_that_packets_begin_with_ip() -> None:
    assert FILE_HEADER[:4] == bytes.fromhex("d4c3b2a1")
    assert struct.unpack("<I", FILE_HEADER[20:]) == (101,)


def test_a_record_has_the_time_in_microseconds() -> None:
    record = Packets().of(b"x", UDP, US, sent=True, at=1_000.000_25)
    assert struct.unpack("<II", record[:8]) == (1_000, 250)


@pytest.mark.parametrize("data", [b"OPTIONS", b"even"])
def test_a_datagram_goes_from_us_to_the_far_end_with_right_checksums(data: bytes) -> None:
    (packet,) = split(Packets().of(data, UDP, US, sent=True, at=0))
    assert packet[9] == 17
    assert sums_up(packet[:20])
    assert packet[12:20] == bytes([192, 0, 2, 1, 192, 0, 2, 9])
    assert struct.unpack("!HHH", packet[20:26]) == (5060, 5080, 8 + len(data))
    assert packet[28:] == data
    assert sums_up(packet[12:20] + struct.pack("!II", 8 + len(data), 17) + packet[20:])


def test_what_was_received_goes_the_other_way() -> None:
    (packet,) = split(Packets().of(b"x", UDP, US, sent=False, at=0))
    assert struct.unpack("!HH", packet[20:24]) == (5080, 5060)


def test_ipv6_has_its_own_header() -> None:
    (packet,) = split(Packets().of(b"x", Flow(Transport.UDP, CARRIER6, US6), US6, sent=True, at=0))
    assert packet[0] >> 4 == 6
    assert struct.unpack("!H", packet[4:6]) == (9,)
    assert sums_up(packet[8:40] + struct.pack("!II", 9, 17) + packet[40:])


def test_segments_of_a_connection_go_on_where_the_last_one_ended() -> None:
    packets = Packets()
    records = packets.of(b"12345", TCP, US, sent=True, at=0)
    records += packets.of(b"abc", TCP, US, sent=False, at=0)
    records += packets.of(b"67", TCP, US, sent=True, at=0)
    numbers = [struct.unpack("!II", packet[24:32]) for packet in split(records)]
    assert numbers == [(1, 1), (1, 6), (6, 4)]
    assert all(
        sums_up(packet[12:20] + struct.pack("!II", len(packet) - 20, 6) + packet[20:]) for packet in split(records)
    )


def test_a_message_that_is_too_long_for_a_packet_becomes_two_segments() -> None:
    first, second = split(Packets().of(b"x" * (MAX_SEGMENT + 1), TCP, US, sent=True, at=0))
    assert (len(first), len(second)) == (MAX_SEGMENT + 40, 41)
