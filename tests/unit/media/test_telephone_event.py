import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.rtp import FRAME
from playvoice.media.telephone_event import (
    KEYS,
    MAX_DURATION,
    MAX_EVENTS,
    MAX_KEYS,
    KeyReceiver,
    KeySender,
    is_key,
    press,
)


def payload(key: str, duration: int, *, end: bool = False) -> bytes:
    return struct.pack("!BBH", KEYS.index(key), 0x8A if end else 0x0A, duration)


def presses(packets: list[tuple[int, bytes, bool]]) -> str:
    """The keys of (timestamp, payload, marker)."""
    receiver = KeyReceiver()
    return "".join(receiver.receive(at, body, marker=marker, ssrc=1) for at, body, marker in packets)


def sent(key: str, at: int) -> list[tuple[int, bytes, bool]]:
    return [(at, body, marker) for body, marker in press(key)]


def test_a_press_is_five_packets_that_grow_and_three_that_end_it() -> None:
    packets = list(press("5"))
    assert [marker for _, marker in packets] == [True] + [False] * 7
    assert [struct.unpack("!BBH", body) for body, _ in packets] == [
        *((5, 10, 160 * n) for n in range(1, 6)),
        *[(5, 0x8A, 800)] * 3,
    ]


def test_eight_packets_are_one_press() -> None:
    assert presses(sent("1", 1000)) == "1"


@given(st.sets(st.integers(0, 7), max_size=7))
def test_whichever_packets_are_lost_a_press_counts_once_if_one_comes(lost: set[int]) -> None:
    packets = [packet for number, packet in enumerate(sent("#", 4_294_967_200)) if number not in lost]
    assert presses(packets) == "#"


def test_the_same_key_twice_is_two_presses() -> None:
    assert presses(sent("7", 1000) + sent("7", 3000)) == "77"


def test_packets_of_an_older_press_that_come_late_press_nothing() -> None:
    first, second = sent("1", 1000), sent("2", 3000)
    assert presses(first[:3] + second[:4] + first[3:] + second[4:]) == "12"


def test_timestamps_wrap() -> None:
    assert presses(sent("1", 4_294_967_000) + sent("2", 2_000)) == "12"


def test_a_press_longer_than_a_segment_is_one_press() -> None:
    packets = [(1000, payload("9", 0xFFFF), False), (1000 + 0xFFFF, payload("9", 160), False)]
    packets.append((1000 + 0xFFFF, payload("9", 800, end=True), False))
    assert presses(packets) == "9"


def long_press(key: str, at: int, segments: int) -> list[tuple[int, bytes, bool]]:
    """A press of so many whole segments, a packet each 20 ms, and a little of the last one (section 2.5.1.3)."""
    packets: list[tuple[int, bytes, bool]] = []
    for number in range(segments + 1):
        begins = (at + number * MAX_DURATION) & 0xFFFFFFFF
        lasts = MAX_DURATION if number < segments else 1_600
        durations = [*range(FRAME, lasts, FRAME), lasts]
        packets += [(begins, payload(key, duration), number == 0 and duration == FRAME) for duration in durations]
    return packets + [(packets[-1][0], payload(key, 1_600, end=True), False)] * 3


def test_a_press_of_half_a_minute_is_one_press_whatever_is_lost_of_it() -> None:
    packets = long_press("9", 4_294_900_000, 3)
    assert presses(packets) == "9"
    for keep in range(7):
        assert presses([packet for number, packet in enumerate(packets) if number % 7 == keep]) == "9"
    assert presses(packets + sent("9", packets[-1][0] + 5_000)) == "99"


def test_packets_of_an_earlier_segment_that_come_late_press_nothing() -> None:
    packets = long_press("9", 1_000, 1)
    boundary = next(number for number, packet in enumerate(packets) if packet[0] != 1_000)
    assert presses([*packets[: boundary - 1], *packets[boundary : boundary + 2], packets[boundary - 1]]) == "9"


def test_a_flash_between_two_presses_of_a_key_neither_joins_nor_adds_any() -> None:
    flash = [(2_600, struct.pack("!BBH", 16, 10, 160), True), (2_600, struct.pack("!BBH", 16, 0x8A, 400), False)]
    assert presses([*sent("4", 1_000), *flash, *sent("4", 4_000)]) == "44"
    assert presses([*sent("4", 1_000)[:3], *flash, *sent("4", 1_000)[3:]]) == "4"


@given(
    st.text(alphabet="15#", min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=40, max_size=40),
)
def test_packets_that_are_late_and_come_twice_change_nothing(keys: str, delays: list[tuple[int, int]]) -> None:
    packets = [
        (number * 12 + index, packet)
        for number, key in enumerate(keys)
        for index, packet in enumerate(sent(key, 4_294_960_000 + 12 * FRAME * number & 0xFFFFFFFF))
    ]
    arriving = [
        (at + delay, number, packet)
        for number, ((at, packet), both) in enumerate(zip(packets, delays, strict=False))
        for delay in both
    ]
    assert presses([packet for _, _, packet in sorted(arriving, key=lambda arrival: arrival[:2])]) == keys


def test_a_gateway_whose_timestamp_runs_on_during_a_press_presses_once() -> None:
    packets = [(1000 + 160 * n, payload("3", 160 * n), n == 1) for n in range(1, 9)]
    packets += [(1000 + 160 * 9, payload("3", 1440, end=True), False)] * 3
    assert presses(packets) == "3"


