"""What happens and leaves nothing behind that could be read later: counted as it happens.

A call counts once under its cause, and once under its company. Not under both at once: 25 causes of each company would
be more series than they tell. A company is known with all its labels before anything happens: Prometheus sees no
increase in a series that begins at 1.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from playvoice.callbacks.tables import State
from playvoice.calls.ledger import End
from playvoice.codes import CAUSE_TEXTS, HangupCause
from playvoice.media.protocol import ClockPace

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each one, of when it began

_MILLISECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
_RESULTS = {
    State.DELIVERED: "delivered",
    State.PENDING: "failed",
    State.EXHAUSTED: "exhausted",
    State.GONE: "gone",
    State.WITHDRAWN: "withdrawn",
}


class Events:
    """The counters of one server, from its start on."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._ends = Counter(
            "playvoice_calls_ended", "Calls whose record was stored.", ["cause", "text"], registry=registry
        )
        self._company_ends = Counter(
            "playvoice_company_calls_ended",
            "Calls of a company whose record was stored.",
            ["company", "answered"],
            registry=registry,
        )
        self._attempts = Counter(
            "playvoice_callback_attempts",
            "Attempts to deliver a callback: delivered, failed (tried again), exhausted, gone (410), withdrawn.",
            ["company", "result"],
            registry=registry,
        )
        self._ticks = Counter("playvoice_media_ticks", "Ticks of 5 ms of the media clock.", registry=registry)
        self._late = Counter(
            "playvoice_media_late_ticks",
            "Ticks that began more than 5 ms late: their packets left late.",
            registry=registry,
        )
        self._skipped = Counter(
            "playvoice_media_skipped_ticks", "Ticks that were given up: their packets never left.", registry=registry
        )
        self._longest = Histogram(
            "playvoice_media_longest_tick_seconds",
            "The longest tick of each second in which there were streams.",
            buckets=_MILLISECONDS,
            registry=registry,
        )
        self.loop_lag = Histogram(
            "playvoice_event_loop_lag_seconds",
            "How late the event loop came to a timer, looked at four times a second.",
            buckets=_MILLISECONDS,
            registry=registry,
        )
        for cause in HangupCause:
            self._ends.labels(int(cause), CAUSE_TEXTS[cause].en)

    def know(self, companies: Iterable[str]) -> None:
        """Have all series of these companies there before anything happens to them."""
        for company in companies:
            for answered in ("yes", "no"):
                self._company_ends.labels(company, answered)
            for result in _RESULTS.values():
                self._attempts.labels(company, result)

    def call_ended(self, company_code: str, end: End) -> None:
        """A call's record was stored."""
        self._ends.labels(int(end.cause), CAUSE_TEXTS[end.cause].en).inc()
        self._company_ends.labels(company_code, "no" if end.answered_at is None else "yes").inc()

    def callback_attempted(self, company_code: str, state: State) -> None:
        """An attempt to deliver a callback has ended."""
        self._attempts.labels(company_code, _RESULTS[state]).inc()

    def clock_kept(self, pace: ClockPace) -> None:
        """A second of the media clock has passed."""
        self._ticks.inc(pace.ticks)
        self._late.inc(pace.late)
        self._skipped.inc(pace.skipped)
        self._longest.observe(pace.longest_us / 1e6)
