"""Digest authentication, the server's half: RFC 7616 section 3.3 and 3261 section 22.

A nonce is the time of its issue, signed with a key of this process, so that challenging anybody who asks costs no
memory. A nonce is remembered, with its `nc`, only once a right answer was given with it; where that memory is at its
bound, the one that was used first goes, and every nonce issued before it counts as stale. So no answer is ever taken
twice::

                                   right answer, nc above the last
    issued ──right answer──> used ────────────────────────────────> used
       └── older than the lifetime ──> stale <── nc not above the last, or pushed out of the memory

A stale nonce with a right answer is challenged again with `stale=true`, which phones obey without asking anybody for
a password; so is a right answer to a nonce that an earlier process issued. A wrong answer, an unknown user and a
header that can't be read all get the same fresh challenge.

Wrong answers are counted by `playvoice.sip.guesses`, and from the bound on answers are not looked at for a while.

The URI in the answer is hashed but not compared with the request URI: a proxy on the way may have changed the latter
(RFC 3261 section 22.4, point 7), and an answer can't be used twice anyway.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from playvoice.sip.digest import Algorithm, Answer, Challenge, read_answer
from playvoice.sip.guesses import Guesses

NONCE_LIFETIME = 300.0
"""Seconds for which a nonce can be used."""
MAX_NONCES = 20_000
"""Nonces in use that are remembered."""

_ONCE = 2**32
"""The count that an answer without qop uses up: more than `nc` can say."""
_SIGNATURE_DIGITS = 32


class Outcome(Enum):
    """What became of an answer."""

    ACCEPTED = auto()
    MISSING = auto()
    """There was none for our realm that can be read."""
    STALE = auto()
    """It was right, but its nonce can't be used any more."""
    REFUSED = auto()
    """Unknown user, wrong password, or an algorithm that was not offered."""
    UNCHECKED = auto()
    """There were too many wrong ones of this user from there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request's credentials, and whose they are."""

    outcome: Outcome
    username: str | None = None
    """As the request claims it: proven only if the outcome is ACCEPTED."""

    @property
    def accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED

    @property
    def stale(self) -> bool:
        return self.outcome is Outcome.STALE


class DigestServer:
    """Challenges, and checks what comes back.

    `algorithms` are offered in their order, a header for each, the best first (RFC 8760 section 2.3). Phones that
    know only MD5 should pass over what they don't know, but some give up: baresip 1.0 fails at any challenge that
    is not MD5, wherever it stands. Hence MD5 alone by default.
    """

    def __init__(
        self,
        realm: str,
        *,
        key: bytes,
        algorithms: Sequence[Algorithm] = (Algorithm.MD5,),
        lifetime: float = NONCE_LIFETIME,
        max_nonces: int = MAX_NONCES,
    ) -> None:
        self.realm = realm
        self._algorithms = tuple(algorithms)
        self._nonces = Nonces(key, lifetime, max_nonces)
        self._guesses = Guesses()

    def __repr__(self) -> str:
        return f"<DigestServer {self.realm!r} {'/'.join(self._algorithms)} {self._nonces!r}>"

    def challenge(self, now: float, *, stale: bool = False) -> list[str]:
        """The values of the WWW-Authenticate headers of a 401."""
        nonce = self._nonces.issue(now)
        return [str(Challenge(self.realm, nonce, algorithm, stale=stale)) for algorithm in self._algorithms]

    def verify(
        self, method: str, values: Sequence[str], password_of: Callable[[str], str | None], now: float, source: str = ""
    ) -> Verdict:
        """Check the values of a request's Authorization headers.

        `password_of` gives a user's password, None for an unknown one, whose answer is then checked against nothing
        in the same time. `source` is the address from which wrong answers are counted.
        """
        given = read_answer(values, self.realm)
        if given is None:
            return Verdict(Outcome.MISSING)
        if self._guesses.are_too_many(given.username, source, now):
            return Verdict(Outcome.UNCHECKED, given.username)
        password = password_of(given.username)
        right = _is_right(given, method, password or "") and password is not None
        if not right and password is not None:
            self._guesses.note(given.username, source, now)
        if not right or (given.algorithm or Algorithm.MD5) not in self._algorithms:
            return Verdict(Outcome.REFUSED, given.username)
        if not self._nonces.use(given.nonce, _ONCE if given.count is None else given.count, now):
            return Verdict(Outcome.STALE, given.username)
        return Verdict(Outcome.ACCEPTED, given.username)


class Nonces:
    """The nonces that can be used now."""

    def __init__(self, key: bytes, lifetime: float, bound: int) -> None:
        self._key = key
        self._lifetime = round(lifetime * 1e6)
        self._bound = bound
        self._last_issued = 0
        self._forgotten = -1
        self._counts: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<Nonces {len(self._counts)} in use>"

    def __len__(self) -> int:
        return len(self._counts)

    def issue(self, now: float) -> str:
        """A nonce that was never given out before; `now` in seconds of a monotonic clock."""
        self._last_issued = max(round(now * 1e6), self._last_issued + 1)
        return self._sign(self._last_issued)

    def use(self, nonce: str, count: int, now: float) -> bool:
        """Use a nonce once more; False if it is not ours, too old, or `count` is not above the last one."""
        issued = self._issued_at(nonce)
        oldest = round(now * 1e6) - self._lifetime
        if issued is None or issued < oldest or issued <= self._forgotten:
            return False
        if count <= self._counts.get(issued, 0):
            return False
        self._counts[issued] = count
        self._make_room(oldest)
        return True

    def _make_room(self, oldest: int) -> None:
        while (first := next(iter(self._counts))) < oldest:
            del self._counts[first]
        if len(self._counts) > self._bound:
            del self._counts[first]
            self._forgotten = max(self._forgotten, first)

    def _sign(self, issued: int) -> str:
        text = f"{issued:x}"
        signature = hmac.new(self._key, text.encode("ascii"), hashlib.sha256).hexdigest()
        return f"{text}.{signature[:_SIGNATURE_DIGITS]}"

    def _issued_at(self, nonce: str) -> int | None:
        try:
            issued = int(nonce.partition(".")[0][:16], 16)
        except ValueError:
            return None
        expected = self._sign(issued).encode()
        given = nonce.encode("utf-8", "surrogateescape")
        return issued if hmac.compare_digest(expected, given) else None


def _is_right(given: Answer, method: str, password: str) -> bool:
    expected = given.expected_response(method, password)
    return hmac.compare_digest(expected.encode("ascii"), given.response.encode("ascii"))
