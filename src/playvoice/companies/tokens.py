"""Tokens: issued and ended in the store, looked up in memory.

The cache is bounded and holds digests only. What ends a token takes it out of the cache as well, and a look-up that
ran meanwhile does not put it back: it was begun under an older generation.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select

from playvoice.companies.errors import TokenUnknown
from playvoice.companies.secrets import new_token, token_digest
from playvoice.companies.tables import tokens
from playvoice.store import Store

LIFETIME = timedelta(hours=12)
MOST_LIVE = 1_000
CACHE_BOUND = 10_000

_INSERT = tokens.insert()
_FIND = select(tokens.c.company_code, tokens.c.expires_at).where(tokens.c.digest == bindparam("digest"))
_DELETE = delete(tokens).where(tokens.c.digest == bindparam("token_digest"))
_DELETE_ALL = delete(tokens).where(tokens.c.company_code == bindparam("company"))
_DELETE_EXPIRED = delete(tokens).where(
    tokens.c.company_code == bindparam("company"),
    tokens.c.expires_at <= bindparam("at", type_=tokens.c.expires_at.type),
)
_DELETE_OLDEST = (
    delete(tokens)
    .where(
        tokens.c.id.in_(
            select(tokens.c.id)
            .where(tokens.c.company_code == bindparam("company"))
            .order_by(tokens.c.id.desc())
            .offset(MOST_LIVE)
        )
    )
    .returning(tokens.c.digest)
)
_OLDEST = select(tokens.c.id, tokens.c.issued_at).order_by(tokens.c.id).limit(bindparam("most"))
_REMOVE = delete(tokens).where(tokens.c.id.in_(bindparam("ids", expanding=True)))


def remove(conn: Connection, before: datetime, most: int) -> int:
    """Remove up to so many tokens that were issued before then, long after their life; return how many."""
    ids = [number for number, issued_at in conn.execute(_OLDEST, {"most": most}) if issued_at < before]
    if ids:
        conn.execute(_REMOVE, {"ids": ids})
    return len(ids)


@dataclass(frozen=True, slots=True)
class _Known:
    company_code: str
    expires_at: datetime


class Tokens:
    """The tokens of all companies."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: OrderedDict[str, _Known] = OrderedDict()
        self._generation = 0

    async def issue(self, company_code: str, at: datetime) -> str:
        """Store a new token and return it; past a company's bound its oldest one ends."""
        token = new_token()
        digest = token_digest(token)
        row = {"digest": digest, "company_code": company_code, "issued_at": at, "expires_at": at + LIFETIME}

        def fact(conn: Connection) -> list[str]:
            conn.execute(_DELETE_EXPIRED, {"company": company_code, "at": at})
            conn.execute(_INSERT, row)
            return list(conn.execute(_DELETE_OLDEST, {"company": company_code}).scalars())

        self._forget(await self._store.write(fact))
        return token

    async def company_of(self, token: str, at: datetime) -> str:
        """Return the code of the company that a token was issued to; TokenUnknown if it is none or no more."""
        digest = token_digest(token)
        if digest is None:
            raise TokenUnknown("this was never a token")
        known = self._cache.get(digest) or await self._look_up(digest)
        if known is None or at >= known.expires_at:
            raise TokenUnknown("the token is unknown or has expired")
        return known.company_code

    async def end(self, token: str, at: datetime) -> None:
        """End a token; TokenUnknown if there is nothing to end."""
        await self.company_of(token, at)
        digest = token_digest(token)
        ended = await self._store.write(lambda conn: conn.execute(_DELETE, {"token_digest": digest}).rowcount)
        self._forget([digest] if digest else [])
        if not ended:
            raise TokenUnknown("the token is unknown or has expired")

    async def end_all(self, company_code: str) -> None:
        """End every token of a company."""
        await self._store.write(lambda conn: conn.execute(_DELETE_ALL, {"company": company_code}).rowcount)
        self._forget([digest for digest, known in self._cache.items() if known.company_code == company_code])

    def forget_all(self) -> None:
        """Look each token up once more: a company was removed, say, and another one has its code now."""
        self._forget(list(self._cache))

    async def _look_up(self, digest: str) -> _Known | None:
        generation = self._generation
        row = await self._store.read(lambda conn: conn.execute(_FIND, {"digest": digest}).first())
        if row is None:
            return None
        known = _Known(row.company_code, row.expires_at)
        if generation == self._generation:
            self._cache[digest] = known
            if len(self._cache) > CACHE_BOUND:
                self._cache.popitem(last=False)
        return known

    def _forget(self, digests: Iterable[str]) -> None:
        self._generation += 1
        for digest in digests:
            self._cache.pop(digest, None)
