"""A call's messages as a ladder: a column for each party, an arrow for each message, notes between them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from playvoice.calls.story import Story, StoryLeg, StoryMessage
from playvoice.calls.tables import LegKind
from playvoice.calls.trace_parts import Note
from playvoice.commands.notes import sentence
from playvoice.sip.tap import printable

US = "PlayVoice"
OTHERS = "others"
"""Who stands in the last column where not all have one."""
TIME = 9
"""Characters of a time, with the space behind it."""
NARROWEST, WIDEST = 22, 34
"""Characters from one column to the next."""

_METHOD = re.compile(rb"[\r\n]cseq[ \t]*:[ \t]*[0-9]+[ \t]+([A-Za-z]+)", re.IGNORECASE)
_SDP = re.compile(rb"[\r\n](?:content-type|c)[ \t]*:[ \t]*application/sdp", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Party:
    """A far end: the address of a trunk, or a phone of an agent."""

    name: str
    address: str


def party_of(leg: StoryLeg) -> Party:
    """The far end of a leg."""
    return Party(leg.trunk if leg.kind is LegKind.CUSTOMER else leg.extension, leg.address.partition(":")[2])


def ladder(story: Story, width: int) -> list[Text]:
    """The lines of the ladder, with their times in seconds since the request."""
    parties = list(dict.fromkeys(party_of(leg) for leg in story.legs))
    if not parties:
        return [_note(story.accepted_at, note) for note in story.notes]
    shown = min(len(parties), max(1, (width - TIME - 1) // NARROWEST))
    board = _Board(parties, shown, min(WIDEST, max(NARROWEST, (width - TIME - 1) // shown)))
    column_of = {leg.uuid: parties.index(party_of(leg)) for leg in story.legs}
    rows: list[tuple[datetime, Text]] = [(note.at, board.note(story.accepted_at, note)) for note in story.notes]
    rows += [
        (each.message.at, board.arrow(story.accepted_at, each, column_of.get(each.leg, 0))) for each in story.messages
    ]
    rows.sort(key=lambda row: row[0])
    return [*board.head(), *(line for _, line in rows)]


def label(each: StoryMessage) -> str:
    """What a message is in a few words: its method or status, whether it has a description, comes again or late."""
    message = each.message
    first = printable(message.data.split(b"\r\n", 1)[0]).strip()
    words = first.split(" ", 2)
    if words[0].upper().startswith("SIP/"):
        method = _METHOD.search(message.data)
        name = " ".join(words[1:])
        if method is not None and method[1].upper() != b"INVITE":
            name += f" {method[1].decode()}"
    else:
        name = words[0]
    marks = ["SDP"] * bool(_SDP.search(message.data)) + ["again"] * message.repeated + ["late"] * message.late
    return f"{name} ({', '.join(marks)})" if marks else name


@dataclass(frozen=True, slots=True)
class _Board:
    """The columns."""

    parties: Sequence[Party]
    shown: int
    """How many of them have a column; the last of these stands for all others if there are more."""
    gap: int

    def head(self) -> list[Text]:
        parties = list(self.parties[: self.shown])
        if self.shown < len(self.parties):
            parties[-1] = Party(OTHERS, "")
        lines = []
        for names in ([US, *(p.name for p in parties)], ["", *(p.address for p in parties)]):
            cells = [f"{_cut(printable(name.encode()), self.gap - 2):<{self.gap}}" for name in names]
            lines.append(Text((" " * TIME + "".join(cells)).rstrip(), style="bold"))
        return lines

    def arrow(self, start: datetime, each: StoryMessage, column: int) -> Text:
        at = min(column + 1, self.shown)
        name = label(each)
        if self.shown < len(self.parties) and at == self.shown:
            name = f"{self.parties[column].name}: {name}"
        cells = self._bars()
        last = at * self.gap
        cells[1:last] = ["─" if cell == " " else "┼" for cell in cells[1:last]]
        if each.message.sent:
            cells[last - 1] = ">"
        else:
            cells[1] = "<"
        room = self.gap - 6
        text = _cut(name, room)
        first = 3 + (room - len(text)) // 2
        cells[first : first + len(text)] = text
        line = Text(_time(start, each.message.at))
        return line.append("".join(cells).rstrip(), style=_style(name))

    def note(self, start: datetime, note: Note) -> Text:
        return _note(start, note)

    def _bars(self) -> list[str]:
        cells = [" "] * (self.shown * self.gap + 1)
        for column in range(self.shown + 1):
            cells[column * self.gap] = "│"
        return cells


def _note(start: datetime, note: Note) -> Text:
    return Text(_time(start, note.at)).append(f"· {sentence(note)}", style="italic")


def _time(start: datetime, at: datetime) -> str:
    return f"{(at - start).total_seconds():{TIME - 1}.3f} "


def _style(name: str) -> str:
    for status, style in (("1", "dim"), ("2", "green"), ("3", "yellow"), ("4", "red"), ("5", "red"), ("6", "red")):
        if re.match(rf"(?:.*: )?{status}[0-9][0-9]\b", name):
            return style
    return "cyan"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
