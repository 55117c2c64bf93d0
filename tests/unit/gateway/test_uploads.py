"""Files past the bound of ordinary bodies: to the disk for who may, and for nobody else."""

import asyncio
import errno
import io
import json
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.forms import CONTENT_TYPE, Part, form, pieces
from tests.unit.gateway.serving import serving
from tests.unit.gateway.world import TOKEN, Answer, Library, World

from playvoice.gateway import body as ordinary
from playvoice.gateway import uploads as room
from playvoice.gateway.services.voices import MAX_OCTETS
from playvoice.store import StoreUnavailable

SERVICE: Part = ("service", "App.Sip_Voice.Upload")
TOKENS: Part = ("token", TOKEN)
LARGE = b"voice" * 1_000_000
"""More than an ordinary body may have."""
FILE: Part = ("file", "notice.mp3", LARGE)
PIECE = 65_536
NO_UPLOAD = "语音上传失败"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(library=Library(tmp_path))


@pytest.fixture
def left(tmp_path: Path) -> Callable[[], list[Path]]:
    """What is left on the disk."""
    return lambda: list(tmp_path.iterdir())


async def send(world: World, *parts: Part, query: bytes = b"", cut: int = PIECE, length: int = 0) -> Answer:
    body = form(*parts)
    return await world.request(
        query=query,
        headers={"content-type": CONTENT_TYPE, "content-length": str(length or "")},
        parts=pieces(body, cut),
    )


async def test_a_large_file_behind_service_and_token_is_taken(world: World, left: Callable[[], list[Path]]) -> None:
    answer = await send(world, SERVICE, TOKENS, FILE, ("overwrite", "yes"))
    assert answer.json["data"]["desc"] == "语音上传成功"
    assert world.library.voices["notice.mp3"][1] == LARGE
    assert world.library.asked[0][3] is True, "what stands behind the file counts, too"  # type: ignore[index]
    assert left() == []


async def test_a_file_is_not_removed_on_the_loop_which_would_stand_still(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed_by: list[threading.Thread] = []
    unlink = Path.unlink

    def watched(path: Path, missing_ok: bool = False) -> None:
        removed_by.append(threading.current_thread())
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    await send(world, SERVICE, TOKENS, FILE)
    assert removed_by
    assert threading.current_thread() not in removed_by


async def test_service_and_token_may_stand_in_the_query_string(world: World) -> None:
    query = f"s=app.sip_voice.upload&token={TOKEN}".encode()
    assert (await send(world, FILE, query=query)).ret == 200
    assert world.library.voices["notice.mp3"][1] == LARGE


@pytest.mark.parametrize("order", [(FILE, SERVICE, TOKENS), (SERVICE, FILE, TOKENS), (TOKENS, FILE, SERVICE)])
async def test_a_large_file_before_service_or_token_is_an_ordinary_body_with_its_bound(
    world: World, left: Callable[[], list[Path]], order: tuple[Part, ...]
) -> None:
    answer = await send(world, *order)
    assert (answer.ret, answer.msg) == (400, "非法请求：请求体超过4194304字节")
    assert answer.headers["connection"] == "close"
    assert (world.library.asked, left()) == ([], [])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
@pytest.mark.parametrize("size", [5, 200_000])
async def test_a_file_within_the_ordinary_bound_may_stand_anywhere(
    world: World, order: tuple[int, ...], size: int
) -> None:
    parts: list[Part] = [SERVICE, TOKENS, ("file", "a.mp3", b"x" * size)]
    assert (await send(world, *(parts[index] for index in order))).ret == 200
    assert world.library.voices["a.mp3"][1] == b"x" * size


@pytest.mark.parametrize("token", ["x", "0" * 32])
async def test_nothing_is_written_for_who_has_no_token(
    world: World, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr(room.Uploads, "new_path", lambda _self: pytest.fail("a file was begun"))
    answer = await send(world, SERVICE, ("token", token), FILE)
    assert answer.text == '{"ret":600,"data":[],"msg":"token无效或已过期"}'


def refused(world: World, case: str) -> tuple[list[Part], int]:
    """A request that is refused before its file has come, and the code of its answer."""
    match case:
        case "unknown token":
            return [SERVICE, ("token", "0" * 32), FILE], 600
        case "low disk":
            world.recordings.disk_is_low = True
            return [SERVICE, TOKENS, FILE], 1003
        case "two services":
            return [SERVICE, ("service", "x"), TOKENS, FILE], 400
        case "no store":
            world.companies.refuses = StoreUnavailable("away")
            return [SERVICE, TOKENS, FILE], 500
    raise AssertionError(case)


@pytest.mark.parametrize("case", ["unknown token", "low disk", "two services", "no store"])
async def test_a_client_that_reads_no_answer_before_it_has_sent_all_hears_why_it_is_refused(
    world: World, case: str
) -> None:
    parts, code = refused(world, case)
    async with serving(world.app) as port:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", form(*parts), {"content-type": CONTENT_TYPE})

        def post() -> Any:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)

        answer = await asyncio.to_thread(post)
    assert code in (answer["ret"], (answer["data"] or {}).get("errors", {}).get("code"))


@pytest.mark.parametrize(("bound", "value"), [("MAX_DRAINED", 1_000_000), ("MAX_SECONDS", 0.05)])
async def test_what_is_refused_is_not_read_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, bound: str, value: float
) -> None:
    body = form(SERVICE, ("token", "x"), FILE)
    client = Slow(pieces(body, PIECE) if bound == "MAX_DRAINED" else pieces(body, PIECE)[:5])
    monkeypatch.setattr(ordinary, bound, value)
    answers: list[Any] = []
    async with asyncio.timeout(10):
        await world.app(client.scope, client.receive, answers_into(answers))
    assert b'"ret":600' in answers[1]["body"]
    assert bool(client.parts) is (bound == "MAX_DRAINED")


