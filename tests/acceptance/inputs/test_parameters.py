"""Every parameter of PlayVoice and of Login with every kind of value that it may not have."""

import json
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from tests.acceptance.inputs.site import CALL, FILE, FOREIGN_FILE, FOREIGN_GROUP, FOREIGN_NUMBER, GROUP, Site, form

from playvoice.gateway.registry import TOKEN
from playvoice.gateway.services.play_voice import PARAMETERS

REQUIRED = [parameter.name for parameter in PARAMETERS if parameter.required]
OPTIONAL = [parameter.name for parameter in PARAMETERS if not parameter.required]
NAMES = REQUIRED + OPTIONAL
RULES = {parameter.name: parameter.rule.text for parameter in PARAMETERS}

refused = pytest.mark.usefixtures("nothing_stored")


def refuse(site: Site, body: bytes, zh: str, en: str, *, content_type: str = "", query: str = "") -> None:
    """The body gets 400 in both languages, and a line in the log without the token."""
    options: dict[str, Any] = {"content_type": content_type} if content_type else {}
    since = site.log.size()
    for english, prefix, text in ((False, "非法请求：", zh), (True, "Bad request: ", en)):
        ret, msg = site.send(body, query=query, english=english, **options).refusal
        assert (ret, msg[: len(prefix + text)]) == (400, prefix + text)
        assert site.token not in msg
    site.log.wait_for("request_refused", "ret=400", since=since)


@refused
@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", " "])
def test_a_required_parameter_is_missed_by_its_name(site: Site, name: str, value: str | None) -> None:
    fields = {**CALL, "token": site.token, name: value}
    refuse(site, form(fields), f"缺少必要参数{name}", f"the required parameter {name} is missing")
    array = form({**fields, name: None, f"{name}[]": "1"})
    refuse(site, array, f"缺少必要参数{name}", f"the required parameter {name} is missing")


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_parameter_may_be_missing_empty_and_null(site: Site, name: str) -> None:
    before = site.calls()
    assert [site.call(**{name: value}).code for value in (None, "", " ")] == [0, 0, 0]
    null = json.dumps({**CALL, "token": site.token, name: None}).encode()
    assert site.send(null, "application/json").code == 0
    assert site.calls() == before + 4


@refused
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [["1"], {"1": "2"}, True, False, []], ids=repr)
def test_json_that_is_no_text_is_named(site: Site, name: str, value: object) -> None:
    body = json.dumps({**CALL, "token": site.token, name: value}).encode()
    refuse(site, body, f"参数{name}应为文本", f"parameter {name} must be a text", content_type="application/json")


@refused
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("octets", ["语音".encode("gbk"), "é".encode("latin-1"), b"\xc0\x80", b"\xed\xa0\x80", b"\xff"])
@pytest.mark.parametrize("escaped", [True, False])
def test_what_is_not_utf_8_is_said_so(site: Site, name: str, octets: bytes, escaped: bool) -> None:
    value = quote_from_bytes(octets).encode() if escaped else octets
    body = form({**CALL, "token": site.token, name: None}) + f"&{name}=".encode() + value
    refuse(site, body, "参数不是有效的UTF-8编码", "the parameters are not UTF-8")


@refused
@pytest.mark.parametrize("name", NAMES)
def test_half_a_character_of_json_is_not_utf_8(site: Site, name: str) -> None:
    body = json.dumps({**CALL, "token": site.token, name: "\ud83d"}).encode()
    refuse(site, body, "参数不是有效的UTF-8编码", "the parameters are not UTF-8", content_type="application/json")


@refused
@pytest.mark.parametrize("name", NAMES)
def test_one_parameter_with_two_values_is_refused_and_twice_the_same_is_not_its_fault(site: Site, name: str) -> None:
    fields = {**CALL, "token": site.token}
    body = form(fields) + f"&{name}=one&{name}=other".encode()
    refuse(site, body, f"参数{name}重复且取值不同", f"parameter {name} is given twice with different values")
    twice = json.dumps(fields)[:-1] + f', "{name}": "a", "{name}": "b"}}'
    zh, en = f"参数{name}重复且取值不同", f"parameter {name} is given twice with different values"
    refuse(site, twice.encode(), zh, en, content_type="application/json")


@refused
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("token", "disnumber")])
@pytest.mark.parametrize("value", ["a\x00b", "a\x1bb", "a\x7fb", "x" * 100_000, "\r\nVia: x"], ids=ascii)
def test_control_characters_and_endless_values_break_every_rule(site: Site, name: str, value: str) -> None:
    body = form({**CALL, "token": site.token, name: value})
    refuse(site, body, f"参数{name}{RULES[name].zh}", f"parameter {name} {RULES[name].en}")


NUMBERS = {"voicetype": (1, 2), "waittime": (5, 120), "conntime": (1, 7200)}
NO_NUMBERS = ["-1", "+5", "5.0", "1e1", "5,0", "0x5", "５", "٥", "5 6", "五", "NaN", "5;", "5\u202e", "9" * 400]


