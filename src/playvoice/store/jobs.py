"""Work on its way to the store's threads, and its outcome on the way back to whoever waits."""

import asyncio
import concurrent.futures
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection

from playvoice.store.errors import StoreUnavailable


class Job:
    """One fact or query, who waits for it, and later what came of it."""

    __slots__ = ("_future", "_loop", "error", "result", "work")

    def __init__(
        self,
        work: Callable[[Connection], Any],
        future: asyncio.Future[Any] | concurrent.futures.Future[Any],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self._future = future
        self._loop = loop

    def run(self, conn: Connection) -> None:
        """Do the work; what it raises passes through and is not yet the outcome."""
        self.error = None
        self.result = self.work(conn)

    def settle(self) -> None:
        """Hand the outcome to whoever still waits; where there is a loop, on its thread."""
        if self._future.done():
            return
        if self.error is None:
            self._future.set_result(self.result)
        else:
            self._future.set_exception(self.error)

    @staticmethod
    def deliver(jobs: Iterable["Job"]) -> None:
        """Let those go on who wait for these jobs, waking each event loop once and not once for each job."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        for job in jobs:
            if job._loop is None:
                job.settle()
            else:
                by_loop.setdefault(job._loop, []).append(job)
        for loop, its_jobs in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle_all, its_jobs)
            except RuntimeError:
                pass  # the loop is closed, and with it everybody who waited

    @staticmethod
    def fail(jobs: Iterable["Job"], error: BaseException) -> None:
        """Let the jobs' outcome be this error, and deliver it."""
        failed = list(jobs)
        for job in failed:
            job.error = error
        Job.deliver(failed)


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()


class JobQueue:
    """A bounded queue between any number of threads; it refuses what is over its bound."""

    def __init__(self, bound: int, what: str) -> None:
        self._bound = bound
        self._what = what
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._closed = False

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Queue a job; StoreUnavailable if the queue is full or closed."""
        with self._changed:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            if len(self._jobs) >= self._bound:
                raise StoreUnavailable(f"{self._bound} {self._what} wait for the database already")
            self._jobs.append(job)
            self._changed.notify()

    def take(self, most: int) -> list[Job]:
        """Wait for jobs and take up to ``most``, the oldest first; nothing means closed and empty."""
        with self._changed:
            while not self._jobs and not self._closed:
                self._changed.wait()
            return [self._jobs.popleft() for _ in range(min(most, len(self._jobs)))]

    def take_waiting(self) -> list[Job]:
        """Take all that wait now, which may be none."""
        with self._changed:
            jobs = list(self._jobs)
            self._jobs.clear()
        return jobs

    def close(self) -> None:
        """Take no more; what waits is still given out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
