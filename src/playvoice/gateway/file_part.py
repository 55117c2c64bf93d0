"""The first file of a multipart form, cut out of a body that comes in pieces.

    FORM ── the head of a part with a file name is whole ──> FILE ── the next delimiter ──> REST
     │ kept as it comes                                       │ given out piece by piece     │ kept as it comes
     └──────── the last delimiter, or one whose line does not end in CR LF ─────────────────^

What is kept is a form of its own, whose file is empty: :mod:`playvoice.gateway.multipart` reads it. No I/O here; lines
end in CR LF (RFC 7578): a form whose lines do not has no file here.
"""

from collections.abc import Collection
from enum import Enum, auto

from playvoice.gateway.multipart import MAX_PART_HEAD, read_part_head

_NEWLINE = b"\r\n"


class _State(Enum):
    FORM = auto()
    FILE = auto()
    REST = auto()


class FileCutter:
    """Cuts one file out of one body."""

    def __init__(self, boundary: bytes, fields: Collection[str]) -> None:
        """`fields` are the names under which a file is looked for."""
        self.form = bytearray()
        """The body so far without the file's octets."""
        self.field = ""
        """The name of the file's field; empty before it was found."""
        self._delimiter = _NEWLINE + b"--" + boundary
        self._fields = fields
        self._state = _State.FORM
        self._seen = 0
        """Where in the form the next delimiter is looked for."""
        self._held = b""
        """The end of the file so far: it may be the beginning of the delimiter."""

    @property
    def is_open(self) -> bool:
        """Whether the file has begun and not ended."""
        return self._state is _State.FILE

    def closed_form(self) -> bytes:
        """Return the form so far as one that has ended here."""
        return bytes(self.form) + self._delimiter + b"--" + _NEWLINE

    def feed(self, piece: bytes) -> bytes:
        """Take a piece of the body; return what of the file is in it. Raises `RequestRefused` (400)."""
        if self._state is not _State.FORM:
            return self._take(piece)
        self.form += piece
        while (head := self._next_head()) is not None:
            name, filename = read_part_head(head, _NEWLINE)
            if filename is not None and name.decode("utf-8", "replace") in self._fields:
                self.field = name.decode()
                self._state = _State.FILE
                rest = bytes(self.form[self._seen :])
                del self.form[self._seen :]
                return self._take(rest)
        return b""

    def _next_head(self) -> bytes | None:
        """The next part's head with the line end before it, once it is whole; what follows is looked at next."""
        at_start = self._seen == 0 and self.form.startswith(self._delimiter[2:])
        start = -2 if at_start else self.form.find(self._delimiter, self._seen)
        if start < 0 and not at_start:
            self._seen = max(self._seen, len(self.form) - len(self._delimiter))
            return None
        begin = start + len(self._delimiter)
        end = self.form.find(_NEWLINE * 2, begin, begin + MAX_PART_HEAD + 4)
        if end < 0:
            return None
        self._seen = end + 4
        head = bytes(self.form[begin:end]).lstrip(b" \t")
        if head.startswith(_NEWLINE):
            return head
        self._state = _State.REST
        return None

    def _take(self, piece: bytes) -> bytes:
        if self._state is _State.REST:
            self.form += piece
            return b""
        octets = self._held + piece
        end = octets.find(self._delimiter)
        if end >= 0:
            self._state, self._held = _State.REST, b""
            self.form += octets[end:]
            return octets[:end]
        keep = len(self._delimiter) - 1
        self._held = octets[-keep:]
        return octets[:-keep]
