"""Wrong passwords, counted: how many a user's account takes from one address in a while.

Without a bound somebody tries as many passwords as the network carries. Who is at it is not looked at any more until
the time is over, with the right password neither, so that he can't tell a hit. An account is shut only towards the
address that guesses: a phone elsewhere registers all the while.
"""

MAX_GUESSES = 20
"""Wrong answers that are looked at, for each user and address, in :data:`GUESS_TIME`."""
GUESS_TIME = 60.0
"""Seconds, from the first wrong answer on."""
MAX_ENTRIES = 10_000
"""Users and addresses that are remembered; at the bound the one that began first is forgotten."""


class Guesses:
    """The wrong answers of the last minute."""

    def __init__(self, most: int = MAX_GUESSES, seconds: float = GUESS_TIME, bound: int = MAX_ENTRIES) -> None:
        self._most = most
        self._seconds = seconds
        self._bound = bound
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}

    def __repr__(self) -> str:
        return f"<Guesses {len(self._counts)} remembered>"

    def __len__(self) -> int:
        return len(self._counts)

    def are_too_many(self, user: str, address: str, now: float) -> bool:
        """Whether this user's answers from this address are not to be looked at."""
        began, count = self._counts.get((user, address), (now, 0))
        return count >= self._most and now < began + self._seconds

    def note(self, user: str, address: str, now: float) -> None:
        """Count a wrong answer of a user who exists."""
        began, count = self._counts.get((user, address), (now, 0))
        if now >= began + self._seconds:
            del self._counts[user, address]
            began, count = now, 0
        self._counts[user, address] = (began, count + 1)
        while len(self._counts) > self._bound:
            del self._counts[next(iter(self._counts))]
