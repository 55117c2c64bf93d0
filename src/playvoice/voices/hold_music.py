"""Hold music, synthesised: nobody's rights, no file to ship.

Four chords of six seconds, broken into plucked notes that lie between 260 and 1,400 Hz, where the telephone is at
its best. A note that rings past the end of the loop goes on at its beginning, so that the loop has no seam. The
level is that of calm speech."""

import os
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playvoice.media.decoded import voice_files
from playvoice.media.g711 import SAMPLE_RATE, Samples, encode
from playvoice.voices.voice import Voice

PEAK = 0.25
"""Of full scale."""
_NOTE = 0.5
"""Seconds from one note to the next."""
_RING = 3.0
"""Seconds that a note rings."""
_NOTES_OF_A_CHORD = 12
# C, A minor, F, G: the semitones above middle C of each, low to high and back.
_CHORDS = (
    (0, 7, 12, 16, 19, 16, 24, 16),
    (9, 12, 16, 21, 24, 21, 28, 21),
    (5, 12, 17, 21, 24, 21, 29, 21),
    (7, 11, 14, 19, 23, 19, 26, 19),
)
_MIDDLE_C = 261.63
_OVERTONES = (1.0, 0.35, 0.12)


def make_hold_music(stem: Path) -> Voice:
    """Write the voice files of ``stem``, in a folder that exists; what is there whole needs no room at a start.

    OSError names the file that could not be written.
    """
    samples = hold_music()
    files = voice_files(stem)
    for codec, path in files.items():
        octets = encode(codec, samples)
        if not path.is_file() or path.read_bytes() != octets:
            _write(path, octets)
    return Voice(files, samples.size / SAMPLE_RATE)


def _write(path: Path, octets: bytes) -> None:
    aside = path.with_name(f"{path.name}.part")
    try:
        with aside.open("wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def hold_music() -> Samples:
    """One loop, 24 seconds."""
    step = round(_NOTE * SAMPLE_RATE)
    notes = [note for chord in _CHORDS for note in islice(cycle(chord), _NOTES_OF_A_CHORD)]
    loop = np.zeros(step * len(notes))
    for index, note in enumerate(notes):
        ringing = _pluck(_MIDDLE_C * 2 ** (note / 12))
        places = (index * step + np.arange(ringing.size)) % loop.size
        loop[places] += ringing
    samples: Samples = np.rint(loop * (PEAK * 32767 / np.abs(loop).max())).astype(np.int16)
    return samples


def _pluck(frequency: float) -> NDArray[np.float64]:
    """A note that begins softly and dies away to nothing."""
    time = np.arange(round(_RING * SAMPLE_RATE)) / SAMPLE_RATE
    envelope = (1 - np.exp(-time / 0.01)) * np.exp(-time / 0.7) * np.clip((_RING - time) / 0.2, 0, 1)
    waves = [
        loudness * np.sin(2 * np.pi * frequency * number * time) * np.exp(-time * (number - 1) * 2)
        for number, loudness in enumerate(_OVERTONES, start=1)
    ]
    note: NDArray[np.float64] = envelope * np.sum(waves, axis=0)
    return note
