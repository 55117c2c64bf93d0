"""SIPp as the carrier: one process for one call, a scenario of `sipp/`, and what went over the wire."""

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

from tests.waiting import wait_until

from playvoice.simulator.configuration import LOOPBACK
from playvoice.simulator.program import Program

SCENARIOS = Path(__file__).parent / "sipp"
PATIENCE = 30
"""Seconds that SIPp waits for its call to end before it fails, by default."""
_SEPARATOR = re.compile(r"(?:UDP message lost \(recv\)\.)?-{47} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\n")
"""What stands before each message; one that the scenario loses on purpose is said to be lost after it."""
_LISTENING = {"udp": "07", "tcp": "0A"}
"""State of a socket that listens, in the tables under /proc/net."""


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message as SIPp wrote it down."""

    at: float
    """Unix seconds of the machine's clock."""
    sent: bool
    """By SIPp."""
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0].strip()

    def header(self, name: str) -> str:
        """The value of a header, several as one list, `""` where it has none."""
        return ", ".join(re.findall(rf"^{name}: *(.*?)\s*$", self.text, re.MULTILINE | re.IGNORECASE))


class Part(TypedDict, total=False):
    """What else there is to say of a SIPp: the parameters of `Sipp` that have these names."""

    server: tuple[str, int]
    calls: int
    media_address: str


class Sipp:
    """SIPp with one scenario, for one call or several. It listens when the block begins."""

    def __init__(
        self,
        scenario: str,
        directory: Path,
        port: int,
        *,
        transport: str = "udp",
        address: str = LOOPBACK,
        keys: Mapping[str, object] | None = None,
        server: tuple[str, int] | None = None,
        calls: int = 1,
        media_address: str = "",
        patience: float = PATIENCE,
    ) -> None:
        """With `server` it asks this server, and does so at once: as the `user` of `keys`, within their `call_id`.

        `calls` is how many calls it goes through the scenario with, `media_address` where it sends RTP from, and
        `patience` how many seconds it waits for its calls to end.
        """
        self.port = port
        self._scenario = scenario
        self._directory = directory
        self._transport = transport
        self._address = address
        self._server = server
        self._patience = round(patience)
        self._calls = calls
        self._media_address = media_address or address
        self._media_port = _free_media_port(self._media_address)
        described = {"payload_type": 8, "codec": "PCMA", "event_type": 101, "rtp_port": self._media_port}
        self._keys = {**described, **(keys or {})}
        self._program: Program

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        keys = [word for name, value in self._keys.items() for word in ("-key", name, str(value))]
        command = [
            *("env", "-C", str(self._directory)),
            *("sipp", "-sf", str(SCENARIOS / f"{self._scenario}.xml"), "-m", str(self._calls), "-nostdin"),
            *("-t", {"udp": "u1", "tcp": "t1"}[self._transport]),
            *("-i", self._address, "-bind_local", "-p", str(self.port), "-ci", LOOPBACK),
            *("-mi", self._media_address, "-mp", str(self._media_port)),
            *("-timeout", f"{self._patience}s", "-timeout_error"),
            *("-trace_msg", "-message_file", "messages"),
            *("-trace_screen", "-screen_file", "screen"),
            *keys,
            *self._target(),
        ]
        self._program = Program(command, name="sipp", log=self._directory / "stderr", environ={"TZ": "UTC"})
        if self._server is not None:
            return self
        try:
            self._wait_until_it_listens()
        except BaseException:
            self._program.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.kill()

    def _target(self) -> list[str]:
        if self._server is None:
            return []
        host, port = self._server
        known = ("-au", "user"), ("-ap", "password"), ("-cid_str", "call_id")
        given = [word for option, key in known if key in self._keys for word in (option, str(self._keys[key]))]
        return [*given, f"{host}:{port}"]

    def finish(self) -> None:
        """Wait for its end and assert that its call went as the scenario says, message by message."""
        try:
            status = self._program.process.wait(self._patience + 10)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"SIPp does not end\n{self.report()}") from None
        assert status == 0, f"SIPp ended with {status}: its scenario {self._scenario} failed\n{self.report()}"

    def messages(self) -> list[Message]:
        """All SIP messages so far, in order."""
        parts = _SEPARATOR.split(self._read("messages"))[1:]
        found = []
        for stamp, text in zip(parts[::2], parts[1::2], strict=True):
            head, _, message = text.partition("\n\n")
            at = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC).timestamp()
            found.append(Message(at, "message sent" in head, message))
        return found

    def received(self, method: str, *, repeated: bool = False) -> list[Message]:
        """The requests of this method; with `repeated` also what came again, as it may on a busy machine."""
        found = [each for each in self.messages() if not each.sent and each.first_line.startswith(f"{method} ")]
        firsts: dict[str, Message] = {}
        for each in found:
            firsts.setdefault(each.text, each)
        return found if repeated else list(firsts.values())

    def sent(self, status: int, method: str = "INVITE") -> list[Message]:
        """The responses with this status to a request of this method."""
        return [
            each
            for each in self.messages()
            if each.sent
            and each.first_line.startswith(f"SIP/2.0 {status} ")
            and each.header("CSeq").endswith(f" {method}")
        ]

    def report(self) -> str:
        """What a person needs to see why it failed."""
        names = ("stderr", "messages", "screen")
        return "\n".join(f"--- {name}\n{text[-6000:]}" for name in names if (text := self._read(name)))

    def _read(self, name: str) -> str:
        path = self._directory / name
        return path.read_text(errors="replace") if path.exists() else ""

    def _wait_until_it_listens(self) -> None:
        def listens() -> bool:
            status = self._program.process.poll()
            assert status is None, f"SIPp ended with {status} before it listened\n{self.report()}"
            return _listens(self._transport, self._address, self.port)

        wait_until(listens, f"SIPp listens on {self._transport} port {self.port}")


def _free_media_port(address: str) -> int:
    """A port that is free, as the second one after it is: SIPp binds both."""
    for _ in range(100):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as audio:
            audio.bind((address, 0))
            port = int(audio.getsockname()[1])
            with socket.socket(family, socket.SOCK_DGRAM) as video, contextlib.suppress(OSError, OverflowError):
                video.bind((address, port + 2))
                return port
    raise AssertionError("no two free ports")


def _listens(transport: str, address: str, port: int) -> bool:
    """Whether a socket listens on this port of the address; in tables of words in the machine's octet order."""
    packed = ip_address(address).packed
    words = (int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4))
    local = f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"
    table = f"/proc/net/{transport}{'6' if ':' in address else ''}"
    rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
    return any(row[1] == local and row[3] == _LISTENING[transport] for row in rows)