@pytest.mark.parametrize("parts", [[SERVICE, TOKENS, FILE], [("service", "App.Sip_Auth.Login"), ("appid", "x" * 9)]])
async def test_a_request_that_is_cut_off_as_the_server_stops_is_answered_and_leaves_nothing(
    world: World, left: Callable[[], list[Path]], parts: list[Part]
) -> None:
    client = Slow(pieces(form(*parts)[:2_000_000], PIECE))
    answers: list[Any] = []
    request = asyncio.create_task(world.app(client.scope, client.receive, answers_into(answers)))
    async with asyncio.timeout(10):
        await client.waits.wait()
    request.cancel("the server stops")
    await request
    assert answers[1]["body"] == '{"ret":500,"data":[],"msg":"服务器运行错误"}'.encode()
    assert (b"connection", b"close") in answers[0]["headers"]
    assert left() == []


async def test_a_service_that_takes_no_file_is_not_sent_a_large_one(world: World) -> None:
    answer = await send(world, ("service", "App.Sip_Call.PlayVoice"), TOKENS, FILE)
    assert answer.msg == "非法请求：请求体超过4194304字节"


@pytest.mark.parametrize("again", [("token", "another"), ("service", "App.Sip_Auth.Login")])
async def test_what_stands_behind_the_file_can_not_contradict_what_stood_before_it(
    world: World, left: Callable[[], list[Path]], again: Part
) -> None:
    answer = await send(world, SERVICE, TOKENS, FILE, again)
    assert (answer.ret, answer.msg) == (400, f"非法请求：参数{again[0]}重复且取值不同")
    assert (world.library.asked, left()) == ([], [])


async def test_a_service_behind_the_file_wins_over_its_alias_before_it_and_the_file_goes(
    world: World, left: Callable[[], list[Path]]
) -> None:
    answer = await send(world, ("s", "App.Sip_Voice.Upload"), TOKENS, FILE, ("service", "App.Sip_Voice.List"))
    assert answer.json["data"]["desc"] == "语音查询成功"
    assert (world.library.asked, left()) == ([], [])


