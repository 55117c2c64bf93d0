"""The exceptions of this room."""


class CallsError(Exception):
    """Base of every error that `playvoice.calls` raises."""


class UseridError(CallsError):
    """A `userid` that can't be read; the text says which part of it and why."""


class QueueFull(CallsError):
    """As many calls wait as the bound allows, for this company or in all."""


class IdempotencyMismatch(CallsError):
    """An `Idempotency-Key` that was used within 24 hours with other parameters."""


class IllegalEvent(CallsError):
    """An event that a call's state has no row for: a fault of the caller, the call is unchanged."""
