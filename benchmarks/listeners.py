"""The far end of the playback benchmark: a socket for each call, which listens and talks as phones do.

`python -m benchmarks.listeners CALLS`, one JSON object a line. It prints its ports, reads the ports that it is to talk
to, talks and listens until it reads a window of time, and prints what arrived in that window. The kernel stamps each
packet when it arrives (SO_TIMESTAMPNS), so that reading in batches, which is cheap, blurs nothing. It talks from a
child of its own, one packet of silence each 20 ms for every call.
"""

import json
import os
import select
import socket
import struct
import sys
import time
from typing import Any

import numpy as np

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, HEADER

SO_TIMESTAMPNS = 35
SO_MEMINFO = 55
READ_EVERY = 0.05
"""Seconds; what a socket's buffer holds is four seconds of packets."""
PHASES = 4
_TIMESPEC = struct.Struct("qq")
_MEMINFO = struct.Struct("9I")
"""What SO_MEMINFO gives; last stands what found no room in the buffer."""
_MAX_PACKET = 512


def open_sockets(calls: int) -> list[socket.socket]:
    """One socket for each call, whose packets get the time of their arrival."""
    sockets = []
    for _ in range(calls):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", 0))
        sockets.append(sock)
    return sockets


def talk(sockets: list[socket.socket]) -> None:
    """Send silence on every socket, in four phases of 5 ms, until the parent is gone."""
    parent = os.getppid()
    silence = bytes([Codec.PCMA.silence]) * FRAME
    start = time.monotonic()
    number = 0
    while os.getppid() == parent:
        time.sleep(max(0.0, start + number * 0.02 / PHASES - time.monotonic()))
        frame, phase = divmod(number, PHASES)
        packet = HEADER.pack(0x80, int(Codec.PCMA), frame & 0xFFFF, frame * FRAME & 0xFFFFFFFF, 1) + silence
        for sock in sockets[phase::PHASES]:
            try:
                sock.send(packet)
            except OSError:
                pass  # the server has closed this one
        number += 1


def listen(sockets: list[socket.socket]) -> tuple[list[list[tuple[int, int]]], dict[str, int]]:
    """Read until a line comes; gives (sequence number, nanoseconds) of every packet by call, and that line."""
    arrivals: list[list[tuple[int, int]]] = [[] for _ in sockets]
    while not select.select([sys.stdin], [], [], READ_EVERY)[0]:
        drain(sockets, arrivals)
    window: dict[str, int] = json.loads(sys.stdin.readline())
    drain(sockets, arrivals)
    return arrivals, window


def drain(sockets: list[socket.socket], arrivals: list[list[tuple[int, int]]]) -> None:
    """Read what has come."""
    for sock, arrived in zip(sockets, arrivals, strict=True):
        try:
            while True:
                data, ancillary, _, _ = sock.recvmsg(_MAX_PACKET, 64)
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
                arrived.append((data[2] << 8 | data[3], seconds * 1_000_000_000 + nanoseconds))
        except BlockingIOError:
            pass


def count_unread(sockets: list[socket.socket]) -> int:
    """Packets that arrived, and were thrown away because this process did not get to read them."""
    return sum(_MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size))[-1] for sock in sockets)


def weigh(arrivals: list[list[tuple[int, int]]], window: dict[str, int]) -> dict[str, Any]:
    """What arrived in the window: packets, and how far their spacing is from 20 ms, of all calls."""
    first, last = window["from"], window["to"]
    packets, lost, spacings = 0, 0, [np.zeros(0)]
    for arrived in arrivals:
        rows = np.array([row for row in arrived if first <= row[1] < last], dtype=np.int64).reshape(-1, 2)
        packets += len(rows)
        steps = np.diff(rows[:, 0]) & 0xFFFF
        lost += int(np.sum(steps - 1))
        spacings.append(np.diff(rows[:, 1])[steps == 1] / 1e6)
    off = np.abs(np.concatenate(spacings) - 20)
    if not len(off):
        off = np.full(1, np.inf)
    return {
        "packets": packets,
        "lost": lost,
        "p50_ms": round(float(np.percentile(off, 50)), 3),
        "p99_ms": round(float(np.percentile(off, 99)), 3),
        "p999_ms": round(float(np.percentile(off, 99.9)), 3),
        "max_ms": round(float(np.max(off)), 3),
    }


def main(arguments: list[str]) -> None:
    """Play the far end of so many calls."""
    sockets = open_sockets(int(arguments[0]))
    print(json.dumps([sock.getsockname()[1] for sock in sockets]), flush=True)
    for sock, port in zip(sockets, json.loads(sys.stdin.readline()), strict=True):
        sock.connect(("127.0.0.1", port))
    if os.fork() == 0:
        talk(sockets)
        return
    arrivals, window = listen(sockets)
    print(json.dumps({**weigh(arrivals, window), "unread": count_unread(sockets)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
