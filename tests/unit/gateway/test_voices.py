"""`App.Sip_Voice`: what is asked of the library, and how its answers and refusals look."""

import json
from dataclasses import replace
from html import unescape

import pytest
from tests.unit.gateway.forms import CONTENT_TYPE, Part, form
from tests.unit.gateway.world import AT, TOKEN, Answer, World

from playvoice.calls.queue import voices_of_waiting
from playvoice.codes import BUSINESS_TEXTS, BusinessCode, Language
from playvoice.gateway.services.voices import voice_services
from playvoice.store import StoreUnavailable
from playvoice.voices import LibraryVoice, Refusal, VoiceRefused

VOICE: Part = ("file", "notice.mp3", b"voice")


async def upload(world: World, *parts: Part, english: bool = False) -> Answer:
    headers = {"content-type": CONTENT_TYPE} | ({"accept-language": "en"} if english else {})
    return await world.request(
        headers=headers, body=form(("service", "App.Sip_Voice.Upload"), ("token", TOKEN), *parts)
    )


async def delete(world: World, name: str) -> Answer:
    return await world.post({"service": "App.Sip_Voice.Delete", "token": TOKEN, "voicefile": name})


async def listed(world: World, **fields: str) -> Answer:
    return await world.post({"service": "App.Sip_Voice.List", "token": TOKEN} | fields)


