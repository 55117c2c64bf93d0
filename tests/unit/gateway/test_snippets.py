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

from playvoice.gateway import snippets
from playvoice.gateway.reading import Pairs, read_body

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


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            running.heard.append(read_body(self.headers["content-type"], body))
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


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.mark.peer("curl")
def test_every_value_comes_through_curl(server: Server) -> None:
    assert run("sh", "-c", snippets.curl(server.url, NASTY)) == "{}"
    assert server.heard == [NASTY]


@pytest.mark.peer("php")
def test_every_value_comes_through_php(server: Server, tmp_path: Path) -> None:
    (tmp_path / "request.php").write_text(snippets.php(server.url, NASTY), encoding="utf-8")
    assert run("php", str(tmp_path / "request.php")) == "{}"
    assert server.heard == [NASTY]


def test_every_value_comes_through_python(server: Server, tmp_path: Path) -> None:
    (tmp_path / "request.py").write_text(snippets.python(server.url, NASTY), encoding="utf-8")
    assert run(sys.executable, str(tmp_path / "request.py")) == "{}\n"
    assert server.heard == [NASTY]


@pytest.mark.peer("node")
def test_the_page_writes_what_the_server_writes() -> None:
    url = "http://it's.example/"
    call = f"Object.entries(SNIPPETS).map(([name, write]) => [name, write({json.dumps(url)}, {json.dumps(NASTY)})])"
    written = json.loads(
        run("node", "-e", f"{SCRIPT.read_text(encoding='utf-8')}\nconsole.log(JSON.stringify({call}))")
    )
    assert written == [[name, write(url, NASTY)] for name, write in snippets.SNIPPETS.items()]
