"""The rooms that commands work on."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection

from playvoice.companies import Companies
from playvoice.companies.manage import check_company
from playvoice.config import Config
from playvoice.lines import Lines
from playvoice.store import Store
from playvoice.voices import Voices

T = TypeVar("T")


def _nobody(_company_codes: Iterable[str]) -> None:
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
    _refreshing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Held while the rooms read: what one read before a change must not come after what another read behind it."""

    async def change(self, fact: Callable[[Connection, datetime], T]) -> T:
        """Store a change, and have every room read what it keeps in memory anew."""
        at = datetime.now(UTC)
        result = await self.store.write(lambda conn: fact(conn, at))
        async with self._refreshing:
            await self.companies.refresh()
            await self.lines.refresh()
            await self.voices.refresh()
        return result


def of_company(code: str | None, query: Callable[[Connection, str | None], T]) -> Callable[[Connection], T]:
    """Return a query of what a company has, or all have; it raises CompaniesError if there is no such company."""

    def checked(conn: Connection) -> T:
        if code is not None:
            check_company(conn, code)
        return query(conn, code)

    return checked
