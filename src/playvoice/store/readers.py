"""A few threads that read, each on its own connection: a long query holds up no write and no other read.

Each query sees one state of the database: it runs in a transaction of its own that is rolled back at its end. Where no
connection can be had, all that wait are told so.
"""

import threading

from sqlalchemy import Connection

from playvoice.store.database import Database
from playvoice.store.errors import StoreUnavailable, first_line
from playvoice.store.jobs import Job, JobQueue

QUEUE_BOUND = 1_000


class _NoConnection(Exception):
    """None can be had, by its cause."""


class Readers:
    """The reader threads and their common queue."""

    def __init__(self, database: Database, count: int) -> None:
        self.queue = JobQueue(QUEUE_BOUND, "queries")
        self._database = database
        self._threads = [
            threading.Thread(target=self._run, name=f"store-reader-{number}", daemon=True)
            for number in range(1, count + 1)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Answer what waits, then end. No more queries are taken."""
        self.queue.close()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        conn: Connection | None = None
        while jobs := self.queue.take(1):
            try:
                conn = self._answer(jobs[0], conn)
            except _NoConnection as error:
                conn = None
                jobs += self.queue.take_waiting()  # one after the other they would wait for ever longer
                Job.fail(jobs, self._outcome(error.__cause__ or error))
            else:
                Job.deliver(jobs)
        _close(conn)

    def _answer(self, job: Job, conn: Connection | None) -> Connection | None:
        """Answer one query, on a new connection if this one is dead; returns the one to go on with."""
        was_used = conn is not None
        conn = conn or self._connect()
        try:
            self._query(job, conn)
        except Exception as error:
            is_lost = self._database.after_error(conn, error)
            _close(conn)
            if is_lost and was_used:
                return self._answer(job, None)
            job.error = self._outcome(error)
            return None
        return conn

    def _connect(self) -> Connection:
        try:
            return self._database.connect_reader()
        except Exception as error:
            raise _NoConnection from error

    def _query(self, job: Job, conn: Connection) -> None:
        self._database.begin(conn, reading=True)
        job.run(conn)
        conn.rollback()

    def _outcome(self, error: BaseException) -> BaseException:
        """What the caller of a query is told."""
        if isinstance(error, StoreUnavailable) or not self._database.is_unavailable(error, reading=True):
            return error
        unavailable = StoreUnavailable(f"the database can't be read now: {first_line(error)}")
        unavailable.__cause__ = error
        return unavailable


def _close(conn: Connection | None) -> None:
    if conn is not None:
        try:
            conn.close()
        except Exception:  # a broken connection can fail to close, and is gone all the same
            pass
