"""What a phone says: a recording, a tone, or silence."""

from typing import Protocol

import numpy as np

from playvoice.media.g711 import SAMPLE_RATE, Codec, encode
from playvoice.media.rtp import FRAME
from playvoice.simulator.sound import Speech, rms_of

TONE_LEVEL = -16.0
"""dBm0."""
TONES = range(100, 3_401)
"""Hz that a telephone lets through."""


class Source(Protocol):
    """Where the audio comes from that a phone sends."""

    def next_frame(self, codec: Codec) -> bytes:
        """The next `FRAME` octets, silence where there is nothing to say."""


class Played:
    """One sound, once or again and again; silence after it."""

    def __init__(self, speech: Speech, *, repeat: bool = False) -> None:
        self._speech = speech
        self._repeat = repeat
        self._position = 0

    def next_frame(self, codec: Codec) -> bytes:
        octets = self._speech.get(codec, b"")
        frame = octets[self._position : self._position + FRAME]
        self._position += FRAME
        if self._repeat and octets and self._position >= len(octets):
            self._position -= len(octets)
            frame += octets[: FRAME - len(frame)]
        return frame.ljust(FRAME, bytes([codec.silence]))


def tone(hertz: int) -> Speech:
    """A second of a sine, to be repeated; whole Hz, so that it has no seam."""
    turns = 2 * np.pi * hertz * np.arange(SAMPLE_RATE) / SAMPLE_RATE
    samples = np.rint(np.sin(turns) * rms_of(TONE_LEVEL) * np.sqrt(2)).astype(np.int16)
    return {codec: encode(codec, samples) for codec in Codec}
