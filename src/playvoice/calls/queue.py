"""The queue of accepted calls: a request is stored here before its answer goes out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from playvoice.calls.errors import IdempotencyMismatch, QueueFull
from playvoice.calls.request import PlayVoice

__all__ = ["Accepted", "Accepts", "IdempotencyMismatch", "PlayVoice", "QueueFull"]

MAX_WAITING_OF_COMPANY = 20_000
MAX_WAITING = 100_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a request that is stored."""

    uuid: str
    repeated: bool
    """The request repeats an earlier one by its idempotency key; nothing new was stored."""


class Accepts(Protocol):
    """What the customers' HTTP API needs of the queue; `CallQueue` is it."""

    async def accept(self, request: PlayVoice, at: datetime) -> Accepted:
        """Store `request` and return; raises `QueueFull`, `IdempotencyMismatch` or `StoreUnavailable`."""
        ...
