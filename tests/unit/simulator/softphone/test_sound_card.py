"""The sound card, with programs that write and read files in place of it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from tests.waiting import until

from playvoice.media.g711 import Codec, decode, encode
from playvoice.media.rtp import FRAME
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.softphone.sound_card import MAX_DELAY, SoundCard, commands

SPOKEN = decode(Codec.PCMA, encode(Codec.PCMA, np.arange(FRAME, dtype=np.int16) * 100))


def test_it_takes_the_programs_that_are_there() -> None:
    alsa = commands({"aplay": "/usr/bin/aplay", "arecord": "/usr/bin/arecord", "pw-cat": "/usr/bin/pw-cat"}.get)
    assert (alsa[0][0], alsa[1][0]) == ("aplay", "arecord")
    pipewire = commands({"pw-cat": "/usr/bin/pw-cat", "aplay": "/usr/bin/aplay"}.get)
    assert (pipewire[0][:2], pipewire[1][:2]) == (("pw-cat", "--playback"), ("pw-cat", "--record"))


def test_without_any_it_says_what_to_install() -> None:
    with pytest.raises(SimulatorError, match="apt install alsa-utils"):
        commands(lambda _name: None)


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


async def test_what_the_microphone_has_is_said_and_what_is_heard_is_played(tmp_path: Path) -> None:
    spoken, played = tmp_path / "spoken", tmp_path / "played"
    spoken.write_bytes(SPOKEN.astype("<i2").tobytes())
    copy = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, open(sys.argv[1], 'wb', 0), 2)"
    show = (
        "import sys, time; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.stdout.flush(); time.sleep(60)"
    )
    card = SoundCard((python(copy, str(played)), python(show, str(spoken))))
    card.open()
    try:
        await until(lambda: card.next_frame(Codec.PCMA) == encode(Codec.PCMA, SPOKEN))
        assert card.next_frame(Codec.PCMA) == bytes([Codec.PCMA.silence]) * FRAME
        card.play(SPOKEN)
        await until(lambda: played.exists() and played.stat().st_size >= 2 * FRAME)
    finally:
        card.close()
    assert played.read_bytes() == SPOKEN.astype("<i2").tobytes()


async def test_a_word_that_nobody_took_in_time_is_dropped() -> None:
    flood = "import sys; sys.stdout.buffer.write(bytes(200_000))"
    card = SoundCard((python("import sys; sys.stdin.read()"), python(flood)))
    card.open()
    try:
        await until(lambda: len(card._spoken) >= MAX_DELAY)
        assert len(card._spoken) == MAX_DELAY
    finally:
        card.close()


async def test_a_player_that_has_ended_does_not_end_the_call() -> None:
    card = SoundCard((python(""), python("")))
    card.open()
    await until(lambda: card._programs[0].poll() is not None)
    card.play(SPOKEN)
    card.close()


async def test_programs_that_can_not_be_started_are_told() -> None:
    with pytest.raises(SimulatorError, match="the sound card can't be used"):
        SoundCard((("/nowhere/player",), ("/nowhere/recorder",))).open()
