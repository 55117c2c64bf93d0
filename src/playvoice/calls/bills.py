"""Bills: the call records of a company, asked for in pages, each of which knows whether it was fetched.

A page is read on a reader thread; then one fact marks its bills as fetched, and only then are they returned, and the
next page is read. Who asks for bills that are not fetched yet gets each of them once, however many ask at once, and an
empty page only where none is left. Where nobody knows whether a mark was committed, its bills are not returned, and the
next request finds them unmarked.

Offsets would skip such bills, since those of the page before are fetched by then. So every page of them begins at the
first that is left, and its total counts the pages before it too: a client that turns pages sees all, and so does one
that asks for the first page until it is empty.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select, update

from playvoice.callbacks import call_record
from playvoice.calls.errors import BillsBusy, TooManyBills
from playvoice.calls.tables import IS_BILL, IS_UNFETCHED, calls
from playvoice.store import Store

MAX_BILLS = 200_000
"""Bills of a company in the time that is asked for: so many are looked through."""
MAX_WAITING = 100
MAX_WAITING_OF_COMPANY = 5
"""Requests for bills at once; one is answered at a time, so that calls never wait for a reader behind several, and
nobody reads bills that another is about to fetch."""

_NONE = "0"
_FROM_RECORD = {
    "id": "id",
    "extnumber": "extnumber",
    "destnumber": "destnumber",
    "displaynumber": "disnumber",
    "starttime": "starttime",
    "answertime": "answertime",
    "endtime": "endtime",
    "duration": "duration",
    "billsec": "billsec",
    "direction": "type",
    "callmethod": "callmethod",
    "userid": "crmid",
    "memberid": "memberid",
    "chengshudu": "chengshudu",
    "customuuid": "customuuid",
    "recordfilename": "recordfilename",
    "downloadip": "downloadip",
    "hangupdirection": "hangupdirection",
    "hangupcause": "hangupcause",
}
"""A bill's fields, and what the call-record callback calls them."""
BILL_FIELDS = tuple(_FROM_RECORD)

_COLUMNS = tuple(
    calls.c[name]
    for name in (
        "id", "uuid", "company_code", "destnumber", "disnumber", "started_at", "answered_at", "ended_at", "hangupcause",
        "hangupdirection", "extnumber", "crmid", "userkey", "customuuid", "chengshudu", "memberid", "recordfilename",
    )
)  # fmt: skip
_OF_PAGE = calls.c.id.in_(bindparam("ids", expanding=True))
_MARK = update(calls).where(_OF_PAGE, calls.c.fetched_at.is_(None)).values(fetched_at=bindparam("at"))
_UNMARK = update(calls).where(_OF_PAGE, calls.c.fetched_at == bindparam("at")).values(fetched_at=None)


class Sync(IntEnum):
    """Which bills are asked for, by whether they were fetched before."""

    UNFETCHED = 1
    FETCHED = 2
    ALL = 3


@dataclass(frozen=True, slots=True)
class BillQuery:
    """What bills are asked for; an empty text or tuple filters nothing, and `userid` is the callback's `crmid`."""

    company_code: str
    since: datetime
    until: datetime
    """The start of a call lies in between, this one not included."""
    sync: Sync = Sync.UNFETCHED
    page: int = 1
    page_size: int = 10
    extnumbers: Sequence[str] = ()
    destnumber: str = ""
    userid: str = ""
    memberid: str = ""
    chengshudu: str = ""
    customuuid: str = ""


@dataclass(frozen=True, slots=True)
class BillPage:
    """One page of bills, the earliest start first, and how many there are on all pages."""

    total: int
    bills: tuple[dict[str, object], ...]


class Bills:
    """The bills in a store, as they are told in a time zone."""

    def __init__(self, store: Store, *, public_ip: str, zone: tzinfo, most: int = MAX_BILLS) -> None:
        self._store = store
        self._public_ip = public_ip
        self._zone = zone
        self._most = most
        self._asking: Counter[str] = Counter()
        self._turn = asyncio.Lock()
        self._unreturned: dict[str, object] | None = None
        """What `_MARK` was told last, until its bills are returned."""

    async def fetch(self, query: BillQuery, at: datetime) -> BillPage:
        """Return a page, whose bills are fetched from then on; raises `TooManyBills`, `BillsBusy`, `StoreUnavailable`.

        `at` tells its marks from those of earlier requests.
        """
        with self._place(query.company_code):
            async with self._turn:
                if (unreturned := self._unreturned) is not None:
                    await self._store.write(lambda conn: conn.execute(_UNMARK, unreturned))
                    self._unreturned = None
                page = await self._store.read(lambda conn: self._page(conn, query))
                if page.bills and query.sync is not Sync.FETCHED:
                    mark = self._unreturned = {"ids": [bill["id"] for bill in page.bills], "at": at}
                    await self._store.write(lambda conn: conn.execute(_MARK, mark))
                    self._unreturned = None
                return page

    def _page(self, conn: Connection, query: BillQuery) -> BillPage:
        """Read a page and write its bills, which for a long page is too much for the loop."""
        total, rows = _read(conn, query, self._most)
        return BillPage(total, tuple(self._bill(row) for row in rows))

    @contextmanager
    def _place(self, company: str) -> Iterator[None]:
        if self._asking[company] >= MAX_WAITING_OF_COMPANY or self._asking.total() >= MAX_WAITING:
            raise BillsBusy(f"{self._asking[company]} requests for bills of company {company} wait already")
        self._asking[company] += 1
        try:
            yield
        finally:
            self._asking[company] -= 1
            if not self._asking[company]:
                del self._asking[company]

    def _bill(self, row: Row[Any]) -> dict[str, object]:
        record = call_record(downloadip=self._public_ip, zone=self._zone, **row._mapping)
        return {name: record[theirs] for name, theirs in _FROM_RECORD.items()}


def _read(conn: Connection, query: BillQuery, most: int) -> tuple[int, list[Row[Any]]]:
    in_time = [
        calls.c.company_code == query.company_code,
        calls.c.started_at >= query.since,
        calls.c.started_at < query.until,
        IS_UNFETCHED if query.sync is Sync.UNFETCHED else IS_BILL,
    ]
    looked_at = select(calls.c.id).where(*in_time).limit(most + 1).subquery()
    total = conn.execute(select(func.count()).select_from(looked_at)).scalar_one()
    if total > most:
        raise TooManyBills(f"more than {most} bills between {query.since} and {query.until}")
    wanted = [*in_time, *_filters(query)]
    if len(wanted) > len(in_time):
        total = conn.execute(select(func.count()).select_from(calls).where(*wanted)).scalar_one()
    before = (query.page - 1) * query.page_size
    page = select(*_COLUMNS).where(*wanted).order_by(calls.c.started_at, calls.c.id).limit(query.page_size)
    if query.sync is Sync.UNFETCHED:
        return total + before, list(conn.execute(page).all())
    return total, list(conn.execute(page.offset(before)).all()) if before < total else []


def _filters(query: BillQuery) -> Iterator[ColumnElement[bool]]:
    if query.sync is Sync.FETCHED:
        yield calls.c.fetched_at.is_not(None)
    if query.extnumbers:
        yield calls.c.extnumber.in_(query.extnumbers)
    if query.destnumber:
        yield calls.c.destnumber == query.destnumber
    if query.customuuid:
        yield calls.c.customuuid == query.customuuid
    for column, value in (
        (calls.c.crmid, query.userid),
        (calls.c.memberid, query.memberid),
        (calls.c.chengshudu, query.chengshudu),
    ):
        if value:
            yield column.in_((value, "")) if value == _NONE else column == value  # an empty one is told as "0"
