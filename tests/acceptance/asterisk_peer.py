"""Asterisk as a carrier or as a PBX: a switch whose SIP, RTP and RFC 4733 share no line with ours.

It runs in the chroot that `make peers` makes, on loopback and on ports that nobody has, with no module that a call does
not need. Its dialplan says what it does; its log has every SIP message and is where a test sees what happened. What it
reads and writes lies in a folder of its own under the chroot's /tmp, which goes when it ends.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import soundfile
from tests.peers import asterisk_directory
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE, Samples
from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.sound import read_channels

PATIENCE = 30.0
"""Seconds within which anything that is waited for has happened, its start on a busy machine included."""
LIFETIME = 300
"""Seconds after which it is ended, should whoever started it be killed."""
LEAVE = 5.0
"""Seconds to end by itself."""
READY = r"Asterisk Ready"
ACCEPTED = r"(?m)^SIP/2\.0 200 OK\r?\n(?:.+\n)*CSeq: \d+ REGISTER"
"""A registration that it sent."""

MODULES = """
    app_dial app_echo app_playback app_record app_senddtmf app_verbose
    bridge_native_rtp bridge_simple chan_pjsip codec_alaw codec_ulaw format_pcm format_wav func_callerid func_channel
    pbx_config
    res_http_websocket res_pjproject res_pjsip res_pjsip_authenticator_digest res_pjsip_caller_id
    res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
    res_pjsip_logger res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_pjsip_pubsub
    res_pjsip_registrar
    res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_rtp_asterisk res_sorcery_astdb res_sorcery_config
    res_sorcery_memory res_timing_timerfd res_websocket_client
"""
"""What a call needs, and what these need to load."""

FILES = {
    "asterisk.conf": """\
[directories]
astetcdir => {inside}
astvarlibdir => {inside}
astdbdir => {inside}
astspooldir => {inside}
astrundir => {inside}
astlogdir => {inside}
[options]
verbose = 5
nocolor = yes
""",
    "logger.conf": """\
[general]
[logfiles]
log => notice,warning,error,verbose
""",
    "rtp.conf": """\
[general]
rtpstart = 30000
rtpend = 32000
icesupport = no
""",
    "modules.conf": """\
[modules]
autoload = no
{modules}
""",
    "extensions.conf": """\
[default]
{dialplan}
""",
    "pjsip.conf": """\
[global]
type = global
debug = yes
endpoint_identifier_order = username,ip

[udp]
type = transport
protocol = udp
bind = {address}:{port}

[playvoice]
type = identify
endpoint = playvoice
match = {address}

[playvoice]{endpoint}
{pjsip}
""",
}

ENDPOINT = f"""
type = endpoint
context = default
disallow = all
allow = alaw
media_address = {LOOPBACK}
bind_rtp_to_media_address = yes
"""
"""What every endpoint says; all else is as Asterisk sets it."""


class Asterisk:
    """One Asterisk in a process group of its own. Use it as a context manager; it listens when the block begins."""

    def __init__(
        self, dialplan: str, pjsip: str = "", *, files: Mapping[str, str] | None = None, port: int = 0
    ) -> None:
        """`dialplan` is its one context, `pjsip` adds to pjsip.conf; `{inside}` is its folder, `{port}` for SIP.

        `files` are whole files that stand in place of ours; with `port` it has that one for SIP.
        """
        chroot = asterisk_directory()
        assert chroot is not None
        self._chroot = chroot
        self.port = port or free_ports(1)[0]
        self._dialplan = dialplan
        self._pjsip = pjsip
        self._files = files or {}

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="playvoice-", dir=self._chroot / "tmp"))
        try:
            self._write_files()
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def log(self) -> str:
        """All that it said since it is ready, with every SIP message that it sent or received."""
        path = self.directory / "log"
        whole = path.read_text(errors="replace") if path.exists() else ""
        return whole[match.start() :] if (match := re.search(READY, whole)) else whole

    def said(self, pattern: str) -> int:
        """How often its log has what the pattern matches."""
        return len(re.findall(pattern, self.log()))

    def wait_for(self, pattern: str, times: int = 1) -> None:
        """Return once its log has what the pattern matches, so many times; AssertionError if that lasts too long."""

        def is_said() -> bool:
            if self.said(pattern) >= times:
                return True
            assert self._process.poll() is None, f"Asterisk ended before {pattern!r}:\n{self.log()}"
            return False

        wait_until(is_said, lambda: f"{pattern!r}:\n{self.log()}", PATIENCE)

    def refusals(self, number: str) -> list[tuple[int, int | None]]:
        """Status and Q.850 cause of each final answer from 300 on, 401 apart, to an INVITE of this number; in order.

        Returns once the answer was acknowledged: then it stands in the log, which is written behind the SIP.
        """
        self.wait_for(rf"(?m)^ACK sip:{number}@")
        found = []
        for status, rest in re.findall(r"(?m)^SIP/2\.0 ([3-6]\d\d) .*\n((?:.+\n)*)", self.log()):
            if status != "401" and re.search(rf"(?m)^To: .*sip:{number}@", rest) and "INVITE" in rest:
                cause = re.search(r"(?m)^Reason: Q\.850;cause=(\d+)", rest)
                found.append((int(status), int(cause[1]) if cause else None))
        return found

    def give(self, name: str, sound: Samples) -> None:
        """Put a sound where `Playback({inside}/NAME)` finds it."""
        soundfile.write(self.directory / f"{name}.wav", sound, SAMPLE_RATE, subtype="PCM_16")

    def heard(self, name: str) -> Samples:
        """What `Record` wrote into NAME.wav, once it has ended. (`MixMonitor` drops what comes 100 ms late.)"""
        return read_channels(self.directory / f"{name}.wav")[1][0]

    def _write_files(self) -> None:
        self._inside = f"/{self.directory.relative_to(self._chroot)}"
        words = {
            "inside": self._inside,
            "address": LOOPBACK,
            "port": self.port,
            "modules": "\n".join(f"load = {name}" for name in MODULES.split()),
            "endpoint": ENDPOINT,
            "dialplan": self._filled(self._dialplan),
            "pjsip": self._filled(self._pjsip),
        }
        for name, text in FILES.items():
            (self.directory / name).write_text(text.format(**words))
        for name, text in self._files.items():
            (self.directory / name).write_text(self._filled(text))

    def _filled(self, text: str) -> str:
        return text.replace("{inside}", self._inside).replace("{port}", str(self.port))

    def _start(self) -> None:
        asterisk = ("/usr/sbin/asterisk", "-f", "-C", f"{self._inside}/asterisk.conf")
        with (self.directory / "output").open("wb") as output:
            self._process = subprocess.Popen(
                ["timeout", "-k", str(LEAVE), str(LIFETIME), "chroot", str(self._chroot), *asterisk],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.wait_for(READY)
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _end(self) -> None:
        if hasattr(self, "_process"):
            self._stop()
        shutil.rmtree(self.directory, ignore_errors=True)
