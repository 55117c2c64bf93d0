"""Where log lines go: standard error, since standard output is for what a script reads.

What libraries write by the standard library's `logging` goes the same way and in the same form. They write a line for
whatever comes, as an HTTP server does for each connection that speaks no HTTP; so each of their sentences is told once
in an interval, with how often it was swallowed since.
"""

import logging
import os
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import structlog

from playvoice.process.log_output import LogOutput

STANDARD_ERROR = 2
INTERVAL = 10.0
"""Seconds in which a library's sentence is told once."""
MAX_SENTENCES = 1_000
"""Sentences that are remembered; more are told at each occurrence."""


class Format(StrEnum):
    """How lines are written."""

    TEXT = "text"
    JSON = "json"


class Level(StrEnum):
    """What is written at the least."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure(form: Format, level: Level = Level.INFO) -> None:
    """Send log lines of this level and above to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form is Format.JSON
        else structlog.dev.ConsoleRenderer(
            colors=os.isatty(STANDARD_ERROR), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,  # without the values of variables, which may be secrets
            printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level.value),
        logger_factory=LogOutput(STANDARD_ERROR),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING, force=True)


def printable(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape what would move a terminal's cursor or begin a line of its own: values come from strangers.

    A traceback keeps its lines, each indented: what an exception says may come from strangers, too.
    """
    printed = {name: _escape(value) if isinstance(value, str) else value for name, value in event.items()}
    if isinstance(traceback := event.get("exception"), str):
        printed["exception"] = "\n".join(f"    {_escape(line)}" for line in traceback.split("\n"))
    return printed


def _escape(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


class Libraries(logging.Handler):
    """Takes the lines of libraries."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._log: Any = structlog.get_logger(__name__)
        self._told: dict[tuple[str, str], float] = {}
        self._swallowed: dict[tuple[str, str], int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, or count it where its sentence was told just now. An error's traceback is never lost."""
        key, now = (record.name, str(record.msg)), self._clock()
        if record.exc_info is None:
            if now - self._told.get(key, -INTERVAL) < INTERVAL:
                self._swallowed[key] = self._swallowed.get(key, 0) + 1
                return
            if len(self._told) < MAX_SENTENCES:
                self._told[key] = now
        self._log.log(
            record.levelno,
            "library",
            name=record.name,
            text=record.getMessage(),
            swallowed=self._swallowed.pop(key, 0),
            exc_info=record.exc_info,
        )
