"""The customer's own sample request, sent by programs that we did not write, over a socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
import uvicorn
from sqlalchemy import select

from playvoice import companies, lines, voices
from playvoice.calls.archive import Archive
from playvoice.calls.bills import Bills
from playvoice.calls.links import RecordingLinks, signing_key
from playvoice.calls.queue import CallQueue
from playvoice.calls.recordings import Recordings
from playvoice.calls.tables import calls
from playvoice.companies import Companies
from playvoice.config import load
from playvoice.gateway import create_app
from playvoice.gateway.http import BoundedHttp
from playvoice.lines import Lines
from playvoice.media.transcoder import Transcoder
from playvoice.migrations import all_tables
from playvoice.store import Store
from playvoice.voices import Voices
from playvoice.web import NetworkPolicy, WebClient

CONFIG = """
[server]
http = "127.0.0.1:0"
timezone = "Asia/Shanghai"
[sip]
listen = ["udp:127.0.0.1:0"]
[[company]]
code = "2028"
name = "Demo"
appid = "demo-appid"
accesskey = "demo-accesskey"
numbers = ["2120280001"]
  [[company.extension]]
  number = "20280003"
  password = "secret"
  [[company.group]]
  name = "extGroup-1"
  strategy = "ring-all"
  members = ["20280003"]