@refused
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_one_of_its_range_in_ascii_digits(site: Site, name: str) -> None:
    first, last = NUMBERS[name]
    for value in (*NO_NUMBERS, str(first - 1), str(last + 1)):
        body = form({**CALL, "token": site.token, name: value})
        refuse(site, body, f"参数{name}应为{first}到{last}的整数，收到“{value[:64]}", f"parameter {name} must be")


@pytest.mark.parametrize("name", ["waittime", "conntime"])
def test_the_ends_of_a_range_belong_to_it_also_with_spaces_zeros_and_as_a_json_number(site: Site, name: str) -> None:
    first, last = NUMBERS[name]
    for value in (str(first), str(last), f" {first} ", f"00{last}"):
        uuid = site.call(**{name: value}).headers["x-call-uuid"]
        assert site.query(f"SELECT {name} FROM calls WHERE uuid = ?", uuid) == [(int(value),)]
    body = json.dumps({**CALL, "token": site.token, name: last}).encode()
    assert site.send(body, "application/json").code == 0


@refused
@pytest.mark.parametrize(
    "value",
    ["12", "1" * 33, "++123", "+12", "1 23", "123-456", "１２３", "1e10", "-123", "123;x=y", "sip:123@x", "123\u200f"],
)
def test_a_number_to_call_is_3_to_32_ascii_digits(site: Site, value: str) -> None:
    body = form({**CALL, "token": site.token, "destnumber": value})
    refuse(site, body, f"参数destnumber{RULES['destnumber'].zh}，收到“{value}”", "parameter destnumber must be")


USERIDS = [
    "1", "1@", "@", "x@a", "12@a", "#@", "1@a,", ",1@a", "1@a,1@b", "@a,@b", "1@a@b", "1@a b", "1@a;2@b", "1＠a",
    "１@a", "1@a\u2028b", "+1@a", "1@" + "g" * 65, ",".join(["1@a"] * 400), "1@" + "," * 990,
]  # fmt: skip


@refused
@pytest.mark.parametrize("value", USERIDS)
def test_a_userid_that_can_not_be_read_is_refused(site: Site, value: str) -> None:
    body = form({**CALL, "token": site.token, "userid": value})
    refuse(site, body, f"参数userid{RULES['userid'].zh}", f"parameter userid {RULES['userid'].en}")


FAILURES: dict[str, tuple[dict[str, str], int]] = {
    "a group that is none": ({"userid": "1@nowhere"}, 1210),
    "a group in other case": ({"userid": f"1@{GROUP.upper()}"}, 1210),
    "a second group that is none": ({"userid": f"1@{GROUP},#@nowhere"}, 1210),
    "the other company's group": ({"userid": f"1@{FOREIGN_GROUP}"}, 1210),
    "a number that is none": ({"disnumber": "999"}, 1020),
    "a number with a plus that is not its own": ({"disnumber": "+2120280001"}, 1020),
    "a number with NUL": ({"disnumber": "2120280001\x00"}, 1020),
    "an endless number": ({"disnumber": "2" * 100_000}, 1020),
    "SQL for a number": ({"disnumber": "' OR '1'='1"}, 1020),
    "the other company's number": ({"disnumber": FOREIGN_NUMBER}, 1021),
    "the other company's file": ({"voicefile": FOREIGN_FILE}, 1029),
    **{
        f"the file {name}": ({"voicefile": name}, 1029)
        for name in (
            "nothing.mp3", "../secret.mp3", "..\\secret.mp3", "./notice.mp3", "/etc/passwd", "%2e%2e/secret.mp3", ".",
            "..", "/", ".hidden.mp3", "gone.mp3", "NOTICE.MP3", "notice.mp3/", "../other/theirs.mp3", "2028/notice.mp3",
            "n" * 2_048, "notice.mp3\u202e", "C:\\notice.mp3", "file:notice.mp3", "notice%2Emp3",
        )
    },
}  # fmt: skip


@refused
@pytest.mark.parametrize("name", FAILURES)
def test_what_is_not_there_or_somebody_elses_is_a_failure_with_its_code(site: Site, name: str) -> None:
    changes, code = FAILURES[name]
    since = site.log.size()
    answer = site.call(**changes)
    assert (answer.code, answer.json["data"]["desc"]) == (code, "播放命令发送失败")
    site.log.wait_for("request_refused", f"code={code}", since=since)


