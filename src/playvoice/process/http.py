"""Where HTTP is listened on, what links name, and the server that answers there."""

import contextlib
import socket
from collections.abc import Iterator
from ipaddress import ip_address

import uvicorn

from playvoice.config import Config
from playvoice.gateway.http import BoundedHttp
from playvoice.process.errors import StartError
from playvoice.sip.flow import format_host
from playvoice.web.server import QUEUE, HttpServer

CONNECTIONS = 2_000
REST = 30
"""Seconds that a connection may rest between two requests."""
LAST_ANSWERS = 1
"""Seconds that requests have at a stop to get their answer."""


def bind(config: Config) -> socket.socket:
    """Take the address of HTTP, which links name, before anything runs; nobody is answered yet."""
    host, port = config.server.http.host, config.server.http.port
    # The protocol is named, or asyncio takes the socket for none of TCP and lets Nagle's algorithm hold answers back.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    try:
        with _in_words(config):
            sock.bind((host, port))
    except StartError:
        sock.close()
        raise
    return sock


def listen(sock: socket.socket, config: Config, app: object) -> HttpServer:
    """Listen, and return the server that answers there once it serves."""
    with _in_words(config):
        sock.listen(QUEUE)
    return HttpServer(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            http=BoundedHttp,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # who asks is who connected: `ipwhite` believes no header
            ws="none",
            lifespan="off",
            server_header=False,
            backlog=1,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=REST,
            timeout_graceful_shutdown=LAST_ANSWERS,
        )
    )


def public_url(config: Config, sock: socket.socket) -> str:
    """What links begin with: as configured, else where HTTP is listened on."""
    if config.server.public_url is not None:
        return config.server.public_url
    host, port = sock.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = config.server.public_ip
    return f"http://{format_host(host)}:{port}"


def address_of(sock: socket.socket) -> str:
    """HOST:PORT that a socket is bound to."""
    host, port = sock.getsockname()[:2]
    return f"{format_host(host)}:{port}"


@contextlib.contextmanager
def _in_words(config: Config) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        host, port = config.server.http.host, config.server.http.port
        raise StartError(f"[server] http {host}:{port} can't be listened on: {error.strerror}") from None
