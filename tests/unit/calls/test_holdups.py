"""Why companies' next calls wait: shown while it lasts, told to who watches, logged now and then."""

import pytest
from structlog.testing import capture_logs

from playvoice.calls.holdups import MAX_REASON, TELL_AGAIN, TELL_CHANGE, HoldUps
from playvoice.calls.trace_parts import Note


@pytest.fixture
def told() -> list[tuple[str, object]]:
    return []


@pytest.fixture
def hold_ups(told: list[tuple[str, object]]) -> HoldUps:
    def tell(uuid: str, note: Note) -> None:
        told.append((uuid, note.values["reason"]))

    return HoldUps(tell)


def test_a_reason_is_seen_until_the_call_is_dialled(hold_ups: HoldUps) -> None:
    hold_ups.hold("2028", "u1", "full", 0.0)
    assert hold_ups.reasons == {"2028": "full"}
    assert hold_ups.let_go("2028", "u1") == "full"
    assert hold_ups.reasons == {}


def test_a_call_that_did_not_wait_has_no_reason(hold_ups: HoldUps) -> None:
    assert hold_ups.let_go("2028", "u1") == ""
    hold_ups.hold("2028", "u1", "full", 0.0)
    assert hold_ups.let_go("2028", "u2") == ""


def test_who_watches_a_call_hears_each_reason_once(hold_ups: HoldUps, told: list[tuple[str, object]]) -> None:
    for at in (0.0, 0.1, 0.2):
        hold_ups.hold("2028", "u1", "full", at)
    hold_ups.hold("2028", "u1", "down", 0.3)
    assert told == [("u1", "full"), ("u1", "down")]


def test_a_line_comes_at_once_for_another_reason_after_seconds_and_again_after_a_minute(hold_ups: HoldUps) -> None:
    with capture_logs() as lines:
        hold_ups.hold("2028", "u1", "full", 0.0)
        hold_ups.hold("2028", "u1", "down", TELL_CHANGE - 0.1)
        hold_ups.hold("2028", "u1", "full", TELL_AGAIN - 0.1)
        assert [line["reason"] for line in lines] == ["full"]
        hold_ups.hold("2028", "u2", "down", TELL_AGAIN - 0.1)
        hold_ups.hold("2028", "u3", "down", 2 * TELL_AGAIN)
    assert [(line["uuid"], line["reason"]) for line in lines] == [("u1", "full"), ("u2", "down"), ("u3", "down")]


def test_what_is_kept_is_bounded(hold_ups: HoldUps) -> None:
    hold_ups.hold("2028", "u1", "x" * 2 * MAX_REASON, 0.0)
    hold_ups.hold("9017", "u2", "full", 0.0)
    hold_ups.keep_only({"2028"})
    assert hold_ups.reasons == {"2028": "x" * MAX_REASON}
