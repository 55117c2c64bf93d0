"""HTTP that is not what it should be, over a socket: each gets the contract's answer, and a line in the log."""

import json
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from tests.acceptance.hostile.attack import Attack

from playvoice.simulator.configuration import GROUP

FORM = "application/x-www-form-urlencoded"
LOGIN = {"service": "App.Sip_Auth.Login", "appid": "demo-appid", "accesskey": "demo-accesskey"}
CALL = {
    "service": "App.Sip_Call.PlayVoice",
    "destnumber": "13333333333",
    "voicetype": "1",
    "voicefile": "notice.mp3",
    "chengshudu": "1",
    "userid": f"1@{GROUP}",
}


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    head: str
    body: bytes

    def refusal(self) -> tuple[int, str]:
        """`ret` and `msg` of an exception, in the envelope of the contract."""
        assert self.status == 200
        assert "content-type: application/json;charset=utf-8" in self.head.lower()
        answer = json.loads(self.body)
        assert list(answer) == ["ret", "data", "msg"]
        assert answer["data"] == []
        return answer["ret"], answer["msg"]

    def failure(self) -> tuple[str, int]:
        """`desc` and code of a business failure."""
        assert self.status == 200
        answer = json.loads(self.body)
        assert (answer["ret"], answer["msg"], answer["data"]["status"]) == (200, "", 1)
        assert list(answer["data"]) == ["status", "desc", "errors", "reqtime", "rsptime"]
        return answer["data"]["desc"], answer["data"]["errors"]["code"]


def exchange(attack: Attack, data: bytes) -> Response:
    """Send octets on a connection of their own and read one response."""
    with attack.http() as connection:
        connection.sendall(data)
        return read_response(connection)


def read_response(connection: socket.socket) -> Response:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    length = re.search(r"content-length: (\d+)", text, re.IGNORECASE)
    while length is not None and len(body) < int(length[1]):
        body += _more(connection)
    return Response(int(text.split(" ")[1]), text, body)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    assert data, "the connection was closed without an answer"
    return data


def post(attack: Attack, body: bytes, content_type: str = FORM, *, query: str = "", headers: str = "") -> Response:
    named = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"POST /{query} HTTP/1.1\r\nHost: server\r\n{named}{headers}Content-Length: {len(body)}\r\n\r\n"
    return exchange(attack, head.encode("latin-1") + body)


