"""What a simulated phone notes of the packets that come."""

import asyncio
import random
import socket
import time

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, Clock
from playvoice.media.sdp import Direction, Negotiated
from playvoice.simulator.audio import Audio
from playvoice.simulator.rtp_session import Speaker


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
