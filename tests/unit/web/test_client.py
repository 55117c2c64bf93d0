"""Posts and downloads against far ends that lie, stall, redirect, cut and never end."""

import asyncio
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.unit.web.conftest import Exchange, Start
from tests.waiting import until

from playvoice.web import (
    AddressRefused,
    BadAnswer,
    ConnectFailed,
    NetworkPolicy,
    NoAnswer,
    WebClient,
    WebError,
)
from playvoice.web.client import KEPT_CONNECTIONS
from playvoice.web.policy import IPAddress

LOOPBACK = NetworkPolicy([ipaddress.ip_network("127.0.0.1/32")])
CERTIFICATE = Path(__file__).with_name("voices.example.pem")
BODY = b'{"status":"ring"}'
JSON = {"content-type": "application/json"}


class Names:
    """A resolver that answers as written and remembers what it was asked."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, name: str, port: int) -> Sequence[IPAddress]:
        self.asked.append(name)
        if name not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self._names[name]
        return [ipaddress.ip_address(text) for text in (answers.pop(0) if len(answers) > 1 else answers[0])]


@pytest.fixture
async def client() -> AsyncIterator[WebClient]:
    client = WebClient(LOOPBACK, max_connections=4)
    yield client
    await client.aclose()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def ok(exchange: Exchange) -> None:
    await exchange.answer(200, b"fine", ETag='"1"')


async def stall(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def cut(exchange: Exchange) -> None:
    exchange.writer.close()


# --- post ---


async def test_a_post_arrives_as_it_was_given_and_the_answer_comes_back(client: WebClient, far_end: Start) -> None:
    end = await far_end(ok)
    response = await client.post(f"{end.url}/cdr?x=1", BODY, {**JSON, "webhook-id": "msg_1"}, timeout=5)
    assert (response.status, response.body, response.headers["etag"]) == (200, b"fine", '"1"')
    [request] = end.requests
    assert request.start == "POST /cdr?x=1 HTTP/1.1"
    assert request.body == BODY
    assert request.headers == {
        "host": f"127.0.0.1:{end.port}",
        "user-agent": "PlayVoice/0.1.0",
        "content-length": str(len(BODY)),
        "content-type": "application/json",
        "webhook-id": "msg_1",
    }


async def test_posts_after_each_other_use_one_connection(client: WebClient, far_end: Start) -> None:
    end = await far_end(ok)
    for _ in range(3):
        await client.post(end.url, BODY, JSON, timeout=5)
    assert (len(end.requests), end.connections) == (3, 1)


async def test_of_many_connections_at_once_a_few_are_kept(far_end: Start) -> None:
    at_once = KEPT_CONNECTIONS + 2
    client = WebClient(LOOPBACK, max_connections=at_once)
    all_are_here = asyncio.Barrier(at_once)

    async def ok_together(exchange: Exchange) -> None:
        await all_are_here.wait()
        await ok(exchange)

    end = await far_end(ok_together)
    for _ in range(2):
        await asyncio.gather(*(client.post(end.url, BODY, JSON, timeout=5) for _ in range(at_once)))
    assert end.connections == at_once + 2, "the second round finds all but two"
    await client.aclose()


async def test_a_connection_that_the_far_end_closed_is_not_used_again(client: WebClient, far_end: Start) -> None:
    async def ok_and_close(exchange: Exchange) -> None:
        await ok(exchange)
        exchange.writer.close()
        await exchange.writer.wait_closed()

    end = await far_end(ok_and_close)
    for _ in range(3):
        assert (await client.post(end.url, BODY, JSON, timeout=5)).status == 200
        await asyncio.sleep(0.01)  # the far end's close has to arrive
    assert end.connections == 3


async def test_a_far_end_that_sent_more_than_its_answer_gets_no_second_request_there(
    client: WebClient, far_end: Start
) -> None:
    async def two_answers(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    end = await far_end(two_answers)
    for _ in range(2):
        assert (await client.post(end.url, BODY, JSON, timeout=5)).status == 500
    assert end.connections == 2


async def test_no_cookie_of_an_answer_is_sent_back(client: WebClient, far_end: Start) -> None:
    async def with_cookie(exchange: Exchange) -> None:
        await exchange.answer(200, Set_Cookie="a=b")

    end = await far_end(with_cookie)
    await client.post(end.url, BODY, JSON, timeout=5)
    await client.post(end.url, BODY, JSON, timeout=5)
    assert "cookie" not in end.requests[1].headers


async def test_the_environments_proxy_is_not_used(
    client: WebClient, far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    end = await far_end(ok)
    assert (await client.post(end.url, BODY, JSON, timeout=5)).status == 200


async def test_a_redirect_of_a_post_is_an_answer_and_not_followed(client: WebClient, far_end: Start) -> None:
    async def redirect(exchange: Exchange) -> None:
        await exchange.answer(307, Location="/elsewhere")

    end = await far_end(redirect)
    assert (await client.post(end.url, BODY, JSON, timeout=5)).status == 307
    assert len(end.requests) == 1


async def test_of_a_long_answer_the_first_4_kib_are_kept(client: WebClient, far_end: Start) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await exchange.send(b"x" * 65536)

    end = await far_end(endless)
    response = await client.post(end.url, BODY, JSON, timeout=5)
    assert (response.status, response.body) == (200, b"x" * 4096)


async def test_an_answer_whose_body_never_comes_counts_by_its_status(client: WebClient, far_end: Start) -> None:
    async def half(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 204 OK\r\nContent-Length: 5\r\n\r\n".replace(b"204", b"200") + b"ab")
        await stall(exchange)

    end = await far_end(half)
    response = await client.post(end.url, BODY, JSON, timeout=0.2)
    assert (response.status, response.body) == (200, b"ab")


async def test_nobody_listening_is_no_connection(client: WebClient) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectFailed, match="no connection"):
            await client.post(f"http://127.0.0.1:{reserved.getsockname()[1]}/", BODY, JSON, timeout=5)


async def test_no_answer_in_time_is_no_answer(client: WebClient, far_end: Start) -> None:
    end = await far_end(stall)
    with pytest.raises(NoAnswer, match=r"has not answered within 0\.1 s"):
        await client.post(end.url, BODY, JSON, timeout=0.1)


async def test_an_answer_octet_by_octet_gains_no_time(client: WebClient, far_end: Start) -> None:
    async def drip(exchange: Exchange) -> None:
        for octet in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 10_000:
            await exchange.send(bytes([octet]))
            await asyncio.sleep(0.01)

    end = await far_end(drip)
    async with asyncio.timeout(3):
        with pytest.raises(NoAnswer):
            await client.post(end.url, BODY, JSON, timeout=0.2)


async def test_a_connection_cut_before_the_answer_is_no_answer(client: WebClient, far_end: Start) -> None:
    end = await far_end(cut)
    with pytest.raises(NoAnswer, match="cut the connection"):
        await client.post(end.url, BODY, JSON, timeout=5)


async def test_what_is_not_http_is_a_bad_answer(client: WebClient, far_end: Start) -> None:
    async def smtp(exchange: Exchange) -> None:
        await exchange.send(b"220 mail.example ESMTP\r\n\r\n")

    end = await far_end(smtp)
    with pytest.raises(BadAnswer, match="does not speak HTTP"):
        await client.post(end.url, BODY, JSON, timeout=5)


async def test_headers_without_end_are_a_bad_answer(client: WebClient, far_end: Start) -> None:
    async def headers(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await exchange.send(b"X-More: " + b"a" * 1000 + b"\r\n")

    end = await far_end(headers)
    with pytest.raises(BadAnswer):
        await client.post(end.url, BODY, JSON, timeout=5)


async def test_when_all_connections_are_in_use_a_post_waits_half_its_time(far_end: Start) -> None:
    client = WebClient(LOOPBACK, max_connections=1)
    end = await far_end(stall)
    first = asyncio.create_task(client.post(end.url, BODY, JSON, timeout=5))
    await end.asked.wait()
    with pytest.raises(ConnectFailed, match="all connections are in use"):
        await client.post(end.url, BODY, JSON, timeout=0.1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await client.aclose()


async def test_no_error_tells_the_query_or_the_password(client: WebClient, far_end: Start) -> None:
    end = await far_end(stall)
    url = f"http://bob:secret@127.0.0.1:{end.port}/a?token=secret"
    with pytest.raises(NoAnswer) as error:
        await client.post(url, BODY, JSON, timeout=1.0)
    assert "secret" not in str(error.value)
    assert end.requests[0].headers["authorization"].startswith("Basic ")


# --- addresses ---


async def test_a_name_is_looked_up_and_the_host_header_keeps_it(far_end: Start) -> None:
    names = Names(voices_example=[["127.0.0.1"]])
    client = WebClient(LOOPBACK, resolver=names)
    end = await far_end(ok)
    await client.post(f"http://voices.example:{end.port}/", BODY, JSON, timeout=5)
    assert end.requests[0].headers["host"] == f"voices.example:{end.port}"
    assert names.asked == ["voices.example"]
    await client.aclose()


@pytest.mark.parametrize("addresses", [["127.0.0.2"], ["127.0.0.1", "10.0.0.1"], ["127.0.0.1", "fe80::1"]])
async def test_a_name_with_one_private_address_is_refused_and_nothing_is_sent(
    far_end: Start, addresses: list[str]
) -> None:
    client = WebClient(LOOPBACK, resolver=Names(rebind_example=[addresses]))
    end = await far_end(ok)
    with pytest.raises(AddressRefused, match=r"rebind\.example"):
        await client.post(f"http://rebind.example:{end.port}/", BODY, JSON, timeout=5)
    assert end.connections == 0
    await client.aclose()


async def test_the_address_that_was_checked_is_the_one_connected_to(far_end: Start) -> None:
    # A name that shows an allowed address first and a private one at the next look.
    names = Names(rebind_example=[["127.0.0.1"], ["10.0.0.1"]])
    client = WebClient(LOOPBACK, resolver=names)
    end = await far_end(cut)
    with pytest.raises(NoAnswer):
        await client.post(f"http://rebind.example:{end.port}/", BODY, JSON, timeout=5)
    assert (names.asked, end.connections) == (["rebind.example"], 1)
    with pytest.raises(AddressRefused):
        await client.post(f"http://rebind.example:{end.port}/", BODY, JSON, timeout=5)
    await client.aclose()


async def test_the_next_address_of_a_name_is_tried_when_one_refuses(far_end: Start) -> None:
    policy = NetworkPolicy([ipaddress.ip_network("127.0.0.0/8")])
    client = WebClient(policy, resolver=Names(two_example=[["127.0.0.9", "127.0.0.1"]]))
    end = await far_end(ok)
    assert (await client.post(f"http://two.example:{end.port}/", BODY, JSON, timeout=5)).status == 200
    await client.aclose()


async def test_a_name_that_does_not_resolve_is_no_connection() -> None:
    client = WebClient(LOOPBACK, resolver=Names())
    with pytest.raises(ConnectFailed, match="does not resolve"):
        await client.post("http://nowhere.example/", BODY, JSON, timeout=5)
    await client.aclose()


async def test_the_system_resolves_names_without_holding_up_the_loop(far_end: Start) -> None:
    client = WebClient(NetworkPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]))
    end = await far_end(ok)
    assert (await client.post(f"http://localhost:{end.port}/", BODY, JSON, timeout=5)).status == 200
    await client.aclose()


async def test_a_literal_private_address_is_refused_before_anything_is_done(client: WebClient) -> None:
    with pytest.raises(AddressRefused):
        await client.post("http://10.0.0.1/", BODY, JSON, timeout=5)


# --- TLS ---


async def tls_far_end(far_end: Start) -> int:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    return (await far_end(ok, ssl=server)).port


async def test_tls_verifies_the_name_though_the_connection_goes_to_a_number(far_end: Start) -> None:
    port = await tls_far_end(far_end)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    names = Names(voices_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    client = WebClient(LOOPBACK, resolver=names, ssl_context=trusting)
    assert (await client.post(f"https://voices.example:{port}/", BODY, JSON, timeout=5)).status == 200
    with pytest.raises(ConnectFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await client.post(f"https://other.example:{port}/", BODY, JSON, timeout=5)
    await client.aclose()


async def test_a_certificate_that_nobody_vouches_for_is_no_connection(far_end: Start) -> None:
    port = await tls_far_end(far_end)
    client = WebClient(LOOPBACK, resolver=Names(voices_example=[["127.0.0.1"]]))
    with pytest.raises(ConnectFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await client.post(f"https://voices.example:{port}/", BODY, JSON, timeout=5)
    await client.aclose()


# --- download ---


async def test_a_download_is_written_whole(client: WebClient, far_end: Start, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000

    async def serve(exchange: Exchange) -> None:
        await exchange.answer(200, content, Content_Type="audio/mpeg", ETag='"v1"', Last_Modified="Mon")

    end = await far_end(serve)
    to = tmp_path / "voice"
    download = await client.download(f"{end.url}/a.mp3", to, max_bytes=2_000_000, timeout=5)
    assert to.read_bytes() == content
    assert names_in(tmp_path) == ["voice"]
    assert (download.not_modified, download.size) == (False, len(content))
    assert (download.etag, download.last_modified, download.content_type) == ('"v1"', "Mon", "audio/mpeg")
    assert end.requests[0].headers["accept-encoding"] == "identity"
    assert "if-none-match" not in end.requests[0].headers


async def test_a_chunked_download_is_written_whole(client: WebClient, far_end: Start, tmp_path: Path) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await exchange.send(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    end = await far_end(serve)
    await client.download(end.url, tmp_path / "voice", max_bytes=5, timeout=5)
    assert (tmp_path / "voice").read_bytes() == b"abcde"


async def test_what_has_not_changed_is_not_written(client: WebClient, far_end: Start, tmp_path: Path) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    end = await far_end(serve)
    download = await client.download(
        end.url, tmp_path / "voice", max_bytes=5, timeout=5, etag='"v1"', last_modified="Mon"
    )
    assert (download.not_modified, download.etag, download.last_modified) == (True, '"v1"', "Mon")
    assert end.requests[0].headers["if-none-match"] == '"v1"'
    assert end.requests[0].headers["if-modified-since"] == "Mon"
    assert names_in(tmp_path) == []


async def test_not_modified_is_no_answer_to_a_question_that_was_not_asked(
    client: WebClient, far_end: Start, tmp_path: Path
) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    end = await far_end(serve)
    with pytest.raises(BadAnswer, match="304"):
        await client.download(end.url, tmp_path / "voice", max_bytes=5, timeout=5)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_relative_ones_too(
    client: WebClient, far_end: Start, tmp_path: Path, status: int
) -> None:
    async def serve(exchange: Exchange) -> None:
        match exchange.start.split()[1]:
            case "/a":
                await exchange.answer(status, b"moved", Location="b/c")
            case "/b/c":
                await exchange.answer(status, Location=f"http://127.0.0.1:{end.port}/d")
            case _:
                await exchange.answer(200, b"voice")

    end = await far_end(serve)
    await client.download(f"{end.url}/a", tmp_path / "voice", max_bytes=5, timeout=5)
    assert (tmp_path / "voice").read_bytes() == b"voice"


async def test_a_redirect_takes_user_and_password_along_at_its_own_origin_and_nowhere_else(
    client: WebClient, far_end: Start, tmp_path: Path
) -> None:
    async def serve(exchange: Exchange) -> None:
        match exchange.start.split()[1]:
            case "/a":
                await exchange.answer(302, Location="/b")
            case _:
                await exchange.answer(302, Location=f"http://127.0.0.1:{other.port}/c")

    other = await far_end(ok)
    end = await far_end(serve)
    await client.download(f"http://user:word@127.0.0.1:{end.port}/a", tmp_path / "voice", max_bytes=5, timeout=5)
    assert [exchange.headers.get("authorization") for exchange in end.requests] == ["Basic dXNlcjp3b3Jk"] * 2
    assert ["authorization" in exchange.headers for exchange in other.requests] == [False]


async def test_the_sixth_redirect_is_not_followed(client: WebClient, far_end: Start, tmp_path: Path) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.answer(302, Location="/again")

    end = await far_end(serve)
    with pytest.raises(BadAnswer, match="more than 5 redirects"):
        await client.download(end.url, tmp_path / "voice", max_bytes=5, timeout=5)
    assert len(end.requests) == 6


@pytest.mark.parametrize(
    "location", ["http://10.0.0.1/", "http://0x7f000002/", "file:///etc/passwd", "http://private.example/"]
)
async def test_a_redirect_leads_nowhere_that_the_url_itself_might_not(
    far_end: Start, tmp_path: Path, location: str
) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.answer(302, Location=location)

    client = WebClient(LOOPBACK, resolver=Names(private_example=[["192.168.0.1"]]))
    end = await far_end(serve)
    with pytest.raises(AddressRefused):
        await client.download(end.url, tmp_path / "voice", max_bytes=5, timeout=5)
    await client.aclose()


@pytest.mark.parametrize("location", ["http://[", "//[x]/"])
async def test_a_redirect_to_what_is_no_address_is_an_error_of_the_far_end(
    client: WebClient, far_end: Start, tmp_path: Path, location: str
) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.answer(302, Location=location)

    end = await far_end(serve)
    with pytest.raises(BadAnswer, match="redirects to what is no address"):
        await client.download(end.url, tmp_path / "voice", max_bytes=5, timeout=5)


async def announced_too_long(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")


async def longer_than_announced_chunk(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.send(b"100\r\n" + b"x" * 256 + b"\r\n")


async def shorter_than_announced(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    exchange.writer.close()


async def no_end(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        await exchange.send(b"x")
        await asyncio.sleep(0.05)


async def not_found(exchange: Exchange) -> None:
    await exchange.answer(404, b"no such voice")


async def gone(exchange: Exchange) -> None:
    await exchange.answer(410)


async def broken(exchange: Exchange) -> None:
    await exchange.answer(500, b"oops", Content_Type="audio/mpeg")


async def a_part(exchange: Exchange) -> None:
    await exchange.answer(206, b"abc", Content_Range="bytes 0-2/5")


async def stops_in_the_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    await stall(exchange)


async def never_ends(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await exchange.send(b"x" * 256)


async def two_lengths(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde")


async def compressed(exchange: Exchange) -> None:
    await exchange.answer(200, b"\x1f\x8b", Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("behave", "error", "why"),
    [
        (announced_too_long, BadAnswer, "has 1000000 octets, more than 1000"),
        (longer_than_announced_chunk, BadAnswer, "sends more than 1000 octets"),
        (shorter_than_announced, NoAnswer, "cut the connection"),
        (no_end, NoAnswer, "has not answered within"),
        (stall, NoAnswer, "has not answered within"),
        (not_found, BadAnswer, "status 404"),
        (gone, BadAnswer, "status 410"),
        (broken, BadAnswer, "status 500"),
        (a_part, BadAnswer, "status 206"),
        (stops_in_the_body, NoAnswer, "has not answered within"),
        (never_ends, BadAnswer, "sends more than 1000 octets"),
        (two_lengths, BadAnswer, "does not speak HTTP"),
        (compressed, BadAnswer, "gzip"),
    ],
)
async def test_a_download_that_fails_leaves_what_was_there(
    client: WebClient, far_end: Start, tmp_path: Path, behave: object, error: type[WebError], why: str
) -> None:
    end = await far_end(behave)
    to = tmp_path / "voice"
    to.write_bytes(b"before")
    seconds = 0.4 if why == "has not answered within" else 10
    with pytest.raises(error, match=why):
        await client.download(end.url, to, max_bytes=1000, timeout=seconds)
    assert to.read_bytes() == b"before"
    await until(lambda: names_in(tmp_path) == ["voice"])


async def test_more_octets_than_announced_are_not_taken(client: WebClient, far_end: Start, tmp_path: Path) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.answer(200, b"voice")
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")

    end = await far_end(serve)
    await client.download(end.url, tmp_path / "voice", max_bytes=1000, timeout=5)
    assert (tmp_path / "voice").read_bytes() == b"voice"


async def test_a_file_that_can_not_be_written_is_an_error_of_the_system(
    client: WebClient, far_end: Start, tmp_path: Path
) -> None:
    end = await far_end(ok)
    with pytest.raises(FileNotFoundError):
        await client.download(end.url, tmp_path / "no" / "voice", max_bytes=1000, timeout=5)


async def test_an_address_is_reached_without_a_request(client: WebClient, far_end: Start) -> None:
    end = await far_end(ok)
    assert await client.reach(end.url, timeout=5.0) is None, "without TLS there is no certificate"
    await client.aclose()
    await end.left()
    assert (end.connections, end.requests) == (1, [])


async def test_reaching_says_when_the_certificate_ends(far_end: Start) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    end = await far_end(ok, ssl=server)
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    names = Names(voices_example=[["127.0.0.1"]])
    client = WebClient(LOOPBACK, resolver=names, ssl_context=trusting)
    ends = await client.reach(f"https://voices.example:{end.port}/", timeout=5.0)
    await client.aclose()
    assert ends is not None
    assert ends > 1.7e9


async def test_what_may_not_be_connected_to_is_not_reached(client: WebClient) -> None:
    with pytest.raises(AddressRefused):
        await client.reach("http://10.0.0.1/", timeout=5.0)
    with pytest.raises(ConnectFailed):
        await client.reach("http://127.0.0.1:1/", timeout=5.0)


async def test_a_disk_that_hangs_costs_a_download_and_not_the_loop(
    client: WebClient, far_end: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is a pipe that nobody reads, until it is emptied again."""
    reading, writing = os.pipe()

    def hanging(path: Path, _mode: str) -> BinaryIO:
        path.touch()
        return open(writing, "wb")  # noqa: PTH123

    def empty() -> None:
        while os.read(reading, 65_536):
            pass

    async def serve(exchange: Exchange) -> None:
        await exchange.answer(200, b"a" * 500_000)

    end = await far_end(serve)
    rescue = threading.Timer(3.0, empty)
    rescue.start()
    with monkeypatch.context() as machine:
        machine.setattr(Path, "open", hanging)
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            await client.download(end.url, tmp_path / "voice", max_bytes=1_000_000, timeout=0.2)
        assert time.monotonic() - began < 2
    rescue.join()
    os.close(reading)
    await until(lambda: names_in(tmp_path) == [], "what came of it is removed when the disk goes on")