def form(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


@pytest.fixture(scope="module")
def token(attack: Attack) -> str:
    answer = json.loads(post(attack, form(LOGIN)).body)
    return str(answer["data"]["result"]["token"])


BOUNDARY = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="service"\r\n\r\nApp.Sip_Auth.Login\r\n'

BODIES: dict[str, tuple[str, bytes, str]] = {
    "multipart without a boundary": ("multipart/form-data", PART, "multipart请求缺少有效的boundary"),
    "multipart with an endless boundary": (f"multipart/form-data; boundary={'b' * 300}", PART, "boundary"),
    "multipart without an end": (BOUNDARY, PART, "multipart请求格式错误"),
    "multipart of another boundary": (BOUNDARY, PART.replace(b"--b", b"--c") + b"--c--", "multipart请求格式错误"),
    "a part without a name": (BOUNDARY, PART.replace(b'; name="service"', b"") + b"--b--", "multipart请求格式错误"),
    "a part without headers": (BOUNDARY, b"--b\r\n\r\n\r\n--b--", "multipart请求格式错误"),
    "too many parts": (BOUNDARY, PART * 1_001 + b"--b--", "参数超过1000个"),
    "multipart that is not UTF-8": (BOUNDARY, PART.replace(b"Login", b"\xff") + b"--b--", "参数不是有效的UTF-8编码"),
    "a form that is not UTF-8": (FORM, b"service=\xff\xfe", "参数不是有效的UTF-8编码"),
    "a form that hides what is not UTF-8": (FORM, b"service=%ff%fe", "参数不是有效的UTF-8编码"),
    "too many fields": (FORM, b"a=b&" * 1_001, "参数超过1000个"),
    "JSON that ends early": ("application/json", b'{"service":', "JSON格式错误"),
    "JSON that is no object": ("application/json", b'["service"]', "JSON请求应为对象"),
    "JSON of great depth": ("application/json", b'{"a":' * 100_000, "JSON格式错误"),
    "JSON with a number that is none": ("application/json", b'{"service":NaN}', "JSON格式错误"),
    "JSON with half a character": ("application/json", b'{"service":"\\ud800"}', "参数不是有效的UTF-8编码"),
    "JSON that is not UTF-8": ("application/json", b'{"service":"\xff"}', "参数不是有效的UTF-8编码"),
    "a service that is no text": ("application/json", b'{"service":{"a":1}}', "参数service应为文本"),
    "a service that is two": (FORM, b"service=a&service=b", "参数service重复且取值不同"),
    "XML": ("application/xml", b"<service/>", "不支持的Content-Type“application/xml”"),
    "an image": ("image/png", b"\x89PNG\r\n", "不支持的Content-Type“image/png”"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_can_not_be_read_is_400_and_says_why(attack: Attack, name: str) -> None:
    content_type, body, text = BODIES[name]
    since = attack.log.size()
    ret, msg = post(attack, body, content_type).refusal()
    assert (ret, msg[:5]) == (400, "非法请求：")
    assert text in msg
    attack.log.wait_for("request_refused", "ret=400", "source=127.0.0.2", since=since)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"service=",
        b"service=%20",
        b"service=App.Sip_Call.Unknown",
        b"service=" + b"x" * 100_000,
        b"\x00\x01\x02=1",
    ],
    ids=["nothing", "empty", "blank", "unknown", "endless", "octets"],
)
def test_an_unknown_service_and_none_at_all_are_404(attack: Attack, body: bytes) -> None:
    since = attack.log.size()
    assert post(attack, body).refusal() == (404, "接口服务不存在")
    line = attack.log.wait_for("request_refused", "ret=404", since=since)
    assert len(line) < 1_000, "the log doesn't repeat what came"


@pytest.mark.parametrize("announced", [4_194_305, 60_000_000])
def test_a_body_past_the_bound_is_400_and_the_connection_is_closed(attack: Attack, announced: int) -> None:
    since = attack.log.size()
    with attack.http() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {announced}\r\n\r\n".encode())
        piece = b"x" * 65_536
        for start in range(0, announced, len(piece)):
            connection.sendall(piece[: announced - start])
        response = read_response(connection)
        assert response.refusal() == (400, "非法请求：请求体超过4194304字节")
        assert "connection: close" in response.head.lower()
        assert connection.recv(1) == b""
    attack.log.wait_for("request_refused", "ret=400", "octets", since=since)


def test_a_body_that_says_it_will_never_end_is_refused_before_it_comes(attack: Attack) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert exchange(attack, head).refusal() == (400, "非法请求：请求体超过4194304字节")


@pytest.mark.parametrize("token", ["0" * 32, "x", "x" * 100_000, "令牌", "' OR 1=1 --", "\x00"])
def test_a_bad_token_is_600_whatever_it_looks_like(attack: Attack, token: str) -> None:
    since = attack.log.size()
    assert post(attack, form({**CALL, "token": token})).refusal() == (600, "token无效或已过期")
    attack.log.wait_for("request_refused", "ret=600", "App.Sip_Call.PlayVoice", since=since)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"accesskey": "wrong"}, 1003), ({"appid": "wrong"}, 1003), ({"appid": "\x00" * 50}, 1003)],
)
def test_wrong_credentials_are_one_failure_and_no_secret_is_logged(
    attack: Attack, changes: dict[str, str], code: int
) -> None:
    since = attack.log.size()
    assert post(attack, form({**LOGIN, **changes})).failure() == ("授权失败", code)
    attack.log.wait_for("request_refused", f"code={code}", since=since)
    assert "demo-accesskey" not in "".join(attack.log.lines(since))


