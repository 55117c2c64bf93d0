"""What the server tells of its own address: in links, and where it can't have it."""

import socket
from pathlib import Path

import pytest

from playvoice.config import Config, load
from playvoice.process import http
from playvoice.process.errors import StartError


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
    with http.bind(made) as sock:
        assert http.public_url(made, sock) == url.format(port=sock.getsockname()[1])


def test_an_address_that_is_taken_is_told_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"\[server\] http 127.0.0.1:{port} can't be listened on: "):
            http.bind(config(tmp_path, http=f"127.0.0.1:{port}"))
