"""`App.Sip_Cdr.GetBill` and `App.Sip_Cdr.GetRecodeFile`: what is asked of the rooms below, and what is answered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.gateway.world import AT, COMPANY, TOKEN, World

from playvoice.calls.bills import BillPage, BillQuery, Sync
from playvoice.calls.errors import BillsBusy, TooManyBills
from playvoice.calls.links import LIFETIME
from playvoice.gateway.services.cdr import BILL_PARAMETERS, MAX_EXTNUMBERS
from playvoice.store import StoreUnavailable

NEW_YORK, CAIRO = "America/New_York", "Africa/Cairo"
GET_BILL = {
    "service": "App.Sip_Cdr.GetBill",
    "token": TOKEN,
    "starttime": "2020-02-10 00:00:00",
    "endtime": "2020-02-10 23:59:59",
}
NAME = "3418035c-4af5-41ea-afb2-fbc8753285b6.mp3"
GET_FILE = {"service": "App.Sip_Cdr.GetRecodeFile", "token": TOKEN, "filename": NAME}


async def test_bills_are_asked_for_with_the_defaults_of_the_contract_in_the_configured_zone(world: World) -> None:
    await world.post(GET_BILL)
    assert world.bills.asked == [
        BillQuery(
            COMPANY.code,
            since=datetime(2020, 2, 9, 16, tzinfo=UTC),
            until=datetime(2020, 2, 10, 16, tzinfo=UTC),
            sync=Sync.UNFETCHED,
            page=1,
            page_size=10,
        )
    ]


async def test_each_parameter_reaches_the_query(world: World) -> None:
    await world.post(
        GET_BILL
        | {
            "syncflag": "3",
            "direction": "2",
            "callmethod": "6",
            "currentpage": "2",
            "itemsperpage": "1000",
            "extnumber": "20280003, 20280004,",
            "destnumber": " 133 ",
            "userid": "u",
            "memberid": "m",
            "chengshudu": "c",
            "customuuid": "x",
        }
    )
    (query,) = world.bills.asked
    assert (query.sync, query.page, query.page_size) == (Sync.ALL, 2, 1000)
    assert query.extnumbers == ("20280003", "20280004")
    assert (query.destnumber, query.userid, query.memberid) == ("133", "u", "m")
    assert (query.chengshudu, query.customuuid) == ("c", "x")


async def test_the_answer_has_the_fields_of_the_contract_in_their_order_with_numbers_as_numbers(world: World) -> None:
    world.bills.page = BillPage(12, ({"id": 7, "extnumber": ""},))
    assert (await world.post(GET_BILL | {"currentpage": "2"})).text == (
        '{"ret":200,"data":{"status":0,"desc":"获取话单成功","result":{"totalitems":12,"currentpage":2,'
        '"itemsperpage":10,"bills":[{"id":7,"extnumber":""}]},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )


@pytest.mark.parametrize("other", [{"direction": "1"}, *({"callmethod": str(method)} for method in range(1, 6))])
async def test_of_calls_of_a_kind_that_is_not_made_there_are_no_bills(world: World, other: dict[str, str]) -> None:
    world.bills.raises = AssertionError("nobody looks")
    answer = await world.post(GET_BILL | other)
    assert answer.json["data"]["result"] == {"totalitems": 0, "currentpage": 1, "itemsperpage": 10, "bills": []}


@pytest.mark.parametrize("name", ["starttime", "endtime"])
async def test_a_missing_time_is_named(world: World, name: str) -> None:
    answer = await world.post(GET_BILL | {name: ""})
    assert (answer.ret, answer.msg) == (400, f"非法请求：缺少必要参数{name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("starttime", "yesterday"),
        ("endtime", "2020-02-30 00:00:00"),
        ("syncflag", "4"),
        ("direction", "0"),
        ("callmethod", "7"),
        ("currentpage", "0"),
        ("itemsperpage", "1001"),
        ("itemsperpage", "0"),
        ("extnumber", ",".join("1" * (MAX_EXTNUMBERS + 1))),
        ("destnumber", "1" * 256),
        ("customuuid", "a\x00"),
    ],
)
async def test_a_value_that_breaks_its_rule_is_400_and_told(world: World, name: str, value: str) -> None:
    answer = await world.post(GET_BILL | {name: value})
    assert answer.ret == 400
    assert answer.msg.startswith(f"非法请求：参数{name}")
    assert world.bills.asked == []


async def test_an_end_before_the_start_is_400(world: World) -> None:
    answer = await world.post(GET_BILL | {"endtime": "2020-02-09 23:59:59"})
    assert (answer.ret, answer.msg) == (400, "非法请求：endtime早于starttime")
    assert (await world.post(GET_BILL | {"endtime": GET_BILL["starttime"]})).ret == 200


@pytest.mark.parametrize(
    ("zone", "starttime", "endtime", "since", "until"),
    [
        (NEW_YORK, "11-01 01:15:00", "11-01 01:30:00", (11, 1, 5, 15, 0), (11, 1, 6, 30, 1)),
        (NEW_YORK, "11-01 00:00:00", "11-01 23:59:59", (11, 1, 4, 0, 0), (11, 2, 5, 0, 0)),
        (CAIRO, "10-29 00:00:00", "10-29 23:59:58", (10, 28, 21, 0, 0), (10, 29, 21, 59, 59)),
        (CAIRO, "04-24 00:00:00", "04-24 00:00:00", (4, 23, 22, 0, 0), (4, 23, 22, 0, 1)),
    ],
)
async def test_hours_that_come_twice_or_are_left_out_lose_no_bill(
    zone: str,
    starttime: str,
    endtime: str,
    since: tuple[int, int, int, int, int],
    until: tuple[int, int, int, int, int],
) -> None:
    world = World(zone=zone)
    await world.post(GET_BILL | {"starttime": f"2026-{starttime}", "endtime": f"2026-{endtime}"})
    (query,) = world.bills.asked
    assert (query.since, query.until) == (datetime(2026, *since, tzinfo=UTC), datetime(2026, *until, tzinfo=UTC))


async def test_the_latest_time_that_can_be_asked_for_is_answered(world: World) -> None:
    assert (await world.post(GET_BILL | {"endtime": "2999-12-31 23:59:59"})).ret == 200


async def test_too_many_bills_in_the_time_are_400_with_what_to_do(world: World) -> None:
    world.bills.raises = TooManyBills("too many")
    answer = await world.post(GET_BILL, {"accept-language": "en"})
    assert answer.ret == 400
    assert answer.msg.endswith("more than 200000 bills lie between starttime and endtime, ask for a shorter time")


async def test_too_many_requests_are_1003_with_the_time_to_try_again(world: World) -> None:
    world.bills.raises = BillsBusy("others wait")
    answer = await world.post(GET_BILL)
    assert (answer.code, answer.json["data"]["desc"], answer.headers["retry-after"]) == (1003, "获取话单失败", "2")


async def test_a_store_that_is_away_is_500(world: World) -> None:
    world.bills.raises = StoreUnavailable("away")
    assert (await world.post(GET_BILL)).ret == 500


async def test_both_services_take_a_token(world: World) -> None:
    for fields in (GET_BILL, GET_FILE):
        assert (await world.post(fields | {"token": "0" * 32})).ret == 600


def test_the_request_that_the_page_shows_is_one_that_the_rules_take() -> None:
    for parameter in BILL_PARAMETERS:
        assert parameter.example or not parameter.required
        if parameter.example:
            parameter.read(parameter.example)


async def test_a_recording_gets_its_link_and_when_it_expires(world: World, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"mp3")
    query = world.archive.add(tmp_path / NAME)
    answer = await world.post(GET_FILE | {"filename": f" {NAME} "})
    expires = (AT + LIFETIME + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    assert answer.text == (
        '{"ret":200,"data":{"status":0,"desc":"获取录音成功","result":'
        f'{{"downurl":"https://pv.example.com/recordings/{NAME}?{query}","expiredtime":"{expires}"}},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )


async def test_a_recording_that_is_not_there_is_1029(world: World) -> None:
    answer = await world.post(GET_FILE)
    assert (answer.code, answer.json["data"]["desc"]) == (1029, "获取录音失败")
    assert (await world.post(GET_FILE | {"filename": ""})).msg == "非法请求：缺少必要参数filename"
