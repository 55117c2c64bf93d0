"""What may be sent now: the sender's decisions, without I/O and with the time passed in.

    store ──fresh, due──> add ──> settle a call ──may go──> the address's queue ──> attempts
                                      │ all its callbacks wait                         │
                                      v                                               v
                            postponed, forgotten until due  <──committed── changes <── finished

In memory stand only calls of which something goes now; what waits for a time waits in the store, and its company
(`playvoice.callbacks.lanes`) is asked for again when the first of it is due. So a million owed callbacks and a hundred
dead receivers fit in the same few megabytes.

An attempt that waits for a receiver holds one of the places of all, up to ten seconds. So that receivers which are
slow or dead delay nobody else, they have half of the places together, and with those that were never tried three
quarters; the rest is for those that answered within a second last time.

The rule of order is `playvoice.callbacks.order`; it needs to see a call whole, so calls are read whole, and the next
callback of a call is looked at after the last one's result is committed. When an address recovers, what waits only
for it is brought forward (`Sweep`), earliest callbacks first.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from playvoice.callbacks.addresses import Address, Standing
from playvoice.callbacks.endpoints import Endpoint, Endpoints
from playvoice.callbacks.lanes import WAITING_FOR_FAILING, Lanes, Refill, Waiting
from playvoice.callbacks.order import OVERTAKE_AFTER, Earlier, Failure, held_until, release_of
from playvoice.callbacks.outbox import Change, Owed, Postponement
from playvoice.callbacks.outcomes import Answered, Outcome, at_once, judge, withdrawn
from playvoice.callbacks.schedule import DELAYS, LONGEST_WAIT
from playvoice.callbacks.sweeps import Cursor, Reason, Sweep, Sweeps
from playvoice.callbacks.tables import CallbackKind, State
from playvoice.clock import EPOCH

MAX_IN_FLIGHT = 1_000
MAX_ADDRESSES = 10_000
CHANGE_TAKES = timedelta(minutes=1)
"""From the time that a company's change bears until attempts go by it, at most."""
PLACES = {Standing.SLOW: 1 / 2, Standing.NEW: 3 / 4, Standing.PROVEN: 1.0}
"""The part of all attempts at once that addresses of a standing, and of those below it, may have together."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery to be made now."""

    owed: Owed
    endpoint: Endpoint
    standing: Standing
    """Of its address when it began, in whose part it has its place."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be committed together before the calls in it go on."""

    changes: list[Change]
    postponements: list[Postponement]


@dataclass(slots=True)
class _Call:
    company_code: str
    ended_at: datetime
    ids: list[int] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    """Queued, in flight, or waiting for their commit."""
    parking: bool = False
    """Its postponements wait for their commit, and nothing has come since."""
    look_at: datetime | None = None
    """When something of it may go though nothing has happened."""


