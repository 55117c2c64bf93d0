"""How findings are shown: lines for people as they come, or one JSON object for programs."""

import json
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence

import typer

from playvoice.commands.doctor.finding import Finding, Outcome

_COLOURS = {Outcome.OK: typer.colors.GREEN, Outcome.WARNING: typer.colors.YELLOW, Outcome.FAILURE: typer.colors.RED}
_MARGIN = 10
MAX_WIDTH = 110


class Report:
    """Collects findings, and shows each at once where people read."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._follows = sys.stderr.isatty() and not as_json
        self._progress = ""
        self.findings: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Take one more."""
        self.findings.append(finding)
        if not self._as_json:
            progress = self._progress
            self._show_progress("")
            typer.echo(to_text(finding, self._width()))
            self._show_progress(progress)

    def tell(self, done: int, of: int, waiting: Sequence[str]) -> None:
        """Say on a terminal what is still looked at."""
        text = f"{done} of {of} checks done; looking at {', '.join(waiting)}" if waiting else ""
        self._show_progress(textwrap.shorten(text, self._width() - 1, placeholder=" …"))

    def end(self) -> None:
        """Show the sum, or everything."""
        self._show_progress("")
        counts = Counter(finding.outcome for finding in self.findings)
        if self._as_json:
            typer.echo(to_json(self.findings))
        else:
            typer.echo("\n" + to_sum(counts))

    @property
    def failed(self) -> bool:
        return any(finding.outcome is Outcome.FAILURE for finding in self.findings)

    def _show_progress(self, text: str) -> None:
        if self._follows and text != self._progress:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        self._progress = text

    @staticmethod
    def _width() -> int:
        return min(MAX_WIDTH, shutil.get_terminal_size((MAX_WIDTH, 24)).columns)


def to_text(finding: Finding, width: int) -> str:
    """A finding as people read it, what to do below it."""
    head = typer.style(f"{finding.outcome.value:<{_MARGIN}}", fg=_COLOURS[finding.outcome])
    margin = " " * _MARGIN
    lines = _wrap(f"{printable(finding.check)}: {printable(finding.seen)}", width, "", margin)
    if finding.do:
        lines += _wrap(printable(finding.do), width, f"{margin}→ ", f"{margin}  ")
    return head + "\n".join(lines)


def _wrap(text: str, width: int, first: str, others: str) -> list[str]:
    room = max(40, width - (_MARGIN if not first else 0))
    wrapped = textwrap.wrap(
        text, room, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [first]


def to_sum(counts: Mapping[Outcome, int]) -> str:
    """How many findings of each kind there are."""
    bad = (Outcome.WARNING, Outcome.FAILURE)
    told = [f"{counts[outcome]} {outcome.value}{'' if counts[outcome] == 1 else 's'}" for outcome in bad]
    return ", ".join([f"{counts[Outcome.OK]} ok", *told])


def to_json(findings: Sequence[Finding]) -> str:
    """All findings as one object."""
    counts = Counter(finding.outcome.value for finding in findings)
    listed = [
        {"check": each.check, "outcome": each.outcome.value, "seen": each.seen, "do": each.do} for each in findings
    ]
    sums = {outcome.value: counts[outcome.value] for outcome in Outcome}
    return json.dumps({"findings": listed, "counts": sums}, ensure_ascii=False, indent=2)


def printable(text: str) -> str:
    """Without what would move a terminal's cursor: names and answers come from others."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
