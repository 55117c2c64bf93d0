"""The shown requests: a value comes through unharmed whatever it is, and page and server write the same texts."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from playvoice.codes import Text
from playvoice.gateway import snippets
from playvoice.gateway.reading import Pairs, read_body
from playvoice.gateway.registry import Done, Parameter, Request, Service, Values
from playvoice.gateway.rules import Free
from playvoice.gateway.snippets import File

SCRIPT = Path(snippets.__file__).with_name("assets") / "snippets.js"
NASTY = [
    ("service", "App.Sip_Call.PlayVoice"),
    ("quotes", "it's \"so\" and ''so''"),
    ("shell", "$HOME `id` $(id) !! \\ \\\\ * ; & | > <"),
    ("php", "\\' {$x} $x ?> <?php"),
    ("curl", "@/etc/passwd;type=text/html"),
    ("less", "</etc/passwd"),
    ("lines", "one\ntwo\tthree"),
    ("中文", "通知 “语音” 🎧"),
    ("equals", "a=b&c=d#e%20+ f"),
    ("ends", "\\"),
]


@dataclass
class Server:
    """Keeps the parameters of each request, as the API reads them."""

    url: str
    heard: list[Pairs] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            running.heard.append(read_body(self.headers["content-type"], body))
            running.bodies.append(body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        running = Server(f"http://127.0.0.1:{listener.server_port}/")
        Thread(target=listener.serve_forever, daemon=True).start()
        yield running
        listener.shutdown()


def run(*command: str, folder: Path | None = None) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, cwd=folder).stdout


COMMANDS = {"curl": ("sh",), "PHP": ("php",), "Python": (sys.executable,)}
LANGUAGES = [
    pytest.param("curl", marks=pytest.mark.peer("curl")),
    pytest.param("PHP", marks=pytest.mark.peer("php")),
    "Python",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_comes_through(server: Server, tmp_path: Path, language: str) -> None:
    (tmp_path / "request").write_text(snippets.SNIPPETS[language](server.url, NASTY), encoding="utf-8")
    assert run(*COMMANDS[language], str(tmp_path / "request")).strip() == "{}"
    assert server.heard == [NASTY]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_comes_through_with_its_octets_behind_the_texts(server: Server, tmp_path: Path, language: str) -> None:
    name, octets = "it's, a \\ “notice”;.mp3", bytes(range(256))
    (tmp_path / name).write_bytes(octets)
    (tmp_path / "requests.py").write_text("from httpx2 import post\n")  # which takes what `requests` takes
    fields = [*NASTY, ("file", File(name))]
    (tmp_path / "request").write_text(snippets.SNIPPETS[language](server.url, fields), encoding="utf-8")
    assert run(*COMMANDS[language], "request", folder=tmp_path).strip() == "{}"
    assert server.heard == [NASTY]
    head, _, value = server.bodies[0].rpartition(b'name="file"')[2].partition(b"\r\n\r\n")
    assert b"filename=" in head
    assert value.startswith(octets + b"\r\n--")


async def nothing(request: Request, values: Values) -> Done:
    return Done()


def test_an_example_that_begins_with_an_at_sign_is_a_file() -> None:
    text = Text("", "")
    parameters = tuple(
        Parameter(name, Free(9), text, default="", example=example)
        for name, example in (("file", "@notice.mp3"), ("name", "x"), ("none", ""))
    )
    fields = snippets.fields_of(Service("App.A", text, parameters, text, text, nothing))
    assert fields == [("service", "App.A"), ("file", "notice.mp3"), ("name", "x")]
    assert [isinstance(value, File) for _, value in fields] == [False, True, False]


@pytest.mark.peer("node")
@pytest.mark.parametrize("files", [(), ('it\'s \\ "new".mp3', "东城.wav")], ids=["texts", "files"])
def test_the_page_writes_what_the_server_writes(files: tuple[str, ...]) -> None:
    url = "http://it's.example/"
    fields = [*NASTY, *(("file", File(name)) for name in files)]
    told = json.dumps([(name, value, isinstance(value, File)) for name, value in fields])
    call = f"Object.entries(SNIPPETS).map(([name, write]) => [name, write({json.dumps(url)}, {told})])"
    program = f"{SCRIPT.read_text(encoding='utf-8')}\nconsole.log(JSON.stringify({call}))"
    assert json.loads(run("node", "-e", program)) == [
        [name, write(url, fields)] for name, write in snippets.SNIPPETS.items()
    ]
