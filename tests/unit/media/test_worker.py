"""The real worker process, over real sockets on loopback: what one stream sends another hears."""

import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.media.workers import (
    BOUND,
    PORTS,
    Leg,
    assert_frames_in_order,
    channels,
    connected_pair,
    far_end,
    speech,
)

from playvoice.media.client import MediaClient, MediaFull
from playvoice.media.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW, Codec
from playvoice.media.protocol import KeyPressed, PlaybackEnded
from playvoice.media.worker import _carried, run_in_real_time


@pytest.fixture
async def media() -> AsyncIterator[MediaClient]:
    client = await MediaClient.start(address="127.0.0.1", ports=PORTS, max_streams=8)
    yield client
    await client.close()


@pytest.fixture
async def pair(media: MediaClient) -> tuple[Leg, Leg]:
    return await connected_pair(media)


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
    assert_frames_in_order(heard, voice)
    assert set(said) == {0xD5}
    assert_frames_in_order(channels(tmp_path / "player.raw")[1], voice)


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
    said = speech(0.6, 4)
    (tmp_path / "said.pcma").write_bytes(said)
    agent.stream.record(tmp_path / "agent.raw")
    customer.stream.play({Codec.PCMA: tmp_path / "said.pcma"})
    assert await customer.event() == PlaybackEnded(customer.stream.number)
    await agent.stream.stop_recording()
    heard, _ = channels(tmp_path / "agent.raw")
    there_and_back = said.translate(ALAW_TO_ULAW).translate(ULAW_TO_ALAW)
    assert_frames_in_order(heard, there_and_back)


async def test_the_rest_of_the_press_that_led_to_a_bridge_is_not_for_the_other_leg(media: MediaClient) -> None:
    customer, leg_a, leg_b, agent = [await Leg.reserve(media) for _ in range(4)]
    for near, far in ((leg_a, customer), (leg_b, agent)):
        near.stream.connect(far_end(far.stream.port))
        far.stream.connect(far_end(near.stream.port))
    customer.stream.send_keys("1")
    assert await leg_a.event() == KeyPressed(leg_a.stream.number, "1")
    leg_a.stream.bridge(leg_b.stream)
    customer.stream.send_keys("2")
    assert await agent.event() == KeyPressed(agent.stream.number, "2"), "only what is pressed on the bridge"


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


async def test_where_it_is_allowed_the_clock_alone_is_real_time(media: MediaClient) -> None:
    policies = {thread: os.sched_getscheduler(thread) for thread in threads_of(media.pid)}
    clock = policies.pop(media.pid)
    assert policies, "there are those that write to the disk"
    assert clock == (os.SCHED_RR | os.SCHED_RESET_ON_FORK if may_be_real_time() else os.SCHED_OTHER)
    assert set(policies.values()) == {os.SCHED_OTHER}


def threads_of(process: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{process}/task").iterdir()]


def may_be_real_time() -> bool:
    """Whether a process of ours may, and should: tried by one that ends at once."""
    trial = "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"
    tried = subprocess.run([sys.executable, "-c", trial], stderr=subprocess.DEVNULL, timeout=BOUND, check=False)
    return tried.returncode == 0 and len(os.sched_getaffinity(0)) > 1


def test_on_one_processor_or_where_it_is_forbidden_the_clock_is_ordinary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def forbid(_pid: int, policy: int, _param: os.sched_param) -> None:
        asked.append(policy)
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    for processors in ({0}, {0, 1}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, found=processors: found)
        run_in_real_time()
    assert asked == [os.SCHED_RR | os.SCHED_RESET_ON_FORK], "with two processors it is tried"


@pytest.mark.parametrize(
    ("hard", "streams"),
    [(5_100, 1_000), (1_000, 0), (resource.RLIM_INFINITY, sys.maxsize)],
)
def test_no_more_streams_are_carried_than_there_are_descriptors_for(
    monkeypatch: pytest.MonkeyPatch, hard: int, streams: int
) -> None:
    """RTP, RTCP, the voice and the recording are four of each stream; the process itself has 1,100."""
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (512, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _what, limits: raised.append(limits))
    assert _carried() == streams
    assert raised == [(hard, hard)], "the soft limit is raised as far as it goes"
