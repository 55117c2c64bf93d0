"""Decoded voices as the worker reads them: files of raw G.711, mapped once however many streams play them."""

import mmap
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME

Octets = NDArray[np.uint8]

MAX_VOICES = 1_000
"""Mapped voices that are kept for the next stream; the one that was asked for longest ago goes first. What a stream
plays stays mapped as long as it does."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A voice in frames of 20 ms."""

    frames: Octets
    """(frames, 160), all but the last."""
    last: Octets
    """The last frame, filled up with silence."""

    def __len__(self) -> int:
        """In frames, the last one included; never 0."""
        return len(self.frames) + 1

    def cut(self, first: int, end: int) -> bytes:
        """The octets of these frames."""
        octets = self.frames[first:end].tobytes()
        return octets + self.last.tobytes() if first < end == len(self) else octets


class Voices:
    """The voices that are mapped."""

    def __init__(self, most: int = MAX_VOICES) -> None:
        self._most = most
        self._mapped: dict[tuple[str, int, int, Codec], Voice] = {}

    def __repr__(self) -> str:
        return f"<Voices {len(self._mapped)} mapped>"

    def get(self, path: str, codec: Codec) -> Voice:
        """The voice in this file, which is never changed in place. OSError if it can't be read."""
        stat = os.stat(path)  # noqa: PTH116 - at 50 calls a second a Path costs more than the call itself
        key = (path, stat.st_ino, stat.st_mtime_ns, codec)
        voice = self._mapped.pop(key, None) or _map(path, codec)
        self._mapped[key] = voice
        if len(self._mapped) > self._most:
            del self._mapped[next(iter(self._mapped))]
        return voice


def _map(path: str, codec: Codec) -> Voice:
    with open(path, "rb") as file:  # noqa: PTH123
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            octets: Octets = np.empty(0, dtype=np.uint8)
        else:
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            mapped.madvise(mmap.MADV_WILLNEED)  # read ahead: a page fault on a slow disk would stop the clock
            octets = np.frombuffer(mapped, dtype=np.uint8)
    whole = max(0, (size - 1) // FRAME)
    last = np.full(FRAME, codec.silence, dtype=np.uint8)
    last[: size - whole * FRAME] = octets[whole * FRAME :]
    return Voice(octets[: whole * FRAME].reshape(-1, FRAME), last)