async def test_two_files_are_400(world: World, left: Callable[[], list[Path]]) -> None:
    for first in (FILE, ("file", "a", b"small")):
        answer = await send(world, SERVICE, TOKENS, first, ("file", "b.mp3", b"x"))
        assert (answer.ret, answer.msg) == (400, "非法请求：文件file重复")
    assert (world.library.asked, left()) == ([], [])


async def test_a_file_of_the_bound_is_taken_and_one_octet_more_is_not(
    world: World, left: Callable[[], list[Path]]
) -> None:
    assert MAX_OCTETS == 67_108_864
    answer = await send(world, SERVICE, TOKENS, ("file", "a", b"x" * MAX_OCTETS), cut=1_048_576)
    assert answer.json["data"]["result"]["size"] == MAX_OCTETS
    answer = await send(world, SERVICE, TOKENS, ("file", "b", b"x" * (MAX_OCTETS + 1)), cut=1_048_576)
    assert (answer.ret, answer.msg) == (400, "非法请求：文件超过67108864字节")
    assert (list(world.library.voices), left()) == (["a"], [])


async def test_a_body_that_says_that_it_is_too_large_is_refused_before_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.Uploads, "new_path", lambda _self: pytest.fail("a file was begun"))
    answer = await send(world, SERVICE, TOKENS, FILE, length=100_000_000)
    assert answer.msg == "非法请求：文件超过67108864字节"


async def test_a_form_that_is_large_beside_its_file_is_refused(world: World, left: Callable[[], list[Path]]) -> None:
    answer = await send(world, SERVICE, TOKENS, FILE, ("x", "y" * room.MAX_FORM))
    assert (answer.ret, answer.msg) == (400, "非法请求：文件以外的参数超过65536字节")
    assert (world.library.asked, left()) == ([], [])


async def test_a_body_that_was_cut_off_is_refused(world: World, left: Callable[[], list[Path]]) -> None:
    for cut_off in (form(SERVICE, TOKENS, FILE)[:-10], form(SERVICE, TOKENS, FILE)[:3_000_000]):
        answer = await world.request(headers={"content-type": CONTENT_TYPE}, parts=pieces(cut_off, PIECE))
        assert (answer.ret, answer.msg) == (400, "非法请求：multipart请求格式错误")
    assert (world.library.asked, left()) == ([], [])


async def test_a_client_that_leaves_half_way_is_not_answered_and_leaves_nothing(
    world: World, left: Callable[[], list[Path]]
) -> None:
    parts = pieces(form(SERVICE, TOKENS, FILE), PIECE)
    client = Slow(parts[:20])
    client.gone = True
    answers: list[Any] = []
    await world.app(client.scope, client.receive, answers_into(answers))
    assert (answers, world.library.asked, left()) == ([], [], [])


