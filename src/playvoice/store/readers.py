"""A few threads that read, each on its own connection: a long query holds up no write and no other read.

Each query sees one state of the database: it runs in a transaction of its own that is rolled back at its end.
"""

import threading

from sqlalchemy import Connection

from playvoice.store.database import Database
from playvoice.store.errors import StoreUnavailable
from playvoice.store.jobs import Job, JobQueue

QUEUE_BOUND = 1_000


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
            (job,) = jobs
            conn = self._read(job, conn)
            Job.deliver(jobs)
        _close(conn)

    def _read(self, job: Job, conn: Connection | None) -> Connection | None:
        """Answer one query, on a new connection if this one is dead; returns the one to go on with."""
        try:
            try:
                conn = conn or self._database.connect_reader()
                self._query(job, conn)
            except Exception as error:
                if conn is None or not self._database.after_error(conn, error):
                    raise
                _close(conn)
                conn = self._database.connect_reader()
                self._query(job, conn)
            conn.rollback()
        except Exception as error:
            job.error = error
            if not isinstance(error, StoreUnavailable) and self._database.is_unavailable(error, reading=True):
                job.error = StoreUnavailable("the database can't be read now")
                job.error.__cause__ = error
            _close(conn)
            return None
        return conn

    def _query(self, job: Job, conn: Connection) -> None:
        self._database.begin(conn, reading=True)
        job.run(conn)


def _close(conn: Connection | None) -> None:
    if conn is not None:
        try:
            conn.close()
        except Exception:  # a broken connection can fail to close, and is gone all the same
            pass
