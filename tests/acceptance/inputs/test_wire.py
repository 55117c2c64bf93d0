"""HTTP as sloppy, old and hostile clients speak it: each gets an answer of the contract, and memory stays bounded."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.inputs.site import CALL, FORM, Site, form
from tests.waiting import wait_until

from playvoice.gateway.body import MAX_BODY, MAX_HELD

PATIENCE = 30.0
TOO_LARGE = (400, "非法请求：请求体超过4194304字节")


class Connection:
    """A socket to the server, and the responses that come on it."""

    def __init__(self, site: Site) -> None:
        self.socket = socket.create_connection(site.address, PATIENCE)
        self.reader = self.socket.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def response(self) -> tuple[int, dict[str, str], bytes]:
        line = self.reader.readline()
        assert line, "the connection was closed without an answer"
        status = int(line.split(b" ")[1])
        headers = {}
        while (line := self.reader.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode()
        return status, headers, self.reader.read(int(headers.get("content-length", "0")))

    def closed(self) -> bool:
        try:
            return self.reader.read(1) == b""
        except ConnectionError:
            return True


def head(
    length: int | None, *headers: str, version: str = "HTTP/1.1", target: str = "/", method: str = "POST"
) -> bytes:
    lines = [f"{method} {target} {version}", f"Content-Type: {FORM}", *headers]
    lines += ["Host: x"] if version == "HTTP/1.1" else []
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def refusal(response: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    status, _, body = response
    answer = json.loads(body)
    assert (status, answer["data"]) == (200, [])
    return answer["ret"], answer["msg"]


def resident(site: Site) -> int:
    """Octets of memory of the server's main process."""
    status = Path(f"/proc/{site.server.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


@pytest.fixture
def body(site: Site) -> bytes:
    return form({**CALL, "token": site.token})


@pytest.fixture
def connection(site: Site) -> Iterator[Connection]:
    with Connection(site) as connection:
        yield connection


def test_http_1_0_is_answered_and_the_connection_is_closed(connection: Connection, body: bytes) -> None:
    connection.send(head(len(body), version="HTTP/1.0") + body)
    status, headers, answer = connection.response()
    assert (status, json.loads(answer)["ret"]) == (200, 200)
    assert headers["x-call-uuid"]
    assert connection.closed()


def test_requests_that_come_at_once_are_answered_in_their_order(connection: Connection, body: bytes) -> None:
    empty = head(0)
    connection.send((head(len(body)) + body + empty) * 3)
    rets = [json.loads(connection.response()[2])["ret"] for _ in range(6)]
    assert rets == [200, 404] * 3


def test_a_client_that_waits_for_100_continue_gets_it(connection: Connection, body: bytes) -> None:
    connection.send(head(len(body), "Expect: 100-continue"))
    assert connection.response()[0] == 100
    connection.send(body)
    assert json.loads(connection.response()[2])["ret"] == 200


def test_a_client_that_asks_before_it_sends_too_much_is_told_at_once(connection: Connection) -> None:
    connection.send(head(MAX_BODY + 1, "Expect: 100-continue"))
    assert refusal(connection.response()) == TOO_LARGE
    assert connection.closed()


@pytest.mark.parametrize("target", ["http://server/", "http://server", "HTTP://server:8080/", "https://server/"])
def test_the_absolute_form_of_the_target_is_understood(connection: Connection, body: bytes, target: str) -> None:
    connection.send(head(len(body), target=target) + body)
    assert json.loads(connection.response()[2])["ret"] == 200


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("HEAD", "/", 200), ("HEAD", "/?s=App.Sip_Auth.Login", 200), ("PUT", "/", 405), ("OPTIONS", "/", 405),
        ("OPTIONS", "*", 400), ("TRACE", "/", 405), ("get", "/", 400), ("CONNECT", "server:443", 400),
        ("GET", "//", 404), ("GET", "/%2e%2e/", 404), ("GET", "/./", 404), ("GET", "http://server/etc/passwd", 404),
    ],
)  # fmt: skip
def test_other_methods_and_targets_are_http_errors(
    connection: Connection, method: str, target: str, status: int
) -> None:
    connection.send(head(0, "Connection: close", method=method, target=target))
    assert connection.response()[0] == status


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "", "application/x-www-form-urlencoded; charset=gbk", "TEXT/PLAIN"],
)
def test_json_is_understood_under_a_type_that_does_not_contradict(site: Site, content_type: str) -> None:
    text = json.dumps({**CALL, "token": site.token}).encode()
    assert site.send(text, content_type).code == 0


