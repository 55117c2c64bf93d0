from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.relay import Relay
from playvoice.media.rtp import Clock, Packet

FRAME = bytes(160)


def packet(number: int, *, ssrc: int = 1, marker: bool = False, shift: int = 0, payload: bytes = FRAME) -> Packet:
    """The packet of frame `number` of a phone that counts from 65,530 and 4,294,967,000."""
    return Packet(
        8, marker, (65_530 + number) & 0xFFFF, (4_294_967_000 + 160 * number + shift) & 0xFFFFFFFF, ssrc, payload
    )


def relay() -> tuple[Relay, Clock]:
    clock = Clock(ssrc=9, sequence=1000, timestamp=50_000)
    return Relay(clock), clock


def test_numbers_are_moved_and_wrap_where_ours_do() -> None:
    moved, _clock = relay()
    placed = [moved.place(packet(number), number * 0.02) for number in range(12)]
    assert placed == [(1000 + n, 50_000 + 160 * n, n == 0) for n in range(12)]


def test_a_lost_packet_stays_a_gap_that_the_phone_can_conceal() -> None:
    moved, _clock = relay()
    moved.place(packet(0), 0.0)
    assert moved.place(packet(3), 0.06) == (1003, 50_480, False)


def test_a_late_packet_keeps_its_place_and_a_repeated_one_goes_nowhere() -> None:
    moved, _clock = relay()
    for number in (0, 1, 3):
        moved.place(packet(number), number * 0.02)
    assert moved.place(packet(2), 0.061) == (1002, 50_320, False)
    assert moved.place(packet(3), 0.062) is None


def test_a_packet_from_before_the_bridge_is_dropped() -> None:
    moved, _clock = relay()
    moved.place(packet(5), 0.1)
    assert moved.place(packet(4), 0.101) is None


def test_another_source_begins_where_we_are_with_the_marker() -> None:
    moved, _clock = relay()
    moved.place(packet(0), 0.0)
    moved.place(packet(1), 0.02)
    assert moved.place(packet(700, ssrc=2), 0.04) == (1002, 50_320, True)


def test_a_key_of_a_source_of_its_own_is_one_press_between_the_audio_that_goes_on() -> None:
    moved, _clock = relay()
    placed = [moved.place(packet(0), 0.0)]
    for number in (1, 2, 3):
        key = packet(700 + number, ssrc=2, marker=number == 1)._replace(timestamp=77)
        placed.append(moved.place(key, (number - 1) * 0.02, key=True))
        placed.append(moved.place(packet(number), number * 0.02))
    press = 50_160
    assert placed == [
        (1000, 50_000, True),
        *[(1001, press, True), (1002, 50_160, False)],
        *[(1003, press, False), (1004, 50_320, False)],
        *[(1005, press, False), (1006, 50_480, False)],
    ]


def test_a_press_that_began_before_the_audio_of_another_source_goes_on_as_one() -> None:
    moved, _clock = relay()
    keys = [packet(700 + number, ssrc=2)._replace(timestamp=77) for number in range(2)]
    assert moved.place(keys[0], 0.0, key=True) == (1000, 50_000, True)
    assert moved.place(packet(0), 0.02) == (1001, 50_160, True)
    assert moved.place(keys[1], 0.02, key=True) == (1002, 50_000, False)


def test_a_leap_of_timestamps_is_a_new_start_in_our_time() -> None:
    moved, _clock = relay()
    moved.place(packet(0), 0.0)
    assert moved.place(packet(1, shift=1_000_000), 0.02) == (1001, 50_160, True)


def test_a_pause_in_which_the_far_end_sent_nothing_is_kept() -> None:
    moved, _clock = relay()
    moved.place(packet(0), 0.0)
    assert moved.place(packet(1, shift=160 * 99, marker=True), 2.0) == (1001, 66_000, True)


def test_what_is_played_after_it_goes_on_in_the_same_numbers() -> None:
    moved, clock = relay()
    moved.place(packet(0), 0.0)
    moved.place(packet(1), 0.02)
    assert (clock.sequence, clock.timestamp, clock.last_sent) == (1002, 50_320, 0.02)


def test_after_something_else_was_sent_it_begins_anew_behind_it() -> None:
    moved, clock = relay()
    moved.place(packet(0), 0.0)
    for number in range(10):
        clock.packet(8, FRAME)
        clock.advance(160)
        clock.last_sent = 0.02 + number * 0.02
    assert moved.place(packet(11), 0.22) == (1011, 50_000 + 11 * 160, True)


def test_a_key_keeps_the_timestamp_of_its_beginning_and_moves_no_time() -> None:
    moved, clock = relay()
    moved.place(packet(0), 0.0)
    for number in range(1, 6):
        key = packet(number, payload=b"\1\0\0\0")._replace(timestamp=packet(1).timestamp)
        assert moved.place(key, number * 0.02, key=True) == (1000 + number, 50_160, False)
    assert clock.sequence == 1006
    assert moved.place(packet(6), 0.12) == (1006, 50_960, False)


def test_what_is_played_after_a_key_that_came_first_follows_it_by_a_frame() -> None:
    moved, clock = relay()
    assert moved.place(packet(0, payload=b"\1\0\0\0"), 0.0, key=True) == (1000, 50_000, True)
    assert clock.timestamp == 50_160


def test_a_packet_that_is_not_sent_on_leaves_no_gap_and_those_lost_before_it_do() -> None:
    moved, clock = relay()
    for number in (0, 1):
        moved.place(packet(number), number * 0.02)
    moved.pass_over(packet(2, payload=b"n"))
    assert moved.place(packet(3), 0.06) == (1002, 50_480, False)
    moved.pass_over(packet(6))
    assert moved.place(packet(5), 0.12) is None, "its number is taken"
    assert moved.place(packet(7), 0.14) == (1005, 51_120, False), "4 and 5 are missing"
    assert clock.sequence == 1006


def test_what_is_passed_over_of_another_source_or_before_anything_was_sent_changes_nothing() -> None:
    moved, clock = relay()
    moved.pass_over(packet(0))
    moved.place(packet(1), 0.0)
    moved.pass_over(packet(500, ssrc=2))
    assert moved.place(packet(2), 0.02) == (1001, 50_160, False)
    clock.packet(8, FRAME)
    moved.pass_over(packet(3))
    assert clock.sequence == 1003


@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 2), st.booleans()), max_size=40
    )
)
def test_whatever_comes_what_goes_out_fits_its_fields(packets: list[tuple[int, int, int, bool]]) -> None:
    moved, _clock = relay()
    for number, (sequence, timestamp, ssrc, key) in enumerate(packets):
        placed = moved.place(Packet(8, False, sequence, timestamp, ssrc, FRAME), number * 0.02, key=key)
        if placed is not None:
            assert 0 <= placed[0] <= 0xFFFF
            assert 0 <= placed[1] <= 0xFFFFFFFF
