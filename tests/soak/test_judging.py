"""What is made of a soak's figures."""

from datetime import UTC, datetime

import pytest
from tests.chaos.evidence import RECORD, Callback, Evidence, Leg
from tests.soak.judging import CROSSED, delays, growth, slope, without_crossings


def curve(*sizes: float, every: int = 1_000) -> list[dict[str, object]]:
    """Places at each `every` calls, and the last one, when the server is idle."""
    return [{"calls": place * every, "server": {"rss": size}} for place, size in enumerate((*sizes, 0.0))]


def test_memory_that_grew_only_at_first_has_stopped() -> None:
    found = growth(curve(100, 150, 180, 190, 190, 191, 190, 191), "server")
    assert found is not None
    assert not found.is_growing
    assert found.figures()["has_stopped"] is True


def test_memory_that_grows_in_the_second_half_is_found_with_its_slope() -> None:
    found = growth(curve(100, 110, 120, 130, 140, 150, 160, 170), "server")
    assert found is not None
    assert found.megabytes_per_1000_calls == pytest.approx(10)
    assert found.megabytes == pytest.approx(30)
    assert found.is_growing


def test_a_short_soak_can_not_tell_whether_memory_grows() -> None:
    found = growth(curve(100, 110, 120, 130, 140, 150, every=100), "server")
    assert found is not None
    assert not found.is_growing
    assert found.figures()["has_stopped"] is None


def test_a_process_that_was_not_there_has_no_growth() -> None:
    assert growth(curve(1, 2, 3, 4, 5), "media") is None


def test_the_slope_is_that_of_the_least_squares() -> None:
    assert slope([(0, 1), (1, 3), (2, 2)]) == pytest.approx(0.5)


def test_delays_are_those_of_the_other_companies_from_the_end_to_the_delivery() -> None:
    def record(company: int, seconds: float) -> Callback:
        at = datetime.fromtimestamp(1_700_000_000 + seconds, UTC)
        payload = {"companycode": company, "endtime": "2023-11-15 06:13:20"}
        return Callback(0.0, at, "id", "", payload, (RECORD, "uuid"))

    assert delays([record(2028, 3), record(2028, 1.5), record(2029, 60)], besides="2029") == [1.5, 3]


def test_a_ring_that_crossed_its_cancel_counts_for_nothing_and_any_other_does() -> None:
    def leg(end: str, after: float) -> Leg:
        return Leg("call", "20280001", "139", invited=1.0, rang=1.0, ended=1.0 + after, end=end)

    legs = (leg("cancel", CROSSED / 2), leg("cancel", CROSSED * 2), leg("bye", CROSSED / 2))
    assert [each.rang for each in without_crossings(Evidence(agents=legs)).agents] == [None, 1.0, 1.0]
