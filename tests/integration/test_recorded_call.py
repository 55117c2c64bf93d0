"""Recordings of calls with the real parts on loopback, beside what the customer's own phone recorded of them."""

import asyncio
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from tests.integration.test_running_call import World, done, world
from tests.unit.media.sounds import correlation

from playvoice.media import sdp
from playvoice.media.g711 import Codec, alaw_to_linear
from playvoice.sip import CallEnded

__all__ = ["world"]

SECOND = 8_000
FORTY_MS = 320


def noise(folder: Path, name: str, seed: int, seconds: float) -> Path:
    """A sound that is like no other, and like itself in one place only."""
    octets = np.random.default_rng(seed).integers(0, 256, round(seconds * SECOND), dtype=np.uint8)
    path = folder / f"{name}.pcma"
    path.write_bytes(octets.tobytes())
    return path


def in_their_places(recording: bytes, phone: bytes) -> tuple[tuple[int, float], tuple[int, float]]:
    """How late the customer, and what he heard, are in a recording beside his phone's, and how alike.

    The phone's left is what came to it, and its right what it said.
    """
    said = correlation(alaw_to_linear(recording[0::2]), alaw_to_linear(phone[1::2]))
    heard = correlation(alaw_to_linear(recording[1::2]), alaw_to_linear(phone[0::2]))
    return said, heard


async def test_a_recording_holds_all_that_both_sides_of_a_call_were_in_its_place(world: World) -> None:
    """The voice, the hold music, an agent with another codec, a hold and a change of the customer's own codec."""
    words = [noise(world.folder, f"words-{seed}", seed, 0.4) for seed in range(10, 16)]
    task = await world.place()
    await world.carrier.rings()
    began = time.monotonic()
    await world.carrier.answers(world.folder / "customer.raw")
    answered = time.monotonic()
    await world.carrier.says(words[0])
    world.carrier.stream.send_keys("1")
    await world.agent.rings()
    await world.carrier.says(words[1])
    await world.agent.answers(world.folder / "agent.raw")
    await world.agent.changes(sdp.Direction.SENDRECV, Codec.PCMU)
    await asyncio.gather(world.agent.says(words[2]), world.carrier.says(words[3]))
    await world.carrier.changes(sdp.Direction.SENDONLY)
    await world.agent.says(words[4])
    await world.carrier.changes(sdp.Direction.SENDRECV, Codec.PCMU)
    await asyncio.gather(world.agent.says(words[2]), world.carrier.says(words[5]))
    hung_up = time.monotonic()
    world.carrier.hangs_up()
    await world.agent.expect(CallEnded)
    await world.carrier.stream.stop_recording()
    await done(task)
    over = time.monotonic()
    recording = await world.recording()
    (said_late, said_alike), (heard_late, heard_alike) = in_their_places(
        recording, (world.folder / "customer.raw").read_bytes()
    )
    assert said_alike > 0.9, "left is the customer"
    assert heard_alike > 0.9, "right is what the customer heard"
    assert abs(said_late - heard_late) <= FORTY_MS, "both channels are on one time line"
    seconds = len(recording) / 2 / SECOND
    assert hung_up - answered - 0.04 <= seconds <= over - began + 0.04
    assert world.record() == (10001, 10041, "1", "20280003")
    assert await world.nothing_is_left()


@pytest.mark.parametrize("disk", ["full", "gone"])
async def test_a_disk_that_takes_nothing_costs_the_recording_and_not_the_call(world: World, disk: str) -> None:
    task = await world.place()
    raw = world.recordings.raw(world.calls[0].stored.uuid)
    if disk == "full":
        raw.symlink_to("/dev/full")
    else:
        shutil.rmtree(raw.parent)
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    await world.carrier.expect(CallEnded)
    await world.carrier.stream.stop_recording()
    await done(task)
    assert world.voice in (world.folder / "customer.raw").read_bytes()[0::2], "it was heard to its end"
    assert world.record() == (10001, 10040, "", "")
    assert world.owed()[-1]["recordfilename"] == ""
    assert await world.nothing_is_left()
