"""A media worker that dies is replaced, and only what it carried is lost. Workers are real where nothing is said."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.unit.media.workers import BOUND, PORTS, Leg, children, connected_pair, far_end, open_sockets, speech
from tests.waiting import until

from playvoice.media import client, ending
from playvoice.media.client import MediaClient, MediaFull, MediaGone, Stream
from playvoice.media.g711 import Codec
from playvoice.media.protocol import ClockPace, PlaybackEnded
from playvoice.media.supervisor import LOOK_EVERY, STEADY, MediaSupervisor, restart_delay
from playvoice.media.tones import TONES_WEIGHT

NUMBER_SHIFT = 32
"""A stream's number has its worker's in the upper half."""


class Owner:
    """Who is told of lost streams."""

    def __init__(self) -> None:
        self.losses: asyncio.Queue[tuple[Stream, ...]] = asyncio.Queue()

    async def loss(self) -> tuple[Stream, ...]:
        async with asyncio.timeout(BOUND):
            return await self.losses.get()


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
async def media(owner: Owner) -> AsyncIterator[MediaSupervisor]:
    supervisor = await MediaSupervisor.start(
        address="127.0.0.1", ports=PORTS, max_streams=4, on_gone=owner.losses.put_nowait
    )
    yield supervisor
    await supervisor.close()


def kill(media: MediaSupervisor, number: signal.Signals = signal.SIGKILL) -> int:
    pid = media.pid
    assert pid is not None
    os.kill(pid, number)
    return pid


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (100_000, 30)]
)
def test_the_next_start_waits_longer_after_each_failure(failures: int, seconds: float) -> None:
    assert restart_delay(failures) == seconds


async def test_a_worker_killed_while_it_plays_takes_its_streams_along_and_the_next_one_serves(
    media: MediaSupervisor, owner: Owner, tmp_path: Path
) -> None:
    (tmp_path / "voice.pcma").write_bytes(speech(0.2, 1))
    voice = {Codec.PCMA: tmp_path / "voice.pcma"}
    player, listener = await connected_pair(media)
    listener.stream.record(tmp_path / "listener.raw")
    player.stream.play(voice, loop=True)
    player.stream.send_keys("1")
    await listener.event()  # so it has begun
    killed = kill(media)
    assert set(await owner.loss()) == {player.stream, listener.stream}
    assert not media.has_room
    assert media.streams == 0
    player.stream.play(voice)
    player.stream.bridge(listener.stream)
    with pytest.raises(MediaGone):
        await listener.stream.stop_recording()
    with pytest.raises(MediaGone):
        await player.stream.release()
    with pytest.raises(MediaGone):
        await Leg.reserve(media)
    await until(lambda: media.has_room)
    assert media.pid != killed
    player, _ = await connected_pair(media)
    assert player.stream.number >> NUMBER_SHIFT == 2, "ids carry the number of the second worker"
    player.stream.play(voice)
    assert await player.event() == PlaybackEnded(player.stream.number)
    assert owner.losses.empty()


async def test_a_worker_that_gives_no_answer_is_ended_and_replaced(owner: Owner) -> None:
    async def start_worker(*, number: int, on_gone: Callable[[], None]) -> MediaClient:
        return await MediaClient.start(
            address="127.0.0.1", ports=PORTS, number=number, on_gone=on_gone, answer_timeout=0.2 if number == 1 else 5
        )

    media = MediaSupervisor(start_worker, owner.losses.put_nowait)
    await media.begin()
    leg = await Leg.reserve(media)
    stopped = kill(media, signal.SIGSTOP)
    with pytest.raises(MediaGone, match="no answer within"):
        await Leg.reserve(media)
    assert await owner.loss() == (leg.stream,)
    await until(lambda: media.has_room)
    assert stopped not in children()
    assert (await Leg.reserve(media)).stream.number >> NUMBER_SHIFT == 2
    await media.close()


DEBUGGER = """
import ctypes, sys, time
PTRACE_SEIZE = 0x4206
print(ctypes.CDLL(None).ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None), flush=True)
time.sleep(60)
"""


async def test_a_dead_worker_that_a_debugger_holds_does_not_keep_the_next_one_from_starting(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does one that is in the midst of a write to a disk that hangs: neither can be waited for."""
    monkeypatch.setattr(client, "STOP_TIMEOUT", 0.1)
    monkeypatch.setattr(ending, "LONGEST", 0.1)
    media = await MediaSupervisor.start(address="127.0.0.1", ports=PORTS, on_gone=owner.losses.put_nowait)
    debugger = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DEBUGGER, str(media.pid)), stdout=asyncio.subprocess.PIPE
    )
    assert debugger.stdout is not None
    try:
        if int(await debugger.stdout.readline()) != 0:
            pytest.skip("no process may hold another one here (kernel.yama.ptrace_scope)")
        held = kill(media)
        await owner.loss()
        await until(lambda: media.has_room, seconds=10)
        assert media.pid != held
    finally:
        debugger.kill()
        await debugger.wait()
        await media.close()
    await until(lambda: not children())


