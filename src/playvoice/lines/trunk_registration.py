"""Our registration with a carrier, without I/O: RFC 3261 section 10.2::

               due: REGISTER                 2xx: registered until the end of what was granted
    WAITING ───────────────────> ASKING ────────────────────────────────────────────────────────> WAITING
                                  │  ^ │  anything else, or nothing: again after a back-off          ^
                                  └──┘ └─────────────────────────────────────────────────────────────┘
                    401, 407, 423: at once again, with what is wanted
                    503, nothing: at once again, at another address of the registrar that was not tried
    close ──> REGISTER with Expires: 0 where something may be registered ──> CLOSED, whatever comes

A carrier that answers OPTIONS no more, or again, or refuses a call with 403 may have forgotten us: it is asked at once,
but not within 30 s of the last time, nor before its Retry-After is over; and a registrar that refused us, for a wrong
password say, has not forgotten us (`hurry`).

A refresh is due when between half and three quarters of the time granted are over, at random, so that many servers
do not come at once and a quarter is left for a second try. A refresh that fails changes nothing about what was granted
before. A redirection (3xx) is a failure like any other: the trunk's address says where its registrar is.
"""

from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from playvoice.sip import URI, Address, Credentials, DigestClient, Request, Response
from playvoice.sip.message import addresses_of
from playvoice.sip.registrar import is_same
from playvoice.sip.seconds import delta_seconds, retry_after

