"""The sound card, by the programs that systems have for it: ALSA's aplay and arecord, or PipeWire's pw-cat.

Raw 16-bit samples at 8 kHz go through pipes. What is heard while the player does not keep up is dropped, and so is what
the microphone has said for longer than `MAX_DELAY` and nobody took: a late word is worse than a lost one.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

import numpy as np

from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, encode
from playvoice.media.rtp import FRAME
from playvoice.simulator.errors import SimulatorError

MAX_DELAY = 2 * FRAME * 10
"""Octets of the microphone that may wait, 200 ms."""
PATIENCE = 2.0
"""Seconds that a program has to end."""
_RAW = ("-q", "-t", "raw", "-f", "S16_LE", "-r", str(SAMPLE_RATE), "-c", "1")
_PIPEWIRE = ("--raw", "--rate", str(SAMPLE_RATE), "--channels", "1", "--format", "s16", "-")

Pair = tuple[Sequence[str], Sequence[str]]
"""The commands that play and record."""


def commands(which: Callable[[str], str | None] = shutil.which) -> Pair:
    """The programs that are there; SimulatorError says what to install where there are none."""
    if which("aplay") and which("arecord"):
        return ("aplay", *_RAW), ("arecord", *_RAW)
    if which("pw-cat"):
        return ("pw-cat", "--playback", *_PIPEWIRE), ("pw-cat", "--record", *_PIPEWIRE)
    raise SimulatorError(
        "--sound needs aplay and arecord, or pw-cat, and none is installed: apt install alsa-utils (or pipewire-bin)"
    )


class SoundCard:
    """Plays and records while it is open."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._programs: list[subprocess.Popen[bytes]] = []
        self._spoken = bytearray()

    def open(self) -> None:
        """Start the programs; SimulatorError where they can't be."""
        player, recorder = self._pair
        try:
            self._programs.append(
                subprocess.Popen(player, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            self._programs.append(
                subprocess.Popen(recorder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            )
        except OSError as error:
            self.close()
            raise SimulatorError(f"the sound card can't be used: {error}") from None
        for stream in (self._programs[0].stdin, self._programs[1].stdout):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
        asyncio.get_running_loop().add_reader(self._microphone, self._hear)

    @property
    def _microphone(self) -> int:
        stream = self._programs[1].stdout
        assert stream is not None
        return stream.fileno()

    def _hear(self) -> None:
        try:
            octets = os.read(self._microphone, 65_536)
        except BlockingIOError:
            return
        if not octets:  # it has ended
            asyncio.get_running_loop().remove_reader(self._microphone)
        self._spoken += octets
        late = len(self._spoken) - MAX_DELAY
        if late > 0:
            del self._spoken[: late + late % 2]

    def next_frame(self, codec: Codec) -> bytes:
        """What the microphone has."""
        octets = bytes(self._spoken[: 2 * FRAME])
        if len(octets) < 2 * FRAME:
            return bytes([codec.silence]) * FRAME
        del self._spoken[: 2 * FRAME]
        return encode(codec, np.frombuffer(octets, dtype="<i2").astype(np.int16))

    def play(self, samples: Samples) -> None:
        """Have samples heard, or dropped where the player does not keep up."""
        stream = self._programs[0].stdin if self._programs else None
        if stream is not None:
            try:
                os.write(stream.fileno(), samples.astype("<i2").tobytes())
            except OSError:
                pass  # full, or the player has ended: the call goes on without it

    def close(self) -> None:
        """End both programs."""
        if len(self._programs) == 2:
            asyncio.get_running_loop().remove_reader(self._microphone)
        for program in self._programs:
            program.terminate()
            for stream in (program.stdin, program.stdout):
                if stream is not None:
                    stream.close()
            try:
                program.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        self._programs.clear()
