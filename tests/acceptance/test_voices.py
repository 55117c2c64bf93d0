"""Voices by URL from the request to the record: what the customer's server learns of one that can't be had."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from playvoice.codes import HangupCause as Cause
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import Cast, World

PATIENCE = 60.0
CALLS = 20


class Pages(BaseHTTPRequestHandler):
    """The customer's web server."""

    asked: Counter[str]

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        match self.path:
            case "/notice.mp3":
                self._answer(200, (ASSETS / "notice.mp3").read_bytes(), ETag='"1"')
            case "/sorry.mp3":
                self._answer(200, b"<html><body>Sorry</body></html>" * 100, Content_Type="audio/mpeg")
            case "/inside.mp3":
                self._answer(302, Location="http://10.0.0.1/notice.mp3")
            case "/moved.mp3":
                self._answer(302, Location="/notice.mp3")
            case _:
                self._answer(404, b"nothing here")

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Print nothing."""


class Site(ThreadingHTTPServer):
    request_queue_size = 100


@pytest.fixture
def site() -> Iterator[Site]:
    handler = type("Pages", (Pages,), {"asked": Counter()})
    server = Site(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asked(site: Site) -> Counter[str]:
    found: Counter[str] = site.RequestHandlerClass.asked  # type: ignore[attr-defined]
    return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    voices = tmp_path / "voices"
    voices.mkdir()
    cast = Cast(
        callee={"": {"as": "answer", "hang_up_after": 0.5}},
        registered=False,
        keep_audio=False,
        setting={"company": {"record": False}},
    )
    with World(tmp_path, voices, cast) as made:
        yield made


def place(world: World, voice: str, number: str = "13333330001", voicetype: str = "2") -> tuple[dict[str, Any], str]:
    answer, uuid = world.client().play_voice(
        voicetype=voicetype,
        voicefile=voice,
        destnumber=number,
        chengshudu="1",
        userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
    )
    return answer, uuid or ""


def record_of(world: World, uuid: str) -> dict[str, Any]:
    line = world.receiver.wait_for("callback", PATIENCE, lambda line: uuid in line["body"], path="/cdr")
    found: dict[str, Any] = json.loads(line["body"])
    return found


def test_a_voice_that_can_not_be_had_is_a_record_and_nobody_is_dialled(world: World, site: Site) -> None:
    assert world.carrier is not None
    for path in ("/none.mp3", "/sorry.mp3", "/inside.mp3"):
        answer, uuid = place(world, f"127.0.0.1:{site.server_port}{path}")
        assert answer["data"]["status"] == 0, "it is accepted: nothing is looked up before the answer"
        record = record_of(world, uuid)
        assert (record["hangupcause"], record["hangupdirection"]) == (Cause.OTHER, Cause.OTHER), path
        assert record["starttime"] == record["endtime"]
        assert (record["answertime"], record["recordfilename"], record["billsec"]) == ("", "", 0)
    assert world.carrier.all("invite") == []


@pytest.mark.parametrize(
    ("voice", "voicetype", "code"),
    [
        ("http://10.0.0.1/a.mp3", "2", 1002),
        ("ftp://127.0.0.1/a.mp3", "2", 1002),
        ("none.mp3", "1", 1029),
        ("../playvoice.toml", "1", 1029),
    ],
)
def test_what_can_be_told_at_once_is_refused_at_once(world: World, voice: str, voicetype: str, code: int) -> None:
    answer, uuid = place(world, voice, voicetype=voicetype)
    assert (answer["ret"], answer["data"]["errors"]["code"], uuid) == (200, code, "")


def test_many_calls_and_a_restart_cost_one_download(world: World, site: Site) -> None:
    url = f"http://127.0.0.1:{site.server_port}/moved.mp3"
    for _, uuid in [place(world, url, f"1333333{number:04}") for number in range(CALLS)]:
        assert record_of(world, uuid)["hangupcause"] == Cause.NORMAL
    assert asked(site) == {"/moved.mp3": 1, "/notice.mp3": 1}
    world.server.stop()
    world.start_server()
    _, uuid = place(world, url)
    record = record_of(world, uuid)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert asked(site)["/notice.mp3"] == 1, "what was downloaded a moment ago is kept over the restart"
