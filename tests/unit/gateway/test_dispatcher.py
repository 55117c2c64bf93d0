import json
import re

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gateway.world import FORM, FULL, REFUSALS, SAMPLE, SAMPLE_ANSWER, TOKEN, UUID, World

from playvoice.calls.errors import QueueFull
from playvoice.codes import RET_TEXTS, Language, Ret
from playvoice.gateway.body import FREE_OCTETS, BodyMemory
from playvoice.store import StoreUnavailable

MULTIPART = "multipart/form-data; boundary=------------------------d74496d66958873e"


def multipart(fields: dict[str, str]) -> bytes:
    boundary = "--------------------------d74496d66958873e"
    parts = [
        f'{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + boundary + "--\r\n").encode()


async def test_the_sample_request_gets_the_samples_answer_to_the_letter(world: World) -> None:
    answer = await world.request(headers={"content-type": MULTIPART}, body=multipart(SAMPLE))
    assert answer.status == 200
    assert answer.text == SAMPLE_ANSWER
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.headers["x-call-uuid"] == UUID


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, "&".join(f"{name}={value}" for name, value in SAMPLE.items()).encode()),
        ("application/json", json.dumps(SAMPLE).encode()),
        ("application/json", json.dumps(SAMPLE | {"destnumber": 13333333333, "voicetype": 2}).encode()),
    ],
)
async def test_every_encoding_of_the_sample_gets_the_same_answer(world: World, content_type: str, body: bytes) -> None:
    answer = await world.request(headers={"content-type": content_type}, body=body)
    assert answer.text == SAMPLE_ANSWER
    assert world.calls.accepted[0].destnumber == "13333333333"


async def test_the_query_string_is_read_too_and_get_with_a_service_is_answered_as_post_is(world: World) -> None:
    query = "&".join(f"{name}={value}" for name, value in SAMPLE.items()).encode()
    assert (await world.request("GET", query=query)).text == SAMPLE_ANSWER
    assert (await world.request("GET", query=query.replace(b"service=", b"s="))).text == SAMPLE_ANSWER
    assert (await world.request("POST", query=query)).text == SAMPLE_ANSWER


async def test_the_body_wins_over_the_query_string(world: World) -> None:
    fields = SAMPLE | {"destnumber": "111"}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    await world.request(query=b"destnumber=222&ext=3", headers={"content-type": FORM}, body=body)
    assert (world.calls.accepted[0].destnumber, world.calls.accepted[0].ext) == ("111", "3")


@pytest.mark.parametrize("name", [" App.Sip_Call.PlayVoice\t\r\n", "app.sip_call.playvoice", "APP.SIP_CALL.PLAYVOICE"])
async def test_a_service_is_found_without_regard_to_case_and_to_white_space_around_it(world: World, name: str) -> None:
    assert (await world.play_voice(service=name)).text == SAMPLE_ANSWER


async def test_s_is_an_alias_and_service_wins(world: World) -> None:
    assert (await world.play_voice(service=None, s=SAMPLE["service"])).text == SAMPLE_ANSWER
    assert (await world.play_voice(s="App.Nothing")).text == SAMPLE_ANSWER
    assert (await world.play_voice(service="App.Nothing", s=SAMPLE["service"])).ret == 404


@pytest.mark.parametrize("name", [None, "", "App.Sip_Call.Nothing", "PlayVoice", "' OR 1=1"])
async def test_an_unknown_service_and_none_at_all_are_404(world: World, name: str | None) -> None:
    answer = await world.play_voice(service=name)
    assert (answer.status, answer.text) == (200, '{"ret":404,"data":[],"msg":"接口服务不存在"}')


async def test_unknown_parameters_are_ignored_also_where_they_make_no_sense(world: World) -> None:
    body = json.dumps(SAMPLE | {"stray": [1, {"x": None}], "more": True}).encode()
    assert (await world.request(headers={"content-type": "application/json"}, body=body)).text == SAMPLE_ANSWER
    form = "&".join(f"{name}={value}" for name, value in SAMPLE.items()).encode() + b"&x=1&x=2&=&&y"
    assert (await world.request(headers={"content-type": FORM}, body=form)).text == SAMPLE_ANSWER


async def test_texts_are_english_where_english_is_asked_for(world: World) -> None:
    english = {"accept-language": "en-US,en;q=0.9"}
    assert (await world.play_voice(english)).json["data"]["desc"] == "the play command was sent"
    failure = await world.play_voice(english, userid="1@nobody")
    assert failure.json["data"]["errors"] == {"code": 1210, "codemsg": "The queue is abnormal"}
    missing = await world.play_voice(english, destnumber=None)
    assert missing.msg == "Bad request: the required parameter destnumber is missing"


