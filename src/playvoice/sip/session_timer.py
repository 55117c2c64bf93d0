"""Session timers (RFC 4028): who keeps a session alive, how often, and when it is over. Pure: time is passed in.

::

    agree ──> we refresh: at half of the interval, again every 10 s where that did not work ──> agree
         └──> they refresh, or none of ours works: over at the interval less min(32 s, a third of it)

Each refresh agrees anew, whoever sends it: `uac` and `uas` are the sides of that one request (section 7.4).
"""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from sipmessage import Request, Response

OPTION = "timer"
INTERVAL = 1800
"""Seconds: the interval that we ask for (section 4 recommends it)."""
MIN_SE = 90
"""Seconds: the shortest interval that we take (section 5)."""
LONGEST = 86_400
"""Seconds: what is longer says nothing more."""
AGAIN = 10.0
"""Seconds after which a refresh that was refused is sent again."""

_SECONDS = re.compile(r"\s*([0-9]{1,10})\s*(?:;.*)?", re.ASCII | re.DOTALL)
_REFRESHER = re.compile(r";\s*refresher\s*=\s*(uac|uas)\b", re.IGNORECASE)


class Side(StrEnum):
    """A side of one request."""

    UAC = "uac"
    UAS = "uas"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The header: an interval in seconds, and who refreshes."""

    seconds: int
    refresher: Side | None = None

    def __str__(self) -> str:
        return f"{self.seconds}" if self.refresher is None else f"{self.seconds};refresher={self.refresher}"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides keep to."""

    seconds: int
    we_refresh: bool


class Due(Enum):
    """What is to be done now."""

    REFRESH = auto()
    END = auto()


def read(message: Request | Response) -> SessionExpires | None:
    """The Session-Expires of a message; None if there is none that can be read."""
    value = message.headers.get("Session-Expires") or ""
    found = _SECONDS.fullmatch(value)
    if found is None or int(found[1]) == 0:
        return None
    refresher = _REFRESHER.search(value)
    return SessionExpires(min(int(found[1]), LONGEST), Side(refresher[1].lower()) if refresher else None)


def min_se(message: Request | Response) -> int:
    """The Min-SE of a message, as far as we follow it; 0 if there is none."""
    found = _SECONDS.fullmatch(message.headers.get("Min-SE") or "")
    return 0 if found is None or int(found[1]) > LONGEST else int(found[1])


def supports(request: Request) -> bool:
    """Whether the sender of a request knows session timers."""
    return OPTION in (tag.lower() for tag in (*request.supported, *request.require))


def is_too_short(request: Request) -> bool:
    """Whether a request gets 422: its sender would understand it (section 9)."""
    asked = read(request)
    return asked is not None and asked.seconds < MIN_SE and supports(request)


def as_client(response: Response) -> Agreed | None:
    """What a 2xx to a request of ours means (section 7.2); a far end that names no refresher leaves it to us."""
    answered = read(response)
    if answered is None:
        return None
    return Agreed(max(answered.seconds, MIN_SE), we_refresh=answered.refresher is not Side.UAS)


def as_server(request: Request, current: Agreed | None) -> SessionExpires | None:
    """What our 2xx to a request says (section 9, table 2).

    Who does not know session timers can't refresh, so we do. Where the request leaves it open it stays as it is.
    """
    asked = read(request)
    if asked is not None and asked.seconds < MIN_SE:
        asked = None  # a proxy's, which nobody can be told of
    known = asked or current
    if known is None:
        return None
    if not supports(request):
        return SessionExpires(known.seconds, Side.UAS)
    if asked is not None and asked.refresher is not None:
        return asked
    return SessionExpires(known.seconds, Side.UAS if current is not None and current.we_refresh else Side.UAC)


class SessionTimer:
    """The timer of one session. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self.agreed: Agreed | None = None
        self._refresh_at: float | None = None
        self._end_at: float | None = None

    def __repr__(self) -> str:
        return f"<SessionTimer {self.agreed}>"

    def agree(self, agreed: Agreed | None, now: float) -> None:
        """Begin anew; None for a session that does not expire."""
        self.agreed = agreed
        self._refresh_at = self._end_at = None
        if agreed is not None:
            self._end_at = now + agreed.seconds - min(32.0, agreed.seconds / 3)
            self._refresh_at = now + agreed.seconds / 2 if agreed.we_refresh else None

    def next_deadline(self) -> float | None:
        return min((at for at in (self._refresh_at, self._end_at) if at is not None), default=None)

    def due(self, now: float) -> Due | None:
        """What is to be done; a refresh is told once, and again after `AGAIN` as long as nothing is agreed anew."""
        if self._end_at is not None and now >= self._end_at:
            self._refresh_at = self._end_at = None
            return Due.END
        if self._refresh_at is not None and now >= self._refresh_at:
            self._refresh_at = now + AGAIN
            return Due.REFRESH
        return None
