"""The lines of the control socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.control.errors import ControlError
from playvoice.control.protocol import (
    MAX_LINE,
    Failure,
    Order,
    Part,
    Result,
    Told,
    read_answer,
    read_order,
    write_answer,
    write_order,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ROWS = st.lists(JSON, max_size=3)


@given(st.text(), st.dictionaries(st.text(), JSON, max_size=4))
def test_an_order_that_was_written_reads_back(command: str, arguments: dict[str, object]) -> None:
    order = Order(command, arguments)
    assert read_order(write_order(order)) == order


@given(st.builds(Told, JSON) | st.builds(Part, ROWS) | st.builds(Result, JSON) | st.builds(Failure, st.text()))
def test_an_answer_that_was_written_reads_back(answer: Told | Part | Result | Failure) -> None:
    line = write_answer(answer)
    assert line.count(b"\n") == 1
    assert read_answer(line) == answer


@given(st.binary())
def test_garbage_is_the_one_declared_error(line: bytes) -> None:
    for read in (read_order, read_answer):
        with pytest.raises(ControlError):
            read(line + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"command":"x","arguments":{}}',
        b'{"command":1,"arguments":{}}\n',
        b'{"command":"x"}\n',
        b'{"command":"x","arguments":[]}\n',
        b'{"command":"x","arguments":{},"more":1}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_order_is_refused(line: bytes) -> None:
    with pytest.raises(ControlError):
        read_order(line)


def test_a_line_has_a_bound() -> None:
    with pytest.raises(ControlError, match=f"more than the {MAX_LINE}"):
        write_answer(Result("x" * MAX_LINE))
