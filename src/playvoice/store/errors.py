"""What the store raises of its own; what a fact raises reaches its caller as it is."""


class StoreError(Exception):
    """The store can't be used as asked: a wrong address, a lock held by another server, no such file."""


class StoreTaken(StoreError):
    """Another process has the one-server lock."""


class StoreUnavailable(StoreError):
    """Nothing can be stored or read now: no room, no database, a full queue, or the store is closed.

    The store heals without a hand once its database is back. A fact that met this is not stored, but for
    :class:`OutcomeUnknown`. A fact that is tried again therefore carries a key of its own (a uuid) and is written so
    that the second time changes nothing.
    """


class OutcomeUnknown(StoreUnavailable):
    """A commit was sent, and no answer came that it holds: the database went away, or failed, in between.

    Nobody knows whether the fact is stored.
    """


def first_line(error: BaseException) -> str:
    """What the driver said, without SQLAlchemy's statement and parameters: those can hold secrets."""
    original = getattr(error, "orig", None) or error
    return str(original).strip().partition("\n")[0] or type(original).__name__
