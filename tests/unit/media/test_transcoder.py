"""The two lanes and their children: what they do, and what is left when one dies."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from tests.unit.media.sounds import tone, write_wav

from playvoice.media import transcoder as module
from playvoice.media.decoded import DecodeError, DecodeReason
from playvoice.media.encoding import EncodeError, RecordingFormat, wav_header
from playvoice.media.g711 import Codec, encode
from playvoice.media.transcoder import Transcoder, perform


@pytest.fixture
async def transcoder() -> AsyncIterator[Transcoder]:
    transcoder = Transcoder()
    yield transcoder
    await transcoder.close()
    assert transcoder.pids == []


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    write_wav(tmp_path / "voice.wav", tone(440, 1, 8000))
    return tmp_path / "voice.wav"


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_voice_is_decoded_in_a_child_of_low_priority(
    transcoder: Transcoder, voice: Path, tmp_path: Path
) -> None:
    decoded = await transcoder.decode(voice, tmp_path / "out")
    assert decoded.seconds == 1.0
    samples = (32768 * tone(440, 1, 8000)).round().astype(np.int16)
    assert decoded.files[Codec.PCMA] == tmp_path / "out.pcma"
    assert abs(len(decoded.files[Codec.PCMU].read_bytes()) - len(encode(Codec.PCMU, samples))) == 0
    [pid] = transcoder.pids
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10


async def test_a_child_can_not_take_the_machines_memory(transcoder: Transcoder, voice: Path, tmp_path: Path) -> None:
    await transcoder.decode(voice, tmp_path / "out")
    [pid] = transcoder.pids
    assert resource.prlimit(pid, resource.RLIMIT_AS)[0] <= module.CHILD_MEMORY


async def test_the_declared_error_comes_through_with_its_reason(transcoder: Transcoder, tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"none\.wav") as error:
        await transcoder.decode(tmp_path / "none.wav", tmp_path / "out")
    assert error.value.reason is DecodeReason.MISSING


async def test_a_recording_is_encoded_while_a_voice_is_decoded(
    transcoder: Transcoder, voice: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "a.raw"
    raw.write_bytes(b"\xd5" * 160_000)
    to, _decoded = await asyncio.gather(
        transcoder.encode_recording(raw, tmp_path / "a.mp3", "mp3"), transcoder.decode(voice, tmp_path / "out")
    )
    assert to.stat().st_size > 0
    assert len(transcoder.pids) == 2


async def test_a_recording_that_can_not_be_encoded_says_so(transcoder: Transcoder, tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match=r"a\.raw"):
        await transcoder.encode_recording(tmp_path / "a.raw", tmp_path / "a.wav", RecordingFormat.WAV)


async def test_when_the_child_dies_its_job_is_done_by_a_new_one(
    transcoder: Transcoder, voice: Path, tmp_path: Path
) -> None:
    await transcoder.decode(voice, tmp_path / "first")
    [pid] = transcoder.pids
    os.kill(pid, signal.SIGSTOP)
    running = asyncio.create_task(transcoder.decode(voice, tmp_path / "second"))
    waiting = asyncio.create_task(transcoder.decode(voice, tmp_path / "third"))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert (await running).seconds == 1.0
    assert (await waiting).seconds == 1.0
    assert transcoder.pids not in ([], [pid])


async def test_a_recording_is_whole_though_the_first_encoder_was_killed_in_its_midst(
    transcoder: Transcoder, tmp_path: Path
) -> None:
    raw, half, to = (tmp_path / name for name in ("a.raw", "a.wav.part", "a.wav"))
    raw.write_bytes(b"\xd5" * 16)
    await transcoder.encode_recording(raw, to, "wav")
    [pid] = transcoder.pids
    os.kill(pid, signal.SIGSTOP)
    raw.write_bytes(b"\xd5" * 160_000)
    half.write_bytes(b"RIFF")
    encoding = asyncio.create_task(transcoder.encode_recording(raw, to, "wav"))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    await encoding
    assert not raw.exists()
    assert not half.exists()
    assert to.stat().st_size == 160_000 + len(wav_header(80_000))


def test_a_child_whose_server_was_killed_in_the_midst_of_its_job_ends_in_silence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "playvoice.media.transcoder", "0"]
    job = {"kind": "encode", "raw": str(tmp_path / "a.raw"), "to": str(tmp_path / "a.wav"), "form": "wav"}
    jobs, hand_out = os.pipe()
    take, answers = os.pipe()
    os.close(take)
    with subprocess.Popen(command, stdin=jobs, stdout=answers, stderr=subprocess.PIPE) as child:
        os.close(answers)
        os.write(hand_out, json.dumps(job).encode() + b"\n")
        _, told = child.communicate()
    for end in (jobs, hand_out):
        os.close(end)
    assert (child.returncode, told) == (0, b"")


async def test_a_job_that_costs_two_children_fails_and_the_next_gets_a_new_one(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcoder, started = Transcoder(), []
    start = transcoder._decoding._start_child
    parts = [tmp_path / f"first.{law}.part" for law in ("pcma", "pcmu")]

    async def start_and_kill() -> asyncio.subprocess.Process:
        child = await start()
        started.append(child.pid)
        if len(started) <= module.CHILDREN_OF_A_JOB:
            child.kill()
            for part in parts:
                part.write_bytes(b"half")
        return child

    monkeypatch.setattr(transcoder._decoding, "_start_child", start_and_kill)
    with pytest.raises(DecodeError) as error:
        await transcoder.decode(voice, tmp_path / "first")
    assert error.value.reason is DecodeReason.FAILED
    assert not any(part.exists() for part in parts), "nobody is going to finish them"
    assert (await transcoder.decode(voice, tmp_path / "second")).seconds == 1.0
    assert len(started) == module.CHILDREN_OF_A_JOB + 1
    await transcoder.close()


async def test_a_child_that_can_not_be_started_fails_its_job_alone(
    transcoder: Transcoder, voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as machine:

        async def refused(*_arguments: object, **_named: object) -> None:
            raise RuntimeError("can't start new thread")

        machine.setattr(asyncio, "create_subprocess_exec", refused)
        with pytest.raises(DecodeError, match="can't start new thread"):
            await transcoder.decode(voice, tmp_path / "first")
    async with asyncio.timeout(20):
        assert (await transcoder.decode(voice, tmp_path / "second")).seconds == 1.0


async def test_a_child_that_is_stuck_is_killed(voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DECODE_TIMEOUT", 0.001)
    transcoder = Transcoder()
    with pytest.raises(DecodeError, match="not done after"):
        await transcoder.decode(voice, tmp_path / "out")
    assert transcoder.pids == []
    await transcoder.close()


async def test_an_encoder_that_is_stuck_is_killed_the_sooner_the_shorter_its_recording_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENCODE_TIMEOUT", 0.05)
    transcoder, long, short = Transcoder(), tmp_path / "long.raw", tmp_path / "short.raw"
    long.write_bytes(b"\xd5" * 60 * 16_000)
    short.write_bytes(b"\xd5" * 1_600)
    await transcoder.encode_recording(long, tmp_path / "long.wav", "wav")
    [pid] = transcoder.pids
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(EncodeError, match=r"not done after 0\.15 s"):
        await transcoder.encode_recording(short, tmp_path / "short.wav", "wav")
    assert gone(pid)
    await transcoder.close()


async def test_closing_ends_a_child_that_is_being_killed_already(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcoder = Transcoder()
    await transcoder.decode(voice, tmp_path / "first")
    [pid] = transcoder.pids
    killed = asyncio.Event()

    def kill(child: asyncio.subprocess.Process) -> None:
        os.kill(child.pid, signal.SIGKILL)
        killed.set()

    monkeypatch.setattr(asyncio.subprocess.Process, "kill", kill)
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(transcoder.decode(voice, tmp_path / "second"))
    transcoder._decoding._timeout = 0.0
    await killed.wait()
    await transcoder.close()
    with pytest.raises(DecodeError):
        await waiting
    assert gone(pid)


async def test_the_queue_has_a_bound(voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DECODE_QUEUE", 2)
    transcoder = Transcoder()
    jobs = [asyncio.create_task(transcoder.decode(voice, tmp_path / f"{n}")) for n in range(5)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    busy = [r for r in results if isinstance(r, DecodeError) and r.reason is DecodeReason.BUSY]
    assert len(busy) == 3
    await transcoder.close()


async def test_past_a_backlog_recordings_stay_wav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MP3_BACKLOG", 2)
    transcoder = Transcoder()
    assert transcoder.format_now(RecordingFormat.MP3) is RecordingFormat.MP3
    jobs = [
        asyncio.create_task(transcoder.encode_recording(tmp_path / "a.raw", tmp_path / "a.mp3", "mp3"))
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    assert transcoder.format_now(RecordingFormat.MP3) is RecordingFormat.WAV
    await transcoder.close()
    assert all(isinstance(r, EncodeError) for r in await asyncio.gather(*jobs, return_exceptions=True))
    assert transcoder.format_now(RecordingFormat.MP3) is RecordingFormat.MP3


async def test_who_waits_when_it_is_closed_gets_the_declared_error(voice: Path, tmp_path: Path) -> None:
    transcoder = Transcoder()
    jobs = [asyncio.create_task(transcoder.decode(voice, tmp_path / f"{n}")) for n in range(3)]
    await asyncio.sleep(0)
    await transcoder.close()
    for result in await asyncio.gather(*jobs, return_exceptions=True):
        assert isinstance(result, DecodeError)


async def test_a_caller_that_went_away_leaves_the_lane_in_order(
    transcoder: Transcoder, voice: Path, tmp_path: Path
) -> None:
    jobs = [asyncio.create_task(transcoder.decode(voice, tmp_path / f"{n}")) for n in range(3)]
    await asyncio.sleep(0)
    jobs[0].cancel()
    jobs[1].cancel()
    decoded = await jobs[2]
    assert decoded.files[Codec.PCMA].name == "2.pcma"


def test_the_child_ends_with_its_stdin_even_in_the_midst_of_a_job(tmp_path: Path) -> None:
    fifo = tmp_path / "never-written"
    os.mkfifo(fifo)
    with subprocess.Popen(
        [sys.executable, "-m", "playvoice.media.transcoder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        job = f'{{"kind": "encode", "raw": "{fifo}", "to": "{tmp_path}/a.wav", "form": "wav"}}\n'
        child.stdin.write(job.encode())
        child.stdin.close()
        assert child.wait(timeout=30) == 0


def test_a_librarys_surprise_is_an_answer_like_any_other() -> None:
    assert perform({"kind": "decode", "source": 5}) == {
        "reason": "failed",
        "text": "TypeError: expected str, bytes or os.PathLike object, not int",
    }


async def test_no_child_is_left_behind(voice: Path, tmp_path: Path) -> None:
    transcoder = Transcoder()
    await transcoder.decode(voice, tmp_path / "out")
    [pid] = transcoder.pids
    await transcoder.close()
    assert gone(pid)