@pytest.mark.parametrize("name", ["token", "destnumber", "voicetype", "voicefile", "chengshudu", "userid"])
@pytest.mark.parametrize("value", [None, "", "  "])
async def test_a_required_parameter_that_is_missing_or_empty_is_named(
    world: World, name: str, value: str | None
) -> None:
    answer = await world.play_voice(None, **{name: value})
    assert answer.status == 200
    assert answer.text == f'{{"ret":400,"data":[],"msg":"非法请求：缺少必要参数{name}"}}'
    assert world.calls.accepted == []


@pytest.mark.parametrize(
    ("name", "value", "msg"),
    [
        ("destnumber", "12", "参数destnumber应为3到32位数字，可带前缀+，收到“12”"),
        ("voicetype", "3", "参数voicetype应为1到2的整数，收到“3”"),
        ("voicefile", "a\x00b", "参数voicefile最多2048个字符且不含控制字符，收到“a\\x00b”"),
        ("chengshudu", "x" * 256, f"参数chengshudu最多255个字符且不含控制字符，收到“{'x' * 64}…”"),
        (
            "userid",
            "extGroup-1",
            "参数userid应为 按键@技能组，多个用逗号分隔，按键为0-9、*、#或空，且不重复，收到“extGroup-1”",
        ),
        ("customuuid", "a\tb", "参数customuuid最多255个字符且不含控制字符，收到“a\\x09b”"),
        ("memberid", "\x85", "参数memberid最多255个字符且不含控制字符，收到“\\x85”"),
        ("ext", "x\n", "参数ext最多255个字符且不含控制字符，收到“x\\x0a”"),
        ("waittime", "4", "参数waittime应为5到120的整数，收到“4”"),
        ("conntime", "7201", "参数conntime应为1到7200的整数，收到“7201”"),
    ],
)
async def test_a_value_that_breaks_its_rule_is_told_with_the_rule(
    world: World, name: str, value: str, msg: str
) -> None:
    answer = await world.play_voice(None, **{name: value})
    assert (answer.status, answer.ret, answer.json["data"]) == (200, 400, [])
    assert answer.msg == f"非法请求：{msg}"
    assert world.calls.accepted == []


@pytest.mark.parametrize("token", ["x", "0" * 32, TOKEN.upper(), "长" * 5000, "'; DROP TABLE tokens"])
async def test_any_token_that_does_not_match_is_600_whatever_its_length(world: World, token: str) -> None:
    answer = await world.play_voice(token=token)
    assert answer.text == '{"ret":600,"data":[],"msg":"token无效或已过期"}'


async def test_the_token_is_checked_before_the_other_parameters(world: World) -> None:
    assert (await world.play_voice(token="x", destnumber=None)).ret == 600


@pytest.mark.parametrize(("error", "ret"), REFUSALS)
async def test_a_company_that_is_not_admitted_learns_why(world: World, error: Exception, ret: int) -> None:
    world.companies.refuses = error
    answer = await world.play_voice()
    assert (answer.ret, answer.json["data"], answer.msg) == (ret, [], RET_TEXTS[Ret(ret)](Language.ZH))


async def test_a_token_is_never_repeated_in_an_answer_or_in_the_log(world: World) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await world.request(
            query=f"token={TOKEN}x".encode(), headers={"content-type": FORM}, body=b"service=App.Sip_Call.PlayVoice"
        )
    assert answer.ret == 600
    assert TOKEN not in answer.text + str(logs)
    assert [entry["event"] for entry in logs] == ["request_refused"]
    assert (logs[0]["service"], logs[0]["source"], logs[0]["ret"]) == ("App.Sip_Call.PlayVoice", "192.0.2.7", 600)


async def test_a_body_past_the_bound_gets_400_and_a_closed_connection(world: World) -> None:
    answer = await world.request(headers={"content-type": FORM}, parts=[b"a=" + b"x" * 4_000_000, b"x" * 300_000])
    assert (answer.status, answer.ret) == (200, 400)
    assert answer.msg == "非法请求：请求体超过4194304字节"
    assert answer.headers["connection"] == "close"


async def test_a_large_body_within_the_bound_is_answered(world: World) -> None:
    body = "&".join(f"{name}={value}" for name, value in SAMPLE.items()).encode() + b"&x=" + b"%41" * 1_000_000
    assert (await world.request(headers={"content-type": FORM}, body=body)).text == SAMPLE_ANSWER


async def test_a_body_that_is_not_utf_8_is_400(world: World) -> None:
    answer = await world.request(headers={"content-type": FORM}, body=b"service=App.Sip_Auth.Login&appid=%D6%D0")
    assert (answer.ret, answer.msg) == (400, "非法请求：参数不是有效的UTF-8编码")


async def test_multipart_without_a_boundary_is_400(world: World) -> None:
    answer = await world.request(headers={"content-type": "multipart/form-data"}, body=multipart(SAMPLE))
    assert (answer.ret, answer.msg) == (400, "非法请求：multipart请求缺少有效的boundary")


