"""The programs that tests use as far ends and that we did not write: where they are, and what if they are not."""

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.postgresql import postgresql_directory

REQUIRE = "PLAYVOICE_REQUIRE_PEERS"
"""With this set to 1 a missing peer fails its tests instead of skipping them."""


ASTERISK = "PLAYVOICE_ASTERISK"
"""Where `make peers` makes the chroot that has Asterisk."""


def asterisk_directory() -> Path | None:
    """Return the root of a Debian that has Asterisk; None where there is none, or where this user may not enter it."""
    root = Path(os.environ.get(ASTERISK) or "/var/cache/playvoice/asterisk")
    return root if os.geteuid() == 0 and (root / "usr/sbin/asterisk").exists() else None


def faketime_library() -> Path | None:
    """Return the library that makes a program see another wall clock; Debian keeps it with its multiarch libraries."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def _on_path(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name)


PEERS: Mapping[str, Callable[[], object]] = {
    "sipp": _on_path("sipp"),
    "baresip": _on_path("baresip"),
    "php": _on_path("php"),
    "curl": _on_path("curl"),
    "sqlite3": _on_path("sqlite3"),
    "node": _on_path("node"),
    "java": _on_path("javac"),
    "chromium": _on_path("chromium"),
    "prometheus": lambda: shutil.which("prometheus") and shutil.which("promtool"),
    "postgresql": postgresql_directory,
    "faketime": faketime_library,
    "asterisk": asterisk_directory,
}
"""How each peer is looked for; it is missing where this finds nothing."""

OPTIONAL: Mapping[str, str] = {
    "asterisk": "it comes from Debian's testing suite, which may lack it, and runs in a chroot, which takes root"
}
"""The peers whose tests are skipped even where peers are required, and why."""


def need(name: str) -> None:
    """Go on if the peer is installed; else skip the test by the peer's name, or fail it where peers are required."""
    if PEERS[name]():
        return
    if name in OPTIONAL:
        pytest.skip(f"{name} is not there, and need not be: {OPTIONAL[name]}; `make peers` makes it")
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{name} is not installed, and {REQUIRE}=1; run `make peers`", pytrace=False)
    pytest.skip(f"{name} is not installed; `make peers` installs it")


def need_raw_sockets() -> None:
    """Go on if this user may send over a raw socket, as SIPp does when it plays a capture; else skip or fail."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).close()
    except PermissionError:
        why = "SIPp plays captures over a raw socket, which takes root or CAP_NET_RAW"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{why}, and {REQUIRE}=1", pytrace=False)
        pytest.skip(why)
