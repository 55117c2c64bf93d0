"""A carrier of the test's own whose registrar refuses each account in another way, and whose callees are busy."""

import socket
import threading
from collections import defaultdict
from enum import StrEnum
from itertools import count
from types import TracebackType
from typing import Self

from playvoice.simulator.configuration import LOOPBACK
from playvoice.sip import Request
from playvoice.sip.digest import read_answer
from playvoice.sip.message import from_of, make_response, parse

PASSWORD = "right"
RETRY_AFTER = 120
STEP = 600
REALM = "carrier.example"

Headers = tuple[tuple[str, str], ...]


class Account(StrEnum):
    """What becomes of who registers by this name."""

    FORBIDDEN = "forbidden"
    BUSY = "busy"
    """503 with Retry-After."""
    LONGER = "longer"
    """423, whatever it asks for: it is always `STEP` too short."""
    TOO_LONG = "too-long"
    """423, for a week."""
    ASKED = "asked"
    """401 with a nonce of its own each time, until the password is right."""
    STALE = "stale"
    """401: each nonce is too old already."""


class OddRegistrar:
    """SIP over UDP, in a thread. Use it as a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._thread = threading.Thread(target=self._run)
        self._nonces = count(1)
        self._seen: set[str] = set()
        self.registers: defaultdict[str, list[Request]] = defaultdict(list)
        """By account."""
        self.called: list[str] = []
        """The account of each INVITE."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    @property
    def uri(self) -> str:
        return f"sip:{LOOPBACK}:{self._socket.getsockname()[1]}"

    def _run(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65_535)
            if not data:
                return
            request = parse(data)
            if not isinstance(request, Request) or request.method == "ACK":
                continue
            status, headers = self._answer(request, is_again=request.headers["Via"] in self._seen)
            self._seen.add(request.headers["Via"])
            self._socket.sendto(bytes(make_response(request, status, to_tag="odd", headers=headers)), source)

    def _answer(self, request: Request, *, is_again: bool) -> tuple[int, Headers]:
        account = from_of(request).uri.user or ""
        if request.method == "INVITE":
            self.called += [] if is_again else [account]
            return 486, ()
        if request.method == "REGISTER":
            self.registers[account] += [] if is_again else [request]
            return self._register(Account(account), request)
        return 200, ()

    def _register(self, account: Account, request: Request) -> tuple[int, Headers]:
        challenge = f'Digest realm="{REALM}", nonce="{next(self._nonces)}", algorithm=MD5, qop="auth"'
        match account:
            case Account.FORBIDDEN:
                return 403, ()
            case Account.BUSY:
                return 503, (("Retry-After", f"{RETRY_AFTER} (overloaded)"),)
            case Account.LONGER:
                return 423, (("Min-Expires", str(int(request.headers["Expires"]) + STEP)),)
            case Account.TOO_LONG:
                return 423, (("Min-Expires", "604800"),)
            case Account.STALE:
                return 401, (("WWW-Authenticate", f"{challenge}, stale=true"),)
        answer = read_answer(request.headers.getlist("Authorization"), REALM)
        if answer is None or answer.response != answer.expected_response("REGISTER", PASSWORD):
            return 401, (("WWW-Authenticate", challenge),)
        return 200, (("Contact", f"{request.headers['Contact']};expires={request.headers['Expires']}"),)
