"""What the relay does to packets."""

import pytest
from tests.network.weather import MAX_WAITING, Way, Weather


def through(way: Way, packets: int, spacing: float = 0.01) -> list[tuple[float, bytes]]:
    """Send packets that have their number, and return when each came out."""
    out = []
    for number in range(packets):
        way.enter(number.to_bytes(4, "big"), number * spacing)
    while (at := way.next_arrival()) is not None:
        out += [(at, packet) for packet in way.arrived(at)]
    return out


def test_in_fair_weather_every_packet_comes_at_once_and_in_order() -> None:
    out = through(Way(Weather(), 1), 100)
    assert [int.from_bytes(packet, "big") for _, packet in out] == list(range(100))
    assert [at for at, _ in out] == pytest.approx([number * 0.01 for number in range(100)])


def test_the_stated_share_is_lost() -> None:
    way = Way(Weather(loss=0.2), 1)
    assert 0.17 < 1 - len(through(way, 5_000)) / 5_000 < 0.23
    assert way.lost + way.passed == 5_000


def test_delays_stay_within_their_bounds_and_packets_overtake_each_other() -> None:
    out = through(Way(Weather(delay=0.2, jitter=0.1), 1), 1_000)
    numbers = [int.from_bytes(packet, "big") for _, packet in out]
    delays = [at - number * 0.01 for (at, _), number in zip(out, numbers, strict=True)]
    assert 0.1 <= min(delays) < 0.12
    assert 0.28 < max(delays) <= 0.3
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(1_000))


def test_some_come_twice() -> None:
    assert 1_050 < len(through(Way(Weather(duplicate=0.1), 1), 1_000)) < 1_150


def test_the_same_seed_is_the_same_weather() -> None:
    weather = Weather(0.1, 0.2, 0.1, 0.1)
    assert through(Way(weather, 7), 200) == through(Way(weather, 7), 200)
    assert through(Way(weather, 7), 200) != through(Way(weather, 8), 200)


def test_a_full_buffer_loses_what_comes() -> None:
    way = Way(Weather(delay=10.0), 1)
    for _ in range(MAX_WAITING + 5):
        way.enter(b"x", 0.0)
    assert way.lost == 5
