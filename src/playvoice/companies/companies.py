"""What the gateway asks about companies: credentials, tokens, caller numbers."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import Connection, Row, select

from playvoice.companies.attempts import Attempts
from playvoice.companies.company import Company, from_row
from playvoice.companies.errors import (
    BadCredentials,
    CompanyDisabled,
    NumberDisabled,
    NumberForeign,
    NumberUnknown,
    TooManyAttempts,
)
from playvoice.companies.secrets import NOBODYS_KEY, key_matches
from playvoice.companies.tables import caller_numbers, companies
from playvoice.companies.tokens import Tokens
from playvoice.store import Store

_ALL_COMPANIES = select(companies)
_ALL_NUMBERS = select(caller_numbers).order_by(caller_numbers.c.number)


@dataclass(frozen=True, slots=True)
class _Number:
    company_code: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Everything in memory, replaced as a whole."""

    by_code: dict[str, Company]
    by_appid: dict[str, Company]
    key_hashes: dict[str, str]
    numbers: dict[str, _Number]
    enabled_numbers: dict[str, list[str]]


class Companies:
    """All companies of this server."""

    def __init__(self, store: Store, *, random: Random, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the companies, which blocks for a moment.

        `random` chooses among caller numbers; `clock` is monotonic, for the bound on wrong keys.
        """
        self._store = store
        self._random = random
        self._clock = clock
        self._attempts = Attempts()
        self._tokens = Tokens(store)
        self._snapshot = store.read_now(_take_snapshot)

    async def refresh(self) -> None:
        """Read the companies and caller numbers anew, after they were changed, and each token when it comes next."""
        self._snapshot = await self._store.read(_take_snapshot)
        self._tokens.forget_all()

    def get(self, code: str) -> Company | None:
        """Return a company by its code, None if there is none."""
        return self._snapshot.by_code.get(code)

    def __iter__(self) -> Iterator[Company]:
        return iter(list(self._snapshot.by_code.values()))

    async def login(self, appid: str, accesskey: str, *, source: str, at: datetime) -> tuple[Company, str]:
        """Issue a token for right credentials; earlier tokens stay valid.

        The key is checked first: TooManyAttempts or BadCredentials; then CompanyDisabled, LicenceExpired,
        AddressNotAllowed.
        """
        company = self._check_key(appid, accesskey, source)
        company.admit(source, at)
        return company, await self._tokens.issue(company.code, at)

    async def issue_token(self, code: str, at: datetime) -> str:
        """Issue a token to a company that the operator vouches for."""
        return await self._tokens.issue(code, at)

    async def authenticate(self, token: str, *, source: str, at: datetime) -> Company:
        """Return the company that a token stands for.

        Raises TokenUnknown, then CompanyDisabled, LicenceExpired, AddressNotAllowed.
        """
        code = await self._tokens.company_of(token, at)
        company = self.get(code)
        if company is None:
            raise CompanyDisabled(f"company {code} is not known any more")
        company.admit(source, at)
        return company

    async def logout(self, *, token: str, at: datetime) -> None:
        """End one token; TokenUnknown if there is nothing to end."""
        await self._tokens.end(token, at)

    async def logout_all(self, appid: str, accesskey: str, *, source: str) -> None:
        """End all tokens of an appid for its right credentials; TooManyAttempts or BadCredentials otherwise."""
        await self._tokens.end_all(self._check_key(appid, accesskey, source).code)

    async def caller_number(self, company: Company, disnumber: str) -> str:
        """Return the caller number to show: the one asked for, or for an empty text an enabled one at random.

        Raises NumberUnknown, NumberForeign or NumberDisabled.
        """
        snapshot = self._snapshot
        if not disnumber:
            enabled = snapshot.enabled_numbers.get(company.code)
            if enabled:
                return self._random.choice(enabled)
            if any(number.company_code == company.code for number in snapshot.numbers.values()):
                raise NumberDisabled(f"all caller numbers of company {company.code} are switched off")
            raise NumberUnknown(f"company {company.code} has no caller number")
        number = snapshot.numbers.get(disnumber)
        if number is None:
            raise NumberUnknown(f"there is no caller number {disnumber}")
        if number.company_code != company.code:
            raise NumberForeign(f"caller number {disnumber} belongs to another company")
        if not number.enabled:
            raise NumberDisabled(f"caller number {disnumber} is switched off")
        return disnumber

    def _check_key(self, appid: str, accesskey: str, source: str) -> Company:
        now = self._clock()
        if wait := self._attempts.wait(source, appid, now):
            raise TooManyAttempts("too many wrong keys for this appid", retry_after=math.ceil(wait))
        company = self._snapshot.by_appid.get(appid)
        stored = NOBODYS_KEY if company is None else self._snapshot.key_hashes[company.code]
        if not key_matches(accesskey, stored) or company is None:
            self._attempts.wrong(source, appid, now)
            raise BadCredentials("the appid is unknown or the key is wrong")
        return company


def _take_snapshot(conn: Connection) -> _Snapshot:
    rows: list[Row[Any]] = list(conn.execute(_ALL_COMPANIES))
    by_code = {row.code: from_row(row) for row in rows}
    numbers = {row.number: _Number(row.company_code, row.enabled) for row in conn.execute(_ALL_NUMBERS)}
    enabled: dict[str, list[str]] = {}
    for text, number in numbers.items():
        if number.enabled:
            enabled.setdefault(number.company_code, []).append(text)
    return _Snapshot(
        by_code=by_code,
        by_appid={company.appid: company for company in by_code.values()},
        key_hashes={row.code: row.accesskey_hash for row in rows},
        numbers=numbers,
        enabled_numbers=enabled,
    )
