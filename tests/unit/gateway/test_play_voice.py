from dataclasses import replace

import pytest
from tests.unit.gateway.world import SAMPLE_ANSWER, UUID, World

from playvoice.calls.request import PlayVoice
from playvoice.config import RecordPolicy
from playvoice.voices import VoiceKind, VoiceRef


async def test_the_sample_is_accepted_as_what_it_says(world: World) -> None:
    await world.play_voice()
    assert world.calls.accepted == [
        PlayVoice(
            company_code="2028",
            destnumber="13333333333",
            voice=VoiceRef(VoiceKind.URL, "http://wwww.baidu.com/test.mp3"),
            key_groups=(("1", "extGroup-1"),),
            userid="1@extGroup-1",
            disnumber="2120280001",
            chengshudu="1",
            customuuid="13333333333",
            memberid="",
            ext="",
            waittime=60,
            conntime=3600,
        )
    ]


async def test_every_parameter_reaches_the_queue(world: World) -> None:
    answer = await world.play_voice(
        voicetype="1",
        voicefile="通知.mp3",
        destnumber="+8613333333333",
        userid="1@sales,#@销售,@sales",
        chengshudu=" 成熟 ",
        memberid="m",
        ext="e",
        waittime="5",
        conntime="7200",
        disnumber="",
    )
    assert answer.text == SAMPLE_ANSWER
    (accepted,) = world.calls.accepted
    assert accepted.voice == VoiceRef(VoiceKind.LIBRARY, "通知.mp3")
    assert accepted.destnumber == "+8613333333333"
    assert accepted.key_groups == (("1", "sales"), ("#", "销售"), ("", "sales"))
    assert (accepted.chengshudu, accepted.memberid, accepted.ext) == (" 成熟 ", "m", "e")
    assert (accepted.waittime, accepted.conntime, accepted.disnumber) == (5, 7200, "2120280002")


@pytest.mark.parametrize(
    ("changes", "code", "codemsg"),
    [
        ({"userid": "1@nobody"}, 1210, "队列异常"),
        ({"userid": "1@sales,2@nobody"}, 1210, "队列异常"),
        ({"disnumber": "999"}, 1020, "号码不存在"),
        ({"disnumber": "777"}, 1021, "号码不属于该公司"),
        ({"disnumber": "888"}, 1019, "号码已禁用"),
        ({"voicetype": "1", "voicefile": "nothing.wav"}, 1029, "文件不存在"),
        ({"voicetype": "1", "voicefile": "../notice.wav"}, 1029, "文件不存在"),
        ({"voicefile": "ftp://example.com/a.wav"}, 1002, "操作异常"),
        ({"voicefile": "http://127.0.0.1/a.wav"}, 1002, "操作异常"),
        ({"voicefile": "2130706433/a.wav"}, 1002, "操作异常"),
        ({"voicefile": "0x7f.1/a.wav"}, 1002, "操作异常"),
        ({"voicefile": "http://[::1]/a.wav"}, 1002, "操作异常"),
        ({"voicefile": "http://"}, 1002, "操作异常"),
        ({"voicefile": "file:///etc/passwd"}, 1002, "操作异常"),
    ],
)
async def test_what_can_not_be_done_is_refused_before_anything_is_stored(
    world: World, changes: dict[str, str], code: int, codemsg: str
) -> None:
    answer = await world.play_voice(None, **changes)
    assert answer.json["data"]["desc"] == "播放命令发送失败"
    assert answer.json["data"]["errors"] == {"code": code, "codemsg": codemsg}
    assert list(answer.json["data"]) == ["status", "desc", "errors", "reqtime", "rsptime"]
    assert world.calls.accepted == []


async def test_the_groups_are_checked_before_the_number_and_the_number_before_the_voice(world: World) -> None:
    wrong = {"userid": "1@nobody", "disnumber": "999", "voicefile": "ftp://x"}
    assert (await world.play_voice(None, **wrong)).code == 1210
    assert (await world.play_voice(None, **(wrong | {"userid": "1@sales"}))).code == 1020


