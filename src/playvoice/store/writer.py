"""The one thread that writes: facts queue up while a commit runs, and the next commit takes all of them.

    waiting ──taken together──> in one transaction ──commit──> answered
       │                             ├── a fact raised: all run again, each behind a savepoint; it alone is
       │                             │   undone, its caller gets what it raised
       │                             └── the database is away, full or locked: all are undone and told so, and with
       │                                 them those that came meanwhile: they have waited as long
       └── 20,000 wait already, or the store is closing: refused at once

There is no timer: under little load a fact is committed at once, under much load the commits grow. Facts
seldom raise, so only a transaction in which one did pays for savepoints. A connection that proves dead
before the commit was sent is replaced and its facts are run once more. For both reasons a fact may run
twice. Once the commit was sent and no answer came, nobody knows whether it holds, so it is not tried again
here, and its callers are told so.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from playvoice.store.database import Database
from playvoice.store.errors import OutcomeUnknown, StoreError, StoreUnavailable, first_line
from playvoice.store.jobs import Job, JobQueue

QUEUE_BOUND = 20_000
BATCH_BOUND = 256
"""Facts in one transaction at most: 256 of 0.2 ms keep a caller waiting for about 50 ms."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WriterState:
    """How writing goes, since the start. Times in seconds, those of moments of the monotonic clock."""

    waiting: int
    """Facts that wait for the next commit."""
    available: bool
    """The last commit held, or there was none yet."""
    commits: int
    facts: int
    """That were committed."""
    seconds: float
    """What the commits took, with their facts."""
    failures: int
    """Commits that did not hold."""
    committed_at: float | None
    """The end of the last commit that held."""


class Writer:
    """The writer thread and its queue."""

    def __init__(self, database: Database) -> None:
        self.queue = JobQueue(QUEUE_BOUND, "facts")
        self._database = database
        self._conn: Connection | None = None
        self._available = True
        self._commits = self._facts = self._failures = 0
        self._seconds = 0.0
        self._committed_at: float | None = None
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Open the connection and begin to write; StoreError if the database can't be opened."""
        self._thread.start()
        self._opened.result()

    def join(self) -> None:
        """Write what waits, then end. No more facts are taken."""
        self.queue.close()
        self._thread.join()

    @property
    def state(self) -> WriterState:
        """How writing goes; for any thread."""
        return WriterState(
            waiting=len(self.queue),
            available=self._available,
            commits=self._commits,
            facts=self._facts,
            seconds=self._seconds,
            failures=self._failures,
            committed_at=self._committed_at,
        )

    def _run(self) -> None:
        try:
            self._conn = self._database.connect_writer()
        except Exception as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        while jobs := self.queue.take(BATCH_BOUND):
            began = time.monotonic()
            try:
                changed = self._write(jobs)
            except OutcomeUnknown as error:
                self._failures += 1
                self._recover()
                self._tell_unavailable(error)
                Job.fail(jobs, error)
            except StoreUnavailable as error:  # nothing was begun
                self._tell_unavailable(error)
                Job.fail(jobs + self.queue.take_waiting(), error)
            except Exception as error:
                self._failures += 1
                self._recover()
                self._tell_unavailable(error)
                if self._database.is_unavailable(error):  # one after the other they would wait for ever longer
                    jobs += self.queue.take_waiting()
                Job.fail(jobs, _unavailable(error))
            else:
                if changed or self._available:  # an empty commit is no sign that a fault is over
                    self._count(len(jobs), began, time.monotonic())
                    self._tell_available()
                Job.deliver(jobs)
        self._disconnect()

    def _count(self, facts: int, began: float, ended: float) -> None:
        self._commits += 1
        self._facts += facts
        self._seconds += ended - began
        self._committed_at = ended

    def _write(self, jobs: Sequence[Job]) -> bool:
        """Run and commit the jobs, the second time on a new connection if the first one was dead.

        Returns whether that changed anything.
        """
        conn = self._connection()
        try:
            self._run_jobs(conn, jobs)
        except Exception as error:
            if not self._database.after_error(conn, error):
                raise
            self._disconnect()
            conn = self._connection()
            self._run_jobs(conn, jobs)
        try:
            conn.commit()
        except Exception as error:
            raise OutcomeUnknown(_words(error)) from error
        self._database.after_commit()
        return self._database.has_changed(conn)

    def _run_jobs(self, conn: Connection, jobs: Sequence[Job]) -> None:
        """Run the jobs in one transaction; where one of them fails, all once more, each guarded from the others."""
        self._database.begin(conn)
        try:
            for job in jobs:
                job.run(conn)
        except Exception as error:
            if self._database.is_unavailable(error):
                raise
            conn.rollback()
            self._database.begin(conn)
            self._run_guarded(conn, jobs)

    def _run_guarded(self, conn: Connection, jobs: Sequence[Job]) -> None:
        database = self._database
        for job in jobs:
            database.savepoint(conn)
            try:
                job.run(conn)
            except Exception as error:
                if database.is_unavailable(error):
                    raise
                database.undo(conn)
                job.error = error
            else:
                database.keep(conn)

    def _recover(self) -> None:
        """Undo what the failed commit began, and begin anew where that does not help.

        A connection that only ran out of room is kept: opening another can need more room than writing does.
        """
        failed_before = not self._available
        try:
            if self._conn is not None and not failed_before:
                self._conn.rollback()
                return
        except Exception as error:
            _log.debug("rollback_failed", error=first_line(error))
        self._disconnect()

    def _connection(self) -> Connection:
        if self._conn is None:
            self._conn = self._database.connect_writer()
        return self._conn

    def _disconnect(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            try:
                conn.close()
            except Exception as error:  # a connection that is broken can fail to close, and is gone all the same
                _log.debug("close_failed", error=first_line(error))

    def _tell_unavailable(self, error: BaseException) -> None:
        if self._available:
            self._available = False
            _log.error("store_unavailable", error=first_line(error))

    def _tell_available(self) -> None:
        if not self._available:
            self._available = True
            _log.info("store_available")


def _unavailable(error: BaseException) -> StoreUnavailable:
    if isinstance(error, StoreError):
        return StoreUnavailable(str(error))
    return StoreUnavailable(_words(error))


def _words(error: BaseException) -> str:
    return f"the database can't store anything now: {first_line(error)}"
