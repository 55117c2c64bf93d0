"""What a simulated phone notes of the packets that come."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, Clock
from playvoice.media.sdp import Direction, Negotiated
from playvoice.simulator.audio import Audio
from playvoice.simulator.rtp_session import SO_TIMESTAMPNS, Speaker


@pytest.fixture
def arrivals_are_stamped() -> Iterator[None]:
    """The kernel stamps datagrams as they arrive; it begins a while after the first socket on the machine asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        deadline = time.monotonic() + 30
        while True:
            own.sendto(b"", own.getsockname())
            sent = time.time()
            while time.time() < sent + 0.002:
                pass
            _, stamps, _, _ = own.recvmsg(1, 64)
            seconds, nanoseconds = struct.unpack("qq", stamps[0][2])
            if seconds + nanoseconds / 1e9 < sent + 0.001:
                break
            assert time.monotonic() < deadline, "the kernel stamps no datagram at its arrival"
        yield


@pytest.mark.usefixtures("arrivals_are_stamped")
async def test_a_packet_arrives_when_it_reaches_the_socket_and_not_when_it_is_read() -> None:
    first = asyncio.Event()
    audio = Audio(Speaker(), "127.0.0.1", keep=True, generator=random.Random(1), on_first=first.set)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        remote = sender.getsockname()
        audio.start(Negotiated(remote, Codec.PCMA, 8, None, Direction.SENDRECV, {8: Codec.PCMA}, None, (remote[0], 0)))
        sender.sendto(Clock(1, 2, 3).packet(8, bytes(FRAME)), ("127.0.0.1", audio.port))
        sent = time.monotonic()
        time.sleep(0.5)  # noqa: ASYNC251  # nobody reads meanwhile
        await first.wait()
    audio.close()
    assert audio.heard.first_at is not None
    assert audio.heard.first_at < sent + 0.4, "it was there for half a second before it was read"
