"""Server transactions: RFC 3261 section 17.2, with the Accepted state of RFC 6026 section 7.1.

INVITE::

    INITIAL ─ START: 100 ─> PROCEEDING ─ 300-699: send, G, H ─> COMPLETED ─ ACK ─> CONFIRMED ─ I ─> TERMINATED
                             │ (INVITE again: last 1xx again)     │ G: again, min(2*G, T2)              ^ ^
                             │                                    └─ H: no ACK came, user is told ──────┘ │
                             └─ 2xx: send, L ─> ACCEPTED (INVITE again: swallowed; 2xx again: sent) ─ L ──┘

The user repeats its 2xx until the ACK comes (RFC 3261 section 13.3.1.4); the machine just sends what it is given.

Any other method::

    INITIAL ─ START ─> TRYING ─ 1xx: send ─> PROCEEDING ─ 200-699: send, J ─> COMPLETED ─ J ─> TERMINATED
                         └─ 200-699: send, J ─────────────────────────────────^  (request again: response again)

On a reliable transport G does not run, and I and J take no time.
"""

from typing import ClassVar

from sipmessage import Request, Response

from playvoice.sip.client_transaction import NO_TIME
from playvoice.sip.flow import Flow
from playvoice.sip.message import Message, make_response
from playvoice.sip.transaction import T1, T2, T4, Happening, State, Table, Transaction


class _Server(Transaction):
    """What both have: the last response, which a retransmitted request gets again."""

    def __init__(self, request: Request, flow: Flow) -> None:
        super().__init__(request, flow)
        self._last: Response | None = None

    def _respond(self, message: Message | None, _now: float) -> None:
        assert isinstance(message, Response)
        self._last = message
        self._send(message)

    def _repeat(self, _message: Message | None, _now: float) -> None:
        if self._last is not None:
            self._send(self._last)


class ServerInvite(_Server):
    """An INVITE that came to us."""

    def __init__(self, request: Request, flow: Flow) -> None:
        super().__init__(request, flow)
        self._interval = T1

    def _trying(self, _message: Message | None, now: float) -> None:
        self._respond(make_response(self.request, 100), now)

    def _start_g_h(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_H, 64 * T1, now)
        if not self.flow.reliable:
            self._start(Happening.TIMER_G, self._interval, now)

    def _again(self, message: Message | None, now: float) -> None:
        self._repeat(message, now)
        self._interval = min(2 * self._interval, T2)
        self._start(Happening.TIMER_G, self._interval, now)

    def _start_i(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_I, NO_TIME if self.flow.reliable else T4, now)

    def _start_l(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_L, 64 * T1, now)

    TABLE: ClassVar[Table] = {
        (State.INITIAL, Happening.START): (State.PROCEEDING, (_trying,)),
        (State.PROCEEDING, Happening.REQUEST): (State.PROCEEDING, (_Server._repeat,)),
        (State.PROCEEDING, Happening.PROVISIONAL): (State.PROCEEDING, (_Server._respond,)),
        (State.PROCEEDING, Happening.SUCCESS): (State.ACCEPTED, (_Server._respond, _start_l)),
        (State.PROCEEDING, Happening.FAILURE): (State.COMPLETED, (_Server._respond, _start_g_h)),
        (State.PROCEEDING, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.PROCEEDING, Happening.ACK): (State.PROCEEDING, ()),
        (State.COMPLETED, Happening.REQUEST): (State.COMPLETED, (_Server._repeat,)),
        (State.COMPLETED, Happening.TIMER_G): (State.COMPLETED, (_again,)),
        (State.COMPLETED, Happening.TIMER_H): (State.TERMINATED, (Transaction._time_out,)),
        (State.COMPLETED, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.COMPLETED, Happening.ACK): (State.CONFIRMED, (Transaction._stop_timers, _start_i)),
        (State.CONFIRMED, Happening.ACK): (State.CONFIRMED, ()),
        (State.CONFIRMED, Happening.REQUEST): (State.CONFIRMED, ()),
        (State.CONFIRMED, Happening.TRANSPORT_ERROR): (State.CONFIRMED, ()),
        (State.CONFIRMED, Happening.TIMER_I): (State.TERMINATED, ()),
        (State.ACCEPTED, Happening.REQUEST): (State.ACCEPTED, ()),
        (State.ACCEPTED, Happening.SUCCESS): (State.ACCEPTED, (_Server._respond,)),
        (State.ACCEPTED, Happening.ACK): (State.ACCEPTED, (Transaction._deliver,)),
        (State.ACCEPTED, Happening.TRANSPORT_ERROR): (State.ACCEPTED, (Transaction._fail,)),
        (State.ACCEPTED, Happening.TIMER_L): (State.TERMINATED, ()),
    }


class ServerNonInvite(_Server):
    """Any other request that came to us, but for ACK."""

    def _start_j(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_J, NO_TIME if self.flow.reliable else 64 * T1, now)

    TABLE: ClassVar[Table] = {
        (State.INITIAL, Happening.START): (State.TRYING, ()),
        (State.TRYING, Happening.REQUEST): (State.TRYING, ()),
        (State.TRYING, Happening.PROVISIONAL): (State.PROCEEDING, (_Server._respond,)),
        (State.TRYING, Happening.SUCCESS): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.TRYING, Happening.FAILURE): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.TRYING, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.PROCEEDING, Happening.REQUEST): (State.PROCEEDING, (_Server._repeat,)),
        (State.PROCEEDING, Happening.PROVISIONAL): (State.PROCEEDING, (_Server._respond,)),
        (State.PROCEEDING, Happening.SUCCESS): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.PROCEEDING, Happening.FAILURE): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.PROCEEDING, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.COMPLETED, Happening.REQUEST): (State.COMPLETED, (_Server._repeat,)),
        (State.COMPLETED, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.COMPLETED, Happening.TIMER_J): (State.TERMINATED, ()),
    }