async def test_a_worker_that_hangs_while_nobody_asks_it_anything_is_found_and_replaced(owner: Owner) -> None:
    async def start_worker(*, number: int, on_gone: Callable[[], None]) -> MediaClient:
        return await MediaClient.start(
            address="127.0.0.1", ports=PORTS, number=number, on_gone=on_gone, answer_timeout=0.2 if number == 1 else 5
        )

    looks = asyncio.Semaphore(0)

    async def sleep(seconds: float) -> None:
        if seconds == LOOK_EVERY:
            await looks.acquire()

    media = MediaSupervisor(start_worker, owner.losses.put_nowait, sleep=sleep)
    await media.begin()
    watching = asyncio.create_task(media.watch())
    leg = await Leg.reserve(media)
    looks.release()
    looks.release()
    await until(looks.locked)
    await Leg.reserve(media)
    assert owner.losses.empty(), "one that answers is left alone"
    stopped = kill(media, signal.SIGSTOP)
    looks.release()
    assert leg.stream in await owner.loss()
    await until(lambda: media.has_room)
    assert media.pid != stopped
    watching.cancel()
    await media.close()


async def test_streams_are_counted_from_the_request_on_and_room_ends_at_the_bound(media: MediaSupervisor) -> None:
    assert (media.streams, media.capacity, media.has_room) == (0, 4, True)
    asked = [asyncio.create_task(Leg.reserve(media)) for _ in range(4)]
    await asyncio.sleep(0)
    assert (media.streams, media.has_room) == (4, False), "requests that have no answer yet count"
    legs = await asyncio.gather(*asked)
    assert (media.streams, media.has_room) == (4, False)
    with pytest.raises(MediaFull, match="no more are carried"):
        await Leg.reserve(media)
    assert media.streams == 4
    await legs[0].stream.release()
    assert (media.streams, media.has_room) == (3, True)


async def test_a_stream_whose_audio_is_searched_for_tones_leaves_room_for_less(media: MediaSupervisor) -> None:
    leg = await Leg.reserve(media)
    leg.stream.connect(far_end(9), tones=True)
    assert (media.streams, media.has_room) == (1, media.capacity > TONES_WEIGHT)
    for _ in range(media.capacity - TONES_WEIGHT):
        await Leg.reserve(media)
    with pytest.raises(MediaFull, match="no more are carried"):
        await Leg.reserve(media)
    leg.stream.connect(far_end(9))
    assert media.has_room
    leg.stream.connect(far_end(9), tones=True)
    await leg.stream.release()
    assert media.has_room


async def test_it_tells_its_state(media: MediaSupervisor, owner: Owner) -> None:
    await Leg.reserve(media)
    assert repr(media) == "<MediaSupervisor of worker 1, 1 of 4 streams>"
    kill(media)
    await owner.loss()
    assert repr(media) == "<MediaSupervisor without a worker, 0 failures in a row>"
    await until(lambda: media.has_room)
    assert repr(media) == "<MediaSupervisor of worker 2, 0 of 4 streams>"


async def test_after_its_end_no_socket_and_no_process_is_left_and_nothing_is_told(owner: Owner) -> None:
    await until(lambda: not children())  # those of other tests
    sockets = open_sockets()
    media = await MediaSupervisor.start(address="127.0.0.1", ports=PORTS, on_gone=owner.losses.put_nowait)
    await Leg.reserve(media)
    kill(media)
    await owner.loss()
    await until(lambda: media.has_room)
    await Leg.reserve(media)
    assert len(children()) == 1
    await media.close()
    await until(lambda: open_sockets() == sockets)
    assert not children()
    assert owner.losses.empty()
    with pytest.raises(MediaGone):
        await Leg.reserve(media)


