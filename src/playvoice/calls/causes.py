"""What a SIP answer means: `hangupcause`, and whether another trunk may be tried. Pure tables of the contract."""

from playvoice.codes import HangupCause as Cause

_BY_STATUS = {
    **dict.fromkeys((400, 482, 483, 485), Cause.BAD_REQUEST),
    **dict.fromkeys((401, 403, 407), Cause.FORBIDDEN),
    **dict.fromkeys((404, 604), Cause.NOT_FOUND),
    **dict.fromkeys((408, 504), Cause.REQUEST_TIMEOUT),
    410: Cause.NUMBER_CHANGED,
    480: Cause.UNREACHABLE,
    **dict.fromkeys((416, 484), Cause.CALL_INVALID),
    **dict.fromkeys((486, 600), Cause.BUSY),
    **dict.fromkeys((603, 607), Cause.REJECTED),
    487: Cause.NO_ANSWER,
    **dict.fromkeys((488, 606), Cause.LINE_FAILURE),
}
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
_NEXT_TRUNK = frozenset({401, 403, 407, 408, 488})


def cause_of(status: int, q850: int | None = None) -> Cause:
    """The cause of a final SIP status from 300 on; a Q.850 cause of a Reason header (RFC 3326) overrides it."""
    if q850 in _BY_Q850:
        return _BY_Q850[q850]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Cause.LINE_FAILURE if 500 <= status < 600 else Cause.OTHER


def is_for_next_address(status: int) -> bool:
    """Whether it is only this address of the trunk that can't take the call (RFC 3263 section 4.3)."""
    return status == 503


def is_for_next_trunk(status: int, *, rang: bool) -> bool:
    """Whether another trunk may be tried after this final status; never where the callee was reached (18x)."""
    return not rang and (status in _NEXT_TRUNK or 500 <= status < 600)
