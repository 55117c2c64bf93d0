"""A bound on guessing access keys: wrong ones are counted by who sends them and for which appid.

Nobody else's guesses lock a company out: what counts is the pair of source and appid. Unknown appids count like known
ones, so that the bound tells nobody which exist. An IPv6 source is its network of 64 bits, which one host has whole.

    wrong key ── fewer than MOST within WINDOW ──> refused as wrong
        └─────── MOST within WINDOW ─────────────> refused unread, right or wrong, until WINDOW after the first of them
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

MOST = 20
"""Wrong keys of one source for one appid."""
WINDOW = 60.0
"""Seconds in which they count."""
BOUND = 10_000
"""Pairs that are remembered; past it the oldest is forgotten, which costs its owner a request for each."""
LONGEST_APPID = 64

_Pair = tuple[str, str]


@dataclass(slots=True)
class _Count:
    wrong: int
    until: float
    """When the window is over, on the monotonic clock."""


class Attempts:
    """The wrong keys of late."""

    def __init__(self) -> None:
        self._counts: OrderedDict[_Pair, _Count] = OrderedDict()

    def wait(self, source: str, appid: str, now: float) -> float:
        """Return in how many seconds this source may try this appid's key again; 0: now."""
        count = self._counts.get(_pair(source, appid))
        return 0.0 if count is None or count.wrong < MOST else max(0.0, count.until - now)

    def wrong(self, source: str, appid: str, now: float) -> None:
        """Count a wrong key."""
        pair = _pair(source, appid)
        count = self._counts.get(pair)
        if count is not None and now < count.until:
            count.wrong += 1
            return
        self._counts.pop(pair, None)
        self._counts[pair] = _Count(1, now + WINDOW)
        if len(self._counts) > BOUND:
            self._counts.popitem(last=False)


def _pair(source: str, appid: str) -> _Pair:
    return _network(source), appid[: LONGEST_APPID + 1]


def _network(source: str) -> str:
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((int(address), 64), strict=False))
    return source
