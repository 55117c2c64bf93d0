"""What a user agent tells its owner. Each event names the call or request that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sipmessage import Response

if TYPE_CHECKING:
    from playvoice.sip.call import Call
    from playvoice.sip.incoming import IncomingCall, IncomingRequest
    from playvoice.sip.outgoing import OutgoingCall
    from playvoice.sip.outgoing_request import OutgoingRequest
    from playvoice.sip.session import SessionChange


class Why(Enum):
    """Why a request got no final response."""

    TIMEOUT = "timeout"
    """Timer B or F: nothing came in 32 s; or no final response followed a CANCEL in that time."""
    TRANSPORT = "transport"
    """No connection could be made, or it was lost."""


@dataclass(frozen=True, slots=True)
class Provisional:
    """A 101 to 199 came (100 tells nothing and is swallowed)."""

    call: OutgoingCall
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """The first 2xx came. `call.dialog` is set; the ACK goes out when the owner calls `call.ack()`, not before.

    `body` is the answer to our offer, also where a provisional response brought it: a reliable one (RFC 3262 section
    5), or, against RFC 3261 section 13.2.1, one that was not.

    After `call.cancel()` it has crossed the CANCEL: the owner calls `call.bye()`, which acknowledges it too.
    """

    call: OutgoingCall
    body: bytes


@dataclass(frozen=True, slots=True)
class Challenged:
    """401 or 407: `call.authorize()` makes the INVITE that answers it. It is the call's end if the owner does not."""

    call: OutgoingCall
    response: Response


@dataclass(frozen=True, slots=True)
class Rejected:
    """A final response of 300 to 699: the call's end."""

    call: OutgoingCall
    status: int
    reason: str
    q850: int | None
    """The Q.850 cause of a Reason header (RFC 3326), where there is one."""
    response: Response


@dataclass(frozen=True, slots=True)
class Failed:
    """No final response: the call's end."""

    call: OutgoingCall
    why: Why


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The far end sent BYE, or has confirmed ours (or Timer F ran out). Nothing is left to do."""

    call: Call
    q850: int | None = None
    unacknowledged: bool = False
    """It was we who sent BYE: no ACK came to our answer in 32 s (RFC 3261 section 13.3.1.4)."""


@dataclass(frozen=True, slots=True)
class IncomingCallReceived:
    """An INVITE came; the owner calls `ring`, `answer` or `reject` on the call."""

    call: IncomingCall


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller cancelled: 487 was sent, the call has ended."""

    call: IncomingCall


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The ACK to our 2xx came."""

    call: IncomingCall
    body: bytes


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A request that is no INVITE came, outside a dialog (OPTIONS, REGISTER). The owner responds."""

    request: IncomingRequest


@dataclass(frozen=True, slots=True)
class RequestInCall:
    """A request came inside a call (INFO, OPTIONS). The owner responds."""

    call: Call
    request: IncomingRequest


@dataclass(frozen=True, slots=True)
class SessionChangeReceived:
    """The far end offers a changed session, or wants an offer: the owner calls `accept` or `refuse` on `change`."""

    call: Call
    change: SessionChange


@dataclass(frozen=True, slots=True)
class SessionAnswered:
    """An offer that we made inside the call has its answer; `body` is empty where the far end gave none."""

    call: Call
    body: bytes


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """An offer that we made inside the call was refused: the session stays as it was."""

    call: Call
    status: int


@dataclass(frozen=True, slots=True)
class InfoRefused:
    """An INFO of ours got another answer than 2xx; 408 is also our own word for silence."""

    call: Call
    status: int


@dataclass(frozen=True, slots=True)
class TargetChanged:
    """The far end is reached at another URI from now on: `call.dialog` is to be stored anew."""

    call: Call


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A final response to a request outside a dialog."""

    request: OutgoingRequest
    response: Response


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request outside a dialog got no final response."""

    request: OutgoingRequest
    why: Why


Event = (
    Provisional
    | Answered
    | Challenged
    | Rejected
    | Failed
    | CallEnded
    | IncomingCallReceived
    | Cancelled
    | Acknowledged
    | RequestReceived
    | RequestInCall
    | SessionChangeReceived
    | SessionAnswered
    | SessionRefused
    | InfoRefused
    | TargetChanged
    | ResponseReceived
    | RequestFailed
)
