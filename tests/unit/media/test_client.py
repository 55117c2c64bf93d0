"""The server's half of the media worker, with a real worker at the other end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.media.workers import BOUND, PORTS, Leg, far_end, speech
from tests.waiting import until

from playvoice.media import client as client_module
from playvoice.media import leg as leg_module
from playvoice.media import protocol as p
from playvoice.media.client import MediaClient, MediaGone
from playvoice.media.g711 import Codec
from playvoice.media.protocol import Reserved
from playvoice.media.tones import TONES_WEIGHT


@pytest.fixture
async def media() -> AsyncIterator[MediaClient]:
    client = await MediaClient.start(address="127.0.0.1", ports=PORTS, max_streams=1)
    yield client
    await client.close()


async def test_a_worker_that_dies_is_told_and_every_question_ends() -> None:
    gone = asyncio.Event()
    media = await MediaClient.start(address="127.0.0.1", ports=PORTS, on_gone=gone.set)
    os.kill(media.pid, signal.SIGSTOP)
    asked = asyncio.create_task(Leg.reserve(media))
    await until(lambda: media.reserved == 1)
    os.kill(media.pid, signal.SIGKILL)
    async with asyncio.timeout(BOUND):
        await gone.wait()
        with pytest.raises(MediaGone):
            await asked
    with pytest.raises(MediaGone):
        await Leg.reserve(media)
    assert repr(media) == f"<MediaClient of process {media.pid}, gone>"
    await media.close()


async def test_a_fault_of_who_hears_the_pace_costs_nobody_his_worker(media: MediaClient) -> None:
    def fails(_pace: p.ClockPace) -> None:
        raise RuntimeError("a fault of the owner")

    media.on_pace = fails
    media._take(p.ClockPace(200, 1_000, 0, 0, 0))
    assert media.pace is not None
    await Leg.reserve(media)


async def test_a_worker_that_is_not_heard_any_more_for_a_fault_of_ours_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = asyncio.Event()
    media = await MediaClient.start(address="127.0.0.1", ports=PORTS, on_gone=gone.set)

    def fails(_message: p.Message) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(media, "_take", fails)
    async with asyncio.timeout(BOUND):
        with pytest.raises(MediaGone):
            await Leg.reserve(media)
        await gone.wait()
    await media.close()


async def test_the_worker_ends_when_the_server_closes_its_end() -> None:
    media = await MediaClient.start(address="127.0.0.1", ports=PORTS)
    await media.close()
    assert media._process.returncode == 0


async def test_a_description_for_a_stream_that_is_released_takes_no_room(media: MediaClient) -> None:
    stream = (await Leg.reserve(media)).stream
    stream.connect(far_end(9), tones=True)
    assert media.load == TONES_WEIGHT
    await stream.release()
    stream.connect(far_end(9), tones=True)
    assert media.load == 0
    await Leg.reserve(media)


async def test_a_voice_is_told_to_the_worker_once_until_it_may_have_let_go_of_it(
    media: MediaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_LOADED", 2)
    stream = (await Leg.reserve(media)).stream
    told: list[str] = []
    monkeypatch.setattr(media, "command", lambda message: told.extend(message.paths.values()))
    for name in ("a", "b", "a", "b", "c", "a"):
        stream.load({Codec.PCMA: Path(name)})
    assert told == ["a", "b", "c", "a"]


async def test_a_port_that_nobody_waits_for_any_more_is_given_back(media: MediaClient) -> None:
    asked = asyncio.create_task(Leg.reserve(media))
    await asyncio.sleep(0)  # it has asked, and no answer has been read yet
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert media.reserved == 1, "the worker is still about to reserve it"
    await until(lambda: media.reserved == 0)
    await Leg.reserve(media)


async def test_a_port_is_given_back_too_when_who_asked_is_cancelled_as_the_answer_comes(
    media: MediaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = media._answer

    def answer_and_cancel(number: int, message: p.Message) -> bool:
        answered = answer(number, message)
        if isinstance(message, Reserved):
            asked.cancel()
        return answered

    monkeypatch.setattr(media, "_answer", answer_and_cancel)
    asked = asyncio.create_task(Leg.reserve(media))
    with pytest.raises(asyncio.CancelledError):
        await asked
    monkeypatch.undo()
    assert media.reserved == 0
    assert (await Leg.reserve(media)).stream.port


async def test_a_worker_that_answers_with_its_last_breath_gives_no_stream(
    media: MediaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = media._answer

    def answer_and_die(number: int, message: p.Message) -> bool:
        answered = answer(number, message)
        media._lose()
        return answered

    monkeypatch.setattr(media, "_answer", answer_and_die)
    with pytest.raises(MediaGone):
        await Leg.reserve(media)
    assert not media.streams


async def test_a_disk_that_is_too_slow_costs_a_recording_and_not_the_worker(
    media: MediaClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_module, "RECORDING_TIMEOUT", 0.1)
    leg = await Leg.reserve(media)
    leg.stream.connect(far_end(leg.stream.port))
    leg.stream.record(tmp_path / "recording.raw")
    os.kill(media.pid, signal.SIGSTOP)
    assert await leg.stream.stop_recording() == -1
    os.kill(media.pid, signal.SIGCONT)
    await leg.stream.release()
    assert media.reserved == 0


async def test_a_worker_at_rest_lets_go_of_voices_that_were_removed(media: MediaClient, tmp_path: Path) -> None:
    voice = tmp_path / "voice.pcma"
    voice.write_bytes(speech(0.1, 1))

    def holds_it() -> bool:
        held = (path.readlink() for path in Path(f"/proc/{media.pid}/fd").iterdir() if path.is_symlink())
        return any(path.name.startswith(voice.name) for path in held)

    leg = await Leg.reserve(media)
    leg.stream.load({Codec.PCMA: voice})
    await until(holds_it)
    await leg.stream.release()
    voice.unlink()
    async with asyncio.timeout(BOUND):
        while holds_it():
            await media.answer()
