"""What the machine has to give: clock, descriptors, memory, processors, socket buffers."""

import ctypes
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playvoice.commands.doctor.finding import Finding, ok, warning
from playvoice.commands.doctor.machine import Machine
from playvoice.commands.doctor.situation import Situation
from playvoice.media.worker import DESCRIPTORS_OF_A_STREAM, SPARE_DESCRIPTORS
from playvoice.sip.sockets import SOCKET_BUFFER

BUSY = 0.8
"""The share of the processors from which on packets come late."""
MANY_CALLS = 20.0
"""Calls a second from which on a burst of answers may overrun a small socket buffer."""
STEP = 0.05
"""Seconds by which the wall clock may run off the monotonic one while we look."""
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of adjtimex(2)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What the kernel says of its wall clock."""

    synchronised: bool
    error: float
    """Seconds by which it may be wrong, as whoever sets it estimates."""


class _Timex(ctypes.Structure):
    """struct timex, as far as it is read; the kernel writes 208 octets."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def read_clock() -> Clock | None:
    """Ask the kernel, which changes nothing; None where it can't be asked."""
    timex = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
        return None
    # A virtual machine's host may set the clock, or a daemon that does not tell the kernel but leaves a mark.
    marked = Path("/run/systemd/timesync/synchronized").exists()
    return Clock(marked or not timex.status & _UNSYNCHRONISED, timex.maxerror / 1e6)


def clock(
    read: Callable[[], Clock | None],
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Finding:
    """Whether the wall clock is set by somebody, and whether it runs evenly for a second."""
    before = wall() - monotonic()
    wait(1.0)
    drift = wall() - monotonic() - before
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall()))
    if abs(drift) > STEP:
        return warning(
            "clock",
            f"{now}; it ran {drift:+.3f} s off in a second",
            "let one program set it, and slowly: chrony or systemd-timesyncd, not both and no cron job",
        )
    found = read()
    if found is not None and not found.synchronised:
        return warning(
            "clock",
            f"{now}; nothing keeps it right, so call records and signatures may tell a wrong time",
            "install chrony, or: timedatectl set-ntp true. Receivers refuse signatures that are minutes off",
        )
    return ok("clock", f"{now}, " + ("synchronised" if found else "the kernel does not say whether it is synchronised"))


def descriptors(situation: Situation) -> Finding:
    """Whether the media worker may open as many files as its streams need."""
    pid = None if situation.server is None else situation.server.pid
    limit = situation.machine.descriptors(pid)
    if limit is None and pid is not None:
        limit, pid = situation.machine.descriptors(None), None
    if limit is None:
        return ok("descriptors", "the limit can't be read here")
    carried = max(0, limit - SPARE_DESCRIPTORS) // DESCRIPTORS_OF_A_STREAM
    whose = "the running server" if pid is not None else "a program that is started here"
    amount = "as many files as it wants" if limit >= 1 << 62 else f"{limit} files"
    seen = f"{whose} may open {amount}: enough for {min(carried, 1 << 31)} legs; {situation.demand.streams} are wanted"
    if limit >= 1 << 62:
        seen = f"{whose} may open {amount}"
    if carried < situation.demand.streams:
        enough = SPARE_DESCRIPTORS + DESCRIPTORS_OF_A_STREAM * situation.demand.streams
        return warning(
            "descriptors",
            f"{seen}: further calls wait",
            f"LimitNOFILE={enough} in the systemd unit, or the hard limit of nofile in /etc/security/limits.conf",
        )
    return ok("descriptors", seen)


def power(situation: Situation) -> Iterator[Finding]:
    """Processors and memory, beside what the trunks' limits allow; the figures are those of `docs/architecture.md`."""
    demand, machine = situation.demand, situation.machine
    there = machine.processors()
    seen = f"{there:g} for about {demand.processors:.1f} that {demand.calls} calls at once keep busy"
    if demand.processors > there * BUSY:
        yield warning("processors", seen, "lower max_calls of the trunks, record less, or take a larger machine")
    else:
        yield ok("processors", seen)
    free = machine.memory_available()
    if free is None or situation.server is not None:
        return
    seen = f"{_mib(free)} MiB are free, about {_mib(demand.memory)} MiB are wanted"
    if free < demand.memory:
        yield warning("memory", seen, "end other programs, lower max_calls of the trunks, or take a larger machine")
    else:
        yield ok("memory", seen)


def buffers(machine: Machine, calls_per_second: float) -> Finding:
    """Whether the kernel gives SIP the buffer that it asks for."""
    text = machine.setting("net/core/rmem_max") or ""
    if not text.isdigit():
        return ok("socket buffers", "the kernel does not tell their limit here")
    limit = int(text)
    do = f"sysctl -w net.core.rmem_max={SOCKET_BUFFER} net.core.wmem_max={SOCKET_BUFFER}, and in /etc/sysctl.d/"
    seen = f"net.core.rmem_max is {limit} octets, SIP asks for {SOCKET_BUFFER}"
    if limit >= SOCKET_BUFFER:
        return ok("socket buffers", seen)
    if calls_per_second <= MANY_CALLS:
        return ok("socket buffers", f"{seen}; enough for {calls_per_second:g} calls a second")
    return warning("socket buffers", f"{seen} for {calls_per_second:g} calls a second", do)


def _mib(octets: int) -> int:
    return octets // (1024 * 1024)
