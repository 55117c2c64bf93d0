"""The terminal of `playvoice phone`: lines of what happens, below them the phone as it is, and keys one by one.

Whatever happens, the terminal is left as it was found.
"""

import asyncio
import contextlib
import os
import re
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from datetime import datetime

from playvoice.commands.phone_text import HELP, line_of, status_line
from playvoice.media.telephone_event import KEYS
from playvoice.simulator.journal import Output
from playvoice.simulator.softphone.softphone import Softphone
from playvoice.simulator.softphone.status import Status
from playvoice.simulator.softphone.telephone import NotNow, Telephone

REFRESH = 0.25
"""Seconds between two looks at the phone."""
BELL = "\a"
_CLEAR = "\r\x1b[K"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
"""What a terminal sends for arrows and the like."""
_END = "\x04"


def _now() -> datetime:
    return datetime.now().astimezone()


def terminal_width() -> int:
    """Columns of the terminal that standard output is."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


class Pipe:
    """Standard output; when nobody reads any more, `gone` is called and nothing is written."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.gone: Callable[[], None] = lambda: None

    def write(self, text: str) -> None:
        try:
            self._output.write(text)
        except BrokenPipeError:
            self.gone()

    def flush(self) -> None:
        try:
            self._output.flush()
        except BrokenPipeError:
            self.gone()


class Lines:
    """A notebook of plain lines, for pipes and files."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, event: str, **fields: object) -> None:
        self.put(line_of(event, fields, _now()) + "\n")

    def put(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()


class Screen(Lines):
    """A notebook on a terminal: the last line shows the phone, and is written anew below each event."""

    def __init__(self, output: Output, width: Callable[[], int] = terminal_width) -> None:
        super().__init__(output)
        self._width = width
        self._shown = ""

    def write(self, event: str, **fields: object) -> None:
        bell = BELL if event == "incoming" else ""
        self.put(f"{bell}{_CLEAR}{line_of(event, fields, _now())}\n{self._shown}")

    def show(self, status: Status) -> None:
        """Show the phone as it is now."""
        line = status_line(status, max(1, self._width() - 1))
        if line != self._shown:
            self._shown = line
            self.put(f"{_CLEAR}{line}")

    def clear(self) -> None:
        """Leave only what happened."""
        self._shown = ""
        self.put(_CLEAR)


@contextlib.contextmanager
def single_keys(descriptor: int) -> Iterator[None]:
    """Have keys come one by one and not be shown; afterwards the terminal is as it was."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def commands_of(typed: str) -> Iterator[str]:
    """The keys that were typed, without what arrows and function keys send."""
    yield from _SEQUENCE.sub("", typed)


class Keyboard:
    """Does what a person types."""

    def __init__(self, phone: Softphone, say: Callable[[str], None]) -> None:
        self._phone = phone
        self._say = say

    def type(self, typed: str) -> None:
        """Take what came from the terminal; each key is a command."""
        for key in commands_of(typed):
            try:
                self._take(key)
            except NotNow as error:
                self._say(str(error))

    def _take(self, key: str) -> None:
        match key:
            case "a":
                self._phone.do(Telephone.answer)
            case "r":
                self._phone.do(Telephone.reject)
            case "h":
                self._phone.do(Telephone.hang_up)
            case "o":
                self._phone.do(Telephone.hold)
            case "q" | "\x04":
                self._phone.leave()
            case _ if key in KEYS:
                self._phone.do(lambda line, now: line.press(now, key))
            case _:
                self._say(HELP)


async def watch(phone: Softphone, screen: Screen, descriptor: int) -> None:
    """Show the phone and do what is typed, until cancelled."""
    keyboard = Keyboard(phone, lambda text: screen.write("notice", text=text))
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            typed = os.read(descriptor, 1_024).decode("utf-8", "replace")
        except OSError:
            typed = ""  # the terminal is gone
        if not typed:
            loop.remove_reader(descriptor)
        keyboard.type(typed or _END)
        screen.show(phone.status())

    loop.add_reader(descriptor, read)
    try:
        while True:
            screen.show(phone.status())
            await asyncio.sleep(REFRESH)
    finally:
        loop.remove_reader(descriptor)
        screen.clear()
