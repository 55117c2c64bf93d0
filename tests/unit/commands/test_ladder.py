"""The ladder of a call, line by line."""

from tests.unit.commands.stories import FLOW_OF_AGENT, leg, message, note, story

from playvoice.calls.tables import LegKind
from playvoice.commands.ladder import label, ladder


def drawn(width: int = 60, **changes: object) -> list[str]:
    return [line.plain for line in ladder(story(**changes), width)]


def test_requests_and_responses_are_arrows_between_us_and_the_trunk() -> None:
    lines = drawn(
        40,
        legs=(leg("a"),),
        messages=(
            message(0.1, b"INVITE sip:1 SIP/2.0", "CSeq: 1 INVITE", "Content-Type: application/sdp"),
            message(0.25, b"SIP/2.0 180 Ringing", "CSeq: 1 INVITE", sent=False),
            message(12, b"SIP/2.0 200 OK", "CSeq: 2 BYE", sent=False),
        ),
    )
    assert lines == [
        "         PlayVoice                     carrier",
        "                                       192.0.2.9:5080",
        "   0.100 │────────INVITE (SDP)────────>│",
        "   0.250 │<───────180 Ringing──────────│",
        "  12.000 │<────────200 OK BYE──────────│",
    ]


def test_an_agents_phone_has_a_column_of_its_own_and_notes_stand_between() -> None:
    agent = leg("b", LegKind.AGENT, address=FLOW_OF_AGENT, call_id="second")
    lines = drawn(
        legs=(leg("a"), agent),
        messages=(message(2, b"INVITE sip:2 SIP/2.0", "CSeq: 1 INVITE", leg="b"),),
        notes=(note(1.5, "key_pressed", key="1", way="INFO"),),
    )
    assert lines == [
        "         PlayVoice                carrier                  20280003",
        "                                  192.0.2.9:5080           192.0.2.20:5060",
        "   1.500 · key 1 (INFO)",
        "   2.000 │────────INVITE──────────┼───────────────────────>│",
    ]


def test_where_there_is_no_room_for_all_the_last_column_is_that_of_the_others() -> None:
    agents = [
        leg(f"b{n}", LegKind.AGENT, extension=f"2028000{n}", address=f"udp:192.0.2.{n}:5060") for n in range(1, 4)
    ]
    lines = drawn(60, legs=(leg("a"), *agents), messages=(message(2, b"BYE sip:2 SIP/2.0", "CSeq: 1 BYE", leg="b3"),))
    assert lines[0].split() == ["PlayVoice", "carrier", "others"]
    assert "20280003: BYE" in lines[-1]


def test_in_a_narrow_terminal_there_are_still_two_columns() -> None:
    assert max(map(len, drawn(20, legs=(leg("a"),), messages=(message(1, b"ACK sip:1 SIP/2.0"),)))) <= 46


def test_a_call_that_was_not_dialled_has_notes_only() -> None:
    assert drawn(notes=(note(3, "call_abandoned", reason="its voice can't be had: HTTP status 404"),)) == [
        "   3.000 · not dialled: its voice can't be had: HTTP status 404"
    ]


def test_what_comes_again_or_late_says_so() -> None:
    again = message(1, b"BYE sip:1 SIP/2.0", repeated=True, late=True)
    assert label(again) == "BYE (again, late)"


def test_a_reason_phrase_can_not_move_the_cursor() -> None:
    assert "\x1b" not in label(message(1, b"SIP/2.0 486 \x1b[2J", "CSeq: 1 INVITE"))
