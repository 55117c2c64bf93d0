"""What the server tells of its own address: in links, and where it can't have it."""

import asyncio
import gc
import socket
from pathlib import Path

import pytest

from playvoice import app
from playvoice.config import Config, load
from playvoice.control.reloading import Configuration


def config(folder: Path, **server: str) -> Config:
    lines = ["[server]", *(f'{name} = "{value}"' for name, value in server.items())]
    (folder / "playvoice.toml").write_text("\n".join(lines), encoding="utf-8")
    return load(folder / "playvoice.toml", {})


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ({"http": "127.0.0.1:0"}, "http://127.0.0.1:{port}"),
        ({"http": "localhost:0"}, "http://127.0.0.1:{port}"),
        ({"http": "[::1]:0"}, "http://[::1]:{port}"),
        ({"http": "0.0.0.0:0", "public_ip": "192.0.2.7"}, "http://192.0.2.7:{port}"),
        ({"http": "[::]:0", "public_ip": "2001:db8::7"}, "http://[2001:db8::7]:{port}"),
        ({"http": "127.0.0.1:0", "public_url": "https://pv.example.com/voice/"}, "https://pv.example.com/voice"),
    ],
)
def test_links_begin_with_the_public_url_or_else_with_where_http_is(
    tmp_path: Path, server: dict[str, str], url: str
) -> None:
    made = config(tmp_path, **server)
    with app._bind_http(made) as sock:
        assert app._public_url(made, sock) == url.format(port=sock.getsockname()[1])


def test_an_address_that_is_taken_is_told_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(app.StartError, match=rf"\[server\] http 127.0.0.1:{port} can't be listened on: "):
            app._bind_http(config(tmp_path, http=f"127.0.0.1:{port}"))


def test_a_folder_of_voices_that_can_not_be_taken_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "notice.wav").touch()
    monkeypatch.setattr("playvoice.voices.library.MAX_FILES", 0)
    text = '[[company]]\ncode = "2028"\nname = "Demo"\nappid = "demo"\naccesskey = "key"\nvoice_dir = "voices"\n'
    file = tmp_path / "playvoice.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(app.StartError, match="has 1 files, more than 0"):
        asyncio.run(app.run(Configuration(file, load(file, {}), {})))


@pytest.mark.parametrize(
    ("running", "passes", "collected"),
    [(0, 1, True), (0, 0, False), (3, 1, False), (3, app.PASSES_AT_MOST, True)],
)
def test_all_garbage_is_looked_for_while_no_call_runs_or_when_it_has_waited_long(
    monkeypatch: pytest.MonkeyPatch, running: int, passes: int, collected: bool
) -> None:
    asked: list[None] = []
    monkeypatch.setattr(gc, "get_count", lambda: (5, 1, passes))
    monkeypatch.setattr(gc, "collect", lambda: asked.append(None))
    app.collect_if_idle(running)
    assert bool(asked) == collected
