"""The exceptions of this room."""


class CallsError(Exception):
    """Base of every error that `playvoice.calls` raises."""


class UseridError(CallsError):
    """A `userid` that can't be read; the text says which part of it and why."""


class QueueFull(CallsError):
    """As many calls wait as the bound allows, for this company or in all."""


class QueueClosed(QueueFull):
    """The server is stopping; its successor takes calls again."""


class IdempotencyMismatch(CallsError):
    """An `Idempotency-Key` that was used within 24 hours with other parameters."""


class IllegalEvent(CallsError):
    """An event that a call's state has no row for: a fault of the caller, the call is unchanged."""


class RecordingUnknown(CallsError):
    """No recording of this name is there: none was made, it is another company's, or it was removed."""


class LinkInvalid(CallsError):
    """A link to a recording that this server has not made."""


class LinkExpired(CallsError):
    """A link to a recording whose time is over."""


class TooManyBills(CallsError):
    """More bills lie in the time that was asked for than are looked through at once."""


class BillsBusy(CallsError):
    """As many requests for bills wait as the bound allows."""
