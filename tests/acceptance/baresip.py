"""baresip as an agent's phone: a user agent that shares no line with ours.

Debian's baresip 1.0 needs no sound card here: its `aufile` source speaks a wav file from the answer on, and its
`sndfile` filter writes what is decoded to a wav file. It is told what to do by the keys of its menu on standard input
and says in words what happens, so that it takes no port but those that the system gives it.
"""

import contextlib
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import wait_until

from playvoice.media.g711 import Codec, Samples
from playvoice.simulator.sound import read_channels

REGISTERS = r"(?m)^REGISTER sip:"
REGISTERED = r" 200 OK .*\[\d bindings?\]"
"""Alone, or beside another phone of its extension."""
REFUSED = r"reg: .* 401 Unauthorized"
RINGING = r"SIP/2\.0 180 "
BUSY = r"SIP/2\.0 486 "
STOPPED = r"SIP/2\.0 487 "
ANSWERED = r"Call established: "
ENDED = r"session closed: "

PATIENCE = 20.0
"""Seconds within which anything that is waited for has happened."""
LIFETIME = 300
"""Seconds after which it ends by itself, should whoever started it be killed."""
LEAVE = 5.0
"""Seconds to take its registration back and end."""
OCTETS_PER_SECOND = 16_000
"""Of a file with 16-bit samples at 8 kHz."""
MODULES = ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules")

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
module_path {modules}
module stdio.so
module g711.so
module sndfile.so
module aufile.so
module_tmp account.so
module_app menu.so
audio_source aufile,{says}
snd_path {directory}
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Who a phone is at which registrar."""

    server: tuple[str, int]
    number: str
    password: str
    transport: str = "udp"
    answers: bool = True
    """At once and by itself; else `Baresip.answer` does."""
    codec: Codec = Codec.PCMA
    """The only one it speaks."""

    def text(self) -> str:
        """The account as a line of baresip's file."""
        host, port = self.server
        mode = "auto" if self.answers else "manual"
        return (
            f"<sip:{self.number}@{host}:{port};transport={self.transport}>"
            f";auth_user={self.number};auth_pass={self.password};regint=600"
            f";answermode={mode};audio_codecs={self.codec.name}\n"
        )


class Baresip:
    """One phone, in a process group of its own. Use it as a context manager; what it heard is there afterwards."""

    def __init__(self, directory: Path, account: Account, says: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self._output = directory / "output.log"
        modules = next(path for path in MODULES if Path(path).is_dir())
        config = CONFIG.format(modules=modules, says=says, directory=directory)
        (directory / "config").write_text(config)
        (directory / "accounts").write_text(account.text())
        (directory / "contacts").touch()  # or it writes examples there

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                ["baresip", "-4", "-s", "-t", str(LIFETIME), "-f", str(self._directory)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def output(self) -> str:
        """All that it said so far, with every SIP message that it sent or received."""
        return self._output.read_text(errors="replace")

    def said(self, pattern: str) -> int:
        """How often its output has what the pattern matches."""
        return len(re.findall(pattern, self.output()))

    def wait_for(self, pattern: str, times: int = 1) -> None:
        """Return once its output has what the pattern matches, so many times; AssertionError if that lasts too long."""

        def is_said() -> bool:
            if self.said(pattern) >= times:
                return True
            assert self._process.poll() is None, f"baresip ended before {pattern!r}:\n{self.output()}"
            return False

        wait_until(is_said, lambda: f"{pattern!r}:\n{self.output()}", PATIENCE)

    def answer(self) -> None:
        self._press("a")

    def hang_up(self) -> None:
        """End the call; one that rings is refused."""
        self._press("b")

    def hold(self) -> None:
        self._press("x")

    def resume(self) -> None:
        self._press("X")

    def press(self, key: str) -> None:
        """Press a key of the telephone while it talks."""
        self._press(key)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()

    def heard_seconds(self) -> float:
        """How much it has heard so far."""
        return sum(path.stat().st_size for path in self._dumps()) / OCTETS_PER_SECOND

    def wait_to_hear(self, seconds: float) -> None:
        """Return once so much more was heard than by now; AssertionError if that lasts too long."""
        enough = self.heard_seconds() + seconds
        wait_until(
            lambda: self.heard_seconds() >= enough,
            lambda: f"baresip hears enough:\n{self.output()}",
            seconds + PATIENCE,
        )

    def heard(self) -> Samples:
        """What came in the phone's one call, once the phone has ended: until then the file's header says nothing."""
        (path,) = self._dumps()
        return read_channels(path)[1][0]

    def _press(self, key: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(key.encode())
        self._process.stdin.flush()

    def _dumps(self) -> list[Path]:
        return list(self._directory.glob("dump-*-dec.wav"))
