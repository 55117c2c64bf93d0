"""The examples of docs/api.md, as they stand there, against the server."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.acceptance.test_sample_request import Server, listening, run

from playvoice.gateway.reference.pages import application, registry_of
from playvoice.gateway.reference.parts import URL
from playvoice.simulator.sound import ASSETS
from playvoice.store import Store

DOCS = Path(__file__).parents[2] / "docs"
REQUESTS = re.findall(r"^```sh\n(curl .*?)\n```", (DOCS / "api.md").read_text(encoding="utf-8"), re.M | re.S)
PROGRAMS = {
    "sh": ("sh", "play_voice.sh"),
    "PHP": ("php", "play_voice.php"),
    "Python": (sys.executable, "play_voice.py"),
}
MISUNDERSTOOD = {400, 404, 500}


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    store = Store.open(sqlite_url)
    async with listening(store, tmp_path) as running:
        yield running
    await store.close()


def environment(server: Server, accesskey: str = "demo-accesskey") -> dict[str, str]:
    return {
        **os.environ,
        "PLAYVOICE_URL": server.url,
        "PLAYVOICE_APPID": "demo-appid",
        "PLAYVOICE_ACCESSKEY": accesskey,
    }


async def start(program: str, server: Server, accesskey: str = "demo-accesskey") -> subprocess.CompletedProcess[str]:
    """Run a program as the page says."""
    command, file = PROGRAMS[program]
    return await asyncio.to_thread(
        subprocess.run,
        [command, str(DOCS / "examples" / file), "13333333333"],
        env=environment(server, accesskey),
        capture_output=True,
        text=True,
        timeout=60,
    )


EACH_PROGRAM = [
    pytest.param("sh", marks=pytest.mark.peer("curl")),
    pytest.param("PHP", marks=pytest.mark.peer("php")),
    "Python",
]


@pytest.mark.parametrize("program", EACH_PROGRAM)
async def test_the_program_places_one_call_however_often_it_runs(server: Server, program: str) -> None:
    first, second = await start(program, server), await start(program, server)
    assert await server.accepted() == [("13333333333", "https://www.example.com/notice.mp3", "waiting")]
    uuids = re.findall(
        r"[0-9a-f]{8}-[0-9a-f-]{27}", "".join((first.stdout, first.stderr, second.stdout, second.stderr))
    )
    assert len(uuids) == 2
    assert uuids[0] == uuids[1]
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.parametrize("program", EACH_PROGRAM)
async def test_the_program_says_what_the_server_says(server: Server, program: str) -> None:
    done = await start(program, server, accesskey="wrong")
    assert done.returncode != 0
    assert "1003" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert await server.accepted() == []


def test_there_is_a_request_for_every_service() -> None:
    assert [re.findall("service=([^']+)", request) for request in REQUESTS] == [
        [service.name] for service in registry_of(application().routes)
    ]


@pytest.mark.peer("curl")
@pytest.mark.parametrize("request_text", REQUESTS, ids=lambda text: re.findall("service=([^']+)", text)[0])
async def test_the_request_of_a_service_is_understood(server: Server, request_text: str, tmp_path: Path) -> None:
    for file in re.findall('@"([^"]+)"', request_text):
        shutil.copy(ASSETS / "notice.mp3", tmp_path / file)
    for placeholder, value in {
        URL: server.url,
        "=TOKEN": f"={await server.token()}",
        "=APPID": "=demo-appid",
        "=ACCESSKEY": "=demo-accesskey",
    }.items():
        request_text = request_text.replace(placeholder, value)
    answer = json.loads(await run("sh", "-c", f"cd {tmp_path} && {request_text.replace('curl ', 'curl -sS ', 1)}"))
    assert answer["ret"] not in MISUNDERSTOOD, answer
    if "PlayVoice" in request_text or "Sip_Auth" in request_text:
        assert answer["data"]["status"] == 0, answer
