"""What people read: each event has its line, and the phone fits into one."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from playvoice.commands import phone_text
from playvoice.commands.phone_text import duration, line_of, meter, status_line
from playvoice.simulator.softphone.status import Figures, State, Status

AT = datetime(2026, 11, 28, 9, 5, 7)  # noqa: DTZ001 - a person's own time
SOFTPHONE = Path(phone_text.__file__).parents[1] / "simulator" / "softphone"
ENDED: dict[str, object] = {
    "peer": "Alice 200",
    "seconds": 65.2,
    "by": "them",
    "codec": "PCMA",
    "sent": 3260,
    "received": 3255,
    "lost": 5,
    "loss": 0.2,
    "jitter": 1.5,
    "keys_heard": "12#",
    "keys_sent": "",
}


def test_the_end_of_a_call_is_one_line_with_all_that_is_asked_of_it() -> None:
    assert line_of("ended", ENDED, AT) == (
        "09:05:07  call with Alice 200: 1:05, the far end hung up; PCMA, 3260 packets sent, 3255 received; "
        "5 lost (0.2 %), jitter 1.5 ms; keys received 12#"
    )
    recorded = line_of("ended", {**ENDED, "keys_heard": "", "by": "us", "recording": "a.wav"}, AT)
    assert recorded.endswith("we hung up; PCMA, 3260 packets sent, 3255 received; 5 lost (0.2 %), jitter 1.5 ms; "
                             "no keys; recorded in a.wav")  # fmt: skip


def test_each_event_that_the_phone_writes_has_its_line() -> None:
    written = {
        event
        for file in SOFTPHONE.glob("*.py")
        for event in re.findall(r'(?:write|_end)\(\s*(?:now, )?"(\w+)"', file.read_text(encoding="utf-8"))
    }
    assert {"incoming", "missed", "registered", "left_unanswered"} <= written
    assert written <= set(phone_text._LINES)


def test_what_a_stranger_wrote_moves_no_cursor() -> None:
    line = line_of("refused", {"peer": "1\x1b[2J", "status": 486, "reason": "Busy\r\nHere"}, AT)
    assert line == "09:05:07  1?[2J refused: 486 Busy??Here"


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (Status(State.IDLE), "phone | idle | q quit"),
        (Status(State.IDLE, registered=True, account="1@h"), "1@h | idle | q quit"),
        (Status(State.IDLE, account="1@h"), "1@h (not registered) | idle | q quit"),
        (Status(State.RINGING, "Alice 200", 3.2), "ringing | Alice 200 | 0:03 | a answer · r reject · q quit"),
        (
            Status(State.TALKING, "200", 61, "PCMA", figures=Figures(9, 8, 1, 0.0, -30.0)),
            "talking | 200 | 1:01 | PCMA | received 8, lost 1 | ████···· | h hang up · 0-9*# press · o hold",
        ),
        (
            Status(State.TALKING, "200", 61, "PCMA", is_held=True),
            "held | 200 | 1:01 | PCMA | received 0, lost 0 | ········ | h hang up · 0-9*# press · o hold",
        ),
        (Status(State.ENDING, "200"), "ending | 200 | 0:00"),
    ],
)
def test_the_line_shows_the_phone_and_what_can_be_typed(status: Status, line: str) -> None:
    assert status_line(status, 200) == line


def test_the_line_is_cut_to_the_terminal() -> None:
    assert status_line(Status(State.IDLE), 9) == "phone | i"
    ringing = Status(State.RINGING, "陈先生 200")
    assert status_line(ringing, 16) == "ringing | 陈先生"
    assert status_line(ringing, 15) == "ringing | 陈先 "


@pytest.mark.parametrize(
    ("level", "bar"),
    [(None, "········"), (-60.0, "········"), (-90.0, "········"), (0.0, "████████"), (3.0, "████████")],
)
def test_the_meter_is_empty_at_silence_and_full_at_the_loudest(level: float | None, bar: str) -> None:
    assert meter(level) == bar


def test_the_meter_grows_with_the_level() -> None:
    bars = [meter(-60.0 + decibels) for decibels in range(61)]
    assert all(len(bar) == 8 for bar in bars)
    ink = [sum("·▁▂▃▄▅▆▇█".index(cell) for cell in bar) for bar in bars]
    assert ink == sorted(ink)
    assert ink[0] < ink[30] < ink[60]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3_661, "1:01:01")])
def test_durations_read_as_clocks_show_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
