"""How many calls a trunk takes: so many at once, and so many begun in a second."""

from collections import deque


class RateLimit:
    """At most `rate` in any second, wherever the second begins.

    The times of the last `rate` are kept: one more is free a second after the first of them. (Below one a second: one
    in 1/rate seconds.) A bucket of tokens would let twice as many pass in the second after a pause, and carriers count.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._times: deque[float] = deque(maxlen=max(1, int(rate)))
        self._window = (self._times.maxlen or 1) / rate

    def next_free(self, now: float) -> float:
        """When the next one is free, `now` at the earliest."""
        if len(self._times) < (self._times.maxlen or 1):
            return now
        return max(now, self._times[0] + self._window)

    def take(self, now: float) -> bool:
        """Take one; False if none is free."""
        if self.next_free(now) > now:
            return False
        self.count(now)
        return True

    def count(self, now: float) -> None:
        """Count one that nobody asked for a leave: those that follow wait for it."""
        self._times.append(now)


class Capacity:
    """The calls of one trunk. Time is in seconds of a monotonic clock."""

    def __init__(self, max_calls: int, calls_per_second: float) -> None:
        self._max_calls = max_calls
        self._rate = RateLimit(calls_per_second)
        self.calls = 0
        """Calls that hold a place."""

    def __repr__(self) -> str:
        return f"<Capacity {self.calls} of {self._max_calls} calls>"

    def limit(self, max_calls: int, calls_per_second: float) -> None:
        """Set other limits; calls that are over a lower one go on."""
        self._max_calls = max_calls
        if calls_per_second != self._rate.rate:
            self._rate = RateLimit(calls_per_second)

    def take(self, now: float) -> bool:
        """Take a place for a call that begins now; False where there is none."""
        if self.calls >= self._max_calls or not self._rate.take(now):
            return False
        self.calls += 1
        return True

    def obstacle(self, now: float) -> str:
        """Why `take` would find no place, in words; empty where it would find one."""
        if self.calls >= self._max_calls:
            return f"has all of its {self._max_calls} calls (max_calls)"
        if self._rate.next_free(now) > now:
            return f"begins no more than {self._rate.rate:g} calls in a second (calls_per_second)"
        return ""

    def begin_again(self, now: float) -> None:
        """Count another INVITE of a call that holds a place, since the carrier counts it too."""
        self._rate.count(now)

    def give_back(self) -> None:
        """Give the place of a call that has ended back."""
        if self.calls == 0:
            raise RuntimeError("a place was given back that nobody had taken")
        self.calls -= 1