@pytest.mark.parametrize(
    ("voicefile", "url"),
    [
        ("example.com/a.mp3", "http://example.com/a.mp3"),
        ("https://example.com/a.mp3", "https://example.com/a.mp3"),
        (" example.com:8000/my file.mp3 ", "http://example.com:8000/my file.mp3"),
    ],
)
async def test_a_url_without_a_scheme_gets_http(world: World, voicefile: str, url: str) -> None:
    await world.play_voice(voicefile=voicefile)
    assert world.calls.accepted[0].voice == VoiceRef(VoiceKind.URL, url)


async def test_a_repeated_key_gets_the_same_answer_and_dials_nothing(world: World) -> None:
    key = {"idempotency-key": "order-7"}
    first = await world.play_voice(key)
    second = await world.play_voice(key)
    assert (second.text, second.headers) == (first.text, first.headers)
    assert second.headers["x-call-uuid"] == UUID
    assert len(world.calls.accepted) == 1


async def test_a_repeated_key_gets_its_answer_from_another_token_and_another_encoding(world: World) -> None:
    key = {"idempotency-key": "order-7"}
    await world.play_voice(key)
    query = "&".join(
        f"{name}={value}"
        for name, value in (("service", "App.Sip_Call.PlayVoice"), ("userid", "1%40extGroup-1"), ("voicetype", "2"))
    )
    body = (
        b'{"token":"0123456789abcdef0123456789abcdef","destnumber":13333333333,"chengshudu":1,'
        b'"voicefile":"wwww.baidu.com/test.mp3","disnumber":2120280001,"customuuid":"13333333333","waittime":""}'
    )
    answer = await world.request(query=query.encode(), headers={"content-type": "application/json", **key}, body=body)
    assert answer.headers["x-call-uuid"] == UUID
    assert len(world.calls.accepted) == 1


async def test_a_key_with_other_parameters_is_400(world: World) -> None:
    key = {"idempotency-key": "order-7"}
    await world.play_voice(key)
    answer = await world.play_voice(key, waittime="60")
    assert (answer.ret, answer.msg) == (400, "非法请求：Idempotency-Key已用于参数不同的请求")


async def test_a_refusal_is_not_kept_under_its_key(world: World) -> None:
    key = {"idempotency-key": "order-7"}
    assert (await world.play_voice(key, userid="1@nobody")).code == 1210
    assert (await world.play_voice(key)).text == SAMPLE_ANSWER


@pytest.mark.parametrize("key", ["k" * 256, "a\x01b"])
async def test_a_key_past_its_bound_is_400(world: World, key: str) -> None:
    answer = await world.play_voice({"idempotency-key": key})
    assert (answer.ret, answer.msg) == (400, "非法请求：Idempotency-Key最多255个字符且不含控制字符")


async def test_a_key_is_a_text_in_utf_8_as_clients_send_it(world: World) -> None:
    keys = ["发票-1", "发票-2", "é", "发 票\u00a0a", "票" * 255]
    for key in keys:
        octets = key.encode().decode("latin-1")
        assert (await world.play_voice({"idempotency-key": octets})).text == SAMPLE_ANSWER
    assert [request.idempotency_key for request in world.calls.accepted] == keys


async def test_a_key_that_is_not_utf_8_is_400(world: World) -> None:
    answer = await world.play_voice({"idempotency-key": "发票".encode("gbk").decode("latin-1")})
    assert (answer.ret, answer.msg) == (400, "非法请求：Idempotency-Key不是有效的UTF-8编码")


async def test_without_a_key_equal_requests_are_two_calls(world: World) -> None:
    await world.play_voice()
    await world.play_voice({"idempotency-key": " "})
    assert [request.idempotency_key for request in world.calls.accepted] == [None, None]


@pytest.mark.parametrize("policy", RecordPolicy)
async def test_a_low_disk_refuses_the_calls_of_companies_that_are_recorded(world: World, policy: RecordPolicy) -> None:
    world.companies.company = replace(world.companies.company, record=policy)
    world.recordings.disk_is_low = True
    answer = await world.play_voice()
    refused = policy is not RecordPolicy.NEVER
    if refused:
        assert answer.json["data"]["errors"] == {"code": 1003, "codemsg": "操作失败"}
        assert answer.headers["retry-after"] == "10"
    assert len(world.calls.accepted) == (not refused)