def test_an_end_with_a_timestamp_of_its_own_ends_the_press_it_belongs_to() -> None:
    packets = [(1000, payload("3", 160), True), (1000, payload("3", 640), False)]
    packets.append((1800, payload("3", 800, end=True), False))
    assert presses(packets + sent("3", 5000)) == "33"


def test_a_second_press_of_a_key_counts_although_the_end_of_the_first_was_lost() -> None:
    assert presses(sent("4", 1000)[:4] + sent("4", 4000)) == "44"
    assert presses(sent("4", 1000)[:4] + sent("4", 4000)[1:]) == "44"


def test_another_source_begins_anew() -> None:
    receiver = KeyReceiver()
    assert receiver.receive(100_000, payload("1", 160), ssrc=1) == "1"
    assert receiver.receive(90_000, payload("1", 160), ssrc=2) == "1"


def test_a_clock_that_began_anew_is_no_late_packet() -> None:
    assert presses([*sent("1", 1_000_000), *sent("2", 5_000)]) == "12"


def test_events_that_are_no_keys_press_nothing() -> None:
    assert presses([(1000, struct.pack("!BBH", 16, 10, 160), True)]) == ""  # flash


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=80), st.booleans())
def test_any_octets_are_keys_or_nothing(timestamp: int, body: bytes, marker: bool) -> None:
    pressed = KeyReceiver().receive(timestamp, body, marker=marker)
    assert set(pressed) <= set(KEYS)
    assert len(pressed) <= min(len(body) // 4, MAX_EVENTS)


# --- several events in one packet (section 2.5.1.5) ---------------------------------------------------------------


def packed(at: int, *events: bytes) -> tuple[int, bytes, bool]:
    return at & 0xFFFFFFFF, b"".join(events), True


def test_events_that_follow_on_each_other_in_one_packet_are_each_pressed_once() -> None:
    first = packed(-400, payload("1", 400, end=True), payload("2", 400, end=True), payload("2", 160))
    grown = packed(-400, payload("1", 400, end=True), payload("2", 400, end=True), payload("2", 320))
    over = packed(-400, payload("1", 400, end=True), payload("2", 400, end=True), payload("2", 400, end=True))
    assert presses([first, first, grown, over, over, over, *sent("2", 4000)]) == "1222"


def test_the_end_of_a_press_and_the_next_one_may_share_a_packet() -> None:
    ends = packed(1000, payload("1", 800, end=True), payload("#", 160))
    assert presses([*sent("1", 1000)[:5], ends, *sent("#", 1800)]) == "1#"
    assert presses([ends, *sent("1", 1000)[5:], *sent("#", 1800)[1:]]) == "1#"


def test_an_event_that_is_no_key_takes_its_time_among_others() -> None:
    flash = struct.pack("!BBH", 16, 0x8A, 400)
    assert presses([packed(1000, payload("1", 400, end=True), flash, payload("2", 160)), *sent("2", 1800)]) == "12"


@pytest.mark.parametrize("filling", [bytes(4), bytes(400), b"\5", payload("5", 0), payload("5", 160)])
def test_what_fills_up_a_packet_is_no_key(filling: bytes) -> None:
    for end in (False, True):
        if not end or filling != payload("5", 160):
            assert presses([packed(1000, payload("1", 160, end=end), filling)]) == "1"


def test_of_a_packet_full_of_events_no_more_are_read_than_the_bound() -> None:
    assert presses([packed(1000, *[payload("1", 400, end=True)] * 500)]) == "1" * MAX_EVENTS


@given(st.text(alphabet=KEYS, max_size=12))
def test_what_is_pressed_is_what_is_heard(keys: str) -> None:
    sender, receiver = KeySender(), KeyReceiver()
    sender.press(keys)
    heard, timestamp, now = "", 0, 0
    while sender:
        body, first = sender.next()
        timestamp = now if first else timestamp
        heard += receiver.receive(timestamp, body, marker=first, ssrc=1)
        now += 160
    assert heard == keys


@given(
    st.text(alphabet=KEYS, min_size=1, max_size=4),
    st.lists(st.sets(st.integers(0, 7), min_size=1), min_size=4, max_size=4),
)
def test_a_press_counts_once_whichever_of_its_packets_arrive(keys: str, arrive: list[set[int]]) -> None:
    receiver, heard = KeyReceiver(), ""
    for number, key in enumerate(keys):
        for index, (body, first) in enumerate(press(key)):
            if index in arrive[number]:
                heard += receiver.receive(1280 * number, body, marker=first, ssrc=1)
    assert heard == keys


def test_what_is_no_key_is_not_pressed() -> None:
    sender = KeySender()
    sender.press("1x 中2")
    packets = 0
    while sender:
        sender.next()
        packets += 1
    assert packets == 16
    with pytest.raises(ValueError, match="no key of a telephone"):
        press("12")
    assert is_key("a")
    assert not is_key("")


def test_keys_beyond_the_bound_are_not_taken() -> None:
    sender = KeySender()
    sender.press("1" * 200)
    packets = 0
    while sender:
        sender.next()
        packets += 1
    assert packets == 8 * MAX_KEYS