async def test_a_compressed_body_is_400(world: World) -> None:
    answer = await world.request(headers={"content-type": FORM, "content-encoding": "gzip"}, body=b"\x1f\x8b")
    assert (answer.ret, answer.msg) == (400, "非法请求：不支持的Content-Encoding")


async def test_where_nothing_can_be_stored_the_answer_is_500(world: World) -> None:
    world.calls.raises = StoreUnavailable("no room on the disk")
    answer = await world.play_voice()
    assert answer.text == '{"ret":500,"data":[],"msg":"服务器运行错误"}'
    assert "x-call-uuid" not in answer.headers


async def test_a_fault_of_ours_is_500_and_a_line_in_the_log(world: World) -> None:
    world.calls.raises = RuntimeError("a fault")
    with structlog.testing.capture_logs() as logs:
        answer = await world.play_voice()
    assert (answer.status, answer.text) == (200, '{"ret":500,"data":[],"msg":"服务器运行错误"}')
    assert [entry["event"] for entry in logs] == ["request_broke"]


async def test_a_full_queue_is_1003_with_the_time_to_try_again(world: World) -> None:
    world.calls.raises = FULL
    answer = await world.play_voice()
    assert answer.text == (
        '{"ret":200,"data":{"status":1,"desc":"播放命令发送失败","errors":{"code":1003,"codemsg":"操作失败"},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )
    assert answer.headers["retry-after"] == "10"


async def test_no_memory_for_a_body_is_1003_and_ordinary_requests_are_answered_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("playvoice.gateway.dispatcher.BodyMemory", lambda: BodyMemory(0))
    world = World()
    answer = await world.play_voice(ballast="x" * FREE_OCTETS)
    assert answer.text == (
        '{"ret":200,"data":{"status":1,"desc":"操作失败","errors":{"code":1003,"codemsg":"操作失败"},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )
    assert answer.headers["retry-after"] == "5"
    assert world.calls.accepted == []
    assert (await world.play_voice()).text == SAMPLE_ANSWER


async def test_the_log_repeats_little_of_what_does_not_exist(world: World) -> None:
    world.calls.raises = QueueFull("no\n" + "9" * 1_000_000)
    with structlog.testing.capture_logs() as logs:
        await world.play_voice()
    assert [entry["why"] for entry in logs] == ["no\\x0a" + "9" * 197 + "…"]


async def test_a_client_that_left_half_way_is_not_answered(world: World) -> None:
    answer = await world.request(headers={"content-type": FORM}, parts=[])
    assert answer.status == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
async def test_another_method_is_405(world: World, method: str) -> None:
    answer = await world.request(method, body=b"service=App.Sip_Auth.Login")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_another_path_is_404(world: World) -> None:
    assert (await world.request(path="/index.php")).status == 404


async def test_head_never_does_anything(world: World) -> None:
    query = "&".join(f"{name}={value}" for name, value in SAMPLE.items()).encode()
    answer = await world.request("HEAD", query=query)
    assert (answer.status, world.calls.accepted) == (200, [])


FIELDS = st.dictionaries(
    st.sampled_from([*SAMPLE, "waittime", "conntime", "ext", "s"]) | st.text(max_size=5),
    st.sampled_from(list(SAMPLE.values())) | st.text(max_size=12),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    FIELDS | st.none(),
    st.sampled_from([FORM, "application/json", MULTIPART, "", "text/plain"]),
    st.binary(max_size=120),
    st.binary(max_size=60),
)
async def test_whatever_comes_gets_an_answer_of_the_contract_and_never_500(
    fields: dict[str, str] | None, content_type: str, garbage: bytes, query: bytes
) -> None:
    world = World()
    if fields is None:
        body = garbage
    elif content_type == "application/json":
        body = json.dumps(SAMPLE | fields).encode()
    elif content_type == MULTIPART:
        body = multipart({name: value for name, value in fields.items() if not re.search('[\r\n"\\\\]', name)})
    else:
        body = "&".join(f"{name}={value}" for name, value in (SAMPLE | fields).items()).encode()
    answer = await world.request(query=query, headers={"content-type": content_type}, body=body)
    assert answer.status == 200
    assert answer.ret in (200, 400, 404, 600)
    assert list(answer.json) == ["ret", "data", "msg"]


async def test_a_header_with_two_values_is_refused_where_only_one_can_be_meant(world: World) -> None:
    answer = await world.play_voice({"Idempotency-Key": "a", "idempotency-key": "b", "Accept-Language": "en"})
    assert answer.json["ret"] == 400
    assert "header idempotency-key is given twice" in answer.json["msg"]
    assert not world.calls.accepted
    answer = await world.play_voice({"Idempotency-Key": "a", "idempotency-key": "a", "Via": "a", "via": "b"})
    assert answer.json["ret"] == 200
