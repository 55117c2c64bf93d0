"""What holds the companies' next calls up, so that an operator sees why a queue stands still.

A call that can't be dialled is looked at many times a second: its reason is kept while it lasts, told to who watches
the call when it changes, and logged now and then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from playvoice.calls.trace_parts import Note

log = structlog.get_logger(__name__)

TELL_CHANGE = 5.0
"""Seconds from one line of a company to the next one with another reason."""
TELL_AGAIN = 60.0
"""Seconds from one line of a company to the next one with the same reason."""
MAX_REASON = 500
"""Characters; each trunk has a reason of its own."""

NO_STORE = "nothing can be stored"
FAILED = "the server failed, and its log says where"
NO_ROOM = "the media process has no room for one more leg"

Tell = Callable[[str, Note], None]
"""Tells who watches a call, by its uuid."""


@dataclass(slots=True)
class _HoldUp:
    """What a company's next call waits for."""

    uuid: str
    reason: str
    told: str = ""
    """The reason that was logged last."""
    told_at: float = float("-inf")


class HoldUps:
    """Reasons by company: one for each that has a call which could be dialled. Time is in monotonic seconds."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._of: dict[str, _HoldUp] = {}

    def __repr__(self) -> str:
        return f"<HoldUps {self.reasons}>"

    @property
    def reasons(self) -> dict[str, str]:
        """By company, why its next call waits."""
        return {company: held.reason for company, held in self._of.items() if held.reason}

    def hold(self, company: str, uuid: str, reason: str, now: float) -> None:
        """A company's next call can't be dialled now."""
        reason = reason[:MAX_REASON]
        held = self._of.setdefault(company, _HoldUp("", ""))
        if (held.uuid, held.reason) != (uuid, reason):
            held.uuid, held.reason = uuid, reason
            self._tell(uuid, Note(datetime.now(UTC), "call_waits", {"reason": reason}))
        if now - held.told_at >= (TELL_AGAIN if held.told == reason else TELL_CHANGE):
            held.told, held.told_at = reason, now
            log.info("call_waits", uuid=uuid, company=company, reason=reason)

    def let_go(self, company: str, uuid: str) -> str:
        """A call is dialled or given up; the last reason that it waited for, empty where it did not wait."""
        held = self._of.get(company)
        if held is None or held.uuid != uuid:
            return ""
        reason, held.uuid, held.reason = held.reason, "", ""
        return reason

    def keep_only(self, companies: set[str]) -> None:
        """Forget the companies of which no call waits."""
        for company in self._of.keys() - companies:
            del self._of[company]