"""

PHP = """<?php
$curl = curl_init($argv[1]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
curl_setopt($curl, CURLOPT_POST, true);
curl_setopt($curl, CURLOPT_POSTFIELDS, json_decode($argv[2], true));
echo curl_exec($curl);
"""


@dataclass
class Server:
    """The HTTP API over a real store; nobody dials what it accepts."""

    url: str
    store: Store

    async def accepted(self) -> list[tuple[str, str, str]]:
        """Return number, voice and state of the calls that are stored."""
        query = select(calls.c.destnumber, calls.c.voice_name, calls.c.state)
        return await self.store.read(lambda conn: [(row[0], row[1], row[2]) for row in conn.execute(query)])

    async def token(self) -> str:
        """Log in, by curl."""
        fields = {"service": "App.Sip_Auth.Login", "appid": "demo-appid", "accesskey": "demo-accesskey"}
        answer = json.loads(await run("curl", "-sS", self.url, "--data", urlencode(fields)))
        return str(answer["data"]["result"]["token"])


@asynccontextmanager
async def listening(store: Store, folder: Path) -> AsyncIterator[Server]:
    (folder / "playvoice.toml").write_text(CONFIG, encoding="utf-8")
    config = load(folder / "playvoice.toml", {})
    store.write_now(all_tables().create_all)
    for apply in (companies.apply, lines.apply, voices.apply):
        store.write_now(partial(apply, config=config, at=datetime.now(UTC)))
    web = WebClient(NetworkPolicy())
    transcoder = Transcoder()
    recordings = Recordings(folder / "recordings", transcoder)
    app = create_app(
        companies=Companies(store, random=Random(1)),
        calls=CallQueue(store),
        groups=Lines(store, config),
        library=Voices(store, transcoder, web, folder),
        recordings=recordings,
        bills=Bills(store, public_ip="127.0.0.1", zone=config.server.timezone),
        archive=Archive(store, recordings, RecordingLinks("http://127.0.0.1", store.write_now(signing_key))),
        zone=config.server.timezone,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, http=BoundedHttp, access_log=False, proxy_headers=False, log_config=None)
    )
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}/", store)
    finally:
        server.should_exit = True
        await serving
        listener.close()
        await transcoder.close()
        await web.aclose()


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    store = Store.open(sqlite_url)
    async with listening(store, tmp_path) as running:
        yield running
    await store.close()


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    return out.decode()


def sample(token: str) -> dict[str, str]:
    return {
        "service": "App.Sip_Call.PlayVoice",
        "token": token,
        "voicetype": "2",
        "destnumber": "13333333333",
        "voicefile": "wwww.baidu.com/test.mp3",
        "chengshudu": "1",
        "userid": "1@extGroup-1",
        "disnumber": "2120280001",
        "customuuid": "13333333333",
    }


async def assert_samples_answer(server: Server, text: str) -> None:
    """Compare with the sample as text, but for the two times, which are now."""
    reqtime = json.loads(text)["data"]["reqtime"]
    rsptime = json.loads(text)["data"]["rsptime"]
    assert text == (
        '{"ret":200,"data":{"status":0,"desc":"播放命令发送成功",'
        f'"reqtime":{reqtime},"rsptime":{rsptime}}},"msg":""}}'
    )
    assert abs(reqtime - datetime.now(UTC).timestamp()) < 30
    assert 0 <= rsptime - reqtime <= 30
    assert await server.accepted() == [("13333333333", "http://wwww.baidu.com/test.mp3", "waiting")]


@pytest.mark.peer("curl")
async def test_the_sample_by_curl_gets_the_samples_answer(server: Server) -> None:
    fields = sample(await server.token())
    form = [argument for name, value in fields.items() for argument in ("--form-string", f"{name}={value}")]
    await assert_samples_answer(server, await run("curl", "-sS", server.url, *form))


@pytest.mark.peer("curl")
@pytest.mark.peer("php")
async def test_the_sample_by_php_gets_the_samples_answer(server: Server, tmp_path: Path) -> None:
    script = tmp_path / "sample.php"
    script.write_text(PHP, encoding="utf-8")
    fields = sample(await server.token())
    await assert_samples_answer(server, await run("php", str(script), server.url, json.dumps(fields)))


@pytest.mark.peer("curl")
async def test_a_form_whose_spaces_are_not_percent_encoded_is_understood(server: Server) -> None:
    fields = sample(await server.token()) | {"service": " App.Sip_Call.PlayVoice ", "chengshudu": "a b"}
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    await assert_samples_answer(server, await run("curl", "-sS", server.url, "--data", body))


@pytest.mark.peer("curl")
@pytest.mark.peer("php")
@pytest.mark.parametrize(
    "program", [("curl", "-sS"), ("php", "-r", "echo file_get_contents($argv[1]);")], ids=["curl", "php"]
)
async def test_a_query_string_with_chinese_as_it_was_typed_is_understood(
    server: Server, program: tuple[str, ...]
) -> None:
    fields = sample(await server.token()) | {"customuuid": "客户一"}
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    await assert_samples_answer(server, await run(*program, f"{server.url}?{query}"))


@pytest.mark.peer("curl")
async def test_the_uuid_of_the_call_stands_in_a_header_and_the_type_is_that_of_the_contract(server: Server) -> None:
    form = urlencode(sample(await server.token()))
    headers = (await run("curl", "-sS", "-D-", "-o/dev/null", server.url, "--data", form)).lower().splitlines()
    assert "content-type: application/json;charset=utf-8" in headers
    assert any(line.startswith("x-call-uuid: ") for line in headers)


@pytest.mark.peer("curl")
@pytest.mark.parametrize("expect", ["Expect: 100-continue", "Expect:"])
async def test_a_body_past_the_bound_gets_its_answer_whole_and_a_closed_connection(
    server: Server, tmp_path: Path, expect: str
) -> None:
    (tmp_path / "large").write_bytes(b"a=" + b"x" * 5_000_000)
    command = ("curl", "-sS", "-i", "-H", expect, server.url, "--data-binary", f"@{tmp_path}/large")
    answer = (await run(*command)).lower()
    assert "http/1.1 200" in answer
    assert "connection: close" in answer
    assert answer.endswith('{"ret":400,"data":[],"msg":"非法请求：请求体超过4194304字节"}')


@pytest.mark.peer("curl")
async def test_what_is_no_http_harms_nobody(server: Server) -> None:
    port = int(server.url.rsplit(":", 1)[1].rstrip("/"))
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 1000 + b"\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
    assert '<html lang="zh">' in await run("curl", "-sS", server.url)
