"""What this package raises: one class for a peer's mistake, one for the caller's."""

from sipmessage import Request


class SipError(Exception):
    """Base of what this package raises."""


class MalformedMessage(SipError):
    """Bytes that are no SIP message, or one that may not be processed.

    `status` is what a server answers (400, 416, 505), or None where no answer is possible, because the bytes
    lack what a response is made of.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.request: Request | None = None
        """The request, as far as it could be read, where `status` can be answered to it."""
        self.head = b""
        """What could be cut of a stream that can't be read on: a message without its body."""


class IllegalTransition(SipError):
    """A state machine was given an event that its state has no row for. Nothing was changed."""
