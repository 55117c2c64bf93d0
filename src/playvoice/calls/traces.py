"""What calls leave behind for those who ask why: their SIP messages and notes, gathered in memory while they run.

::

    begin ──> follow each Call-ID ──> messages, notes ──> the call is over, all its legs have ended ──> stored
                                                              └── for LATE seconds: what still comes, stored, too

Everything has a bound; what is beyond it is left out and counted. `keep=False` gathers nothing.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog
from structlog.typing import FilteringBoundLogger

from playvoice.calls.trace_parts import Note, Passed, Raw, Value
from playvoice.clock import Clock
from playvoice.sip import Flow
from playvoice.sip.tap import call_id_of

MAX_MESSAGES = 400
"""Messages of a call."""
MAX_OCTETS = 262_144
"""Octets of a call's messages."""
MAX_HELD = 67_108_864
"""Octets of all messages that are not stored yet."""
MAX_NOTES = 200
"""Notes of a call."""
LATE = 64.0
"""Seconds for which messages of a leg that has ended are still taken: twice what a transaction lasts."""
_OVERHEAD = 256
"""Octets that a message costs in memory besides its own."""

log = structlog.get_logger(__name__)

Watcher = Callable[[Note], None]
"""Hears of what is noted of a call as it happens."""


class Traces:
    """The calls that are followed; a tap of the SIP endpoint."""

    def __init__(
        self,
        store: Callable[["CallTrace"], None] = lambda _trace: None,
        *,
        keep: bool = True,
        mask_numbers: bool = False,
        max_held: int = MAX_HELD,
    ) -> None:
        """`store` hears of each trace that has something to be stored: it takes it and, once stored, gives it free."""
        self.store = store
        self.keep = keep
        self.mask_numbers = mask_numbers
        self._max_held = max_held
        self.held = 0
        """Octets of messages that are not stored yet."""
        self._followed: dict[str, CallTrace] = {}
        self._running: WeakValueDictionary[str, CallTrace] = WeakValueDictionary()
        self._watchers: dict[str, list[Watcher]] = {}
        self._leaving: OrderedDict[str, float] = OrderedDict()
        """Until when the legs that have ended are followed, in this order."""

    def __repr__(self) -> str:
        return f"<Traces of {len(self._followed)} legs, {self.held} octets>"

    @property
    def followed(self) -> int:
        """Legs that live: those that have ended, and are followed for `LATE` seconds more, don't count."""
        return len(self._followed) - len(self._leaving)

    def __call__(self, data: bytes, flow: Flow, *, sent: bool, now: float) -> None:
        """Take note of a message, if it is of a call that is followed."""
        call_id = call_id_of(data)
        trace = None if call_id is None else self._followed.get(call_id)
        if trace is not None:
            trace.add(Passed(now, sent, flow, data))

    def begin(self, uuid: str, clock: Clock) -> "CallTrace":
        """Begin the trace of a call."""
        trace = self._running[uuid] = CallTrace(self, uuid, clock)
        return trace

    def watch(self, uuid: str, watcher: Watcher) -> list[Note]:
        """Tell what is noted of this call from now on; return what was before, as far as it is not stored.

        `unwatch` follows.
        """
        self._watchers.setdefault(uuid, []).append(watcher)
        trace = self._running.get(uuid)
        return [] if trace is None else trace.notes

    def unwatch(self, uuid: str, watcher: Watcher) -> None:
        """Tell no more."""
        watchers = self._watchers[uuid]
        watchers.remove(watcher)
        if not watchers:
            del self._watchers[uuid]

    def tell(self, uuid: str, note: Note) -> None:
        """Tell who watches this call."""
        for watcher in list(self._watchers.get(uuid, ())):
            try:
                watcher(note)
            except Exception:
                log.exception("watcher_failed", uuid=uuid)  # the call that is watched goes on

    def is_traced(self, uuid: str) -> bool:
        """Whether this call runs, or has ended and is not stored yet."""
        return uuid in self._running

    def is_watched(self, uuid: str) -> bool:
        """Whether anybody watches this call."""
        return uuid in self._watchers

    def follow(self, call_id: str, trace: "CallTrace", now: float) -> None:
        """Give the messages with this Call-ID to a trace."""
        self._forget(now)
        self._leaving.pop(call_id, None)
        self._followed[call_id] = trace

    def ended(self, call_id: str) -> None:
        """The leg with this Call-ID has ended, and its far end knows."""
        trace = self._followed.get(call_id)
        if trace is not None:
            now = trace.clock.now()
            self._leaving.setdefault(call_id, now + LATE)
            trace.leg_ended(call_id, now)
            self._forget(now)

    def _forget(self, now: float) -> None:
        while self._leaving:
            call_id, until = next(iter(self._leaving.items()))
            if until > now:
                break
            del self._leaving[call_id], self._followed[call_id]

    def hold(self, octets: int) -> bool:
        """Take so much room in memory; False if there is none."""
        if self.held + octets > self._max_held:
            return False
        self.held += octets
        return True

    def free(self, octets: int) -> None:
        """Give room back: what took it is stored."""
        self.held -= octets