class Deliveries:
    """The state of everything that is being delivered."""

    def __init__(
        self, endpoints: Endpoints, *, chance: Callable[[], float], max_in_flight: int = MAX_IN_FLIGHT
    ) -> None:
        """`chance` gives a number in [0, 1) for each jitter."""
        self._endpoints = endpoints
        self._chance = chance
        self._owed: dict[int, Owed] = {}
        self._calls: dict[str, _Call] = {}
        self._lanes = Lanes(self._waiting)
        self._addresses: dict[str, Address] = {}
        self._ready: dict[Standing, dict[str, Address]] = {standing: {} for standing in PLACES}
        self._places = {standing: max(1, int(part * max_in_flight)) for standing, part in PLACES.items()}
        self._paced: list[tuple[datetime, str]] = []
        self._looks: list[tuple[datetime, str]] = []
        self._in_flight = dict.fromkeys(PLACES, 0)
        self._changes: list[Change] = []
        self._changed = self._committed = 0
        """How many changes and postponements there were, and how many of them are committed: the first ones."""
        self._postponements: list[Postponement] = []
        self._sweeps = Sweeps()
        self._changed_while_reading: set[str] = set()

    def __repr__(self) -> str:
        return (
            f"<Deliveries calls={len(self._calls)} callbacks={len(self._owed)}"
            f" in_flight={sum(self._in_flight.values())}"
            f" lanes={len(self._lanes)} addresses={len(self._addresses)}>"
        )

    # -- what the store has ------------------------------------------------------------------------------------

    def begin(self, company_codes: Iterable[str], at: datetime) -> None:
        """Say that the store has owed these companies something since before the start.

        It may wait for an address that is down. Nor is it known whether all was brought forward when they were changed:
        what was not tried since is tried where they want it now.
        """
        for code in company_codes:
            for kind in CallbackKind:
                if (endpoint := self._endpoints.endpoint(code, kind)) is None:
                    continue
                self._address(endpoint.url).companies.add(code)
                if (since := endpoint.changed_at + CHANGE_TAKES) > at - LONGEST_WAIT:
                    self._begin_sweep(Reason.MOVED, code, endpoint.url, (kind,), at, since=min(since, at))
            self.expect([code])

    def expect(self, company_codes: Iterable[str]) -> None:
        """Say that the store owes these companies something."""
        for code in company_codes:
            for kind in CallbackKind:
                self._lanes.ask(code, kind, EPOCH)

    def moved(self, company_code: str, kind: CallbackKind, at: datetime) -> None:
        """Say that a company's callbacks of a kind go to another address from now on: all that waits is tried there."""
        if (endpoint := self._endpoints.endpoint(company_code, kind)) is not None:
            self._begin_sweep(Reason.MOVED, company_code, endpoint.url, (kind,), at)

    def set_back(self, company_codes: Iterable[str], at: datetime) -> None:
        """Say that these companies are owed what was tried, or arose, before the clock was set back."""
        for code in company_codes:
            self._begin_sweep(Reason.SET_BACK, code, "", tuple(CallbackKind), at)

    def doubt(self, company_code: str, kind: CallbackKind) -> None:
        """Say that nobody answered a company's callback of a kind before the start: so its address is slow at first."""
        endpoint = self._endpoints.endpoint(company_code, kind)
        if endpoint is not None and (address := self._address(endpoint.url)).last is Standing.NEW:
            address.last = Standing.SLOW

    def begin_read(self) -> None:
        """Say that the store is about to be read; one read at a time.

        What is committed before its rows arrive makes them stale, and stale calls are read again.
        """
        self._changed_while_reading.clear()

    def add(self, rows: Sequence[Owed], at: datetime, *, refill: bool = False) -> None:
        """Take pending callbacks from the store: for each call that stands in `rows`, all of them.

        What is here already may be due sooner there: brought forward, or sent again. `refill` says that room was made
        for them; fresh ones of a lane without room stay in the store.
        """
        touched: dict[str, _Call] = {}
        kinds: dict[str, set[CallbackKind]] = {}
        for owed in rows:
            kinds.setdefault(owed.call_uuid, set()).add(owed.kind)
        for owed in rows:
            call = touched.get(owed.call_uuid) or self._call_for(owed, kinds[owed.call_uuid], at, refill=refill)
            if call is None:
                self._lanes.ask(owed.company_code, owed.kind, owed.due)
                continue
            touched[owed.call_uuid] = call
            if owed.id not in self._owed:
                call.ids.append(owed.id)
                self._lanes.callback_entered(owed.company_code)
            self._owed[owed.id] = owed
            call.parking = False
            call.ended_at = owed.call_ended_at
        for uuid, call in touched.items():
            call.ids.sort()
            self._settle(uuid, call, at)

    def next_refill(self, at: datetime) -> Refill | None:
        """Return a company that has something due in the store and room for it."""
        return self._lanes.next_refill(at)

    def refilled(self, refill: Refill, rows: Sequence[Owed], again: Cursor | None, at: datetime) -> None:
        """Take what was read for a lane, and from where on it is to be asked for again."""
        self.add(rows, at, refill=True)
        self._lanes.refilled(refill, again, at)

    def refill_failed(self, refill: Refill, at: datetime) -> None:
        """Say that the store could not be read."""
        self._lanes.refilled(refill, refill.after, at)

    def next_sweep(self) -> Sweep | None:
        """Return the sweep of which a step is to be done in the store, if there is one.

        It waits for what became of attempts before it: the store would be told later when these are tried again.
        """
        return self._sweeps.next(self._committed)

    def swept(self, sweep: Sweep, cursor: Cursor | None) -> None:
        """Say how far a sweep has come; None: it is done."""
        self._sweeps.stepped(sweep, cursor)
        for kind in sweep.kinds:
            self._lanes.ask(sweep.company_code, kind, sweep.at)

    # -- what goes out -----------------------------------------------------------------------------------------

    def attempts(self, at: datetime) -> list[Attempt]:
        """Return the deliveries that begin now, the addresses in turn."""
        while self._paced and self._paced[0][0] <= at:
            self._offer(self._addresses.get(heapq.heappop(self._paced)[1]), at)
        while self._looks and self._looks[0][0] <= at:
            self._look(*heapq.heappop(self._looks), at)
        attempts: list[Attempt] = []
        while address := self._next_ready(at):
            attempt = self._begin(address, at)
            if attempt is not None:
                attempts.append(attempt)
            self._offer(address, at)
        return attempts

    def finished(self, attempt: Attempt, outcome: Outcome, at: datetime) -> Change:
        """Take the outcome of a delivery; returns what is now to be committed."""
        owed, address = attempt.owed, self._addresses[attempt.endpoint.url]
        self._in_flight[attempt.standing] -= 1
        address.ended(owed.id, at, answered=isinstance(outcome, Answered))
        change = judge(owed, outcome, chance=self._chance(), at=at)
        now = self._endpoints.endpoint(owed.company_code, owed.kind)
        if change.state in (State.PENDING, State.EXHAUSTED) and now is not None and now.url != address.url:
            change = at_once(owed, change, at)
        address.companies.add(owed.company_code)
        failed_before = address.failing
        if not isinstance(outcome, Answered):
            address.silent(at)
        elif address.succeeded(at) if outcome.success else address.refused(at):
            for code in sorted(address.companies):
                self._recovered(code, address.url, at)
            address.companies.clear()
        self._change(change)
        if address.failing and not failed_before:
            self._thin_out(address, at)
        self._offer(address, at)
        return change

    @property
    def has_changes(self) -> bool:
        """Tell whether something is to be committed."""
        return bool(self._changes or self._postponements)

    def take_changes(self) -> Batch:
        """Return what is to be committed."""
        batch = Batch(self._changes, self._postponements)
        self._changes, self._postponements = [], []
        return batch

    def give_back(self, batch: Batch) -> None:
        """Say that a batch could not be committed; it comes again with the next one."""
        self._changes[:0] = batch.changes
        self._postponements[:0] = batch.postponements

    def committed(self, batch: Batch, at: datetime) -> None:
        """Say that a batch is committed; its calls go on."""
        touched: dict[str, None] = {}
        self._committed += len(batch.changes) + len(batch.postponements)
        for change in batch.changes:
            touched[self._apply(change)] = None
        for postponement in batch.postponements:
            owed = self._owed[postponement.id]
            self._owed[owed.id] = replace(owed, due=postponement.next_attempt)
            self._calls[owed.call_uuid].busy.discard(owed.id)
            touched[owed.call_uuid] = None
        for uuid in touched:
            self._changed_while_reading.add(uuid)
            call = self._calls[uuid]
            if not call.ids or call.parking:
                self._forget(uuid, call)
            else:
                self._settle(uuid, call, at)

    def next_attempt_at(self) -> datetime | None:
        """Return when `attempts` has something to give without anything having happened."""
        return min((times[0][0] for times in (self._paced, self._looks) if times), default=None)

    def next_read_at(self) -> datetime | None:
        """Return when `next_refill` has something to give without anything having happened."""
        return self._lanes.next_ask()

    @property
    def idle(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._calls and not self._sweeps and not self.has_changes

    # -- a call ------------------------------------------------------------------------------------------------

    def _call_for(self, owed: Owed, kinds: Iterable[CallbackKind], at: datetime, *, refill: bool) -> _Call | None:
        if owed.call_uuid in self._changed_while_reading:
            return None
        if call := self._calls.get(owed.call_uuid):
            return call
        if not refill and not self._lanes.has_room(owed.company_code, kinds, at):
            return None
        self._lanes.call_entered(owed.company_code)
        call = self._calls[owed.call_uuid] = _Call(owed.company_code, owed.call_ended_at)
        return call

    def _settle(self, uuid: str, call: _Call, at: datetime) -> None:
        """Queue what may go; where nothing may, and nothing is under way, leave the call to the store.

        There waits, due as it is, what would be one too many to wait for its address here.
        """
        release = release_of(call.ended_at)
        earlier: list[Earlier] = []
        looks: list[tuple[Owed, datetime]] = []
        for number in call.ids:
            owed = self._owed[number]
            endpoint = self._endpoints.endpoint(owed.company_code, owed.kind)
            if endpoint is None:
                if number not in call.busy:
                    self._withdraw(owed, call, at)
                continue
            busy = number in call.busy
            look = at + OVERTAKE_AFTER  # nobody knows when its turn comes: who waits for it looks again by then
            if not busy:
                holds = [
                    held_until(item, endpoint.url, release=release, at=at, failure=owed.failure) for item in earlier
                ]
                held = [until for until in holds if until is not None]
                own = _own_time(owed, at)
                if held or own > at:
                    look = max(own, *held) if held else own
                    looks.append((owed, look))
                elif not self._lanes.is_full(owed.company_code, owed.kind):
                    self._queue(owed, call, endpoint, at)
                    busy = True
            earlier.append(self._earlier(owed, endpoint.url, busy, look))
        if not call.busy:
            self._park(uuid, call, looks, at)
        elif looks:
            self._look_again(uuid, call, min(look for _, look in looks))

    def _look_again(self, uuid: str, call: _Call, when: datetime) -> None:
        if call.look_at is not None and call.look_at <= when:
            return
        call.look_at = when
        heapq.heappush(self._looks, (when, uuid))
        if len(self._looks) > 2 * len(self._calls) + 100:  # most calls are gone long before
            self._looks = [(each.look_at, uuid) for uuid, each in self._calls.items() if each.look_at is not None]
            heapq.heapify(self._looks)

    def _look(self, when: datetime, uuid: str, at: datetime) -> None:
        call = self._calls.get(uuid)
        if call is not None and call.look_at == when:
            call.look_at = None
            if not call.parking:
                self._settle(uuid, call, at)

    def _park(self, uuid: str, call: _Call, looks: list[tuple[Owed, datetime]], at: datetime) -> None:
        moved = [Postponement(owed.id, look) for owed, look in looks if owed.due <= at or owed.due > look]
        if not moved:
            self._forget(uuid, call)
            return
        self._postponements += moved
        self._changed += len(moved)
        call.busy.update(item.id for item in moved)
        call.parking = True

    def _forget(self, uuid: str, call: _Call) -> None:
        left = [self._owed.pop(number) for number in call.ids]
        del self._calls[uuid]
        self._lanes.call_left(call.company_code, [(owed.kind, owed.due) for owed in left])

    def _apply(self, change: Change) -> str:
        owed = self._owed[change.id]
        call = self._calls[owed.call_uuid]
        call.busy.discard(owed.id)
        if change.next_attempt is None:
            del self._owed[owed.id]
            call.ids.remove(owed.id)
            self._lanes.callback_left(owed.company_code)
        else:
            self._owed[owed.id] = replace(
                owed,
                attempts=change.attempts,
                early=change.early,
                failure=change.failure,
                attempted_at=change.attempted_at,
                due=change.next_attempt,
            )
        return owed.call_uuid

    def _withdraw(self, owed: Owed, call: _Call, at: datetime) -> None:
        call.busy.add(owed.id)
        self._change(withdrawn(owed, at))

    def _change(self, change: Change) -> None:
        self._changed += 1
        self._changes.append(change)

    # -- an address --------------------------------------------------------------------------------------------

    def _queue(self, owed: Owed, call: _Call, endpoint: Endpoint, at: datetime) -> None:
        call.busy.add(owed.id)
        address = self._address(endpoint.url)
        if owed.failure is Failure.UNREACHABLE and address.last is Standing.NEW:
            address.last = Standing.SLOW
        address.queue.append(owed.id)
        address.waiting[owed.company_code] += 1
        self._offer(address, at)

    def _begin(self, address: Address, at: datetime) -> Attempt | None:
        owed = self._owed[address.queue.popleft()]
        address.waiting[owed.company_code] -= 1
        self._lanes.made_room(owed.company_code)
        endpoint = self._endpoints.endpoint(owed.company_code, owed.kind)
        if endpoint is None:
            self._withdraw(owed, self._calls[owed.call_uuid], at)
            return None
        if endpoint.url != address.url:
            self._queue(owed, self._calls[owed.call_uuid], endpoint, at)
            return None
        standing = address.standing(at)
        address.began(owed.id, at)
        self._in_flight[standing] += 1
        return Attempt(owed, endpoint, standing)

    def _next_ready(self, at: datetime) -> Address | None:
        """Take the address whose turn it is, of those that may have a place; the slow ones first, as they may least."""
        for standing, ready in sorted(self._ready.items(), reverse=True):
            while ready and self._has_place(standing):
                address = ready.pop(next(iter(ready)))
                if address.standing(at) is standing:
                    return address
                self._offer(address, at)
                return self._next_ready(at)  # it waits among the slow ones now, whose turn it may be
        return None

    def _has_place(self, standing: Standing) -> bool:
        return all(
            sum(count for other, count in self._in_flight.items() if other >= each) < self._places[each]
            for each in PLACES
            if each <= standing
        )

    def _offer(self, address: Address | None, at: datetime) -> None:
        if address is None or not address.queue:
            return
        if address.has_room(at):
            now = address.standing(at)
            for standing, ready in self._ready.items():
                if standing is not now:
                    ready.pop(address.url, None)
            self._ready[now][address.url] = address
            return
        for ready in self._ready.values():
            ready.pop(address.url, None)
        if not address.in_flight and address.not_before is not None:
            heapq.heappush(self._paced, (address.not_before, address.url))

    def _address(self, url: str) -> Address:
        address = self._addresses.get(url)
        if address is None:
            if len(self._addresses) >= MAX_ADDRESSES:
                self._addresses = {key: value for key, value in self._addresses.items() if not value.idle}
            address = self._addresses[url] = Address(url)
        return address

    def _earlier(self, owed: Owed, url: str, under_way: bool, due: datetime) -> Earlier:
        address = self._addresses.get(url)
        sweeping = self._sweeps.will_meet(owed.company_code, url, owed.attempted_at)
        return Earlier(
            url,
            owed.failure,
            under_way,
            due,
            address_is_down=address is None or sweeping or address.was_silent_since(owed.attempted_at),
            recovery_brings_forward=address is None or sweeping or address.down,
        )

    def _waiting(self, company_code: str, kind: CallbackKind) -> Waiting:
        endpoint = self._endpoints.endpoint(company_code, kind)
        address = None if endpoint is None else self._addresses.get(endpoint.url)
        return (0, False) if address is None else (address.waiting[company_code], address.failing)

    def _thin_out(self, address: Address, at: datetime) -> None:
        """Leave to the store what is too much to wait here for an address that fails from now on."""
        queue, address.queue = address.queue, deque()
        address.waiting.clear()
        touched: dict[str, None] = {}
        for number in queue:
            owed = self._owed[number]
            if address.waiting[owed.company_code] < WAITING_FOR_FAILING:
                address.queue.append(number)
                address.waiting[owed.company_code] += 1
            else:
                self._calls[owed.call_uuid].busy.discard(number)
                touched[owed.call_uuid] = None
        for uuid in touched:
            self._settle(uuid, self._calls[uuid], at)

    def _recovered(self, company_code: str, url: str, at: datetime) -> None:
        kinds = tuple(
            kind
            for kind in CallbackKind
            if (endpoint := self._endpoints.endpoint(company_code, kind)) is not None and endpoint.url == url
        )
        if kinds:
            self._begin_sweep(Reason.RECOVERED, company_code, url, kinds, at)

    def _begin_sweep(
        self,
        reason: Reason,
        company_code: str,
        url: str,
        kinds: tuple[CallbackKind, ...],
        at: datetime,
        *,
        since: datetime | None = None,
    ) -> None:
        self._sweeps.begin(Sweep(reason, company_code, url, kinds, since or at, self._changed, Cursor(at, 0)))


def _own_time(owed: Owed, at: datetime) -> datetime:
    """When it may go where nothing holds it back, which may have postponed it since it was brought forward."""
    if owed.failure is None:
        return at
    if owed.early and owed.attempted_at is not None:
        return min(owed.due, owed.attempted_at + DELAYS[0])
    return owed.due