BODIES: dict[str, tuple[str, bytes, str]] = {
    "100,000 fields": (FORM, b"&".join(b"a%d=1" % number for number in range(100_000)), "参数超过1000个"),
    "100,000 members": (
        "application/json",
        json.dumps({str(number): "" for number in range(99_000)}).encode(),
        "参数超过1000个",
    ),
    "JSON of 10,000 arrays": ("application/json", b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "JSON格式错误"),
    "JSON of too many values": ("application/json", b'{"a":[' + b"1," * 100_000 + b"1]}", "JSON超过100000个值"),
    "nested multipart": (
        "multipart/form-data; boundary=a",
        b"--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a--",
        "multipart请求格式错误",
    ),
    "a part's endless name": (
        "multipart/form-data; boundary=a",
        b'--a\r\nContent-Disposition: form-data; name="' + b"n" * 100_000 + b'"\r\n\r\nx\r\n--a--',
        "multipart请求格式错误",
    ),
    "a part with endless parameters": (
        "multipart/form-data; boundary=a",
        b"--a\r\nContent-Disposition: form-data" + b";a" * 100 + b"\r\n\r\nx\r\n--a--",
        "请求头参数超过20个",
    ),
    "a type with endless parameters": (FORM + ";" * 100, b"x", "请求头参数超过20个"),
    "a type that is none": ("form", b"x", "不支持的Content-Type“form”"),
    "a type of two lines": ("image/png\t", b"x", "不支持的Content-Type“image/png”"),
}


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_too_much_is_400_and_says_why(site: Site, name: str) -> None:
    content_type, data, text = BODIES[name]
    ret, msg = site.send(data, content_type).refusal
    assert ret == 400
    assert msg.startswith(f"非法请求：{text}")


def test_a_number_of_any_size_in_json_is_its_text(site: Site) -> None:
    text = json.dumps({**CALL, "token": site.token})[:-1]
    body = f'{text}, "ext": {"9" * 255}, "memberid": -1.50e+400, "stray": {"9" * 1_000_000}}}'.encode()
    uuid = site.send(body, "application/json").headers["x-call-uuid"]
    assert site.query("SELECT ext, memberid FROM calls WHERE uuid = ?", uuid) == [("9" * 255, "-1.50e+400")]


def test_a_file_in_a_form_is_no_parameter(site: Site) -> None:
    fields = {**CALL, "token": site.token}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    file = '--b\r\nContent-Disposition: form-data; name="ext"; filename="a"\r\nContent-Type: audio/mpeg\r\n\r\nxyz'
    answer = site.send("\r\n".join([*parts, file, "--b--"]).encode(), "multipart/form-data; boundary=b")
    uuid = answer.headers["x-call-uuid"]
    assert site.query("SELECT ext FROM calls WHERE uuid = ?", uuid) == [("",)]


def test_a_hundred_megabytes_that_come_slowly_are_refused_and_never_held(site: Site) -> None:
    """In chunks of 256 KiB, whose end nobody announced."""
    piece = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
    before = resident(site)
    most = 0
    with Connection(site) as connection:
        connection.send(head(None, "Transfer-Encoding: chunked"))
        try:
            for _ in range(400):
                connection.send(piece)
                most = max(most, resident(site))
                assert site.send(b"").refusal[0] == 404, "others are answered meanwhile"
        except ConnectionError:
            pass  # it was refused, and the connection closed
        else:
            raise AssertionError("all of it was taken")
    site.log.wait_for("request_refused", "octets")
    assert most - before < 3 * MAX_BODY


def test_bodies_of_many_connections_share_one_memory_and_ordinary_requests_go_on(site: Site) -> None:
    """Of 40 bodies of 4 MiB that all lack their last octet, only some are held; the others are refused in words."""
    before = resident(site)
    connections = [Connection(site) for _ in range(40)]
    ballast = b"x" * (MAX_BODY - 1)
    try:
        for connection in connections:
            connection.send(head(MAX_BODY) + ballast)
        assert site.send(form({**CALL, "token": site.token})).code == 0
        assert resident(site) - before < 3 * MAX_HELD
        for connection in connections:
            connection.send(b"x")
        answers = [connection.response() for connection in connections]
    finally:
        for connection in connections:
            connection.__exit__()
    codes = [json.loads(body)["ret"] for _, _, body in answers]
    full = [headers["retry-after"] for _, headers, body in answers if json.loads(body)["ret"] == 200]
    assert codes.count(404) == 40 - len(full), "a body without a service"
    assert 15 <= codes.count(404) <= 17
    assert set(full) == {"5"}
    site.log.wait_for("request_refused", "code=1003", "no memory")
    wait_until(lambda: site.send(ballast).refusal[0] == 404, "the memory is given back")