class CallTrace:
    """What is gathered of one call."""

    def __init__(self, traces: Traces, uuid: str, clock: Clock) -> None:
        self.clock = clock
        self._traces = traces
        self._uuid = uuid
        self._legs: set[str] = set()
        """The Call-IDs of those that live."""
        self._is_over = False
        self._count = self._octets = self._notes = 0
        self._ended: float | None = None
        self._raw = self._fresh()
        self._waits = False

    def __repr__(self) -> str:
        return f"<CallTrace {self._uuid}, {self._count} messages>"

    def follow(self, call_id: str) -> None:
        """A leg of the call begins."""
        if self._traces.keep:
            self._legs.add(call_id)
            self._traces.follow(call_id, self, self.clock.now())

    def add(self, message: Passed) -> None:
        """Take a message, or count it where there is no room."""
        octets = len(message.data) + _OVERHEAD
        if (
            self._count >= MAX_MESSAGES
            or self._octets + len(message.data) > MAX_OCTETS
            or not self._traces.hold(octets)
        ):
            self._raw.left_out += 1
        else:
            self._count += 1
            self._octets += len(message.data)
            self._raw.octets += octets
            self._raw.messages.append(message)
        if self._ended is not None:
            self._hand_over()

    def note(self, event: str, values: dict[str, Value], now: float | None = None) -> None:
        """Note what happened, now or at a time of the call's clock."""
        if self._traces.is_watched(self._uuid):
            at = self.clock.at() if now is None else self.clock.instant(now)
            self._traces.tell(self._uuid, Note(at, event, values))
        if self._traces.keep and self._notes < MAX_NOTES and self._ended is None:
            self._notes += 1
            self._raw.notes.append((self.clock.now() if now is None else now, event, values))

    @property
    def notes(self) -> list[Note]:
        """What was noted and is not stored yet."""
        return [Note(self.clock.instant(at), event, values) for at, event, values in self._raw.notes]

    def leg_ended(self, call_id: str, now: float) -> None:
        self._legs.discard(call_id)
        self._consider(now)

    def end(self) -> None:
        """The call is over; its legs may still be ending."""
        self._is_over = True
        self._consider(self.clock.now())

    def _consider(self, now: float) -> None:
        if self._traces.keep and self._is_over and not self._legs and self._ended is None:
            self._ended = self._raw.ended = now
            self._hand_over()

    def _hand_over(self) -> None:
        if not self._waits:
            self._waits = True
            self._traces.store(self)

    def take(self) -> Raw:
        """What there is to be stored now; what still comes is another part."""
        raw, self._raw, self._waits = self._raw, self._fresh(), False
        return raw

    def _fresh(self) -> Raw:
        return Raw(self._uuid, self.clock.instant, self._traces.mask_numbers, ended=self._ended, free=self._traces.free)


@dataclass(frozen=True, slots=True)
class CallLog:
    """A call's log lines, each with its uuid, which its trace keeps as notes."""

    log: FilteringBoundLogger
    trace: CallTrace

    def info(self, event: str, **values: Value) -> None:
        self.log.info(event, **values)
        self.note(event, values)

    def warning(self, event: str, **values: Value) -> None:
        self.log.warning(event, **values)
        self.note(event, values)

    def error(self, event: str, **values: Value) -> None:
        self.log.error(event, **values)
        self.note(event, values)

    def fault(self, event: str, error: Exception, **values: Value) -> None:
        """A fault of ours, with its traceback in the log."""
        self.log.error(event, exc_info=error, **values)
        self.note(event, {**values, "reason": f"{type(error).__name__}: {error}"})

    def note(self, event: str, values: dict[str, Value], now: float | None = None) -> None:
        """Note in the trace alone. A fault of the trace costs the call nothing."""
        try:
            self.trace.note(event, values, now)
        except Exception:
            self.log.exception("note_not_taken", noted=event)