@pytest.mark.parametrize(
    ("sent", "bound", "msg"),
    [(1, "MAX_SECONDS", "请求体未在0秒内发送完毕"), (20, "MAX_IDLE", "上传停顿超过0秒")],
)
async def test_a_file_that_stops_coming_is_given_up_with_a_closed_connection(
    world: World,
    left: Callable[[], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
    sent: int,
    bound: str,
    msg: str,
) -> None:
    where = ordinary if sent == 1 else room
    monkeypatch.setattr(where, bound, 0.05)
    body = form(SERVICE, TOKENS, FILE)
    client = Slow([body[:50]] if sent == 1 else pieces(body, PIECE)[:sent])
    answers: list[Any] = []
    async with asyncio.timeout(10):
        await world.app(client.scope, client.receive, answers_into(answers))
    assert msg.encode() in answers[1]["body"]
    assert (b"connection", b"close") in answers[0]["headers"]
    assert (world.library.asked, left()) == ([], [])


async def test_a_file_that_comes_in_crumbs_is_given_up(
    world: World, left: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAX_SECONDS", 0.05)
    client = Slow([form(SERVICE, TOKENS, FILE)[:PIECE], *[b"x"] * 1_000_000])
    answers: list[Any] = []
    async with asyncio.timeout(10):
        await world.app(client.scope, client.receive, answers_into(answers))
    assert "请求体未在0秒内发送完毕".encode() in answers[1]["body"]
    assert left() == []


@pytest.mark.parametrize(("of_company", "in_all"), [(2, 16), (4, 2)])
async def test_so_many_are_taken_at_once_and_the_next_is_told_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, of_company: int, in_all: int
) -> None:
    monkeypatch.setattr(room, "MAX_OF_COMPANY", of_company)
    monkeypatch.setattr(room, "MAX_AT_ONCE", in_all)
    world.library.gate.clear()
    small: Part = ("file", "small.mp3", b"x")
    running = [asyncio.create_task(send(world, SERVICE, TOKENS, file)) for file in (FILE, small)]
    for _ in running:
        await world.library.began.acquire()
    for file in (FILE, small):
        answer = await send(world, SERVICE, TOKENS, file)
        assert answer.code == 1003
        assert answer.json["data"]["desc"] == f"{NO_UPLOAD}：正在上传的文件过多，请稍后再试"
        assert answer.headers["retry-after"] == "10"
    world.library.gate.set()
    assert [answer.ret for answer in await asyncio.gather(*running)] == [200, 200]
    assert (await send(world, SERVICE, TOKENS, FILE)).json["data"]["status"] == 0, "the places are free again"


async def test_a_low_disk_is_1003_before_anything_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.Uploads, "new_path", lambda _self: pytest.fail("a file was begun"))
    world.recordings.disk_is_low = True
    for file in (FILE, ("file", "small.mp3", b"x")):
        answer = await send(world, SERVICE, TOKENS, file)
        assert (answer.code, answer.headers["retry-after"]) == (1003, "10")
        assert answer.json["data"]["desc"] == f"{NO_UPLOAD}：磁盘空间不足"


async def test_a_disk_that_becomes_low_is_left_to_the_calls(
    world: World, left: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[int] = []

    class Filling(io.BytesIO):
        def write(self, octets: Any) -> int:
            blocks.append(len(octets))
            world.recordings.disk_is_low = len(blocks) == 2
            return len(octets)

    monkeypatch.setattr(Path, "open", lambda _self, _mode: Filling())
    answer = await send(world, SERVICE, TOKENS, FILE)
    assert (answer.code, answer.headers["retry-after"]) == (1003, "10")
    assert answer.json["data"]["desc"] == f"{NO_UPLOAD}：磁盘空间不足"
    assert len(blocks) == 2
    assert (world.library.asked, left()) == ([], [])


class Full(io.BytesIO):
    def write(self, _octets: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_disk_that_becomes_full_is_1003_and_leaves_nothing(
    world: World, left: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda _self, _mode: Full())
        answer = await send(world, SERVICE, TOKENS, FILE)
    assert (answer.code, answer.headers["retry-after"]) == (1003, "10")
    assert (world.library.asked, left()) == ([], [])
    assert (await send(world, SERVICE, TOKENS, FILE)).json["data"]["status"] == 0


async def test_an_ordinary_form_in_pieces_is_what_it_was(world: World) -> None:
    fields: list[Part] = [("service", "App.Sip_Auth.Login"), ("appid", "demo-appid"), ("accesskey", "demo-accesskey")]
    for cut in (97, 1_000, PIECE):
        answer = await send(world, *fields, ("ballast", "x" * 100_000), cut=cut)
        assert answer.json["data"]["desc"] == "授权成功"


class Slow:
    """A client that sends some pieces, and then nothing any more, or leaves."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts
        self.gone = False
        self.waits = asyncio.Event()
        """Nothing more comes, and somebody waits for it."""
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [(b"content-type", CONTENT_TYPE.encode())],
            "client": ("192.0.2.7", 40000),
        }

    async def receive(self) -> Any:
        await asyncio.sleep(0)
        if self.parts:
            return {"type": "http.request", "body": self.parts.pop(0), "more_body": True}
        if not self.gone:
            self.waits.set()
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}


def answers_into(answers: list[Any]) -> Callable[[Any], Any]:
    async def send(message: Any) -> None:
        answers.append(message)

    return send
