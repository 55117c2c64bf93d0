"""Why the library does not do what it is asked."""

from enum import StrEnum

from playvoice.voices.voice import VoicesError


class Refusal(StrEnum):
    """The reasons, for whoever has words of his own for them."""

    BAD_NAME = "bad name"
    UNREADABLE = "unreadable"
    """The path that was given can't be read."""
    EMPTY = "empty"
    """No octets, or no audio in them."""
    NOT_AUDIO = "not audio"
    TOO_BIG = "too big"
    TOO_LONG = "too long"
    """As a voice, or in the decoding."""
    TAKEN = "taken"
    """The company has a file of this name, and it was not to be replaced."""
    OPERATORS = "operator's"
    """The file of this name is in the ``voice_dir``, where only the operator puts and removes files."""
    FULL = "full"
    """The company has as many files, or octets, as it may."""
    UNKNOWN = "unknown"
    """The company has no file of this name."""
    NEEDED = "needed"
    """A call that waits is going to play it."""
    BUSY = "busy"
    """Too many files wait to be decoded."""
    FAILED = "failed"
    """Our fault: the disk is full, or the decoder's process died. It may be done the next time."""


class VoiceRefused(VoicesError):
    """A voice file was not added or not removed; nothing has changed. The text is for whoever asked for it."""

    def __init__(self, reason: Refusal, text: str) -> None:
        super().__init__(text)
        self.reason = reason