EXPIRES = 3_600
"""Seconds that are asked for, until a registrar wants more (423)."""
MAX_EXPIRES = 86_400
"""Seconds that a registrar's Min-Expires may want."""
FIRST_BACK_OFF, LAST_BACK_OFF = 30.0, 600.0
MAX_RETRY_AFTER = 3_600.0
"""Seconds of a Retry-After that are honoured: a typing error of a carrier must not cost a trunk for a day."""
MIN_REFRESH = 5.0
"""Seconds between a registration and its refresh, however little was granted."""
MAX_ASKED = 6
"""REGISTER requests of one try; a registrar that wants yet another one gets it after the back-off."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A REGISTER that is to be sent now."""

    cseq: int
    expires: int
    credentials: Headers = ()
    """Authorization and Proxy-Authorization."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try came to. 408 and 503 are also our own words for silence and for no connection (section 8.1.3.1)."""

    status: int
    reason: str = ""

    @property
    def registered(self) -> bool:
        return self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the registrar is there, and does not want us."""
        return (300 <= self.status < 500 and self.status != 408) or self.status >= 600


class State(Enum):
    """Whether a REGISTER is on its way."""

    WAITING = auto()
    ASKING = auto()
    CLOSED = auto()


class TrunkRegistration:
    """One address-of-record that is ours at a carrier; time is in seconds of a monotonic clock.

    Call-ID and From tag stay the same for its whole life, and CSeq rises (section 10.2.4).
    """

    def __init__(self, registrar: URI, credentials: Credentials, random: Random, expires: int = EXPIRES) -> None:
        self._registrar = registrar
        self._credentials = credentials
        self._random = random
        self._digest = DigestClient(credentials, random)
        self.call_id = random.randbytes(16).hex()
        self.tag = random.randbytes(12).hex()
        self._cseq = 0
        self._expires = expires
        self._due: float | None = None
        self._earliest = 0.0
        """Nothing has the next REGISTER be due sooner."""
        self._asked = 0
        self._asked_at = 0.0
        self._asked_for = 0
        self._failures = 0
        self._until: float | None = None
        self._closing = False
        self.state = State.WAITING
        self.outcome: Outcome | None = None
        """What the last try came to, None before the first has ended."""

    def __repr__(self) -> str:
        return f"<TrunkRegistration {self.state.name} {self.outcome}>"

    def is_registered(self, now: float) -> bool:
        """Whether calls can count on it."""
        return self._until is not None and now < self._until

    def start(self, now: float) -> None:
        """Have the first REGISTER be due at once."""
        self._due = now

    def hurry(self, now: float) -> None:
        """Register soon, whatever was granted: the carrier is back, or refuses calls, and may have forgotten us."""
        if self.state is State.WAITING and self._due is not None:
            self._due = min(self._due, max(now, self._earliest))

    def next_deadline(self) -> float | None:
        """When the next REGISTER is due; None while one is on its way."""
        return self._due

    def handle_deadline(self, now: float) -> Ask | None:
        """The REGISTER that begins a try, if one is due."""
        if self._due is None or now < self._due:
            return None
        return self._begin(now)

    def close(self, now: float) -> Ask | None:
        """End it: the REGISTER that takes it back, if one is to be sent now. `state` becomes CLOSED in any case.

        While a REGISTER is on its way no other may be sent (section 10.2): its outcome is waited for.
        """
        self._closing = True
        self._due = None
        if self.state is State.ASKING:
            return None
        if self.is_registered(now):
            return self._begin(now)
        self.state = State.CLOSED
        return None

    def on_response(self, response: Response, contact: URI, now: float) -> Ask | None:
        """Take a final response to the REGISTER that named `contact`; the next one if it asks for one."""
        if self.state is not State.ASKING:
            return None
        code = response.code
        if 200 <= code < 300:
            return self._on_success(response, contact, now)
        if self._asked < MAX_ASKED:
            if code in (401, 407) and self._digest.learn(response):
                return self._ask()
            if code == 423 and self._asked_for and self._expires < (least := _min_expires(response)) <= MAX_EXPIRES:
                self._expires = least
                return self._ask()
        return self._fail(Outcome(code, response.phrase), retry_after(response, MAX_RETRY_AFTER), now)

    def on_failure(self, outcome: Outcome, now: float) -> Ask | None:
        """No response came, or the REGISTER could not be sent; the one that is to be sent instead, if any."""
        return self._fail(outcome, 0.0, now) if self.state is State.ASKING else None

    def elsewhere(self) -> Ask | None:
        """The same try at another address, because the last one is of no use now (RFC 3263 section 4.3)."""
        if self.state is not State.ASKING:
            return None
        self._digest = DigestClient(self._credentials, self._random)
        self._asked = 0
        return self._ask()

    def _begin(self, now: float) -> Ask:
        self._asked = 0
        self._asked_at = now
        self._earliest = now + FIRST_BACK_OFF
        self._due = None
        self.state = State.ASKING
        return self._ask()

    def _ask(self) -> Ask:
        self._asked += 1
        self._cseq += 1
        self._asked_for = 0 if self._closing else self._expires
        request = Request("REGISTER", self._registrar)
        self._digest.authorize(request)
        names = ("Authorization", "Proxy-Authorization")
        credentials = tuple((name, value) for name in names for value in request.headers.getlist(name))
        return Ask(self._cseq, self._asked_for, credentials)

    def _on_success(self, response: Response, contact: URI, now: float) -> Ask | None:
        self._digest.accepted()
        if self._asked_for == 0:
            self._until = None
            self.state = State.CLOSED
            return None
        seconds = granted(response, contact, self._asked_for)
        if seconds == 0:
            self._until = None
            return self._fail(Outcome(503, "registered for 0 s"), 0.0, now)
        self._failures = 0
        self._until = self._asked_at + seconds
        self.outcome = Outcome(response.code)
        self.state = State.WAITING
        if self._closing:
            return self._begin(now)
        self._due = max(now + MIN_REFRESH, self._asked_at + refresh_after(seconds, self._random.random()))
        return None

    def _fail(self, outcome: Outcome, retry_after: float, now: float) -> Ask | None:
        self._digest = DigestClient(self._credentials, self._random)
        if self._asked_for and self._closing and self.is_registered(now):
            return self._begin(now)
        self._failures += 1
        self.outcome = outcome
        self.state = State.CLOSED if self._closing else State.WAITING
        if not self._closing:
            self._due = now + max(back_off(self._failures), retry_after)
            self._earliest = self._due if outcome.refused else max(self._earliest, now + retry_after)
        return None


def refresh_after(seconds: float, jitter: float) -> float:
    """Seconds until the refresh of what was granted for so long; `jitter` from 0 to 1 spreads it."""
    return seconds * (0.5 + 0.25 * jitter)


def back_off(failures: int) -> float:
    """Seconds until the next try after so many failures in a row: 30, 60, 120, 240, 480, and then 600."""
    return min(LAST_BACK_OFF, FIRST_BACK_OFF * 2.0 ** min(failures - 1, 10))


def granted(response: Response, contact: URI, asked: int) -> int:
    """Seconds for which a 2xx registers `contact`: what stands beside it, else in Expires, else what was asked for.

    A contact in other words than ours, as a registrar writes it that sees us behind a NAT, is ours where it is alone.
    More than was asked for is not to be had (section 10.3, point 7), and would have us refresh too late.
    """
    default = delta_seconds(response.headers.get("Expires"))
    contacts = _contacts(response)
    ours = [address for address in contacts if is_same(address.uri, contact)] or contacts
    found = delta_seconds(ours[0].parameters.get("expires")) if len(ours) == 1 else None
    if found is None:
        found = default
    return asked if found is None else min(found, asked)


def _contacts(response: Response) -> list[Address]:
    try:
        return addresses_of(response, "Contact")
    except ValueError:
        return []


def _min_expires(response: Response) -> int:
    return delta_seconds(response.headers.get("Min-Expires")) or 0
