"""RTP and RTCP of strangers while a voice plays: the callee hears it unbroken, and no press of theirs counts."""

import random
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.hostile.strangers import STRANGER, TRUNK, Log
from tests.acceptance.whole_call import cast, place_whole_call

from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import World

PACKETS_A_TICK = 10
TICK = 0.005
LONGEST_GAP = 0.5
"""Seconds between two packets of the voice at the far end, on a machine that runs other tests as well."""


def rtp(
    payload_type: int, payload: bytes, *, version: int = 2, ssrc: int = 0, sequence: int = 0, flags: int = 0
) -> bytes:
    return struct.pack("!BBHII", version << 6 | flags, payload_type, sequence & 0xFFFF, 160 * sequence, ssrc) + payload


def attacks() -> list[bytes]:
    """What no far end sends, and what this one's far end sends but a stranger may not."""
    generator = random.Random(1)
    press = struct.pack("!BBH", 1, 0x80, 800)  # RFC 4733: key 1, the end of a press
    return [
        b"",
        b"\x80",
        generator.randbytes(11),
        generator.randbytes(1_400),
        b"\xff" * 60_000,
        *(rtp(8, bytes(160), version=version) for version in (0, 1, 3)),
        rtp(8, bytes(160), flags=0x0F),  # claims fifteen contributing sources
        rtp(8, b"", flags=0x0F),  # and has none of them
        rtp(8, b"", flags=0x10),  # claims a header extension
        rtp(8, struct.pack("!HH", 1, 0xFFFF), flags=0x10),  # of a quarter of a megabyte
        rtp(8, b"\x00", flags=0x20),  # claims padding of no octets
        rtp(8, b"\xff", flags=0x20),  # and more than there is
        *(rtp(8, generator.randbytes(160), ssrc=ssrc, sequence=ssrc * 7_919) for ssrc in range(20)),
        *(rtp(payload_type, bytes(160)) for payload_type in (0, 3, 13, 18, 72, 96, 101, 127)),
        *(rtp(101, press, ssrc=ssrc) for ssrc in range(5)),
        rtp(101, b""),
        rtp(101, press[:3]),
        *(rtp(101, struct.pack("!BBH", event, 0x80, 800)) for event in (11, 15, 16, 200, 255)),
    ]


RTCP = [
    b"",
    b"\x81",
    bytes(8),
    struct.pack("!BBHI", 0x80, 203, 1, 1),  # BYE
    struct.pack("!BBHI", 0x81, 200, 0xFFFF, 1),  # a sender report with a length that is not there
    b"\xff" * 1_400,
]


@contextmanager
def flood(target: tuple[str, int], packets: list[bytes], hosts: tuple[str, ...]) -> Iterator[list[int]]:
    """Send these packets again and again, from a port of each host, until the block ends; gives how many were sent."""
    sent = [0]
    stopping = threading.Event()

    def run() -> None:
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in hosts]
        for sock, host in zip(sockets, hosts, strict=True):
            sock.bind((host, 0))
        number = 0
        while not stopping.wait(TICK):
            for _ in range(PACKETS_A_TICK):
                try:
                    sockets[number % len(sockets)].sendto(packets[number % len(packets)], target)
                except OSError:
                    pass  # an ICMP error of an earlier one, or one too large
                number += 1
            sent[0] = number
        for sock in sockets:
            sock.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield sent
    finally:
        stopping.set()
        thread.join()


def test_a_voice_goes_on_unbroken_under_a_flood_and_only_the_callees_key_counts(tmp_path: Path) -> None:
    with World(tmp_path, ASSETS, cast()) as world:
        assert world.carrier is not None
        assert world.agents is not None
        carrier, log = world.carrier, Log(tmp_path / "server.log")

        attacked = []

        def attack(server_rtp: str) -> None:
            """Flood both ports until the callee presses, from the callee's own address and from another one."""
            host, port = server_rtp.split(":")
            attacked.append(port)
            carrier.wait_for("rtp", 5)
            hosts = (STRANGER, TRUNK)
            with flood((host, int(port)), attacks(), hosts) as sent, flood((host, int(port) + 1), RTCP, hosts) as rtcp:
                carrier.wait_for("presses", 10)
            assert min(sent[0], rtcp[0]) > 500

        evidence = place_whole_call(world, while_it_plays=attack)
        assert evidence.record["payload"]["userkey"] == "1"
        rang, pressed = world.agents.all("invite")[0]["time"], carrier.all("presses")[0]["time"]
        assert rang > pressed, "a stranger's press connects nobody"
        (heard,) = carrier.all("audio")
        assert heard["lost"] == 0
        assert heard["longest_gap"] < LONGEST_GAP
        line = log.wait_for("rtp_ignored", f"port={attacked[0]}")
        assert int(re.findall(r"packets=(\d+)", line)[0]) > 500
        assert len([line for line in log.lines() if "rtp_ignored" in line]) <= 2, "one line a leg, whatever came"
        assert not [line for line in log.lines() if "Traceback" in line]
