"""Where all SIP messages pass by, as octets: for those who keep or show them.

A tap is told of each message as the endpoint sends or receives it, keep-alives and what can't be read among them. It is
called in the endpoint's loop, so it only takes note; what it raises is told in the log and stops nothing.
"""

import re
from typing import Protocol

from playvoice.sip.flow import Flow

_USUAL = b"\r\nCall-ID: "
"""How nearly everybody writes it, and we."""
_CALL_ID = re.compile(rb"[\r\n](?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


class Tap(Protocol):
    """Takes note of messages."""

    def __call__(self, data: bytes, flow: Flow, *, sent: bool, now: float) -> None:
        """One message that was sent (or, if not `sent`, received) over `flow` at `now`, in the endpoint's seconds."""
        ...


def call_id_of(data: bytes) -> str | None:
    """The Call-ID of a message (RFC 3261 section 20.8), without reading the rest; None where there is none."""
    start = data.find(_USUAL)
    if 0 <= start < data.find(b"\r\n\r\n"):
        value = data[start + len(_USUAL) : data.find(b"\r\n", start + 2)].strip()
    elif (found := _CALL_ID.search(data)) is not None:
        value = found[1].strip()
    else:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def printable(data: bytes) -> str:
    """A message as lines of text; what is no text is escaped, so that it can't move a terminal's cursor."""
    lines = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n")
    return "\n".join("".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in line) for line in lines)
