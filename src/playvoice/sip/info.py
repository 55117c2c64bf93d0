"""Keys in INFO requests: the two bodies that phones and gateways send, neither of which is a standard (RFC 6086 names
them as what came before it). `application/dtmf-relay` has lines, `Signal=1` and `Duration=160`; `application/dtmf` has
the key alone.
"""

import re

from sipmessage import Request

from playvoice.sip.body import media_type

DTMF_TYPES = ("application/dtmf-relay", "application/dtmf")
_MAX_BODY = 256
_SIGNAL = re.compile(rb"^\s*signal\s*=\s*([0-9*#A-D]{1,2})\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(rb"^\s*duration\s*=\s*([0-9]{1,5})\s*$", re.IGNORECASE | re.MULTILINE)
_KEY = re.compile(rb"^\s*([0-9*#A-D]{1,2})\s*$", re.IGNORECASE)
_BY_NUMBER = {b"10": "*", b"11": "#", b"12": "A", b"13": "B", b"14": "C", b"15": "D"}


def is_dtmf(request: Request) -> bool:
    """Whether an INFO is about keys."""
    return media_type(request) in DTMF_TYPES


def answer_to(request: Request) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Status and headers that answer an INFO inside a call.

    One about keys and one without a body, which some send to see whether the call lives (RFC 2976 section 2.2), get
    200; one of a package 469, since we have said that we take none (RFC 6086 section 4.2.2); another body 415.
    """
    if is_dtmf(request):
        return 200, ()
    if request.headers.getlist("Info-Package"):
        return 469, (("Recv-Info", ""),)
    if not request.body:
        return 200, ()
    return 415, (("Accept", ", ".join(DTMF_TYPES)),)


def key_of(request: Request) -> str | None:
    """The key that an INFO presses, `0` to `9`, `*`, `#`, `A` to `D`; None if it can't be read."""
    kind = media_type(request)
    if kind not in DTMF_TYPES or len(request.body) > _MAX_BODY:
        return None
    found = (_SIGNAL.search if kind == DTMF_TYPES[0] else _KEY.match)(request.body)
    if found is None:
        return None
    if len(found[1]) == 2:  # some number `*` and `#` as RFC 4733 does
        return _BY_NUMBER.get(found[1])
    return found[1].decode().upper()


def body_of(key: str, milliseconds: int = 160) -> bytes:
    """The body of `application/dtmf-relay` that presses a key."""
    return f"Signal={key}\r\nDuration={milliseconds}\r\n".encode()


def duration_of(request: Request) -> float:
    """Seconds for which the key of an `application/dtmf-relay` was held down, as it says in milliseconds; else 0."""
    found = _DURATION.search(request.body[:_MAX_BODY]) if media_type(request) == DTMF_TYPES[0] else None
    return int(found[1]) / 1000 if found is not None else 0.0
