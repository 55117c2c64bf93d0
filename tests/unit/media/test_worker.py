"""The real worker process, over real sockets on loopback: what one stream sends another hears."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from playvoice.media.client import MediaClient, MediaEvent, MediaFull, MediaGone, Stream
from playvoice.media.g711 import Codec
from playvoice.media.protocol import KeyPressed, PlaybackEnded
from playvoice.media.sdp import Direction, Negotiated

FRAME = 160


def far_end(port: int, codec: Codec = Codec.PCMA) -> Negotiated:
    return Negotiated(
        remote=("127.0.0.1", port),
        codec=codec,
        payload_type=int(codec),
        telephone_event=101,
        direction=Direction.SENDRECV,
        receive_payload_types={8: Codec.PCMA, 0: Codec.PCMU},
        receive_telephone_event=101,
        remote_rtcp=("127.0.0.1", port + 1),
    )


class Leg:
    """A stream and what it told."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self.stream: Stream

    @classmethod
    async def reserve(cls, media: MediaClient) -> "Leg":
        leg = cls()
        leg.stream = await media.reserve(leg.events.put_nowait)
        return leg

    async def event(self) -> MediaEvent:
        async with asyncio.timeout(10):
            return await self.events.get()


@pytest.fixture
async def media() -> AsyncIterator[MediaClient]:
    client = await MediaClient.start(address="127.0.0.1", ports=(20_000, 29_999), max_streams=8)
    yield client
    await client.close()


@pytest.fixture
async def pair(media: MediaClient) -> tuple[Leg, Leg]:
    """Two legs that are each other's far end."""
    one, other = await Leg.reserve(media), await Leg.reserve(media)
    one.stream.connect(far_end(other.stream.port))
    other.stream.connect(far_end(one.stream.port))
    return one, other


def speech(seconds: float, seed: int) -> bytes:
    """Octets of A-law that are found again in a recording."""
    octets = np.random.default_rng(seed).integers(0, 256, int(seconds * 8000), dtype=np.uint8)
    return octets.tobytes()


def channels(path: Path) -> tuple[bytes, bytes]:
    octets = path.read_bytes()
    return octets[0::2], octets[1::2]


async def test_what_is_played_arrives_octet_by_octet_and_both_channels_are_recorded(
    pair: tuple[Leg, Leg], tmp_path: Path
) -> None:
    player, listener = pair
    voice = speech(0.6, 1)
    (tmp_path / "voice.pcma").write_bytes(voice)
    player.stream.record(tmp_path / "player.raw")
    listener.stream.record(tmp_path / "listener.raw")
    player.stream.play({Codec.PCMA: tmp_path / "voice.pcma"})
    assert await player.event() == PlaybackEnded(player.stream.number)
    samples = await listener.stream.stop_recording()
    assert await player.stream.stop_recording() > 0
    heard, said = channels(tmp_path / "listener.raw")
    assert len(heard) == len(said) == samples
    assert voice in heard
    assert set(said) == {0xD5}
    assert voice in channels(tmp_path / "player.raw")[1]


async def test_a_press_is_one_event_and_the_voice_goes_on_after_it(pair: tuple[Leg, Leg], tmp_path: Path) -> None:
    caller, callee = pair
    (tmp_path / "speech.pcma").write_bytes(speech(0.4, 2))
    callee.stream.play({Codec.PCMA: tmp_path / "speech.pcma"})
    callee.stream.send_keys("1#")
    assert await caller.event() == KeyPressed(caller.stream.number, "1")
    assert await caller.event() == KeyPressed(caller.stream.number, "#")
    assert await callee.event() == PlaybackEnded(callee.stream.number)
    assert caller.events.empty()


async def test_a_bridge_carries_audio_between_two_far_ends_and_changes_the_law(
    media: MediaClient, tmp_path: Path
) -> None:
    customer, leg_a, leg_b, agent = [await Leg.reserve(media) for _ in range(4)]
    leg_a.stream.connect(far_end(customer.stream.port))
    customer.stream.connect(far_end(leg_a.stream.port))
    leg_b.stream.connect(far_end(agent.stream.port, Codec.PCMU))
    agent.stream.connect(far_end(leg_b.stream.port, Codec.PCMU))
    leg_a.stream.bridge(leg_b.stream)
    said = bytes(range(256)) * 20
    (tmp_path / "said.pcma").write_bytes(said)
    agent.stream.record(tmp_path / "agent.raw")
    customer.stream.play({Codec.PCMA: tmp_path / "said.pcma"})
    assert await customer.event() == PlaybackEnded(customer.stream.number)
    await agent.stream.stop_recording()
    heard, _ = channels(tmp_path / "agent.raw")
    from playvoice.media.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW

    there_and_back = said.translate(ALAW_TO_ULAW).translate(ULAW_TO_ALAW)
    assert there_and_back[: len(said) - 2 * FRAME] in heard


async def test_a_stream_counts_what_it_sent_and_its_port_is_free_afterwards(
    pair: tuple[Leg, Leg], tmp_path: Path
) -> None:
    player, listener = pair
    (tmp_path / "voice.pcma").write_bytes(speech(0.2, 3))
    player.stream.play({Codec.PCMA: tmp_path / "voice.pcma"})
    await player.event()
    stats = await player.stream.release()
    assert stats.sent == 10
    assert (await listener.stream.release()).ignored == 0


async def test_at_its_bound_the_worker_refuses_a_stream_and_says_so(media: MediaClient) -> None:
    for _ in range(8):
        await Leg.reserve(media)
    with pytest.raises(MediaFull, match="no more are carried"):
        await Leg.reserve(media)


async def test_a_worker_that_dies_is_told_and_every_question_ends(tmp_path: Path) -> None:
    gone = asyncio.Event()
    media = await MediaClient.start(address="127.0.0.1", ports=(20_000, 29_999), on_gone=gone.set)
    media._process.kill()
    async with asyncio.timeout(10):
        await gone.wait()
    with pytest.raises(MediaGone):
        await Leg.reserve(media)
    await media.close()


async def test_the_worker_ends_when_the_server_closes_its_end() -> None:
    media = await MediaClient.start(address="127.0.0.1", ports=(20_000, 29_999))
    await media.close()
    assert media._process.returncode == 0