WRONG: dict[str, tuple[dict[str, str], str]] = {
    **{f"no {name}": ({name: ""}, f"缺少必要参数{name}") for name in CALL if name != "service"},
    "no token": ({"token": ""}, "缺少必要参数token"),
    "a blank required value": ({"chengshudu": "  "}, "缺少必要参数chengshudu"),
    "letters to call": (
        {"destnumber": "1-800-FLOWERS"},
        "参数destnumber应为3到32位数字，可带前缀+，收到“1-800-FLOWERS”",
    ),
    "a number too short": ({"destnumber": "12"}, "参数destnumber应为3到32位数字"),
    "a number too long": ({"destnumber": "1" * 33}, "参数destnumber应为3到32位数字"),
    "digits of another script": ({"destnumber": "١٢٣٤٥"}, "参数destnumber应为3到32位数字"),
    "SIP in a number": (
        {"destnumber": "123\r\nX: y"},
        "参数destnumber应为3到32位数字，可带前缀+，收到“123\\x0d\\x0aX: y”",
    ),
    "another voicetype": ({"voicetype": "3"}, "参数voicetype应为1到2的整数，收到“3”"),
    "a voicetype that is no number": ({"voicetype": "1.0"}, "参数voicetype应为1到2的整数，收到“1.0”"),
    "an endless number": ({"waittime": "9" * 10_000}, "参数waittime应为5到120的整数，收到“" + "9" * 64 + "…”"),
    "a short waittime": ({"waittime": "4"}, "参数waittime应为5到120的整数，收到“4”"),
    "a long conntime": ({"conntime": "7201"}, "参数conntime应为1到7200的整数，收到“7201”"),
    "a negative conntime": ({"conntime": "-1"}, "参数conntime应为1到7200的整数，收到“-1”"),
    **{
        f"{name} too long": ({name: "字" * 256}, f"参数{name}最多255个字符且不含控制字符，收到“{'字' * 64}…”")
        for name in ("customuuid", "memberid", "ext", "chengshudu")
    },
    **{
        f"a control character in {name}": ({name: "a\x85b"}, f"参数{name}最多255个字符且不含控制字符，收到“a\\x85b”")
        for name in ("customuuid", "memberid", "ext", "chengshudu")
    },
    "a voicefile too long": ({"voicefile": "v" * 2_049}, "参数voicefile最多2048个字符且不含控制字符"),
    "a userid without a group": ({"userid": "1@"}, "参数userid应为 按键@技能组"),
    "a userid without @": ({"userid": "extGroup-1"}, "参数userid应为 按键@技能组"),
    "a userid with one key twice": ({"userid": "1@a,1@b"}, "参数userid应为 按键@技能组"),
    "a userid with another key": ({"userid": "A@extGroup-1"}, "参数userid应为 按键@技能组"),
    "an endless userid": ({"userid": "1@" + "g" * 100_000}, "参数userid应为 按键@技能组"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_parameter_that_breaks_its_rule_is_400_and_named(attack: Attack, token: str, name: str) -> None:
    changes, text = WRONG[name]
    since = attack.log.size()
    ret, msg = post(attack, form({**CALL, "token": token, **changes})).refusal()
    assert ret == 400
    assert msg.startswith(f"非法请求：{text}")
    line = attack.log.wait_for("request_refused", "ret=400", "App.Sip_Call.PlayVoice", since=since)
    assert len(line) < 1_000
    assert token not in line


FAILURES: dict[str, tuple[dict[str, str], int]] = {
    "an unknown group": ({"userid": "1@nowhere"}, 1210),
    "an unknown caller number": ({"disnumber": "999"}, 1020),
    "a caller number with SIP in it": ({"disnumber": "1\r\nX: y"}, 1020),
    "an unknown file": ({"voicefile": "nothing.mp3"}, 1029),
    "a file elsewhere": ({"voicefile": "../server.log"}, 1029),
    "an absolute file": ({"voicefile": "/etc/passwd"}, 1029),
    "a scheme that is not allowed": ({"voicetype": "2", "voicefile": "file:///etc/passwd"}, 1002),
    "a private address": ({"voicetype": "2", "voicefile": "http://10.0.0.1/a.mp3"}, 1002),
    "a private address in disguise": ({"voicetype": "2", "voicefile": "http://0x0a000001/a.mp3"}, 1002),
    "a URL that is none": ({"voicetype": "2", "voicefile": "http://[::1/a.mp3"}, 1002),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_can_not_be_done_is_a_failure_with_its_code(attack: Attack, token: str, name: str) -> None:
    changes, code = FAILURES[name]
    since = attack.log.size()
    assert post(attack, form({**CALL, "token": token, **changes})).failure() == ("播放命令发送失败", code)
    attack.log.wait_for("request_refused", f"code={code}", since=since)


def test_a_json_body_with_mistyped_values_is_400(attack: Attack, token: str) -> None:
    values: list[tuple[str, Any]] = [("destnumber", ["1"]), ("voicetype", True), ("userid", {"1": GROUP})]
    for name, value in values:
        body = json.dumps({**CALL, "token": token, name: value}).encode()
        assert post(attack, body, "application/json").refusal() == (400, f"非法请求：参数{name}应为文本")


def test_an_idempotency_key_that_is_none_is_400(attack: Attack, token: str) -> None:
    for key in ("k" * 256, "a\tb"):
        response = post(attack, form({**CALL, "token": token}), headers=f"Idempotency-Key: {key}\r\n")
        assert response.refusal() == (400, "非法请求：Idempotency-Key最多255个字符且不含控制字符")


def test_a_query_that_is_not_utf_8_is_400_and_a_bad_one_without_a_service_is_the_page(attack: Attack) -> None:
    query = quote_from_bytes(b"\xff")
    assert exchange(attack, f"GET /?service={query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).status == 200
    assert post(attack, b"", query=f"?service={query}").refusal() == (400, "非法请求：参数不是有效的UTF-8编码")


def test_a_compressed_body_is_400(attack: Attack) -> None:
    response = post(attack, b"\x1f\x8b", headers="Content-Encoding: gzip\r\n")
    assert response.refusal() == (400, "非法请求：不支持的Content-Encoding")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("PUT / HTTP/1.1", 405),
        ("DELETE / HTTP/1.1", 405),
        ("GET /../etc/passwd HTTP/1.1", 404),
        ("TRACE /x HTTP/1.1", 404),
    ],
)
def test_other_methods_and_paths_are_http_errors(attack: Attack, request_line: str, status: int) -> None:
    since = attack.log.size()
    assert exchange(attack, f"{request_line}\r\nHost: x\r\n\r\n".encode()).status == status
    attack.log.wait_for("http_refused", f"status={status}", "source=127.0.0.2", since=since)


NO_HTTP = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
    "SIP": b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.2\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a flood of headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000,
    "an endless header": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"b" * 100_000,
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length that is none": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    "a chunk that is none": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_400_or_closed_and_told_in_the_log(attack: Attack, name: str) -> None:
    with attack.http() as connection:
        received = b""
        try:
            connection.sendall(NO_HTTP[name])
            while data := connection.recv(65_536):
                received += data
        except ConnectionError:
            pass  # closed before all of it was taken, the answer with it
    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
    attack.log.wait_for("An HTTP request was refused", "name=uvicorn.error")
    lines = [line for line in attack.log.lines() if "An HTTP request was refused" in line]
    assert len(lines) < len(NO_HTTP), "one line in an interval, and a count"


def test_garbage_behind_a_request_changes_nothing_of_its_answer(attack: Attack) -> None:
    body = form(LOGIN)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with attack.http() as connection:
        connection.sendall((head + body) * 3 + b"\x00garbage\r\n\r\n")
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.count(b'"desc":"\xe6\x8e\x88\xe6\x9d\x83\xe6\x88\x90\xe5\x8a\x9f"') == 3
    assert received.count(b"HTTP/1.1 400 ") == 1
