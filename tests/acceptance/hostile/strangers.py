"""Who sends what he should not: sockets at other addresses of loopback, SIP as text, and the server's log.

The simulated carrier is at 127.0.0.1, so that anybody there is the trunk; strangers and a phone are at other addresses.
"""

import re
import socket
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Self

from tests.waiting import wait_until

TRUNK, STRANGER, PHONE = "127.0.0.1", "127.0.0.2", "127.0.0.3"
PATIENCE = 10.0
"""Seconds within which whatever has to come comes."""

_numbers = count(1)


class Udp:
    """A UDP socket at an address of loopback, and the server's port."""

    def __init__(self, host: str, server: tuple[str, int]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.connect(server)
        self.socket.settimeout(PATIENCE)
        self.host, self.port = self.socket.getsockname()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    def status(self) -> int:
        """The status of the next response that is not provisional."""
        return status_of(self.response())

    def response(self) -> bytes:
        while (status_of(data := self.socket.recv(65_535))) < 200:
            pass
        return data

    def message(self, method: str = "OPTIONS", **changes: object) -> bytes:
        """A request from here: `sip`."""
        return sip(method, f"{self.host}:{self.port}", **changes)  # type: ignore[arg-type]


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def sip(
    method: str,
    sent_by: str,
    *,
    without: str = "",
    headers: Sequence[str] = (),
    transport: str = "UDP",
    to_tag: str = "",
    uri: str = "sip:13333333333@127.0.0.1",
    version: str = "SIP/2.0",
    cseq: str = "",
    length: object = None,
    body: bytes = b"",
) -> bytes:
    """A request that is right but for what is asked for: a header that is left out, another Content-Length."""
    number = next(_numbers)
    lines = [
        f"{method} {uri} {version}",
        f"Via: SIP/2.0/{transport} {sent_by};branch=z9hG4bKhostile{number}",
        "Max-Forwards: 70",
        f"From: <sip:mallory@127.0.0.1>;tag={number}",
        f"To: <sip:13333333333@127.0.0.1>{f';tag={to_tag}' if to_tag else ''}",
        f"Call-ID: hostile-{number}",
        f"CSeq: {cseq or f'1 {method}'}",
        f"Contact: <sip:mallory@{sent_by}>",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    kept = [line for line in lines if not without or not line.startswith(f"{without}:")]
    return "\r\n".join((*kept[:-1], *headers, kept[-1], "", "")).encode() + body


class Log:
    """The server's log, as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self) -> int:
        return self._path.stat().st_size

    def lines(self, since: int = 0) -> list[str]:
        return self._path.read_bytes()[since:].decode("utf-8", "replace").splitlines()

    def wait_for(self, *words: str, since: int = 0) -> str:
        """The first line after `since` with all these words."""

        def found() -> str | None:
            return next((line for line in self.lines(since) if all(word in line for word in words)), None)

        return wait_until(found, lambda: f"a line with {words}:\n" + "\n".join(self.lines(since)))

    def dropped(self) -> Counter[str]:
        """What the lines about dropped SIP add up to, by kind."""
        total: Counter[str] = Counter()
        for line in self.lines():
            if "sip_dropped" in line:
                fields = dict(re.findall(r"(\w+)=(\S+)", line))
                total[fields["kind"]] += int(fields["count"])
        return total
