"""A file of the messages that pass by: a capture for Wireshark, or text where its name ends in `.txt`.

The loop only puts messages into a row; a thread of its own writes them, many at once. A file that is full is moved to
`NAME.1.END`, and a new one begun, so that there are never more than two; what stands there at the start is moved, too.
Only a file is: a directory, a device or a link of that name is left alone, and refused.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from playvoice.sip.errors import SipError
from playvoice.sip.flow import Flow, format_host
from playvoice.sip.masking import mask_numbers, mask_secrets
from playvoice.sip.pcap import FILE_HEADER, Address, Packets
from playvoice.sip.tap import call_id_of, printable

MAX_OCTETS = 268_435_456
"""Octets of a file; with the one before it there are at most twice as many."""
MAX_WAITING = 33_554_432
"""Octets of messages that wait to be written; what comes beyond it is left out and counted."""
MAX_CALLS = 10_000
"""Calls of the number that is looked for; those that came first are forgotten."""
SPACING = 0.2
"""Seconds between two writes."""
_OVERHEAD = 512
"""Octets that a message costs in memory besides its own."""

log = structlog.get_logger(__name__)


class _Seen(NamedTuple):
    at: float
    data: bytes
    flow: Flow
    sent: bool


class TraceFile:
    """A tap of a SIP endpoint that writes a file; `open` it, and `close` it at the end."""

    def __init__(
        self,
        path: Path,
        *,
        number: str = "",
        mask: bool = False,
        advertise: Callable[[Flow], Address] = lambda flow: flow.local,
        max_octets: int = MAX_OCTETS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Write the messages of calls in whose first one `number` stands, or all; `mask` hides numbers.

        `advertise` gives the address that stands in packets where we listen on all of the machine's.
        """
        self._path = path
        self._number = number.encode()
        self._mask = mask
        self._advertise = advertise
        self._max_octets = max_octets
        self._max_waiting = max_waiting
        self._is_text = path.suffix == ".txt"
        self._packets = Packets()
        self._calls: dict[str, None] = {}
        self._seen: list[_Seen] = []
        self._waiting = 0
        self._left_out = 0
        self._failed = False
        self._lock = threading.Lock()
        """Of the row and its counters; held for no longer than a few assignments."""
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sip-trace", daemon=True)

    def __repr__(self) -> str:
        return f"<TraceFile {self._path}, {len(self._seen)} messages waiting>"

    def open(self) -> None:
        """Begin the file; SipError if it can't be written."""
        try:
            self._begin()
        except OSError as error:
            raise SipError(f"--trace-sip {self._path} can't be written: {error.strerror}") from None
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and end."""
        self._closing.set()
        self._wanted.set()
        self._thread.join()
        with contextlib.suppress(OSError):  # what a full disk did not take
            self._file.close()

    def __call__(self, data: bytes, flow: Flow, *, sent: bool, now: float) -> None:
        """Put a message into the row, if it is looked for."""
        if self._failed or not data.strip(b"\r\n\0 ") or (self._number and not self._is_of_the_number(data)):
            return
        octets = len(data) + _OVERHEAD
        with self._lock:
            if self._waiting + octets > self._max_waiting:
                self._left_out += 1
                return
            self._waiting += octets
            self._seen.append(_Seen(time.time(), data, flow, sent))
        self._wanted.set()

    def _is_of_the_number(self, data: bytes) -> bool:
        call_id = call_id_of(data)
        if call_id is None or call_id in self._calls:
            return call_id is not None
        if self._number not in data:
            return False
        if len(self._calls) >= MAX_CALLS:
            del self._calls[next(iter(self._calls))]
        self._calls[call_id] = None
        return True

    # --- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._wanted.wait()
            is_last = self._closing.wait(SPACING)
            self._wanted.clear()
            self._write()

    def _write(self) -> None:
        with self._lock:
            seen, self._seen = self._seen, []
            self._waiting = 0
            left_out, self._left_out = self._left_out, 0
        octets = b"".join(map(self._written_down, seen))
        if left_out:
            log.warning("sip_trace_incomplete", left_out=left_out, reason="they came faster than they can be written")
        if self._failed or not octets:
            return
        try:
            if self._file.tell() + len(octets) > self._max_octets:
                self._file.close()
                self._begin()
            self._file.write(octets)
            self._file.flush()
        except OSError as error:
            self._failed = True
            log.error("sip_trace_ended", path=str(self._path), reason=error.strerror or str(error))

    def _begin(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            there = self._path.lstat()
            if not stat.S_ISREG(there.st_mode):
                raise FileExistsError(0, "something that is no file has this name")
            self._path.replace(self._path.with_suffix(f".1{self._path.suffix}"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # which follows no link
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb")  # it tells who calls whom
        self._file.write(b"" if self._is_text else FILE_HEADER)

    def _written_down(self, message: _Seen) -> bytes:
        try:
            return self._octets_of(message)
        except Exception:
            log.exception("sip_message_not_traced", flow=str(message.flow), call_id=call_id_of(message.data))
            return b""  # the others are not to be lost by it

    def _octets_of(self, message: _Seen) -> bytes:
        data = mask_secrets(message.data)
        data = mask_numbers(data) if self._mask else data
        local = self._local(message.flow)
        if self._is_text:
            return _text(data, message, local)
        return self._packets.of(data, message.flow, local, sent=message.sent, at=message.at)

    def _local(self, flow: Flow) -> Address:
        advertised = self._advertise(flow) if flow.local[0] in ("0.0.0.0", "::") else flow.local
        return advertised if (":" in advertised[0]) == (":" in flow.remote[0]) else flow.local


def _text(data: bytes, message: _Seen, local: Address) -> bytes:
    at = datetime.fromtimestamp(message.at, UTC).isoformat(sep=" ", timespec="microseconds")
    way = "sent to" if message.sent else "received from"
    remote = _written(message.flow.remote)
    head = f"--- {at} {way} {remote} over {message.flow.transport} ({_written(local)})"
    return f"{head}\n{printable(data)}\n".encode()


def _written(address: Address) -> str:
    return f"{format_host(address[0])}:{address[1]}"
