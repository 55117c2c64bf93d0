"""What the other rooms hold in their hands: write a fact, read an answer."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection

from playvoice.store.database import Database, open_database
from playvoice.store.errors import StoreError, first_line
from playvoice.store.jobs import Job, JobQueue
from playvoice.store.readers import Readers
from playvoice.store.writer import Writer, WriterState

T = TypeVar("T")


class Store:
    """A database that one server works on, with its writer thread and its reader threads.

    A fact or query returns plain values, never a result that is still to be fetched: its transaction is
    over when the caller goes on. Who stops waiting does not take the fact back.
    """

    def __init__(self, database: Database, readers: int) -> None:
        self._closed = False
        self._database = database
        self._writer = Writer(database)
        self._readers = Readers(database, readers)

    @classmethod
    def open(cls, url: str, *, readers: int = 2) -> Self:
        """Open the database at ``url`` and take its one-server lock; tables are the migrations' business.

        ``url`` is ``sqlite:///path/to/file.db`` or ``postgresql://user@host/db``. Raises StoreError, in
        words for the operator, if the address is wrong or nothing answers there; StoreTaken if another server
        holds the lock.
        """
        database = open_database(url)
        store = cls(database, readers)
        try:
            store._writer.start()
        except Exception as error:
            database.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the database can't be opened: {first_line(error)}") from error
        store._readers.start()
        return store

    async def write(self, fact: Callable[[Connection], T]) -> T:
        """Store a fact and return what it returned, once it is committed together with what else came in.

        The fact is a pure function of its connection and may run twice. What it raises undoes it alone and
        is raised here; StoreUnavailable says that nothing can be stored, or that 20,000 facts wait already.
        """
        return await self._submit(self._writer.queue, fact)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Answer a query on a reader thread; it sees everything whose ``write`` has returned."""
        return await self._submit(self._readers.queue, query)

    def write_now(self, fact: Callable[[Connection], T]) -> T:
        """:meth:`write` for code without an event loop: start-up, the command line, tests. It blocks."""
        return self._submit_and_block(self._writer.queue, fact)

    def read_now(self, query: Callable[[Connection], T]) -> T:
        """:meth:`read` for code without an event loop. It blocks."""
        return self._submit_and_block(self._readers.queue, query)

    def copy_to(self, path: Path) -> None:
        """Write one state of the database into a new file, for as long as that takes; StoreError says why not.

        It is for a thread of its own, while the server goes on.
        """
        self._database.copy_to(path)

    @property
    def writing(self) -> WriterState:
        """How writing goes."""
        return self._writer.state

    async def close(self) -> None:
        """Store what waits, answer it, end the threads and give the lock back. Safe to call twice."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """:meth:`close` for code without an event loop."""
        if self._closed:
            return
        self._closed = True
        self._writer.join()
        self._readers.join()
        self._database.close()

    @staticmethod
    async def _submit(queue: JobQueue, work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        queue.put(Job(work, future, loop))
        return await future

    @staticmethod
    def _submit_and_block(queue: JobQueue, work: Callable[[Connection], T]) -> T:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        queue.put(Job(work, future))
        return future.result()
