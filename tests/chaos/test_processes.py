"""Processes of a server are found by what they are."""

import asyncio
import os
from pathlib import Path

from tests.chaos import processes
from tests.unit.media.sounds import tone, write_wav

from playvoice.media.transcoder import Transcoder


async def test_the_decoder_and_the_encoder_are_told_apart_and_one_is_killed_alone(tmp_path: Path) -> None:
    transcoder = Transcoder()
    write_wav(tmp_path / "voice.wav", tone(440, 1, 8000))
    (tmp_path / "a.raw").write_bytes(b"\xd5" * 16)
    assert processes.wait_for_child(os.getpid(), "decoder", 0.0) is None
    await transcoder.decode(tmp_path / "voice.wav", tmp_path / "out")
    await transcoder.encode_recording(tmp_path / "a.raw", tmp_path / "a.wav", "wav")
    found = processes.children(os.getpid())
    assert sorted(found) == ["decoder", "encoder"]
    assert processes.wait_for_child(os.getpid(), "encoder", 0.0) == found["encoder"]
    processes.kill(found["encoder"])
    assert await asyncio.to_thread(processes.still_run, found, 0.5) == {"decoder": found["decoder"]}
    await transcoder.close()
    assert processes.still_run(found, 0.5) == {}
