"""A carrier of the test's own that does to calls what goes wrong in the field, by the end of the dialled number."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, Clock
from playvoice.media.telephone_event import press
from playvoice.simulator.configuration import LOOPBACK

ELSEWHERE = "127.0.0.2"
"""An address of this machine that no description names."""
FORBIDDEN, CHALLENGED, MALFORMED, NO_CODEC = "0403", "0407", "0484", "0488"
REFUSALS = {
    FORBIDDEN: "403 Caller ID Not Allowed",
    CHALLENGED: "407 Proxy Authentication Required",
    MALFORMED: "484 Address Incomplete",
    NO_CODEC: "488 Not Acceptable Here",
}
SILENT, FROM_ELSEWHERE, NO_EVENTS, NO_KEYS, HOLDS, KEY, DEAF = "0001", "0002", "0003", "0004", "0005", "0011", "0032"
"""What becomes of a call that is answered: no RTP is sent, or from elsewhere; no telephone-events are agreed on, or no
key is pressed; we are put on hold; 1 is pressed; ACK gets lost."""
LOST = f"{LOOPBACK}:9"
"""The Contact of one that is deaf to ACK, where nobody is."""
TIMES_UNHEARD = 3
"""How often one that hears no ACK sends its 200 again before it hangs up: the timers of a real one take 32 s."""


@dataclass(slots=True)
class _Call:
    """One call that was answered."""

    number: str
    invite: str
    source: tuple[str, int]
    answer: bytes
    over: threading.Event = field(default_factory=threading.Event)


class OddCarrier:
    """SIP over UDP and the RTP of its calls, in threads. Use it as a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._calls: dict[str, _Call] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._begin(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in list(self._calls.values()):
            call.over.set()
        self._socket.sendto(b"", self._socket.getsockname())
        for thread in self._threads:
            thread.join()
        self._socket.close()

    @property
    def uri(self) -> str:
        return f"sip:{LOOPBACK}:{self._socket.getsockname()[1]}"

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    # --- SIP ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65_535)
            if not data:
                return
            text = data.decode(errors="replace")  # a stray datagram of somebody else is none of SIP
            match text.partition(" ")[0]:
                case "INVITE":
                    self._invited(text, source)
                case "BYE":
                    self._calls[_header(text, "Call-ID")].over.set()
                    self._send(_response(text, "200 OK"), source)
                case "OPTIONS" | "CANCEL":
                    self._send(_response(text, "200 OK"), source)

    def _invited(self, text: str, source: tuple[str, int]) -> None:
        number = re.match(r"INVITE sip:([^@]*)@", text)
        assert number is not None
        ending = number[1][-4:]
        if ending in REFUSALS:
            challenge = 'Proxy-Authenticate: Digest realm="carrier", nonce="0123456789"\r\n' * (ending == CHALLENGED)
            self._send(_response(text, REFUSALS[ending], challenge), source)
            return
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.bind((LOOPBACK, 0))
        contact = f"sip:{LOST}" if ending == DEAF else self.uri
        headers = f"Contact: <{contact}>\r\nContent-Type: application/sdp\r\n"
        answer = _response(text, "200 OK", headers, _description(rtp.getsockname()[1], ending))
        call = self._calls[_header(text, "Call-ID")] = _Call(ending, text, source, answer)
        self._send(answer, source)
        self._begin(self._speak, call, rtp)
        if ending == DEAF:
            self._begin(self._hear_no_ack, call)

    def _hear_no_ack(self, call: _Call) -> None:
        for _ in range(TIMES_UNHEARD):
            time.sleep(0.1)
            self._send(call.answer, call.source)
        time.sleep(0.1)
        call.over.set()
        ours, theirs = _header(call.answer.decode(), "To"), _header(call.invite, "From")
        target = re.search(r"^Contact: <([^>]*)>", call.invite, re.MULTILINE)
        assert target is not None
        self._send(
            f"BYE {target[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {self.uri[4:]};branch=z9hG4bK-bye;rport\r\nFrom: {ours}\r\n"
            f"To: {theirs}\r\nCall-ID: {_header(call.invite, 'Call-ID')}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            call.source,
        )

    def _send(self, message: bytes, to: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(message, to)

    # --- RTP ------------------------------------------------------------------------------------------------------

    def _speak(self, call: _Call, rtp: socket.socket) -> None:
        port = re.search(r"^m=audio (\d+) ", call.invite, re.MULTILINE)
        assert port is not None
        clock, silence = Clock(1, 1, 1), bytes([Codec.PCMA.silence]) * FRAME
        keys: Sequence[tuple[bytes, bool]] = list(press("1")) if call.number == KEY else []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere, rtp:
            elsewhere.bind((ELSEWHERE, 0))
            speaker = elsewhere if call.number == FROM_ELSEWHERE else rtp
            began, timestamp = time.monotonic(), 0
            for tick in range(100_000):
                if call.over.wait(max(0.0, began + tick * 0.02 - time.monotonic())):
                    return
                pressing = tick - 10
                if 0 <= pressing < len(keys):
                    payload, first = keys[pressing]
                    timestamp = clock.timestamp if first else timestamp
                    packet = clock.packet(101, payload, marker=first, timestamp=timestamp)
                else:
                    packet = clock.packet(int(Codec.PCMA), silence, marker=not tick)
                clock.advance(FRAME)
                if call.number != SILENT:
                    speaker.sendto(packet, (LOOPBACK, int(port[1])))


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*?)\r?$", text, re.MULTILINE)
    assert found is not None, f"no {name}:\n{text}"
    return found[1]


def _response(request: str, status: str, headers: str = "", body: str = "") -> bytes:
    lines = request.partition("\r\n\r\n")[0].split("\r\n")[1:]
    copied = [line for line in lines if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq", "Record-Route")]
    to = _header(request, "To")
    tag = "" if ";tag=" in to else ";tag=odd"
    head = "\r\n".join([f"SIP/2.0 {status}", *copied, f"To: {to}{tag}"])
    return f"{head}\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _description(port: int, ending: str) -> str:
    formats, event = ("8", "") if ending == NO_EVENTS else ("8 101", "a=rtpmap:101 telephone-event/8000\r\n")
    direction = "a=sendonly\r\n" * (ending == HOLDS)
    return (
        f"v=0\r\no=- 1 1 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {formats}\r\na=rtpmap:8 PCMA/8000\r\n{event}{direction}"
    )