@refused
def test_a_token_is_of_use_only_while_it_lives_and_to_its_own_company(site: Site) -> None:
    ended = site.login("demo-appid", "demo-accesskey")
    logout = form({"service": "App.Sip_Auth.Logout", "token": ended})
    assert site.send(logout).code == 0
    assert site.send(logout).refusal == (600, "token无效或已过期")
    odd = (ended, site.expired_token(), site.token.upper(), site.token + "0", site.token[:-1], "demo-accesskey", "\x00")
    for token in odd:
        assert site.call(token=token).refusal == (600, "token无效或已过期")
    theirs = site.login("other-appid", "other-accesskey")
    assert site.call(token=theirs).code == 1210, "its groups are others"
    assert site.call(token=theirs, userid=f"1@{FOREIGN_GROUP}").code == 1021


def test_a_body_wins_over_the_query_string_also_for_the_token(site: Site) -> None:
    fields = {**CALL, "token": site.token}
    wrong = "?" + form(dict.fromkeys(fields, "wrong")).decode()
    assert site.send(form(fields), query=wrong).code == 0
    assert site.send(form({"token": "wrong"}), query="?" + form(fields).decode()).refusal[0] == 600


def test_right_to_left_marks_and_full_width_text_are_echoed_values_like_others(site: Site) -> None:
    text = "\u202e\u200f＂成熟＂\u2028'\"<b>"
    uuid = site.call(chengshudu=text, ext="字" * 255).headers["x-call-uuid"]
    assert site.query("SELECT chengshudu, length(ext) FROM calls WHERE uuid = ?", uuid) == [(text, 255)]


@refused
@pytest.mark.parametrize(
    "service",
    ["App.Sip_Call", "App.Sip_Call.PlayVoice.", ".App.Sip_Call.PlayVoice", "App/Sip_Call/PlayVoice", "__class__", "*",
     "App.Sip_Call.PlayVoice\x00", "Ａpp.Sip_Call.PlayVoice", "App.Sıp_Call.PlayVoice", "x" * 1_000_000, "' OR 1=1"],
    ids=lambda service: ascii(service)[:30],
)  # fmt: skip
def test_a_service_that_is_none_is_404(site: Site, service: str) -> None:
    assert site.call(service=service).refusal == (404, "接口服务不存在")
    body = form({**CALL, "service": service, "token": site.token})
    assert site.send(body, english=True).refusal == (404, "There is no such service")


LOGINS: dict[str, tuple[dict[str, str | None], tuple[int, str]]] = {
    **{
        f"{name} {value!r}": ({name: value}, (400, f"非法请求：缺少必要参数{name}"))
        for name in ("appid", "accesskey")
        for value in (None, "", "  ")
    },
    "switched off": ({"appid": "off-appid", "accesskey": "off-accesskey"}, (601, "appid未授权")),
    "over": ({"appid": "over-appid", "accesskey": "over-accesskey"}, (602, "appid授权已过期")),
    "elsewhere": ({"appid": "elsewhere-appid", "accesskey": "elsewhere-accesskey"}, (604, "IP地址未授权")),
}


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_that_is_refused_says_why_once_the_key_is_right(site: Site, name: str) -> None:
    changes, refusal = LOGINS[name]
    fields = {"service": "App.Sip_Auth.Login", "appid": "demo-appid", "accesskey": "demo-accesskey", **changes}
    tokens = site.query("SELECT count(*) FROM tokens")
    assert site.send(form(fields)).refusal == refusal
    if refusal[0] != 400:
        assert site.send(form({**fields, "accesskey": "wrong"})).code == 1003
    assert site.query("SELECT count(*) FROM tokens") == tokens


@pytest.mark.parametrize("accesskey", ["demo-accesskey2", "DEMO-ACCESSKEY", "demo-accesske", "\x00", "钥" * 10_000])
def test_a_key_that_is_nearly_right_is_wrong(site: Site, accesskey: str) -> None:
    since = site.log.size()
    body = form({"service": "App.Sip_Auth.Login", "appid": "demo-appid", "accesskey": accesskey})
    answer = site.send(body)
    assert (answer.code, answer.json["data"]["desc"]) == (1003, "授权失败")
    line = site.log.wait_for("request_refused", "code=1003", since=since)
    assert accesskey not in line


def test_wrong_keys_without_end_are_not_looked_at_any_more(site: Site) -> None:
    """An appid of its own, so that the other tests' logins are not in its way."""
    fields = {"service": "App.Sip_Auth.Login", "appid": "guessed-appid"}
    answers = [site.send(form({**fields, "accesskey": str(number)})) for number in range(25)]
    assert {answer.code for answer in answers} == {1003}
    waits = [answer.headers["retry-after"] for answer in answers]
    assert waits[:20] == [None] * 20
    assert all(1 <= int(wait or 0) <= 60 for wait in waits[20:])


def test_the_name_of_a_file_is_taken_without_the_spaces_around_it(site: Site) -> None:
    assert site.call(voicefile=f" {FILE} ").code == 0
    assert site.send(form({**CALL, "token": f" {site.token} "})).code == 0, TOKEN.name
    assert site.send(b"", query="?" + quote(form({**CALL, "token": site.token}).decode(), safe="=&%@")).code == 0
