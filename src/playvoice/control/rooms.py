"""The rooms that commands work on."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from playvoice.callbacks import CallbackKind
from playvoice.companies import Companies
from playvoice.companies.manage import callback_addresses, check_company
from playvoice.config import Config
from playvoice.lines import Lines
from playvoice.store import Store
from playvoice.voices import Voices

T = TypeVar("T")


Moved = tuple[str, CallbackKind]
"""A company, and the callbacks that it wants at another address than before."""


def _nobody(_changed: Iterable[Any]) -> None:
    """No sender runs."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of a server, running or not."""

    store: Store
    config: Callable[[], Config]
    """The configuration as it was read last."""
    companies: Companies
    lines: Lines
    voices: Voices
    owed: Callable[[Iterable[str]], None] = _nobody
    """Tells the sender of the companies whose owed callbacks were changed."""
    moved: Callable[[Iterable[Moved]], None] = _nobody
    """Tells the sender of addresses that were changed."""
    _refreshing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Held while the rooms read: what one read before a change must not come after what another read behind it."""

    async def change(self, fact: Callable[[Connection, datetime], T]) -> T:
        """Store a change, and have every room read what it keeps in memory anew."""
        at = datetime.now(UTC)
        result, moved = await self.store.write(_noting_moves(lambda conn: fact(conn, at)))
        async with self._refreshing:
            await self.companies.refresh()
            await self.lines.refresh()
            await self.voices.refresh()
        self.moved(moved)
        return result


def _noting_moves(fact: Callable[[Connection], T]) -> Callable[[Connection], tuple[T, list[Moved]]]:
    """Return a fact that tells as well which addresses of callbacks it changed."""

    def noting(conn: Connection) -> tuple[T, list[Moved]]:
        before = callback_addresses(conn)
        result = fact(conn)
        after = callback_addresses(conn)
        moved = [key for key, url in after.items() if url is not None and before.get(key, url) != url]
        return result, [(code, CallbackKind(kind)) for code, kind in moved]

    return noting


def of_company(code: str | None, query: Callable[[Connection, str | None], T]) -> Callable[[Connection], T]:
    """Return a query of what a company has, or all have; it raises CompaniesError if there is no such company."""

    def checked(conn: Connection) -> T:
        if code is not None:
            check_company(conn, code)
        return query(conn, code)

    return checked
