"""Where a voice may be downloaded from: a number is checked at once, a name and a redirect when they are followed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.acceptance.inputs.site import CLOSED, OPEN, Site
from tests.waiting import wait_until

FORBIDDEN = [
    "http://127.0.0.1/a.mp3", "127.0.0.1/a.mp3", "127.0.0.1", "HTTP://127.0.0.1/", "http://127.0.0.1./a", "127.1/a",
    "2130706433/a", "0x7f000001/a", "017700000001/a", "0177.0.0.1/a", "0x7f.0.0.1/a", "127.0.0.0x1/a", "0/a",
    "0.0.0.0/a", "10.0.0.1/a", "172.16.0.1/a", "192.168.0.1/a", "100.64.0.1/a", "224.0.0.1/a", "255.255.255.255/a",
    "169.254.169.254/latest/meta-data", "2852039166/latest", "0xa9fea9fe/latest", "[fd00:ec2::254]/latest",
    "[::1]/a", "[::]/a", "[0:0:0:0:0:0:0:1]/a", "[::ffff:127.0.0.1]/a", "[::ffff:7f00:1]/a", "[::ffff:a9fe:a9fe]/a",
    "[64:ff9b::7f00:1]/a", "[fe80::1]/a", "[fe80::1%25lo]/a", "[fc00::1]/a", "[2002:7f00:1::]/a",
    "１２７.０.０.１/a", "①②⑦.⓪.⓪.①/a", "127。0。0。1/a", "ｌｏｃａｌｈｏｓｔ/a", "%31%32%37.0.0.1/a",
    "user@127.0.0.1/a", "example.com@127.0.0.1/a", "http://example.com\\@127.0.0.1/a", "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?@example.com/", "http:///127.0.0.1/a", "http://", "://", "http://:80/a", "example.com:0/a",
    "example.com:65536/a", "example.com:-1/a", "exa mple.com/a", "//127.0.0.1/a",
    "file:///etc/passwd", "ftp://example.com/a", "gopher://example.com/", "data://x", "unix:///tmp/x", "jar://x!/a",
    "h" * 2_042,
]  # fmt: skip


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_private_address_in_whatever_notation_is_1002_and_nothing_is_stored(site: Site, url: str) -> None:
    since = site.log.size()
    answer = site.call(voicetype="2", voicefile=url)
    assert (answer.code, answer.json["data"]["desc"]) == (1002, "播放命令发送失败")
    site.log.wait_for("request_refused", "code=1002", since=since)


class Web:
    """A web server at a loopback address that answers every request with a redirect, and keeps what it was asked."""

    def __init__(self, host: str, location: str = "") -> None:
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                self.send_response(302 if location else 404)
                self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.port = int(self.server.server_address[1])


@contextmanager
def web(host: str, location: str = "") -> Iterator[Web]:
    site = Web(host, location)
    thread = threading.Thread(target=site.server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        thread.join()
        site.server.server_close()


def ends_with(site: Site, url: str, why: str) -> None:
    """The call is accepted, and ends with 10020 without a leg: its voice could not be had."""
    since = site.log.size()
    answer = site.call(voicetype="2", voicefile=url)
    uuid = answer.headers["x-call-uuid"]
    assert answer.code == 0

    record = "SELECT hangupcause, hangupdirection, started_at = ended_at FROM calls WHERE uuid = ?"
    wait_until(lambda: site.query(record, uuid) == [(10020, 10020, 1)], lambda: str(site.query(record, uuid)))
    assert site.query("SELECT count(*) FROM legs WHERE call_uuid = ?", uuid) == [(0,)]
    site.log.wait_for(uuid, why, since=since)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST."])
def test_a_name_of_a_private_address_is_never_connected_to(site: Site, host: str) -> None:
    with web(CLOSED) as inner:
        ends_with(site, f"http://{host}:{inner.port}/a.mp3", "not allowed")
        assert inner.asked == []


def test_an_address_of_an_opened_network_is_asked(site: Site) -> None:
    with web(OPEN) as outer:
        ends_with(site, f"http://{OPEN}:{outer.port}/a.mp3?key=secret", "404")
        assert outer.asked == ["/a.mp3?key=secret"]
    assert "key=secret" not in "".join(site.log.lines()), "a query may hold a token"


@pytest.mark.parametrize(
    "form", ["http://127.0.0.1:{}/a", "http://0x7f.1:{}/a", "//127.0.0.1:{}/a", "http://localhost:{}/"]
)
def test_a_redirect_leads_to_no_private_address(site: Site, form: str) -> None:
    with web(CLOSED) as inner, web(OPEN, form.format(inner.port)) as outer:
        ends_with(site, f"http://{OPEN}:{outer.port}/a.mp3", "not allowed")
        assert (len(outer.asked), inner.asked) == (1, [])


def test_a_redirect_to_another_scheme_is_not_followed(site: Site) -> None:
    with web(OPEN, "file:///etc/passwd") as outer:
        ends_with(site, f"http://{OPEN}:{outer.port}/a.mp3", "scheme")


def test_a_name_that_does_not_resolve_ends_the_call(site: Site) -> None:
    ends_with(site, "http://nobody.invalid/a.mp3", "nobody.invalid")


def test_loopback_is_where_these_names_lead() -> None:
    """Else the tests above would prove nothing."""
    assert CLOSED in {str(entry[4][0]) for entry in socket.getaddrinfo("localhost", 80)}
