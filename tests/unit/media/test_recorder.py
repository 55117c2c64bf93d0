from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.recorder import BATCH, HOLD_BACK, MAX_DRIFT, SILENCE, Recorder, Track
from playvoice.media.rtp import FRAME, SAMPLE_RATE

QUIET = bytes([SILENCE])


class Kept:
    """A file in memory."""

    def __init__(self, problem: str = "") -> None:
        self.octets = b""
        self.problem = problem

    def write(self, octets: bytes) -> None:
        self.octets += octets

    def close(self, done: Callable[[str], None]) -> None:
        done(self.problem)


def frame(number: int) -> bytes:
    return bytes([number % 200 + 1]) * FRAME


def recorded(recorder: Recorder, file: Kept, now: float) -> tuple[bytes, bytes]:
    """Close; the two channels."""
    told: list[tuple[int, str]] = []
    recorder.close(now, lambda samples, problem: told.append((samples, problem)))
    left, right = file.octets[0::2], file.octets[1::2]
    assert told == [(len(left), file.problem)]
    assert len(left) == len(right)
    return left, right


def test_packets_are_placed_by_their_timestamps_whatever_their_jitter_and_order() -> None:
    track = Track()
    late = [0, 300, 80, 0, 500, 160, 20, 0]
    for number in (0, 2, 1, 3, 4, 5, 7):
        track.put(0xFFFFFF00 + number * FRAME & 0xFFFFFFFF, frame(number), number * FRAME + late[number], 1)
    taken = track.take(8 * FRAME)
    assert taken == b"".join(QUIET * FRAME if number == 6 else frame(number) for number in range(8))


def test_another_source_and_a_leap_of_timestamps_are_placed_by_their_arrival() -> None:
    track = Track()
    track.put(1000, frame(0), 0, 1)
    track.put(77_000, frame(1), FRAME, 2)
    track.put(77_000 + FRAME + MAX_DRIFT + 1, frame(2), 2 * FRAME, 2)
    assert track.take(3 * FRAME) == frame(0) + frame(1) + frame(2)


def test_a_packet_whose_place_is_written_is_dropped_as_far_as_it_is() -> None:
    track = Track()
    track.put(0, frame(0), 0, 1)
    assert track.take(FRAME + 60) == frame(0) + QUIET * 60
    track.put(FRAME, frame(1), 2 * FRAME, 1)
    assert track.take(100) == frame(1)[60:]


@pytest.mark.parametrize("parts_per_million", [-200, 200])
def test_a_far_end_whose_clock_is_not_ours_stays_in_its_place(parts_per_million: int) -> None:
    track = Track()
    for number in range(50 * 1800):  # half an hour, which is 360 ms
        at = round(number * FRAME * (1 + parts_per_million / 1e6))
        track.put(number * FRAME, frame(number), at, 1)
        assert abs(track.end - FRAME - at) <= 2 * FRAME, "within 40 ms of when it came"
        track.take(max(0, at - HOLD_BACK - track._base))


def test_a_first_packet_that_was_late_does_not_shift_all_that_follow() -> None:
    track = Track()
    track.put(0, frame(0), 1200, 1)
    for number in range(1, 500):
        track.put(number * FRAME, frame(number), number * FRAME + (1 if number > 10 else 1200), 1)
    assert abs(track.end - 500 * FRAME) <= 2 * FRAME


def test_a_spell_of_jitter_moves_nothing() -> None:
    track = Track()
    late = [0] * 50 + [1200] * 20 + [0] * 50
    for number, samples in enumerate(late):
        track.put(number * FRAME, frame(number), number * FRAME + samples, 1)
    assert track.take(len(late) * FRAME) == b"".join(map(frame, range(len(late))))


def test_both_channels_are_as_long_as_the_time_that_passed() -> None:
    file = Kept()
    recorder = Recorder(file, 100.0)
    recorder.right.put(5, frame(1), recorder.sample_at(100.5), 0)
    left, right = recorded(recorder, file, 101.0)
    assert left == QUIET * SAMPLE_RATE
    assert right == QUIET * 4000 + frame(1) + QUIET * (4000 - FRAME)


def test_the_last_packet_is_whole_although_its_end_is_after_now() -> None:
    file = Kept()
    recorder = Recorder(file, 0.0)
    recorder.left.put(0, frame(1), 0, 1)
    left, _ = recorded(recorder, file, 0.005)
    assert left == frame(1)


def test_it_writes_in_batches_what_no_late_packet_changes_and_keeps_no_more_than_that() -> None:
    file = Kept()
    recorder = Recorder(file, 0.0)
    for number in range(50 * 20):
        now = number * 0.02
        recorder.left.put(number * FRAME, frame(number), recorder.sample_at(now), 1)
        if number % 50 == 0:
            recorder.flush(now)
        assert recorder.left.end - recorder.left._base <= BATCH + HOLD_BACK + SAMPLE_RATE + FRAME
    left, right = recorded(recorder, file, 20.0)
    assert left == b"".join(map(frame, range(1000)))
    assert set(right) == {SILENCE}


def test_what_went_wrong_with_the_file_is_told() -> None:
    file = Kept("the disk can't keep up")
    recorded(Recorder(file, 0.0), file, 1.0)


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.binary(max_size=400), st.floats(0, 0.5), st.integers(0, 2))),
)
def test_whatever_comes_the_recording_is_as_long_as_the_call(packets: list[tuple[int, bytes, float, int]]) -> None:
    file = Kept()
    recorder = Recorder(file, 0.0)
    now = 0.0
    for timestamp, payload, passed, source in packets:
        now += passed
        recorder.left.put(timestamp, payload, recorder.sample_at(now), source)
        recorder.flush(now)
    left, _ = recorded(recorder, file, now)
    assert 0 <= len(left) - round(now * SAMPLE_RATE) <= FRAME


def test_what_a_late_clock_made_up_for_in_a_burst_is_in_the_recording_from_its_first_sample() -> None:
    file = Kept()
    recorder = Recorder(file, 10.0)
    began = 9.9  # when the first of a burst of six frames was due that left at 10.0
    voice = b"".join(frame(number) for number in range(50))
    recorder.right.put(0, voice, recorder.sample_at(began), 0)
    _, right = recorded(recorder, file, 10.9)
    assert right.startswith(voice[: 40 * FRAME])
