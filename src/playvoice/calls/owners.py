"""Who owns which SIP call: where the user agent's events go.

A running call owns its legs. A leg that we have ended is owned by an `Ending` from then on, until its far end has
confirmed: so long it stays open in the store and keeps its place on the trunk (or its agent), and what crosses is
answered.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import structlog

from playvoice.calls import ledger
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.journal import Journal
from playvoice.calls.ports import Sip
from playvoice.calls.traces import Traces
from playvoice.clock import Clock
from playvoice.sip import (
    Answered,
    CallEnded,
    CallState,
    Challenged,
    Event,
    Failed,
    OutgoingCall,
    Rejected,
    RequestInCall,
    SessionChangeReceived,
)

log = structlog.get_logger(__name__)

AGAIN = 1.0
"""Seconds after which a leg is ended anew that a fault of ours kept from it."""
TRIES = 3
"""Faults after which a leg is given up: the next start ends it."""


class Owner(Protocol):
    """Takes the events of SIP calls."""

    def on_sip(self, event: Event) -> None: ...


class Owners:
    """The owner of each SIP call, by its Call-ID."""

    def __init__(self, confirmations: Confirmations, traces: Traces | None = None) -> None:
        """`traces` hear of the end of each SIP call; by default nothing is kept."""
        self.confirmations = confirmations
        self.traces = traces or Traces(keep=False)
        self._owners: dict[str, Owner] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __repr__(self) -> str:
        return f"<Owners of {len(self._owners)} SIP calls>"

    def __len__(self) -> int:
        return len(self._owners)

    def own(self, sip: OutgoingCall, owner: Owner) -> None:
        self._owners[sip.id] = owner
        self._empty.clear()

    def disown(self, sip: OutgoingCall) -> None:
        self._owners.pop(sip.id, None)
        if not self._owners:
            self._empty.set()
        self.traces.ended(sip.id)

    async def empty(self) -> None:
        """Wait until nobody owns anything: all far ends have confirmed, and that is stored."""
        await self._empty.wait()
        await self.confirmations.written()

    def handle(self, event: Event) -> bool:
        """Give an event to its owner; False if there is none."""
        call: Any = getattr(event, "call", None)
        owner = None if call is None else self._owners.get(call.id)
        if owner is None:
            return False
        owner.on_sip(event)
        return True


class Ending:
    """A leg that we end by CANCEL or BYE, until its far end has confirmed it or had 32 s for it.

    `then` gives back what the leg held. A fault of ours does not keep it: the leg is ended anew, and given up at last.
    """

    def __init__(
        self, owners: Owners, journal: Journal, clock: Clock, sip: Sip, *, leg: str, then: Callable[[], None]
    ) -> None:
        self._owners = owners
        self._journal = journal
        self._clock = clock
        self._endpoint = sip
        self._leg = leg
        self._then = then
        self._reason = ""
        self._confirmed = False
        self._faults = 0

    def begin(self, sip: OutgoingCall, reason: str = "") -> None:
        """End `sip` now, whatever its state; `reason` is that of a CANCEL (RFC 3326)."""
        self._reason = reason
        self._owners.own(sip, self)
        self._try(sip, partial(self._begin, sip))

    def on_sip(self, event: Event) -> None:
        sip: Any = getattr(event, "call", None)
        self._try(sip, partial(self._take, event))

    def _try(self, sip: OutgoingCall, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            self._faults += 1
            log.exception("leg_not_ended", leg=self._leg, call_id=sip.id)
            if self._faults < TRIES:
                asyncio.get_running_loop().call_later(AGAIN, self._try, sip, partial(self._begin, sip))
            elif not self._confirmed:
                self._confirmed = True
                self._owners.disown(sip)
                self._then()

    def _begin(self, sip: OutgoingCall) -> None:
        if sip.state is CallState.ANSWERED:
            self._hang_up_when_stored(sip)
        elif sip.dialog is None:
            sip.cancel(self._clock.now(), self._reason)
        else:
            sip.bye(self._clock.now())
        self._endpoint.flush()
        if sip.state is CallState.ENDED:
            self._over(sip)

    def _take(self, event: Event) -> None:
        match event:
            case Answered(call):
                self._hang_up_when_stored(call)
            case Rejected(call) | Failed(call) | Challenged(call) | CallEnded(call):
                assert isinstance(call, OutgoingCall)
                self._over(call)
            case RequestInCall(request=request):
                request.respond(481, self._clock.now())
                self._endpoint.flush()
            case SessionChangeReceived(change=change):
                change.refuse(self._clock.now(), 481)
                self._endpoint.flush()
            case _:
                pass

    def _hang_up_when_stored(self, sip: OutgoingCall) -> None:
        """An answer that was not acknowledged: its dialog is stored before the ACK, as any other's."""
        assert sip.dialog is not None
        leg, dialog = self._leg, sip.dialog.to_json()

        def hang_up() -> None:
            sip.bye(self._clock.now())
            self._endpoint.flush()

        self._journal.add(lambda conn: ledger.keep_dialog(conn, leg, dialog), lambda _stored: self._try(sip, hang_up))

    def _over(self, sip: OutgoingCall) -> None:
        if self._confirmed:
            return
        self._confirmed = True
        try:
            self._journal.after(lambda: self._is_stored(sip))
        finally:
            self._then()

    def _is_stored(self, sip: OutgoingCall) -> None:
        self._owners.confirmations.add(self._leg)
        self._owners.disown(sip)
