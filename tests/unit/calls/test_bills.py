"""Bills on each kind of database: what they say, which are found, and that each is fetched once."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text
from tests.postgresql import PostgresqlServer
from tests.postgresql_relay import PostgresqlRelay
from tests.samples import COMPANY, REQUEST
from tests.unit.calls.stored import AT, later, owed, run
from tests.unit.calls.world import SETTINGS

from playvoice.callbacks.payloads import to_text
from playvoice.calls import bills as bills_module
from playvoice.calls import ledger
from playvoice.calls.bills import BILL_FIELDS, BillPage, BillQuery, Bills, Sync
from playvoice.calls.errors import BillsBusy, TooManyBills
from playvoice.calls.ledger import End, Reports
from playvoice.calls.queue import CallQueue
from playvoice.codes import HangupCause as Cause
from playvoice.migrations import all_tables
from playvoice.store import OutcomeUnknown, Store, StoreUnavailable

ALL = BillQuery("2028", AT, later(1000), sync=Sync.ALL, page_size=100)
NEW = replace(ALL, sync=Sync.UNFETCHED)
OLD = replace(ALL, sync=Sync.FETCHED)


@pytest.fixture
def bills(store: Store) -> Bills:
    return Bills(store, public_ip="192.0.2.1", zone=ZoneInfo("Asia/Shanghai"))


async def ended(
    store: Store, at: datetime, *, answered: bool = True, agent: str = "", recording: str = "", **changes: Any
) -> int:
    """Store a call that began then and has ended, and give its number."""
    accepted = await CallQueue(store).accept(replace(REQUEST, **changes), at)
    stored = await store.read(lambda conn: ledger.read_call(conn, accepted.uuid))
    assert stored is not None
    answered_at = at.replace(microsecond=900_000) if answered else None
    end = End(at, answered_at, at.replace(second=59), Cause.NORMAL, Cause.CALLEE_HUNG_UP, "", agent, recording)
    run(store, lambda conn: Reports(stored, COMPANY, SETTINGS).ended(conn, end))
    return accepted.id


async def several(store: Store, count: int) -> list[int]:
    return [await ended(store, later(n)) for n in range(count)]


def ids(page: BillPage) -> list[object]:
    return [bill["id"] for bill in page.bills]


async def test_a_bill_says_what_the_record_says_in_its_own_words_and_order(store: Store, bills: Bills) -> None:
    number = await ended(store, AT, agent="20280003", recording="x.mp3", memberid="m", chengshudu="2")
    (bill,) = (await bills.fetch(ALL, AT)).bills
    assert to_text(bill) == (
        f'{{"id":{number},"extnumber":"20280003","destnumber":"13333333333","displaynumber":"2120280001",'
        '"starttime":"2026-01-02 11:04:05","answertime":"2026-01-02 11:04:05","endtime":"2026-01-02 11:04:59",'
        '"duration":0,"billsec":54,"direction":"callout","callmethod":6,"userid":"20280003","memberid":"m",'
        '"chengshudu":"2","customuuid":"c1","recordfilename":"x.mp3","downloadip":"192.0.2.1",'
        '"hangupdirection":10041,"hangupcause":10001}'
    )
    assert tuple(bill) == BILL_FIELDS


async def test_a_bill_and_the_callback_say_the_same(store: Store) -> None:
    await ended(store, AT, answered=False)
    (record,) = owed(store)
    bills = Bills(store, public_ip=SETTINGS.public_ip, zone=SETTINGS.zone)
    (bill,) = (await bills.fetch(ALL, AT)).bills
    renamed = {"displaynumber": "disnumber", "direction": "type", "userid": "crmid"}
    assert bill == {name: record[renamed.get(name, name)] for name in BILL_FIELDS}
    assert (bill["answertime"], bill["userid"], bill["memberid"]) == ("", "0", "0")


@pytest.mark.parametrize("query", [ALL, NEW])
async def test_calls_that_have_not_ended_have_no_bill(store: Store, bills: Bills, query: BillQuery) -> None:
    await CallQueue(store).accept(REQUEST, AT)
    accepted = await CallQueue(store).accept(REQUEST, AT)
    run(store, lambda conn: ledger.claim(conn, accepted.uuid, "leg", "carrier", "", AT))
    assert await bills.fetch(query, AT) == BillPage(0, ())


async def test_bills_of_the_time_that_is_asked_for_come_with_the_earliest_start_first(
    store: Store, bills: Bills
) -> None:
    second, outside, first, same = [await ended(store, later(n)) for n in (20, 30, 10, 20)]
    page = await bills.fetch(replace(ALL, since=later(10), until=later(30)), AT)
    assert ids(page) == [first, second, same]
    assert page.total == 3
    assert outside in ids(await bills.fetch(ALL, AT))


async def test_nobody_sees_the_bills_of_others(store: Store, bills: Bills) -> None:
    theirs = await ended(store, AT, company_code="1")
    assert await bills.fetch(ALL, AT) == BillPage(0, ())
    assert ids(await bills.fetch(replace(NEW, company_code="1"), AT)) == [theirs]


async def test_a_bill_is_fetched_once_it_was_returned_however_it_was_asked_for(store: Store, bills: Bills) -> None:
    first, second, third = await several(store, 3)
    assert ids(await bills.fetch(OLD, AT)) == []
    assert ids(await bills.fetch(replace(NEW, page_size=1), AT)) == [first]
    assert ids(await bills.fetch(OLD, AT)) == [first]
    assert ids(await bills.fetch(replace(ALL, page_size=2), AT)) == [first, second]
    assert ids(await bills.fetch(OLD, AT)) == [first, second]
    assert ids(await bills.fetch(NEW, AT)) == [third]
    assert await bills.fetch(NEW, AT) == BillPage(0, ())
    assert ids(await bills.fetch(OLD, AT)) == [first, second, third]


@pytest.mark.parametrize("sync", [Sync.ALL, Sync.UNFETCHED])
async def test_who_turns_the_pages_gets_each_bill_once_and_the_same_total(
    store: Store, bills: Bills, sync: Sync
) -> None:
    numbers = await several(store, 7)
    pages = [await bills.fetch(replace(ALL, sync=sync, page=page, page_size=3), AT) for page in (1, 2, 3)]
    assert [number for page in pages for number in ids(page)] == numbers
    assert [page.total for page in pages] == [7, 7, 7]


async def test_who_asks_for_the_first_page_until_it_is_empty_gets_each_new_bill_once(
    store: Store, bills: Bills
) -> None:
    numbers = await several(store, 5)
    pages = [await bills.fetch(replace(NEW, page_size=2), AT) for _ in range(4)]
    assert [number for page in pages for number in ids(page)] == numbers
    assert [page.total for page in pages] == [5, 3, 1, 0]


async def test_a_page_past_the_last_is_empty(store: Store, bills: Bills) -> None:
    await several(store, 2)
    page = await bills.fetch(replace(ALL, page=3, page_size=1), AT)
    assert (page.total, page.bills) == (2, ())


async def test_who_asks_at_once_gets_no_new_bill_twice(store: Store, bills: Bills) -> None:
    numbers = await several(store, 20)
    pages = await asyncio.gather(*(bills.fetch(replace(NEW, page_size=20), later(n)) for n in range(4)))
    assert sorted(str(number) for page in pages for number in ids(page)) == sorted(map(str, numbers))


async def test_who_asks_at_once_gets_a_page_of_his_own_while_there_are_new_bills(store: Store, bills: Bills) -> None:
    numbers = await several(store, 8)
    pages = await asyncio.gather(*(bills.fetch(replace(NEW, page_size=2), later(n)) for n in range(4)))
    assert [ids(page) for page in pages] == [numbers[:2], numbers[2:4], numbers[4:6], numbers[6:]]
    assert [page.total for page in pages] == [8, 6, 4, 2]


async def test_bills_that_were_fetched_are_only_read(
    store: Store, bills: Bills, monkeypatch: pytest.MonkeyPatch
) -> None:
    (number,) = await several(store, 1)
    await bills.fetch(NEW, AT)
    monkeypatch.delattr(Store, "write")
    assert ids(await bills.fetch(OLD, AT)) == [number]


@pytest.mark.peer("postgresql")
async def test_bills_that_were_not_returned_are_not_fetched_although_they_were_marked(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    """The connection is cut between a commit and its answer."""
    with PostgresqlRelay(postgresql_server.create_database(), tmp_path) as relay:
        store = Store.open(relay.url)
        store.write_now(all_tables().create_all)
        bills = Bills(store, public_ip="192.0.2.1", zone=ZoneInfo("Asia/Shanghai"))
        first, second = await several(store, 2)
        assert ids(await bills.fetch(replace(NEW, page_size=1), AT)) == [first]
        relay.cut_at_commit()
        with pytest.raises(OutcomeUnknown):
            await bills.fetch(ALL, later(1))
        relay.admit()
        assert ids(await bills.fetch(OLD, later(2))) == [first]
        assert ids(await bills.fetch(NEW, later(3))) == [second]
        await store.close()


async def test_bills_of_a_request_that_nobody_waits_for_any_more_are_not_fetched(
    store: Store, bills: Bills, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, write = await several(store, 2), store.write

    async def leave(fact: Callable[[Connection], Any]) -> None:
        await write(fact)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", leave)
        with pytest.raises(asyncio.CancelledError):
            await bills.fetch(NEW, AT)
    assert ids(await bills.fetch(NEW, later(1))) == numbers


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"extnumbers": ("20280003",)}, [0]),
        ({"extnumbers": ("20280003", "20280004", "1")}, [0, 1]),
        ({"extnumbers": ("2028",)}, []),
        ({"destnumber": "13333333333"}, [0, 1]),
        ({"destnumber": "1333333333"}, []),
        ({"userid": "20280004"}, [1]),
        ({"userid": "0"}, [2]),
        ({"memberid": "m1"}, [0]),
        ({"memberid": "0"}, [1, 2]),
        ({"chengshudu": "1"}, [0, 1]),
        ({"chengshudu": "2"}, [2]),
        ({"customuuid": "c1"}, [0]),
        ({"customuuid": "C1"}, []),
        ({"memberid": "' OR 1=1 --"}, []),
        ({"destnumber": "13333333333", "customuuid": "c2"}, [1]),
    ],
)
async def test_filters_are_exact_and_all_of_them_count(
    store: Store, bills: Bills, filters: dict[str, Any], found: Sequence[int]
) -> None:
    numbers = [
        await ended(store, later(1), agent="20280003", memberid="m1"),
        await ended(store, later(2), agent="20280004", memberid="0", customuuid="c2"),
        await ended(store, later(3), destnumber="+8610", chengshudu="2", customuuid=""),
    ]
    page = await bills.fetch(replace(ALL, **filters), AT)
    assert ids(page) == [numbers[index] for index in found]
    assert page.total == len(found)


async def test_a_time_in_which_more_bills_lie_than_are_looked_through_is_refused(store: Store) -> None:
    await several(store, 4)
    bills = Bills(store, public_ip="", zone=ZoneInfo("UTC"), most=3)
    for query in (ALL, NEW, replace(ALL, memberid="nobody")):
        with pytest.raises(TooManyBills, match="more than 3 bills"):
            await bills.fetch(query, AT)
    assert (await bills.fetch(replace(NEW, until=later(3)), AT)).total == 3
    assert (await bills.fetch(NEW, AT)).total == 1, "those that were fetched are not looked through"


async def test_at_the_bound_of_requests_a_company_is_refused_and_others_are_not(
    store: Store, bills: Bills, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, read = asyncio.Event(), store.read

    async def held(query: Any) -> Any:
        await gate.wait()
        return await read(query)

    monkeypatch.setattr(store, "read", held)
    waiting = [asyncio.ensure_future(bills.fetch(ALL, AT)) for _ in range(bills_module.MAX_WAITING_OF_COMPANY)]
    await asyncio.sleep(0)
    with pytest.raises(BillsBusy, match="company 2028"):
        await bills.fetch(ALL, AT)
    other = asyncio.ensure_future(bills.fetch(replace(ALL, company_code="1"), AT))
    gate.set()
    assert len(await asyncio.gather(*waiting, other)) == bills_module.MAX_WAITING_OF_COMPANY + 1
    assert (await bills.fetch(ALL, AT)).total == 0


async def test_at_the_bound_of_all_requests_each_company_is_refused(
    store: Store, bills: Bills, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bills_module, "MAX_WAITING", 0)
    with pytest.raises(BillsBusy):
        await bills.fetch(ALL, AT)


async def test_nothing_is_returned_that_could_not_be_marked(
    store: Store, bills: Bills, monkeypatch: pytest.MonkeyPatch
) -> None:
    await several(store, 1)

    async def away(fact: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", away)
        with pytest.raises(StoreUnavailable):
            await bills.fetch(NEW, AT)
    assert len((await bills.fetch(NEW, AT)).bills) == 1


@pytest.mark.parametrize(("sync", "index"), [(Sync.UNFETCHED, "ix_calls_unfetched"), (Sync.ALL, "ix_calls_bills")])
def test_bills_are_found_by_an_index_in_their_order(sqlite_url: str, sync: Sync, index: str) -> None:
    store = Store.open(sqlite_url)
    store.write_now(all_tables().create_all)
    plans: list[str] = []

    def explain(conn: Any) -> None:
        execute = conn.execute

        def explained(statement: Any) -> Any:
            sql = str(statement.compile(conn, compile_kwargs={"literal_binds": True}))
            plans.append(json.dumps([row[3] for row in execute(text(f"EXPLAIN QUERY PLAN {sql}"))]))
            return execute(statement)

        conn.execute = explained
        bills_module._read(conn, replace(ALL, sync=sync), 10)
        del conn.execute

    store.read_now(explain)
    store.close_now()
    assert plans
    for plan in plans:
        assert index in plan
        assert "SCAN calls" not in plan
        assert "B-TREE" not in plan
