"""What a stream reports, and what it makes of reports, as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media import rtcp
from playvoice.media.quality import SAMPLED, Reception
from playvoice.media.reports import FarEnd, Reports, Sending
from playvoice.media.rtcp import Block, Compound, Report, Sent

US, THEM = 11, 22
EPOCH = 1_700_000_000.0


def reports(ssrc: int = US, draw: float = 0.5, epoch: float = EPOCH) -> Reports:
    return Reports(ssrc, b"name", lambda: draw, epoch)


def read(data: bytes) -> Report:
    compound = rtcp.parse(data)
    assert compound is not None
    return compound.reports[0]


def sending(packets: int = 0, timestamp: int = 0) -> Sending:
    return Sending(packets, packets * 160, timestamp)


def heard(reception: Reception, sequences: list[int], *, filtered: bool = False) -> Reception:
    for sequence in sequences:
        reception.take(THEM, sequence & 0xFFFF, sequence * 160, sequence * 0.02, filtered=filtered)
    return reception


@pytest.mark.parametrize(("draw", "interval"), [(0.0, 2.052), (0.5, 4.104), (1.0, 6.156)])
def test_reports_are_five_seconds_apart_spread_as_the_rfc_says_and_the_first_comes_in_half(
    draw: float, interval: float
) -> None:
    ours = reports(draw=draw)
    assert not ours.are_due(1e9), "before there is anybody to report to"
    ours.begin(100.0)
    ours.begin(101.0)  # a further session description
    assert not ours.are_due(99.999 + interval / 2)
    assert ours.are_due(100.001 + interval / 2)
    ours.write(sending(), None, 200.0)
    assert not ours.are_due(199.999 + interval)
    assert ours.are_due(200.001 + interval)


def test_who_sends_gives_a_sender_report_with_the_time_and_who_has_stopped_gives_a_receiver_report() -> None:
    ours = reports()
    assert read(ours.write(sending(), None, 5.0)) == Report(US)
    told = read(ours.write(sending(packets=50, timestamp=8_000), None, 10.5)).sent
    assert told == Sent(((1_700_000_010 + 2_208_988_800) << 32) + (1 << 31), 8_000, 50, 8_000)
    assert read(ours.write(sending(packets=50), None, 15.0)).sent is not None, "sent since the report before the last"
    assert read(ours.write(sending(packets=50), None, 20.0)).sent is None


def test_counts_and_timestamps_wrap_where_their_fields_do() -> None:
    told = read(reports().write(Sending((1 << 32) + 5, (1 << 32) + 6, (1 << 32) + 7), None, 0.0)).sent
    assert told is not None
    assert (told.packets, told.octets, told.rtp) == (5, 6, 7)


def test_a_block_tells_the_fraction_since_the_last_report_and_the_loss_since_the_beginning() -> None:
    reception = heard(Reception(), [65_530, 65_531, 65_534, 65_535])
    assert reception.block(filtered=False) == Block(THEM, 85, 2, 65_535, 0)
    heard(reception, [65_536, 65_537])
    assert reception.block(filtered=False) == Block(THEM, 0, 2, 65_537, 0), "wraps are counted above 16 bits"
    assert reception.block(filtered=False) is None, "nothing came since"


def test_another_source_begins_with_no_loss() -> None:
    reception = heard(Reception(), [1, 5])
    reception.take(33, 700, 0, 1.0, filtered=False)
    block = reception.block(filtered=False)
    assert block is not None
    assert (block.ssrc, block.lost, block.highest_sequence) == (33, 0, 700)


def test_while_filtered_the_fraction_is_that_of_all_samples_and_not_of_the_few_of_an_interval() -> None:
    reception = heard(Reception(), [SAMPLED * number for number in range(16) if number != 15], filtered=True)
    assert reception.block(filtered=True) == Block(THEM, 0, 0, 14 * SAMPLED, 0)
    heard(reception, [16 * SAMPLED], filtered=True)
    told = reception.block(filtered=True)
    assert told == Block(THEM, 256 // 17, SAMPLED, 16 * SAMPLED, 0)


def test_a_sample_that_comes_late_is_not_lost_after_all() -> None:
    reception = heard(Reception(), [0, 2 * SAMPLED, SAMPLED, 3 * SAMPLED], filtered=True)
    assert (reception.received, reception.lost) == (4 * SAMPLED, 0)


def test_duplicates_make_the_loss_negative_and_the_fraction_zero() -> None:
    reception = heard(Reception(), [1, 2, 3, 1, 2])
    block = reception.block(filtered=False)
    assert block is not None
    assert (block.lost, block.fraction_lost) == (-2, 0)


def test_the_jitter_is_told_in_units_of_the_timestamp() -> None:
    reception = Reception()
    for number in range(400):
        reception.take(THEM, number, number * 160, number * 0.02 + 0.01 * (number % 2), filtered=False)
    block = reception.block(filtered=False)
    assert block is not None
    assert block.jitter == pytest.approx(80, abs=1)


def test_two_ends_measure_the_round_trip_between_them_although_their_clocks_differ() -> None:
    ours, theirs = reports(), reports(THEM, epoch=12.0)
    reception = heard(Reception(), [1])
    first = rtcp.parse(ours.write(sending(packets=1), None, 10.0))
    assert first is not None
    theirs.take(first, 510.03)  # 30 ms there, half a second of waiting, 40 ms back
    told = Reception()
    told.take(US, 1, 160, 0.02, filtered=False)
    answer = rtcp.parse(theirs.write(sending(packets=1), told.block(filtered=False), 510.53))
    assert answer is not None
    assert answer.reports[0].blocks[0].since_last_report == 32_768
    ours.take(answer, 10.57)
    assert ours.round_trip == pytest.approx(0.07, abs=0.001)
    block = read(ours.write(sending(packets=1), reception.block(filtered=False), 11.07)).blocks[0]
    assert block.since_last_report == 32_768
    assert answer.reports[0].sent is not None
    assert block.last_report == answer.reports[0].sent.ntp >> 16 & 0xFFFFFFFF


def test_the_report_of_another_source_than_the_one_that_is_heard_answers_nothing() -> None:
    ours = reports()
    ours.take(Compound((Report(33, Sent(1 << 40, 0, 0, 0)),)), 1.0)
    block = read(ours.write(sending(), heard(Reception(), [1]).block(filtered=False), 2.0)).blocks[0]
    assert (block.ssrc, block.last_report, block.since_last_report) == (THEM, 0, 0)


def test_what_the_far_end_says_of_us_is_kept_and_what_it_says_of_others_is_not() -> None:
    ours = reports()
    other = Block(99, 255, 5_000, 1, 8_000)
    kept = []
    for blocks in ((other,), (other, Block(US, 3, 17, 1, 160)), (Block(US, 0, -2, 1, 0),)):
        ours.take(Compound((Report(THEM, None, blocks),)), 1.0)
        kept.append(ours.far_end)
    assert kept == [None, FarEnd(17, 0.02), FarEnd(0, 0.0)]
    assert ours.round_trip is None, "it had no report of ours yet"


@pytest.mark.parametrize(
    ("ago", "since", "measured"),
    [(0.5, 0.3, 0.2), (0.5, 0.504, 0.0), (0.5, 5.0, None), (120.0, 0.0, None), (3_000.0, 100.0, None)],
)
def test_a_round_trip_that_can_not_be_is_none(ago: float, since: float, measured: float | None) -> None:
    ours = reports()
    now = 10_000.0
    asked = read(ours.write(sending(packets=1), None, now - ago)).sent
    assert asked is not None
    block = Block(US, 0, 0, 1, 0, asked.ntp >> 16 & 0xFFFFFFFF, round(since * 65_536))
    ours.take(Compound((Report(THEM, None, (block,)),)), now)
    assert ours.round_trip == (None if measured is None else pytest.approx(measured, abs=0.001))


def test_who_has_said_nothing_leaves_without_a_word_and_others_with_bye() -> None:
    assert reports().leave(sending(), None, 1.0) is None
    spoken = reports()
    assert rtcp.parse(spoken.leave(sending(packets=1), None, 1.0) or b"") == Compound(
        (read(reports().write(sending(packets=1), None, 1.0)),), (US,)
    )
    assert not spoken.are_due(1e9)
    reported = reports()
    reported.write(sending(), None, 1.0)
    assert rtcp.parse(reported.leave(sending(), None, 2.0) or b"") == Compound((Report(US),), (US,))


numbers = st.integers(0, 0xFFFFFFFF)


@given(
    st.lists(
        st.builds(Block, st.just(US), st.integers(0, 255), st.integers(-99, 99), numbers, numbers, numbers, numbers)
    ),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 0xFFFF), st.booleans()), max_size=60),
)
def test_whatever_is_heard_what_is_told_fits_its_fields(
    blocks: list[Block], heard: list[tuple[int, int, bool]]
) -> None:
    ours, reception = reports(), Reception()
    ours.take(Compound((Report(THEM, Sent(1 << 63, 0, 0, 0), tuple(blocks)),)), 1.0)
    for number, (ssrc, sequence, filtered) in enumerate(heard):
        reception.take(ssrc, sequence, sequence * 160, number * 0.02, filtered=filtered)
    report = read(ours.write(sending(packets=5), reception.block(filtered=False), 2.0))
    assert report.ssrc == US
    assert reception.received >= 0
    assert reception.lost >= 0
