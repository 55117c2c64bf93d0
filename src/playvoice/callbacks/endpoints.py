"""Where a company wants its callbacks; asked at each attempt, so that a corrected address heals the backlog."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from playvoice.callbacks.tables import CallbackKind
from playvoice.clock import EPOCH


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address, and how it wants to be spoken to."""

    url: str
    signing_secret: str | None
    """`whsec_` and base64; without one the callback goes out unsigned."""
    format: str
    """`"json"`, or `"form"`: one field `detail` that holds the JSON."""
    changed_at: datetime = EPOCH
    """Since when its company's settings are as they are: what was tried before may have gone to another address."""


class Endpoints(Protocol):
    """Answers from memory; called on the event loop for each callback."""

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint | None:
        """Return the address for callbacks of `kind` of this company, None where none is set."""
        ...
