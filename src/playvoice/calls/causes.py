"""What a final SIP answer means: `hangupcause`, and what may be tried after it. Pure tables of the contract.

`docs/sip.md` has the same tables, which a test compares with these.
"""

from dataclasses import dataclass
from enum import Enum, auto

from playvoice.codes import HangupCause as Cause


class Next(Enum):
    """What may be tried after a refusal, as long as the callee was not reached (no 180, no 183)."""

    NOTHING = auto()
    TRUNK = auto()
    ADDRESS = auto()
    """Only this address can't take the call (RFC 3263 section 4.3): the trunk's others, then another trunk."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a final status from 300 on means; the cause is that of the record where nothing else is tried."""

    cause: Cause
    next: Next = Next.NOTHING


_BY_STATUS = {
    **dict.fromkeys((400, 482, 483, 485), Refusal(Cause.BAD_REQUEST)),
    **dict.fromkeys((401, 403, 407), Refusal(Cause.FORBIDDEN, Next.TRUNK)),
    **dict.fromkeys((404, 604), Refusal(Cause.NOT_FOUND)),
    **dict.fromkeys((408, 504), Refusal(Cause.REQUEST_TIMEOUT, Next.TRUNK)),
    410: Refusal(Cause.NUMBER_CHANGED),
    **dict.fromkeys((416, 484), Refusal(Cause.CALL_INVALID)),
    480: Refusal(Cause.UNREACHABLE),
    **dict.fromkeys((486, 600), Refusal(Cause.BUSY)),
    488: Refusal(Cause.LINE_FAILURE, Next.TRUNK),
    503: Refusal(Cause.LINE_FAILURE, Next.ADDRESS),
    **dict.fromkeys((603, 607), Refusal(Cause.REJECTED)),
    606: Refusal(Cause.LINE_FAILURE),
}
_OTHER_5XX = Refusal(Cause.LINE_FAILURE, Next.TRUNK)
_OTHER = Refusal(Cause.OTHER)
_BY_Q850 = {
    1: Cause.NOT_FOUND,
    17: Cause.BUSY,
    **dict.fromkeys((18, 19), Cause.NO_ANSWER),
    20: Cause.UNREACHABLE,
    21: Cause.REJECTED,
    22: Cause.NUMBER_CHANGED,
    28: Cause.CALL_INVALID,
    **dict.fromkeys((34, 38, 41, 42, 44), Cause.LINE_FAILURE),
}


def refusal_of(status: int, q850: int | None = None) -> Refusal:
    """The meaning of a final status; a Q.850 cause of a Reason header (RFC 3326, 6432) overrides the cause alone."""
    refusal = _BY_STATUS.get(status, _OTHER_5XX if 500 <= status < 600 else _OTHER)
    cause = None if q850 is None else _BY_Q850.get(q850)
    return refusal if cause is None else Refusal(cause, refusal.next)