async def test_an_upload_is_answered_with_what_the_file_turned_out_to_be(world: World) -> None:
    answer = await upload(world, VOICE)
    assert answer.text == (
        '{"ret":200,"data":{"status":0,"desc":"语音上传成功","result":{"voicefile":"notice.mp3","seconds":3.52,'
        '"level":-20.5,"peak":-3.0,"format":"mp3","size":5,"uploadtime":"2020-02-10 11:58:19","source":"upload"},'
        '"reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )
    assert world.library.voices["notice.mp3"][1] == b"voice"
    assert world.library.asked == [("2028", "notice.mp3", AT, False)]


@pytest.mark.parametrize(
    ("filename", "voicefile", "name"),
    [
        ("通知.wav", "", "通知.wav"),
        ("a.wav", " 通知 ", "通知"),
        ("C:\\voices\\a.wav", "", "a.wav"),
        ("/home/me/a.wav", "", "a.wav"),
        ("../../a.wav", "", "a.wav"),
    ],
)
async def test_a_file_is_called_as_asked_or_as_its_sender_calls_it(
    world: World, filename: str, voicefile: str, name: str
) -> None:
    assert (await upload(world, ("file", filename, b"x"), ("voicefile", voicefile))).ret == 200
    assert list(world.library.voices) == [name]


@pytest.mark.parametrize(("value", "overwrite"), [("yes", True), (" YES", True), ("no", False), ("", False)])
async def test_a_file_is_replaced_only_where_that_is_asked_for(world: World, value: str, overwrite: bool) -> None:
    await upload(world, VOICE, ("overwrite", value))
    assert world.library.asked == [("2028", "notice.mp3", AT, overwrite)]


@pytest.mark.parametrize(
    ("parts", "msg"),
    [
        ([], "缺少必要参数file"),
        ([("file", "")], "缺少必要参数file"),
        ([("file", "", b""), ("voicefile", "a.wav")], "缺少必要参数file"),
        ([("file", "text")], "参数file应为multipart/form-data中的文件，最大67108864字节，收到“text”"),
        ([VOICE, VOICE], "文件file重复"),
        ([VOICE, ("overwrite", "1")], "参数overwrite应为yes或no，收到“1”"),
        ([VOICE, ("voicefile", "a\x00b")], "参数voicefile最多255个字符且不含控制字符，收到“a\\x00b”"),
        (
            [VOICE, ("voicefile", "../a")],
            "参数voicefile应为1到255个可显示字符，不含/和\\，不以.开头，收到“../a”",
        ),
        ([("file", "", b"x")], "参数voicefile应为1到255个可显示字符，不含/和\\，不以.开头，收到“”"),
        ([VOICE, ("voicefile", "x" * 256)], f"参数voicefile最多255个字符且不含控制字符，收到“{'x' * 64}…”"),
        ([("file", "x" * 256, b"x")], f"不以.开头，收到“{'x' * 64}…”"),
    ],
)
async def test_what_is_missing_or_breaks_a_rule_is_400(world: World, parts: list[Part], msg: str) -> None:
    answer = await upload(world, *parts)
    assert (answer.ret, answer.json["data"]) == (400, [])
    assert answer.msg.endswith(msg)
    assert world.library.voices == {}


async def test_a_name_that_is_not_utf_8_is_400(world: World) -> None:
    body = form(("service", "App.Sip_Voice.Upload"), ("token", TOKEN), VOICE).replace(b"notice", b"\xff")
    assert (await world.request(headers={"content-type": CONTENT_TYPE}, body=body)).ret == 400


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
async def test_other_encodings_have_no_file(world: World, content_type: str) -> None:
    fields = {"service": "App.Sip_Voice.Upload", "token": TOKEN, "file": "UklGRg"}
    body = json.dumps(fields) if "json" in content_type else "&".join(f"{name}={fields[name]}" for name in fields)
    answer = await world.request(headers={"content-type": content_type}, body=body.encode())
    assert answer.msg.startswith("非法请求：参数file应为multipart/form-data中的文件")


@pytest.mark.parametrize(
    ("reason", "code", "retry_after", "detail"),
    [
        (Refusal.EMPTY, 1002, None, "there is no audio in the file"),
        (Refusal.NOT_AUDIO, 1002, None, "the file is no audio that can be read"),
        (Refusal.TOO_BIG, 1002, None, "the file is too big"),
        (Refusal.TOO_LONG, 1002, None, "the voice is too long"),
        (Refusal.TAKEN, 1003, None, "there is a file of this name"),
        (Refusal.OPERATORS, 1003, None, "the operator has put a file of this name there, which stays"),
        (Refusal.FULL, 1003, None, "the library is full"),
        (Refusal.BUSY, 1003, "10", "the server is busy, try again later"),
        (Refusal.FAILED, 1003, "10", "it could not be done now, try later"),
    ],
)
async def test_a_refusal_says_why_in_both_languages(
    world: World, reason: Refusal, code: int, retry_after: str | None, detail: str
) -> None:
    world.library.raises = VoiceRefused(reason, "why")
    answer = await upload(world, VOICE, english=True)
    assert answer.json["data"]["desc"] == f"the voice file was not uploaded: {detail}"
    text = BUSINESS_TEXTS[BusinessCode(code)](Language.EN)
    assert answer.json["data"]["errors"] == {"code": code, "codemsg": text}
    assert answer.headers.get("retry-after") == retry_after
    assert (await upload(world, VOICE)).json["data"]["desc"].startswith("语音上传失败：")


async def test_every_reason_but_two_of_the_command_line_and_of_rules_has_its_answer(world: World) -> None:
    for reason in Refusal:
        world.library.raises = VoiceRefused(reason, "why")
        answer = await upload(world, VOICE)
        assert answer.ret == {Refusal.BAD_NAME: 400, Refusal.UNREADABLE: 500}.get(reason, 200), reason


async def test_where_nothing_can_be_stored_the_answer_is_500(world: World) -> None:
    world.library.raises = StoreUnavailable("no room on the disk")
    assert (await upload(world, VOICE)).text == '{"ret":500,"data":[],"msg":"服务器运行错误"}'


async def test_a_library_is_listed_in_pages(world: World) -> None:
    empty = '"result":{"totalitems":0,"currentpage":1,"itemsperpage":10,"voices":[]}'
    assert empty in (await listed(world)).text
    for number in range(25):
        await upload(world, ("file", f"{number:02}.mp3", b"x"))
    first = (await listed(world)).json["data"]
    assert first["desc"] == "语音查询成功"
    assert [voice["voicefile"] for voice in first["result"]["voices"]] == [f"{n:02}.mp3" for n in range(10)]
    last = (await listed(world, currentpage="3", itemsperpage="10")).json["data"]["result"]
    assert (last["totalitems"], last["currentpage"], last["itemsperpage"]) == (25, 3, 10)
    assert [voice["voicefile"] for voice in last["voices"]] == [f"{n:02}.mp3" for n in range(20, 25)]
    assert (await listed(world, currentpage="4")).json["data"]["result"]["voices"] == []
    only = (await listed(world, voicefile="07.mp3")).json["data"]["result"]
    assert (only["totalitems"], only["voices"][0]["voicefile"]) == (1, "07.mp3")
    for wrong in ({"currentpage": "0"}, {"itemsperpage": "1001"}, {"itemsperpage": "x"}):
        assert (await listed(world, **wrong)).ret == 400


async def test_an_operators_file_says_so_and_that_it_was_not_measured_yet(world: World) -> None:
    await upload(world, VOICE)
    voice, content = world.library.voices["notice.mp3"]
    world.library.voices["notice.mp3"] = replace(voice, is_uploaded=False, sound=None), content
    (shown,) = (await listed(world)).json["data"]["result"]["voices"]
    assert (shown["source"], shown["seconds"], shown["level"], shown["peak"], shown["format"]) == ("operator",) + 4 * (
        None,
    )
    assert isinstance(voice, LibraryVoice)


async def test_a_file_is_removed_unless_a_waiting_call_needs_it(world: World) -> None:
    await upload(world, VOICE)
    world.library.raises = VoiceRefused(Refusal.NEEDED, "a call waits")
    answer = await delete(world, "notice.mp3")
    assert answer.json["data"]["desc"] == "语音删除失败：等待中的呼叫需要该文件"
    assert (answer.code, answer.headers["retry-after"]) == (1003, "60")
    world.library.raises = None
    answer = await delete(world, " notice.mp3 ")
    assert list(answer.json["data"]) == ["status", "desc", "reqtime", "rsptime"]
    assert answer.json["data"]["desc"] == "语音删除成功"
    assert world.library.asked[-1] == ("2028", "notice.mp3", voices_of_waiting)
    answer = await delete(world, "notice.mp3")
    assert answer.json["data"]["desc"] == "语音删除失败：文件不存在"
    assert answer.json["data"]["errors"] == {"code": 1029, "codemsg": "文件不存在"}


@pytest.mark.parametrize("service", ["App.Sip_Voice.Upload", "App.Sip_Voice.List", "App.Sip_Voice.Delete"])
async def test_each_takes_a_token(world: World, service: str) -> None:
    assert (await world.post({"service": service, "token": "x"})).ret == 600
    assert (await world.post({"service": service})).msg == "非法请求：缺少必要参数token"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_describes_each_with_a_request_that_uploads_a_file(world: World, language: str) -> None:
    page = (await world.request("GET", query=f"lang={language}".encode())).text
    for service in voice_services(world.library, AT.tzinfo):  # type: ignore[arg-type]
        assert f"<code>{service.name}</code>" in page
        for name, _ in (*service.answers, *service.headers):
            assert f"<code>{name}</code>" in page
        for parameter in service.parameters:
            assert parameter.example or not parameter.required
    assert """--form 'file=@"notice.mp3"'""" in unescape(page)
