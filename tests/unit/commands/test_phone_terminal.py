"""The terminal: keys one by one, and left as it was found."""

import io
import os
import pty
import termios
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from playvoice.commands.phone_terminal import Keyboard, Lines, Pipe, Screen, commands_of, single_keys
from playvoice.commands.phone_text import HELP
from playvoice.simulator.softphone.softphone import Softphone
from playvoice.simulator.softphone.status import State, Status
from playvoice.simulator.softphone.telephone import NotNow, Telephone


@pytest.fixture
def terminal() -> Iterator[int]:
    leader, follower = pty.openpty()
    yield follower
    os.close(leader)
    os.close(follower)


def local_modes(terminal: int) -> int:
    return int(termios.tcgetattr(terminal)[3])


def test_keys_come_one_by_one_and_are_not_shown_until_the_end_whatever_that_is(terminal: int) -> None:
    before = termios.tcgetattr(terminal)
    assert local_modes(terminal) & termios.ECHO
    during = 0

    def fail() -> None:
        nonlocal during
        with single_keys(terminal):
            during = local_modes(terminal)
            raise RuntimeError("whatever")

    with pytest.raises(RuntimeError, match="whatever"):
        fail()
    assert not during & (termios.ECHO | termios.ICANON)
    assert termios.tcgetattr(terminal) == before


@pytest.mark.parametrize(
    ("typed", "keys"),
    [("a5#", "a5#"), ("\x1b[A1\x1bOP2\x1b[15~3", "123"), ("\x1b", ""), ("\x1b[1;5C4", "4")],
)
def test_arrows_and_function_keys_are_no_commands(typed: str, keys: str) -> None:
    assert "".join(commands_of(typed)) == keys


class Line:
    """A line that notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def press(self, _now: float, keys: str) -> None:
        self.done.append(keys)


class Phone:
    """A phone whose line notes, or refuses, what is done."""

    def __init__(self) -> None:
        self.line = Line()
        self.done: list[object] = []
        self.refuses = ""

    def do(self, action: Callable[[object, float], None]) -> None:
        if self.refuses:
            raise NotNow(self.refuses)
        if action in (Telephone.answer, Telephone.reject, Telephone.hang_up, Telephone.hold):
            self.done.append(action)
        else:
            action(self.line, 0.0)

    def leave(self) -> None:
        self.done.append("leave")


def test_each_key_does_what_the_help_says() -> None:
    phone, said = Phone(), list[str]()
    Keyboard(cast(Softphone, phone), said.append).type("arhoq\x04" + "0123456789*#ABCD" + "?z")
    telephone = [Telephone.answer, Telephone.reject, Telephone.hang_up, Telephone.hold]
    assert phone.done == [*telephone, "leave", "leave"]
    assert "".join(phone.line.done) == "0123456789*#ABCD"
    assert said == [HELP, HELP]


def test_what_does_not_fit_is_said_and_the_next_key_counts() -> None:
    phone, said = Phone(), list[str]()
    phone.refuses = "no call rings"
    Keyboard(cast(Softphone, phone), said.append).type("aq")
    assert said == ["no call rings"]
    assert phone.done == ["leave"]


def test_an_event_stands_above_the_line_that_shows_the_phone_and_a_call_rings_the_bell() -> None:
    output = io.StringIO()
    screen = Screen(output, width=lambda: 21)
    screen.show(Status(State.IDLE))
    screen.show(Status(State.IDLE))
    screen.write("incoming", peer="200", to="100")
    screen.clear()
    line = "phone | idle | q qui"
    begin, shown, event, end = output.getvalue().split("\r\x1b[K")
    assert (begin, shown, end) == ("", f"{line}\a", "")
    assert event.endswith(f"  200 calls 100\n{line}")


class Closed(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


def test_when_nobody_reads_any_more_the_phone_is_told() -> None:
    told: list[str] = []
    pipe = Pipe(Closed())
    pipe.gone = lambda: told.append("gone")
    Lines(pipe).write("ready", sip="udp:127.0.0.1:5060")
    assert told == ["gone"]
