"""What commands print of rows."""

from datetime import timedelta, timezone

from playvoice.commands.output import in_zone

SHANGHAI = timezone(timedelta(hours=8))


def test_instants_of_a_row_are_told_in_the_zone_and_nothing_else_is_changed() -> None:
    row = {
        "id": 7,
        "created_at": "2026-01-02T20:05:31.250+00:00",
        "next_attempt": None,
        "payload": {"created_at": "2026-01-02T20:05:31+00:00"},
        "last_error": "2026-01-02T20:05:31+00:00 was the answer",
    }
    assert in_zone(row, SHANGHAI) == row | {"created_at": "2026-01-03 04:05:31"}
