"""A TCP stream cut into messages by their Content-Length: RFC 3261 section 18.3."""

import re
from collections.abc import Iterator

from playvoice.sip.errors import MalformedMessage
from playvoice.sip.message import FOLD, MAX_MESSAGE

_LENGTH_LINE = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)


class StreamFramer:
    """What came of a stream and is not a whole message yet.

    CRLFs between messages, a peer's keep-alive (RFC 5626 section 3.5.1), are dropped. A stream on which nothing can
    be found is a :class:`MalformedMessage`: its connection has to be closed, since nobody knows where the next
    message begins. The error has the head of a message whose length is not known, or is too much.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._total = 0

    def __repr__(self) -> str:
        return f"<StreamFramer {len(self._buffer)} octets waiting>"

    @property
    def is_empty(self) -> bool:
        """No message has begun and is not whole yet."""
        return not self._buffer

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what came and give the messages that are whole now, those before a fault as well."""
        self._buffer += data
        while message := self._next():
            yield message

    def _next(self) -> bytes | None:
        if not self._total:
            self._total = self._find_total()
        if not self._total or len(self._buffer) < self._total:
            return None
        message = bytes(self._buffer[: self._total])
        del self._buffer[: self._total]
        self._searched = self._total = 0
        return message

    def _find_total(self) -> int:
        """The octets of the message that begins the buffer, 0 while its head is not whole."""
        if not self._searched:
            self._buffer = self._buffer.lstrip(b"\r\n")
        end_of_head = self._buffer.find(b"\r\n\r\n", self._searched)
        if end_of_head < 0:
            if len(self._buffer) > MAX_MESSAGE:
                raise MalformedMessage("headers without an end")
            self._searched = max(0, len(self._buffer) - 3)
            return 0
        head = bytes(self._buffer[: end_of_head + 4])
        try:
            total = len(head) + _content_length_of(head[:-2])
            if total > MAX_MESSAGE:
                raise MalformedMessage(f"{total} octets, more than {MAX_MESSAGE}")
        except MalformedMessage as error:
            error.head = head[:MAX_MESSAGE]
            raise
        return total


def _content_length_of(head: bytes) -> int:
    lengths = {int(value) for value in _LENGTH_LINE.findall(FOLD.sub(b" ", head))}
    if len(lengths) != 1:
        raise MalformedMessage("more than one Content-Length" if lengths else "no Content-Length on a stream")
    return lengths.pop()
