"""The script of keys, as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.telephone_event import KEYS, MAX_KEYS
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.softphone.presses import MAX_PRESSES, MAX_WAIT, Press, parse_presses


@pytest.mark.parametrize(
    ("text", "presses"),
    [
        ("", ()),
        (" ", ()),
        ("2s:1,1s:5", (Press(2.0, "1"), Press(1.0, "5"))),
        ("500ms:12#", (Press(0.5, "12#"),)),
        (" 0s:* , 1.5s:abcd ", (Press(0.0, "*"), Press(1.5, "ABCD"))),
    ],
)
def test_each_step_waits_and_presses(text: str, presses: tuple[Press, ...]) -> None:
    assert parse_presses(text) == presses


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1", "'1' is no step"),
        ("2s:1,", "'' is no step"),
        ("2:1", "'2:1' is no step"),
        ("2m:1", "'2m:1' is no step"),
        ("-1s:1", "'-1s:1' is no step"),
        ("2s:", "'2s:' is no step"),
        ("2s:x", "presses what are no keys"),
        ("2s:" + "1" * (MAX_KEYS + 1), "presses what are no keys"),
        (f"{MAX_WAIT + 1:.0f}s:1", "waits for longer than 3600 s"),
        (",".join(["1s:1"] * (MAX_PRESSES + 1)), "65 steps to press, more than 64"),
    ],
)
def test_what_is_no_script_is_refused_by_the_step(text: str, complaint: str) -> None:
    with pytest.raises(SimulatorError, match=complaint):
        parse_presses(text)


@given(st.lists(st.tuples(st.integers(0, 3_600_000), st.text(KEYS, min_size=1, max_size=MAX_KEYS)), max_size=9))
def test_what_is_written_reads_back(steps: list[tuple[int, str]]) -> None:
    text = ",".join(f"{milliseconds}ms:{keys}" for milliseconds, keys in steps)
    assert parse_presses(text) == tuple(Press(milliseconds * 0.001, keys) for milliseconds, keys in steps)


@given(st.text())
def test_garbage_gives_the_one_error(text: str) -> None:
    try:
        parse_presses(text)
    except SimulatorError:
        pass
