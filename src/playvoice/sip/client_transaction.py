"""Client transactions: RFC 3261 section 17.1, with the Accepted state of RFC 6026 section 7.2.

INVITE::

                START: send, A, B            B or transport error: user is told
    INITIAL ──────────────────────> CALLING ─────────────────────────────────> TERMINATED
       │                             │ │ │ A: send again, 2*A                     ^ ^ ^
       │ RESUME (after a crash)  1xx │ │ └─ 300-699: ACK ──────┐                  │ │ │
       │                             v │ 2xx                   v                  │ │ │
       └──────────────────────> PROCEEDING ── 300-699: ACK ─> COMPLETED ── D ─────┘ │ │
                                     │ │ 2xx                   (again: ACK)         │ │
                                     │ v                                            │ │
                                     │ ACCEPTED (each 2xx to the user) ──── M ──────┘ │
                                     └── GIVE_UP (CANCEL without a final response) ───┘

Any other method::

    INITIAL ─ START: send, E, F ─> TRYING ─ 1xx ─> PROCEEDING ─ 200-699 ─> COMPLETED ─ K ─> TERMINATED
                                     │ E: send again, min(2*E, T2)           ^
                                     └─ 200-699 ─────────────────────────────┘     F, transport error: user is told

On a reliable transport A and E do not run, and D and K take no time.
"""

from typing import ClassVar

from sipmessage import Request, Response

from playvoice.sip.flow import Flow
from playvoice.sip.message import Message, make_ack_for_failure
from playvoice.sip.transaction import T1, T2, T4, TIMER_D, Happening, State, Table, Transaction

NO_TIME = 0.0


class ClientInvite(Transaction):
    """An INVITE that we sent."""

    def __init__(self, request: Request, flow: Flow) -> None:
        super().__init__(request, flow)
        self._interval = T1
        self._ack: Request | None = None

    def _send_request(self, _message: Message | None, now: float) -> None:
        self._send(self.request)
        self._start(Happening.TIMER_B, 64 * T1, now)
        if not self.flow.reliable:
            self._start(Happening.TIMER_A, self._interval, now)

    def _send_again(self, _message: Message | None, now: float) -> None:
        self._send(self.request)
        self._interval *= 2
        self._start(Happening.TIMER_A, self._interval, now)

    def _acknowledge(self, message: Message | None, _now: float) -> None:
        assert isinstance(message, Response)
        if self._ack is None:
            self._ack = make_ack_for_failure(self.request, message)
        self._send(self._ack)

    def _start_d(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_D, NO_TIME if self.flow.reliable else TIMER_D, now)

    def _start_m(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_M, 64 * T1, now)

    TABLE: ClassVar[Table] = {
        (State.INITIAL, Happening.START): (State.CALLING, (_send_request,)),
        (State.INITIAL, Happening.RESUME): (State.PROCEEDING, ()),
        (State.CALLING, Happening.TIMER_A): (State.CALLING, (_send_again,)),
        (State.CALLING, Happening.TIMER_B): (State.TERMINATED, (Transaction._time_out,)),
        (State.CALLING, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.CALLING, Happening.PROVISIONAL): (
            State.PROCEEDING,
            (Transaction._stop_timers, Transaction._deliver),
        ),
        (State.CALLING, Happening.SUCCESS): (
            State.ACCEPTED,
            (Transaction._stop_timers, Transaction._deliver, _start_m),
        ),
        (State.CALLING, Happening.FAILURE): (
            State.COMPLETED,
            (Transaction._stop_timers, _acknowledge, Transaction._deliver, _start_d),
        ),
        (State.PROCEEDING, Happening.PROVISIONAL): (State.PROCEEDING, (Transaction._deliver,)),
        (State.PROCEEDING, Happening.SUCCESS): (State.ACCEPTED, (Transaction._deliver, _start_m)),
        (State.PROCEEDING, Happening.FAILURE): (State.COMPLETED, (_acknowledge, Transaction._deliver, _start_d)),
        (State.PROCEEDING, Happening.GIVE_UP): (State.TERMINATED, (Transaction._time_out,)),
        # A CANCEL or nothing at all went over the lost flow; the responses may come over another.
        (State.PROCEEDING, Happening.TRANSPORT_ERROR): (State.PROCEEDING, ()),
        (State.COMPLETED, Happening.FAILURE): (State.COMPLETED, (_acknowledge,)),
        (State.COMPLETED, Happening.PROVISIONAL): (State.COMPLETED, ()),
        # A proxy forwards the 2xx of another fork after a 6xx too (RFC 3261 section 16.7, step 5).
        (State.COMPLETED, Happening.SUCCESS): (State.COMPLETED, (Transaction._deliver,)),
        (State.COMPLETED, Happening.TIMER_D): (State.TERMINATED, ()),
        (State.COMPLETED, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.ACCEPTED, Happening.SUCCESS): (State.ACCEPTED, (Transaction._deliver,)),
        (State.ACCEPTED, Happening.PROVISIONAL): (State.ACCEPTED, ()),
        (State.ACCEPTED, Happening.FAILURE): (State.ACCEPTED, ()),
        (State.ACCEPTED, Happening.TRANSPORT_ERROR): (State.ACCEPTED, ()),
        (State.ACCEPTED, Happening.TIMER_M): (State.TERMINATED, ()),
    }


