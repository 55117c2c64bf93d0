"""RTCP as octets: what was written parses back, and what does not add up is dropped."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media import rtcp
from playvoice.media.rtcp import MAX_PACKETS, Block, Compound, Report, Sent

DESCRIPTION = rtcp.describe(7, b"name")
BLOCK = Block(9, 64, -3, 65_540, 80, 0x12345678, 65_536)
REPORT = Report(7, Sent(0xE0000000_80000000, 160_000, 1_000, 160_000), (BLOCK,))

words = st.integers(0, 0xFFFFFFFF)
blocks = st.builds(
    Block, words, st.integers(0, 255), st.integers(-rtcp.MAX_LOST, rtcp.MAX_LOST), words, words, words, words
)
reports = st.builds(
    Report,
    words,
    st.none() | st.builds(Sent, st.integers(0, 2**64 - 1), words, words, words),
    st.lists(blocks, max_size=rtcp.MAX_BLOCKS).map(tuple),
)


@given(reports, st.binary(max_size=40), st.booleans())
def test_what_was_written_parses_back(report: Report, name: bytes, leaving: bool) -> None:
    data = rtcp.write(report, rtcp.describe(report.ssrc, name), leaving=leaving)
    assert rtcp.parse(data) == Compound((report,), (report.ssrc,) if leaving else ())


def test_a_report_is_written_as_the_rfc_draws_it() -> None:
    assert rtcp.write(REPORT, DESCRIPTION, leaving=True) == bytes.fromhex(
        "81c8000c 00000007 e0000000 80000000 00027100 000003e8 00027100"
        "00000009 40fffffd 00010004 00000050 12345678 00010000"
        "81ca0003 00000007 01046e61 6d650000"
        "81cb0001 00000007"
    )


@pytest.mark.parametrize("length", range(9))
def test_a_description_ends_with_a_zero_at_a_boundary_of_four_octets(length: int) -> None:
    data = rtcp.describe(7, b"x" * length)
    assert len(data) % 4 == 0
    assert data[-1] == 0
    assert len(data) == 4 + 4 * struct.unpack_from("!H", data, 2)[0]


@given(st.binary(max_size=120))
def test_garbage_is_a_compound_or_nothing(data: bytes) -> None:
    parsed = rtcp.parse(data)
    assert parsed is None or isinstance(parsed, Compound)


@given(reports, st.data())
def test_a_packet_that_was_cut_or_changed_is_a_compound_or_nothing(report: Report, data: st.DataObject) -> None:
    octets = bytearray(rtcp.write(report, DESCRIPTION, leaving=True))
    for _ in range(data.draw(st.integers(0, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    parsed = rtcp.parse(bytes(octets[: data.draw(st.integers(0, len(octets)))]))
    assert parsed is None or len(parsed.reports) <= len(octets) // 8


WHOLE = rtcp.write(REPORT, DESCRIPTION)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing"),
        (WHOLE[:-1], "the last packet is longer than the datagram"),
        (WHOLE + b"\x80", "a rest that is no packet"),
        (b"\x41" + WHOLE[1:], "version 1"),
        (b"\xa1" + WHOLE[1:], "padding in the first packet"),
        (b"\x82" + WHOLE[1:], "two blocks announced, one there"),
        (DESCRIPTION + WHOLE, "no report at the beginning"),
        (WHOLE + b"\x82\xcb\0\1" + bytes(4), "a BYE of two sources with one"),
        (WHOLE + b"\xa0\xcc\0\1" + bytes(4), "padding of no octets"),
        (WHOLE + b"\xa0\xcc\0\1\0\0\0\5", "more padding than there are octets"),
        (b"\x80\xc9\0\0" + bytes(4), "a report without a source"),
    ],
)
def test_what_does_not_add_up_is_dropped(data: bytes, why: str) -> None:
    assert rtcp.parse(data) is None, why


def test_packets_that_nobody_asks_for_are_stepped_over_and_padding_is_taken_off() -> None:
    application = b"\x80\xcc\0\2" + bytes(4) + b"ping"
    bye = b"\xa1\xcb\0\2" + (7).to_bytes(4, "big") + b"\0\0\0\4"
    assert rtcp.parse(WHOLE + application + bye) == Compound((REPORT,), (7,))


@pytest.mark.parametrize("packets", [MAX_PACKETS, MAX_PACKETS + 1])
def test_a_datagram_of_very_many_packets_is_not_read(packets: int) -> None:
    compound = rtcp.parse(WHOLE + b"\x80\xcc\0\0" * (packets - 2))
    assert (compound is not None) is (packets == MAX_PACKETS)


def test_a_compound_may_have_more_than_one_report() -> None:
    more = Report(8, None, (BLOCK,))
    assert rtcp.parse(WHOLE + rtcp.write(more, b"")) == Compound((REPORT, more))
