"""A world in which time is a number: a database in memory, receivers that fail as told, and no task at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from playvoice.callbacks import outbox
from playvoice.callbacks.deliveries import Attempt, Deliveries
from playvoice.callbacks.endpoints import Endpoint
from playvoice.callbacks.outcomes import Answered, Outcome, Unanswered
from playvoice.callbacks.sweeps import take_step
from playvoice.callbacks.tables import CallbackKind
from playvoice.clock import EPOCH

START = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(milliseconds=100)
OK = Answered(200)
REFUSED = Answered(500)
SILENT = Unanswered("refused")


class Book:
    """Addresses of companies; what is not in it has none."""

    def __init__(self, urls: dict[tuple[str, CallbackKind], str] | None = None) -> None:
        self.urls = urls or {}
        self.changed_at = EPOCH

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint | None:
        url = self.urls.get((company_code, kind))
        return None if url is None else Endpoint(url, None, "json", self.changed_at)


@dataclass
class Delivery:
    at: datetime
    call: str
    payload: str
    url: str
    outcome: Outcome


@dataclass
class World:
    conn: Connection
    book: Book
    receiver: Callable[[Attempt, datetime], Outcome]
    at: datetime = START
    log: list[Delivery] = field(default_factory=list)
    most_at_once: int = 0
    flight: timedelta = timedelta()
    flights: dict[str, timedelta] = field(default_factory=dict)
    """Of addresses that answer sooner or later than the others."""

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not stored, as a crash does."""
        self.deliveries = Deliveries(self.book, chance=lambda: 0.0)
        self.seen = outbox.last_id(self.conn)
        self.flying: list[tuple[datetime, Attempt]] = []
        self.deliveries.begin(outbox.companies_owed(self.conn), self.at)

    def owe(self, call: str, what: str, kind: CallbackKind = CallbackKind.STATUS, company: str = "1") -> None:
        outbox.owe(self.conn, company_code=company, call_uuid=call, kind=kind, payload={"what": what}, at=self.at)

    def step(self) -> bool:
        """Do all that can be done now, once; returns whether there was anything."""
        done = self._read()
        for attempt in self.deliveries.attempts(self.at):
            self.flying.append((self.at + self.flights.get(attempt.endpoint.url, self.flight), attempt))
            done = True
        self.most_at_once = max(self.most_at_once, len(self.flying))
        for landing, attempt in list(self.flying):
            if landing <= self.at:
                self.flying.remove((landing, attempt))
                outcome = self.receiver(attempt, self.at)
                self.log.append(
                    Delivery(self.at, attempt.owed.call_uuid, attempt.owed.payload, attempt.endpoint.url, outcome)
                )
                self.deliveries.finished(attempt, outcome, self.at)
                done = True
        if self.deliveries.has_changes:
            batch = self.deliveries.take_changes()
            outbox.record(self.conn, batch.changes, batch.postponements)
            self.deliveries.committed(batch, self.at)
            done = True
        reads = self.deliveries.next_read_at()
        return done or (reads is not None and reads <= self.at)

    def _read(self) -> bool:
        self.deliveries.begin_read()
        rows, seen = outbox.fresh(self.conn, self.seen, 500)
        done, self.seen = seen > self.seen, seen
        self.deliveries.add(rows, self.at)
        while refill := self.deliveries.next_refill(self.at):
            rows, again = outbox.due(self.conn, refill.company_code, refill.kind, self.at, refill.after, refill.most)
            self.deliveries.refilled(refill, rows, again, self.at)
            done = True
        while sweep := self.deliveries.next_sweep():
            cursor = take_step(self.conn, sweep, self.at, 500)
            self.deliveries.swept(sweep, cursor)
            done = True
        return done

    def settle(self) -> None:
        """Do all that can be done at this moment; a world that never settles fails."""
        for _ in range(10_000):
            if not self.step():
                return
        raise AssertionError(f"the world spins: {self.deliveries!r}")

    def run(self, until: timedelta) -> None:
        """Run to `until` after the start, from one moment at which something is due to the next."""
        end = START + until
        self.settle()
        while True:
            times = [self.deliveries.next_attempt_at(), self.deliveries.next_read_at()]
            times += [landing for landing, _ in self.flying]
            upcoming = [time for time in times if time is not None and time <= end]
            if not upcoming:
                break
            assert min(upcoming) > self.at, f"something was due and not done: {self.deliveries!r}"
            self.at = min(upcoming)
            self.settle()
        self.at = max(self.at, end)

    def told(self, outcome: Outcome | None = OK) -> list[str]:
        """Return what was delivered, as call/what, in order."""
        return [f"{item.call}/{item.payload[9:-2]}" for item in self.log if outcome is None or item.outcome == outcome]

    def seconds(self, call: str, what: str) -> list[float]:
        """Return when this callback was attempted, in seconds from the start."""
        return [
            (item.at - START).total_seconds()
            for item in self.log
            if item.call == call and item.payload == f'{{"what":"{what}"}}'
        ]
