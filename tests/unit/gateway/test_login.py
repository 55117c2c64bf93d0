import pytest
from tests.unit.gateway.world import REFUSALS, TOKEN, World

from playvoice.companies import TooManyAttempts

LOGIN = {"service": "App.Sip_Auth.Login", "appid": "demo-appid", "accesskey": "demo-accesskey"}
LOGOUT = {"service": "App.Sip_Auth.Logout"}


async def test_login_gives_exactly_the_six_fields_in_their_order(world: World) -> None:
    answer = await world.post(LOGIN)
    assert answer.text == (
        '{"ret":200,"data":{"status":0,"desc":"授权成功","result":{"companycode":"2028","companyname":"Demo 公司",'
        f'"token":"{TOKEN}","authtime":"2020-02-10 11:58:19","authmodel":"1","ipwhite":""}},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )


@pytest.mark.parametrize("changes", [{"appid": "nobody"}, {"accesskey": "wrong"}])
async def test_an_unknown_appid_and_a_wrong_key_look_the_same(world: World, changes: dict[str, str]) -> None:
    answer = await world.post(LOGIN | changes)
    assert answer.text == (
        '{"ret":200,"data":{"status":1,"desc":"授权失败","errors":{"code":1003,"codemsg":"操作失败"},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("service", "desc"), [(LOGIN, "授权失败"), (LOGIN | LOGOUT, "注销失败")])
async def test_too_many_wrong_keys_are_1003_with_the_time_to_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch, service: dict[str, str], desc: str
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise TooManyAttempts("too many", retry_after=41)

    monkeypatch.setattr(world.companies, "login", refuse)
    monkeypatch.setattr(world.companies, "logout_all", refuse)
    answer = await world.post(service)
    assert (answer.code, answer.json["data"]["desc"], answer.headers["retry-after"]) == (1003, desc, "41")


@pytest.mark.parametrize(("error", "ret"), REFUSALS)
async def test_a_company_that_is_not_admitted_learns_why_after_its_key_was_right(
    world: World, error: Exception, ret: int
) -> None:
    world.companies.refuses = error
    assert (await world.post(LOGIN)).ret == ret
    assert (await world.post(LOGIN | {"accesskey": "wrong"})).code == 1003


@pytest.mark.parametrize("name", ["appid", "accesskey"])
async def test_missing_credentials_are_named(world: World, name: str) -> None:
    answer = await world.post(LOGIN | {name: ""})
    assert (answer.ret, answer.msg) == (400, f"非法请求：缺少必要参数{name}")


async def test_logout_ends_a_token(world: World) -> None:
    answer = await world.post(LOGOUT | {"token": TOKEN})
    assert answer.text == (
        '{"ret":200,"data":{"status":0,"desc":"注销成功","reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )
    assert world.companies.ended == [TOKEN]


async def test_logout_of_an_unknown_token_is_600(world: World) -> None:
    assert (await world.post(LOGOUT | {"token": "x"})).ret == 600


async def test_without_a_token_right_credentials_end_all_tokens(world: World) -> None:
    assert (await world.post(LOGIN | LOGOUT)).ret == 200
    assert world.companies.ended == ["demo-appid"]


async def test_without_a_token_wrong_credentials_end_nothing(world: World) -> None:
    answer = await world.post(LOGIN | LOGOUT | {"accesskey": "x"})
    assert (answer.code, answer.json["data"]["desc"]) == (1003, "注销失败")
    assert world.companies.ended == []


async def test_logout_without_anything_names_what_is_missing(world: World) -> None:
    assert (await world.post(LOGOUT)).msg == "非法请求：缺少必要参数appid"
    assert (await world.post(LOGOUT | {"appid": "demo-appid"})).msg == "非法请求：缺少必要参数accesskey"