async def test_it_can_be_ended_while_the_next_worker_starts(owner: Owner) -> None:
    starting = asyncio.Event()

    def start_worker(*, number: int, on_gone: Callable[[], None]) -> Awaitable[MediaClient]:
        if number > 1:
            starting.set()
        return MediaClient.start(address="127.0.0.1", ports=PORTS, number=number, on_gone=on_gone)

    await until(lambda: not children())
    sockets = open_sockets()
    media = MediaSupervisor(start_worker, owner.losses.put_nowait)
    await media.begin()
    kill(media)
    async with asyncio.timeout(10):
        await starting.wait()
    await media.close()
    await until(lambda: open_sockets() == sockets)
    assert not children()


async def test_the_owners_fault_does_not_keep_the_next_worker_from_starting() -> None:
    def fails(lost: tuple[Stream, ...]) -> None:
        raise RuntimeError("a fault of the owner")

    media = await MediaSupervisor.start(address="127.0.0.1", ports=PORTS, on_gone=fails)
    first = kill(media)
    await until(lambda: media.pid not in (first, None))
    await media.close()


@pytest.mark.parametrize(("python", "told"), [("/nonexistent/python", "could not be started"), ("/bin/false", "ended")])
async def test_a_first_worker_that_does_not_come_up_is_the_callers_to_know(
    python: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: not children())
    sockets = open_sockets()
    monkeypatch.setattr("sys.executable", python)
    with pytest.raises(MediaGone, match=told):
        await MediaSupervisor.start(address="127.0.0.1", ports=PORTS)
    await until(lambda: open_sockets() == sockets)
    assert not children()


class Starts:
    """Starts of workers that are a table of what becomes of them, under a clock that the test sets."""

    def __init__(self, results: list[MediaClient | Exception]) -> None:
        self.results = results
        self.numbers: list[int] = []
        self.slept: list[float] = []
        self.now = 0.0
        self.die: Callable[[], None] = lambda: None

    async def __call__(self, *, number: int, on_gone: Callable[[], None]) -> MediaClient:
        self.numbers.append(number)
        self.die = on_gone
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class StandIn(MediaClient):
    """A client without a process."""

    def __init__(self) -> None:
        self._streams = {}
        self._reserving = set()
        self._with_tones = set()
        self.capacity = 7

    async def close(self) -> None:
        pass


class Unclosable(StandIn):
    """One of which a fault of ours makes no end."""

    pid = 1

    async def close(self) -> None:
        raise RuntimeError("a fault of ours")


async def supervised(starts: Starts) -> MediaSupervisor:
    media = MediaSupervisor(starts, lambda lost: None, clock=lambda: starts.now, sleep=starts.sleep)
    await media.begin()
    return media


async def test_a_dead_worker_that_can_not_be_closed_does_not_keep_the_next_one_from_starting() -> None:
    dead, following = Unclosable(), StandIn()
    starts = Starts([dead, following])
    media = await supervised(starts)
    starts.die()
    await until(lambda: media.has_room)
    assert starts.numbers == [1, 2]
    await media.close()


async def test_starts_that_fail_are_repeated_more_and_more_slowly_each_with_the_next_number() -> None:
    failures = [MediaGone("no"), OSError("no process"), ValueError("a fault"), MediaGone("no")]
    starts = Starts([StandIn(), *failures, StandIn()])
    media = await supervised(starts)
    starts.now = STEADY
    starts.die()
    await until(lambda: media.has_room)
    assert starts.slept == [0, 1, 2, 4, 8]
    assert starts.numbers == [1, 2, 3, 4, 5, 6]


async def test_workers_that_die_young_count_as_failures_until_one_proves_steady() -> None:
    starts = Starts([StandIn() for _ in range(5)])
    media = await supervised(starts)
    for lived in (1.0, 1.0, STEADY - 1, STEADY):
        starts.now += lived
        starts.die()
        await until(lambda: media.has_room)
    assert starts.slept == [0, 1, 2, 0]


async def test_the_pace_of_each_worker_is_told_to_the_same_ear_and_workers_are_counted() -> None:
    first, second = StandIn(), StandIn()
    starts, told = Starts([first, second]), list[ClockPace]()
    media = MediaSupervisor(
        starts, lambda lost: None, on_pace=told.append, clock=lambda: starts.now, sleep=starts.sleep
    )
    await media.begin()
    assert media.workers_started == 1
    pace = ClockPace(200, 900, 1, 0, 6_000)
    first._take(pace)
    starts.die()
    await until(lambda: media.has_room)
    second._take(pace)
    assert told == [pace, pace]
    assert media.workers_started == 2
