"""`python -m tests.network.relay ONE OTHER SEED JSON`: carries the packets between two interfaces through the weather.

The interfaces are the ends of two virtual cables (veth(4)) whose other ends are in the namespaces of the two sides. IP
packets meet the weather; ARP passes, since nobody asks about that. It ends with its standard input, where it takes
`{"cut": ["10.77.0.3"]}`: from then on no packet from or to these addresses passes, and no others are cut.
"""

import json
import select
import socket
import sys
import time

from tests.network.weather import Way, Weather

ETH_P_ALL = 0x0003
"""if_ether.h: every protocol."""
PACKET_OUTGOING = 4
"""packet(7): what we sent ourselves, which comes back to us."""
IPV4 = b"\x08\x00"
MAX_FRAME = 65_536


def main(arguments: list[str]) -> None:
    """Carry packets until standard input ends; then print what passed and what was lost."""
    one, other, seed, weather = arguments
    ends = [_open(one), _open(other)]
    ways = [Way(Weather(**json.loads(weather)), int(seed) + direction) for direction in range(2)]
    cut: frozenset[bytes] = frozenset()
    print("ready", flush=True)
    while True:
        arrivals = [at for way in ways if (at := way.next_arrival()) is not None]
        wait = max(0.0, min(arrivals) - time.monotonic()) if arrivals else None
        readable, _, _ = select.select([*ends, sys.stdin], [], [], wait)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                break
            cut = frozenset(map(socket.inet_aton, json.loads(line)["cut"]))
            print("done", flush=True)
        for way, source, target in zip(ways, ends, reversed(ends), strict=True):
            if source in readable:
                _take(source, target, way, cut)
        now = time.monotonic()
        for way, target in zip(ways, reversed(ends), strict=True):
            for frame in way.arrived(now):
                _send(target, frame)
    print(json.dumps({"passed": sum(way.passed for way in ways), "lost": sum(way.lost for way in ways)}), flush=True)


def _open(interface: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((interface, 0))
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
    return sock


def _take(source: socket.socket, target: socket.socket, way: Way, cut: frozenset[bytes]) -> None:
    while True:
        try:
            frame, address = source.recvfrom(MAX_FRAME)
        except BlockingIOError:
            return
        if address[2] == PACKET_OUTGOING:
            continue
        if frame[12:14] == IPV4:
            if not cut.isdisjoint((frame[26:30], frame[30:34])):  # source and destination (RFC 791 section 3.1)
                continue
            way.enter(frame, time.monotonic())
        else:
            _send(target, frame)


def _send(target: socket.socket, frame: bytes) -> None:
    try:
        target.send(frame)
    except (BlockingIOError, OSError):
        pass  # lost, as on any network


if __name__ == "__main__":
    main(sys.argv[1:])
