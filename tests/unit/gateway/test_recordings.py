"""`GET /recordings/NAME` over sockets: links, ranges, and what happens while a recording can't be had."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.serving import serving
from tests.unit.gateway.world import AT, World

from playvoice.calls.links import LIFETIME
from playvoice.gateway import recordings as recordings_module
from playvoice.gateway.recordings import RecordingDownloads
from playvoice.store import StoreUnavailable

NAME = "3418035c-4af5-41ea-afb2-fbc8753285b6"
SOUND = bytes(range(256)) * 1_000
SIZE = len(SOUND)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        serving(world.app) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client,
    ):
        yield client


@pytest.fixture
def link(world: World, tmp_path: Path) -> str:
    """The path with the query of a recording that is there."""
    return add(world, tmp_path)


def add(world: World, folder: Path, suffix: str = ".mp3", *, encoded: bool = True) -> str:
    path = folder / f"{NAME}{suffix}"
    path.write_bytes(SOUND)
    return f"/recordings/{path.name}?{world.archive.add(path, encoded=encoded)}"


@pytest.mark.parametrize(("suffix", "kind"), [(".mp3", "audio/mpeg"), (".wav", "audio/wav")])
async def test_a_link_gives_the_recording(
    client: httpx2.AsyncClient, world: World, tmp_path: Path, suffix: str, kind: str
) -> None:
    answer = await client.get(add(world, tmp_path, suffix))
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["content-disposition"] == f'inline; filename="{NAME}{suffix}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["etag"].startswith('"')


async def test_head_says_what_get_would_and_sends_nothing(client: httpx2.AsyncClient, link: str) -> None:
    head, get = await client.head(link, headers={"range": "bytes=0-9"}), await client.get(link)
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("BYTES=100-199", 100, 199),
        ("bytes=200000-", 200_000, SIZE - 1),
        (f"bytes=200000-{10**15 - 1}", 200_000, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-70000", SIZE - 70_000, SIZE - 1),
        (f"bytes=-{SIZE + 1}", 0, SIZE - 1),
    ],
)
async def test_a_range_gives_these_octets(
    client: httpx2.AsyncClient, link: str, asked: str, first: int, last: int
) -> None:
    answer = await client.get(link, headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, SOUND[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["content-type"] == "audio/mpeg"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
async def test_a_range_past_the_end_is_416_with_the_size(client: httpx2.AsyncClient, link: str, asked: str) -> None:
    answer = await client.get(link, headers={"range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "octets=0-1",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=",
        "bytes=-",
        "0-1",
        "bytes=0-²",
        "bytes=0-" + "9" * 99,
    ],
)
async def test_what_is_no_single_range_of_octets_gets_the_whole(
    client: httpx2.AsyncClient, link: str, asked: str
) -> None:
    answer = await client.get(link, headers=[(b"range", asked.encode("latin-1"))])
    assert (answer.status_code, answer.content) == (200, SOUND)


async def test_two_headers_with_a_range_get_the_whole(client: httpx2.AsyncClient, link: str) -> None:
    answer = await client.get(link, headers=[("range", "bytes=0-1"), ("range", "bytes=2-3")])
    assert (answer.status_code, answer.content) == (200, SOUND)


async def test_a_range_of_a_recording_that_has_changed_since_gets_the_whole(
    client: httpx2.AsyncClient, link: str
) -> None:
    known = (await client.head(link)).headers
    for validator in (known["etag"], known["last-modified"]):
        assert (await client.get(link, headers={"range": "bytes=0-9", "if-range": validator})).status_code == 206
    for other in ('"other"', f"W/{known['etag']}", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert (await client.get(link, headers={"range": "bytes=0-9", "if-range": other})).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.partition("?")[0],
        lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
        lambda link: link.replace("expires=", "expires=1"),
        lambda link: link.replace(NAME, NAME.replace("3", "4")),
        lambda link: link.replace("signature=", "signature=%ff"),
        lambda link: link.replace(NAME, "..%5cx"),
    ],
)
@pytest.mark.parametrize(("language", "words"), [("zh", "签名不符"), ("en", "its signature is wrong")])
async def test_a_link_of_which_anything_was_changed_is_403_in_plain_words(
    client: httpx2.AsyncClient, link: str, change: object, language: str, words: str
) -> None:
    assert callable(change)
    answer = await client.get(change(link), headers={"accept-language": language})
    assert answer.status_code == 403
    assert words in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_link_whose_time_is_over_is_403_and_says_so(
    client: httpx2.AsyncClient, world: World, link: str
) -> None:
    old = world.archive.links.link(f"{NAME}.mp3", AT - LIFETIME).url.partition("?")[2]
    answer = await client.get(f"/recordings/{NAME}.mp3?{old}", headers={"accept-language": "en"})
    assert (answer.status_code, "has expired" in answer.text) == (403, True)


@pytest.mark.parametrize("name", ["..", ".", "raw", "passwd", "a.mp3"])
async def test_a_signed_name_that_no_record_has_is_404(client: httpx2.AsyncClient, world: World, name: str) -> None:
    query = world.archive.links.link(name, AT).url.partition("?")[2]
    escaped = name.replace(".", "%2e")
    assert (await client.get(f"/recordings/{escaped}?{query}")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/recordings/", "/recordings", "/recordings/a/b", "/recordings/..%2f..%2fetc%2fpasswd"]
)
async def test_there_is_nothing_beside_the_recordings(client: httpx2.AsyncClient, link: str, path: str) -> None:
    assert (await client.get(f"{path}?{link.partition('?')[2]}")).status_code == 404


async def test_other_methods_are_405(client: httpx2.AsyncClient, link: str) -> None:
    answer = await client.post(link)
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_recording_that_is_being_encoded_is_503_with_the_time_to_try_again(
    client: httpx2.AsyncClient, world: World, tmp_path: Path, method: str
) -> None:
    answer = await client.request(method, add(world, tmp_path, encoded=False))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_store_that_is_away_is_503(client: httpx2.AsyncClient, world: World, link: str) -> None:
    world.archive.raises = StoreUnavailable("away")
    answer = await client.get(link)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_recording_that_is_removed_as_it_is_asked_for_is_a_line_in_the_log(
    client: httpx2.AsyncClient, link: str, tmp_path: Path
) -> None:
    (tmp_path / f"{NAME}.mp3").unlink()
    with capture_logs() as log, pytest.raises(httpx2.RemoteProtocolError):
        await client.get(link)
    assert [line["event"] for line in log] == ["recording_not_sent"]


@pytest.mark.parametrize("bound", ["MAX_DOWNLOADS", "MAX_DOWNLOADS_OF_COMPANY"])
async def test_at_the_bound_of_downloads_a_further_one_is_503_until_one_has_ended(
    client: httpx2.AsyncClient, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(recordings_module, bound, 1)
    link = add(world, tmp_path)
    large = tmp_path / f"{NAME}.mp3"
    large.write_bytes(SOUND * 40)
    world.archive.add(large)
    async with client.stream("GET", link) as first:
        assert first.status_code == 200
        second = await client.get(link)
        assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    async with asyncio.timeout(10):
        while (third := await client.get(link)).status_code == 503:  # noqa: ASYNC110 - no event tells of the other end
            await asyncio.sleep(0.01)
    assert third.content == SOUND * 40


def scope_of(link: str) -> dict[str, object]:
    """What a server makes of a GET of a link."""
    path, _, query = link.partition("?")
    return {
        "type": "http", "method": "GET", "path": path, "path_params": {"name": path.rpartition("/")[2]},
        "query_string": query.encode(), "headers": [], "asgi": {"spec_version": "2.3"},
    }  # fmt: skip


async def test_a_client_that_reads_as_the_server_stops_is_cut_off_with_a_line_in_the_log(
    world: World, tmp_path: Path
) -> None:
    downloads = RecordingDownloads(world.archive, clock=lambda: AT)
    sending = asyncio.Event()

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(_message: object) -> None:
        sending.set()
        await asyncio.Event().wait()

    with capture_logs() as log:
        download = asyncio.create_task(downloads(scope_of(add(world, tmp_path)), receive, send))
        async with asyncio.timeout(10):
            await sending.wait()
        download.cancel("the server stops")
        await download
    assert [(line["event"], line["name"]) for line in log] == [("recording_cut_off", f"{NAME}.mp3")]
    assert not downloads._running


async def test_a_client_that_goes_away_gives_its_place_back(world: World, tmp_path: Path) -> None:
    downloads = RecordingDownloads(world.archive, clock=lambda: AT)
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)
        await asyncio.sleep(0)

    await downloads(scope_of(add(world, tmp_path)), receive, send)
    assert not downloads._running


async def test_a_refusal_is_a_line_in_the_log_without_the_query(client: httpx2.AsyncClient, link: str) -> None:
    with capture_logs() as log:
        await client.get(link + "x")
    (line,) = log
    assert (line["event"], line["status"], line["name"]) == ("recording_refused", 403, f"{NAME}.mp3")
    assert "signature=" not in str(line)
