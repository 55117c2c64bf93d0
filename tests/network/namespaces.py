"""Two network namespaces (network_namespaces(7)) of our own with a relay between: `server` here, `far` there.

server 10.77.0.1 ── cable ── relay, in a third namespace ── cable ── 10.77.0.2, .3, .4 far

The server's side asks the far one for names, at port 53 of 10.77.0.2.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.network.weather import Weather

SERVER, FAR = "10.77.0.1", "10.77.0.2"
CARRIER, SECOND = "10.77.0.3", "10.77.0.4"
"""More addresses of the far side, so that somebody of it can vanish alone."""
RESOLVING = f"nameserver {FAR}\noptions timeout:1 attempts:1\n"


def can_be_made() -> bool:
    """Whether this user may make namespaces and cables: root, where the kernel lets it."""
    name = f"pv{os.getpid()}x"
    if _run("ip", "netns", "add", name, check=False) != 0:
        return False
    made = _run("ip", "-n", name, "link", "add", "pv0", "type", "veth", "peer", "name", "pv1", check=False) == 0
    _run("ip", "netns", "del", name, check=False)
    return made


class Network:
    """The two sides and the relay between them. Use it as a context manager."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self._weather = weather
        self._seed = seed
        self._names = {side: f"pv{os.getpid()}{side}" for side in ("server", "relay", "far")}
        self._relay: subprocess.Popen[str] | None = None
        self.told: dict[str, Any] = {}
        """What the relay says at its end: packets that passed, packets that were lost."""

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._relay is not None:
            output, _ = self._relay.communicate(timeout=10)
            with contextlib.suppress(ValueError, IndexError):
                self.told = json.loads(output.splitlines()[-1])
        self._remove()

    def cut(self, *addresses: str) -> None:
        """Let no packet from or to these addresses pass any more, and all others."""
        assert self._relay is not None
        assert self._relay.stdin is not None
        assert self._relay.stdout is not None
        self._relay.stdin.write(json.dumps({"cut": addresses}) + "\n")
        self._relay.stdin.flush()
        assert self._relay.stdout.readline() == "done\n"

    def run(self, side: str, *command: str) -> None:
        """Run a command on a side; RuntimeError if it fails."""
        _run(*self.within(side, *command))

    def within(self, side: str, *command: str) -> list[str]:
        """The command, run on the side `server` or `far`."""
        return ["ip", "netns", "exec", self._names[side], *command]

    def _make(self) -> None:
        server, relay, far = self._names.values()
        for name in self._names.values():
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        _etc(server).mkdir(parents=True)
        (_etc(server) / "resolv.conf").write_text(RESOLVING)
        for name, addresses, end in ((server, [SERVER], "one"), (far, [FAR, CARRIER, SECOND], "other")):
            _run("ip", "-n", relay, "link", "add", end, "type", "veth", "peer", "name", "cable", "netns", name)
            for each in addresses:
                _run("ip", "-n", name, "address", "add", f"{each}/24", "dev", "cable")
            _run("ip", "-n", name, "link", "set", "cable", "up")
            _run("ip", "-n", relay, "link", "set", end, "up")
            # Checksums are otherwise left to hardware that is not there, and what is carried by hand would be wrong.
            _run("ip", "netns", "exec", name, sys.executable, "-m", "tests.network.checksums", "cable")
        weather = json.dumps(asdict(self._weather))
        command = [sys.executable, "-m", "tests.network.relay", "one", "other", str(self._seed), weather]
        self._relay = subprocess.Popen(
            self.within("relay", *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_root()
        )
        assert self._relay.stdout is not None
        if self._relay.stdout.readline() != "ready\n":
            raise RuntimeError("the relay did not start")

    def _remove(self) -> None:
        if self._relay is not None and self._relay.poll() is None:
            self._relay.kill()
            self._relay.wait()
        for name in self._names.values():
            _run("ip", "netns", "del", name, check=False)
            shutil.rmtree(_etc(name), ignore_errors=True)


def _etc(name: str) -> Path:
    """What `ip netns exec` lays over /etc (ip-netns(8))."""
    return Path("/etc/netns") / name


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def _run(*command: str, check: bool = True) -> int:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_root())
    except FileNotFoundError:
        return 127
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.returncode