class ClientNonInvite(Transaction):
    """Any other request that we sent, but for ACK, which has no transaction."""

    def __init__(self, request: Request, flow: Flow) -> None:
        super().__init__(request, flow)
        self._interval = T1

    def _send_request(self, _message: Message | None, now: float) -> None:
        self._send(self.request)
        self._start(Happening.TIMER_F, 64 * T1, now)
        if not self.flow.reliable:
            self._start(Happening.TIMER_E, self._interval, now)

    def _send_again(self, _message: Message | None, now: float) -> None:
        self._send(self.request)
        self._interval = min(2 * self._interval, T2)
        self._start(Happening.TIMER_E, self._interval, now)

    def _send_again_slowly(self, _message: Message | None, now: float) -> None:
        self._send(self.request)
        self._start(Happening.TIMER_E, T2, now)

    def _start_k(self, _message: Message | None, now: float) -> None:
        self._start(Happening.TIMER_K, NO_TIME if self.flow.reliable else T4, now)

    _final = (Transaction._stop_timers, Transaction._deliver, _start_k)

    TABLE: ClassVar[Table] = {
        (State.INITIAL, Happening.START): (State.TRYING, (_send_request,)),
        (State.TRYING, Happening.TIMER_E): (State.TRYING, (_send_again,)),
        (State.TRYING, Happening.TIMER_F): (State.TERMINATED, (Transaction._time_out,)),
        (State.TRYING, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.TRYING, Happening.PROVISIONAL): (State.PROCEEDING, (Transaction._deliver,)),
        (State.TRYING, Happening.SUCCESS): (State.COMPLETED, _final),
        (State.TRYING, Happening.FAILURE): (State.COMPLETED, _final),
        (State.PROCEEDING, Happening.TIMER_E): (State.PROCEEDING, (_send_again_slowly,)),
        (State.PROCEEDING, Happening.TIMER_F): (State.TERMINATED, (Transaction._time_out,)),
        (State.PROCEEDING, Happening.TRANSPORT_ERROR): (State.TERMINATED, (Transaction._fail,)),
        (State.PROCEEDING, Happening.PROVISIONAL): (State.PROCEEDING, (Transaction._deliver,)),
        (State.PROCEEDING, Happening.SUCCESS): (State.COMPLETED, _final),
        (State.PROCEEDING, Happening.FAILURE): (State.COMPLETED, _final),
        (State.COMPLETED, Happening.PROVISIONAL): (State.COMPLETED, ()),
        (State.COMPLETED, Happening.SUCCESS): (State.COMPLETED, ()),
        (State.COMPLETED, Happening.FAILURE): (State.COMPLETED, ()),
        (State.COMPLETED, Happening.TRANSPORT_ERROR): (State.COMPLETED, ()),
        (State.COMPLETED, Happening.TIMER_K): (State.TERMINATED, ()),
    }
