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
from playvoice.sip.transaction import T1, T2, T4, Event, State, Table, Transaction


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
        self._start(Event.TIMER_H, 64 * T1, now)
        if not self.flow.reliable:
            self._start(Event.TIMER_G, self._interval, now)

    def _again(self, message: Message | None, now: float) -> None:
        self._repeat(message, now)
        self._interval = min(2 * self._interval, T2)
        self._start(Event.TIMER_G, self._interval, now)

    def _start_i(self, _message: Message | None, now: float) -> None:
        self._start(Event.TIMER_I, NO_TIME if self.flow.reliable else T4, now)

    def _start_l(self, _message: Message | None, now: float) -> None:
        self._start(Event.TIMER_L, 64 * T1, now)

    TABLE: ClassVar[Table] = {
        (State.INITIAL, Event.START): (State.PROCEEDING, (_trying,)),
        (State.PROCEEDING, Event.REQUEST): (State.PROCEEDING, (_Server._repeat,)),
        (State.PROCEEDING, Event.PROVISIONAL): (State.PROCEEDING, (_Server._respond,)),
        (State.PROCEEDING, Event.SUCCESS): (State.ACCEPTED, (_Server._respond, _start_l)),
        (State.PROCEEDING, Event.FAILURE): (State.COMPLETED, (_Server._respond, _start_g_h)),
        (State.PROCEEDING, Event.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.PROCEEDING, Event.ACK): (State.PROCEEDING, ()),
        (State.COMPLETED, Event.REQUEST): (State.COMPLETED, (_Server._repeat,)),
        (State.COMPLETED, Event.TIMER_G): (State.COMPLETED, (_again,)),
        (State.COMPLETED, Event.TIMER_H): (State.TERMINATED, (Transaction._time_out,)),
        (State.COMPLETED, Event.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.COMPLETED, Event.ACK): (State.CONFIRMED, (Transaction._stop_timers, _start_i)),
        (State.CONFIRMED, Event.ACK): (State.CONFIRMED, ()),
        (State.CONFIRMED, Event.REQUEST): (State.CONFIRMED, ()),
        (State.CONFIRMED, Event.TRANSPORT_ERROR): (State.CONFIRMED, ()),
        (State.CONFIRMED, Event.TIMER_I): (State.TERMINATED, ()),
        (State.ACCEPTED, Event.REQUEST): (State.ACCEPTED, ()),
        (State.ACCEPTED, Event.SUCCESS): (State.ACCEPTED, (_Server._respond,)),
        (State.ACCEPTED, Event.ACK): (State.ACCEPTED, (Transaction._deliver,)),
        (State.ACCEPTED, Event.TRANSPORT_ERROR): (State.ACCEPTED, (Transaction._fail,)),
        (State.ACCEPTED, Event.TIMER_L): (State.TERMINATED, ()),
    }


class ServerNonInvite(_Server):
    """Any other request that came to us, but for ACK."""

    def _start_j(self, _message: Message | None, now: float) -> None:
        self._start(Event.TIMER_J, NO_TIME if self.flow.reliable else 64 * T1, now)

    TABLE: ClassVar[Table] = {
        (State.INITIAL, Event.START): (State.TRYING, ()),
        (State.TRYING, Event.REQUEST): (State.TRYING, ()),
        (State.TRYING, Event.PROVISIONAL): (State.PROCEEDING, (_Server._respond,)),
        (State.TRYING, Event.SUCCESS): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.TRYING, Event.FAILURE): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.TRYING, Event.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.PROCEEDING, Event.REQUEST): (State.PROCEEDING, (_Server._repeat,)),
        (State.PROCEEDING, Event.PROVISIONAL): (State.PROCEEDING, (_Server._respond,)),
        (State.PROCEEDING, Event.SUCCESS): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.PROCEEDING, Event.FAILURE): (State.COMPLETED, (_Server._respond, _start_j)),
        (State.PROCEEDING, Event.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.COMPLETED, Event.REQUEST): (State.COMPLETED, (_Server._repeat,)),
        (State.COMPLETED, Event.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.COMPLETED, Event.TIMER_J): (State.TERMINATED, ()),
    }
