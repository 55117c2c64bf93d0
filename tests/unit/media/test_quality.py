import pytest

from playvoice.media.quality import SAMPLED, Reception


def receive(reception: Reception, sequences: list[int], *, filtered: bool = False) -> None:
    for sequence in sequences:
        reception.take(7, sequence & 0xFFFF, sequence * 160, sequence * 0.02, filtered=filtered)


def test_a_gap_in_sequence_numbers_is_loss() -> None:
    reception = Reception()
    receive(reception, [10, 11, 14, 15])
    assert (reception.received, reception.lost) == (4, 2)


def test_a_late_packet_is_not_lost_after_all() -> None:
    reception = Reception()
    receive(reception, [10, 12, 11, 13])
    assert (reception.received, reception.lost) == (4, 0)


def test_the_wrap_of_sequence_numbers_is_no_gap() -> None:
    reception = Reception()
    receive(reception, [65_534, 65_535, 65_536, 65_537])
    assert reception.lost == 0


def test_a_jump_is_a_new_start_and_so_is_another_source() -> None:
    reception = Reception()
    receive(reception, [10, 11, 20_011, 20_012])
    reception.take(8, 500, 0, 1.0, filtered=False)
    assert reception.lost == 0


def test_of_a_filtered_stream_loss_is_estimated_and_marked() -> None:
    reception = Reception()
    receive(reception, [0, SAMPLED, 4 * SAMPLED], filtered=True)
    assert reception.sampled
    assert reception.received == 3 * SAMPLED
    assert reception.lost == 2 * SAMPLED


def test_a_key_that_passes_the_filter_does_not_count_as_a_sample() -> None:
    reception = Reception()
    receive(reception, [0, 17, SAMPLED], filtered=True)
    assert (reception.received, reception.lost) == (2 * SAMPLED, 0)


def test_what_the_filter_let_go_is_not_lost() -> None:
    reception = Reception()
    receive(reception, [1, 2, 3])
    reception.restart()
    receive(reception, [SAMPLED, 2 * SAMPLED], filtered=True)
    reception.restart()
    receive(reception, [200, 201])
    assert reception.lost == 0


def test_jitter_is_the_smoothed_change_of_transit_time() -> None:
    reception = Reception()
    receive(reception, list(range(100)))
    assert reception.jitter == pytest.approx(0.0, abs=1e-6)
    for number in range(100, 400):  # every second one 10 ms late: the change is 10 ms each time
        reception.take(7, number, number * 160, number * 0.02 + 0.01 * (number % 2), filtered=False)
    assert reception.jitter == pytest.approx(0.010, rel=0.01)


def test_a_leap_of_timestamps_is_no_jitter() -> None:
    reception = Reception()
    receive(reception, [1, 2])
    reception.take(7, 3, 99_999_999, 0.06, filtered=False)
    assert reception.jitter < 0.001
