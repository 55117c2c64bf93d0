"""Keys as tones in the audio: the pairs of ITU-T Q.23, received as Q.24 asks. Without I/O.

A window of 20 ms is looked at each 5 ms, of all legs at once. First the eight frequencies are measured, which is cheap
and rules out nearly all that is no key. What is left is measured exactly: how far each of the two tones is from its
frequency, by how much its phase turns in 5 ms; how loud each is; and what is left of the window without two steady
tones there. Noise may be left, but no line: a voice has other harmonics besides the two that happen to be a key's.

A key counts once `HITS` windows in a row have it, at 30 to 40 ms of tone, and counts again after a pause.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.fft import rfft
from numpy.linalg import pinv, solve
from numpy.typing import NDArray

from playvoice.media.g711 import ALAW_DECODING, SAMPLE_RATE, Codec, convert
from playvoice.media.rtp import FRAME, Packet, signed_difference

ROWS = (697, 770, 852, 941)
COLUMNS = (1209, 1336, 1477, 1633)
"""Hz, by Q.23."""
KEYPAD = "123A456B789C*0#D"
"""The keys by row and column."""

HOP = 40
"""Samples, 5 ms, from one window to the next."""
HOPS = FRAME // HOP
WINDOW = 160
"""Samples of a window, 20 ms."""
TAIL = WINDOW - HOP
"""Samples before a frame that its first window begins with."""

LEAST_POWER = 10 ** (-42.0 / 10) * 0.5 * 32256**2 / 10**0.314
"""Mean square of a window that can be a key: -42 dBm0, where the loudest sine of A-law is +3.14 dBm0. Q.24 wants tones
of -25 dBm and more to count, and of -55 dBm and less not to."""
COARSE_SHARE = 0.35
"""Of a window's energy, what the two strongest of the eight frequencies have of a key that is 1.5 % off, and more."""
REST = 0.25
"""Of a window's energy, what two steady tones may leave: noise that is 6 dB below them is that much, and so is the rest
of a window that they fill to three quarters."""
LINE = 0.015
"""Of a window's energy, what the strongest line of that rest may have: noise is spread over 80 of them."""
TOLERANCE = 0.021
"""Of a frequency: 1.5 % have to be taken, 3.5 % must not."""
TWIST = 10**-0.9, 10**0.5
"""Power of the upper tone over that of the lower one: -9 to +5 dB, where -8 to +4 have to be taken."""

HITS = 4
"""Windows in a row that make a key: 40 ms of tone always have them, 23 ms never."""
MISSES = 7
"""Windows without the key that end its press: an interruption of 20 ms does not, a pause of 40 ms does."""
MAX_GAP = 5 * FRAME
"""Samples of lost audio over which a press may go on."""
TONES_WEIGHT = 3
"""Streams for which one whose audio is searched counts against a worker's capacity (`benchmarks/playback.py`)."""
MAX_REORDER = 50
"""Packets by which one may be late; beyond it the numbers began anew."""

Samples: TypeAlias = NDArray[np.float32]


def _phasors(frequencies: NDArray[np.float64], samples: int) -> NDArray[np.complex128]:
    turns: NDArray[np.float64] = np.outer(np.arange(samples), frequencies) / SAMPLE_RATE
    phasors: NDArray[np.complex128] = np.exp(2j * np.pi * turns)
    return phasors


_FREQUENCIES = np.array(ROWS + COLUMNS, dtype=np.float64)
_BANK = np.ascontiguousarray(_phasors(-_FREQUENCIES, WINDOW).astype(np.complex64).view(np.float32))
"""A window's correlation with each frequency, real and imaginary parts side by side."""
_PAIRS = np.array([(row, 4 + column) for row in range(4) for column in range(4)])
_TURN = np.exp(-2j * np.pi / SAMPLE_RATE * HOP * _FREQUENCIES)
"""What takes the turn of an exact frequency in one hop back."""
_LINEAR = ALAW_DECODING.astype(np.float32)
_SILENCE = bytes([Codec.PCMA.silence]) * TAIL


def _separator(pair: Sequence[int]) -> NDArray[np.float64]:
    """What gives the amplitudes (cosine, then sine) of two tones in `TAIL` samples, each free of the other one."""
    tones = _phasors(_FREQUENCIES[list(pair)], TAIL)
    return pinv(np.hstack([tones.real, tones.imag]))


_SEPARATORS = np.array([_separator(pair) for pair in _PAIRS.tolist()])


def keys_of(windows: Samples) -> NDArray[np.int8]:
    """The key that each window of `WINDOW` samples has, as its place in `KEYPAD`; -1 where it has none."""
    keys = np.full(len(windows), -1, dtype=np.int8)
    energy = np.einsum("ij,ij->i", windows, windows)
    measured = np.square(windows @ _BANK)
    powers = measured[:, ::2] + measured[:, 1::2]
    powers *= 2.0 / WINDOW  # the energy of a sine at that frequency
    rows, columns = powers[:, :4].argmax(axis=1), powers[:, 4:].argmax(axis=1)
    strongest = powers[:, :4].max(axis=1) + powers[:, 4:].max(axis=1)
    likely = np.flatnonzero((energy >= LEAST_POWER * WINDOW) & (strongest >= COARSE_SHARE * energy))
    if likely.size:
        pairs = rows[likely] * 4 + columns[likely]
        found = _are_keys(windows[likely].astype(np.float64), pairs, energy[likely])
        keys[likely[found]] = pairs[found]
    return keys


def _are_keys(windows: NDArray[np.float64], pairs: NDArray[np.intp], energy: Samples) -> NDArray[np.intp]:
    """Which of the windows have the pair of tones that they are likely to have."""
    off = _offsets(windows, pairs)
    nominal = _FREQUENCIES[_PAIRS[pairs]]
    near = np.flatnonzero((np.abs(off) <= TOLERANCE * nominal).all(axis=1))
    if not near.size:
        return near
    left, twist = _fit(windows[near], nominal[near] + off[near])
    low, high = TWIST
    good = np.flatnonzero((np.einsum("ij,ij->i", left, left) <= REST * energy[near]) & (twist >= low) & (twist <= high))
    lines = np.abs(rfft(left[good])).max(axis=1, initial=0.0) ** 2 * (2 / WINDOW)
    found: NDArray[np.intp] = near[good[lines <= LINE * energy[near[good]]]]
    return found


def _offsets(windows: NDArray[np.float64], pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    """Hz by which the lower and the upper tone are off: by how much more they turn in one hop than they should."""
    separators = _SEPARATORS[pairs]
    turned = np.ones((len(pairs), 2), dtype=np.complex128)
    for start, sign in ((0, 1), (HOP, -1)):
        amplitudes = np.einsum("kij,kj->ki", separators, windows[:, start : start + TAIL])
        phases = amplitudes[:, :2] + sign * 1j * amplitudes[:, 2:]  # the first is conjugated: a difference is wanted
        turned *= phases
    turned *= _TURN[_PAIRS[pairs]]
    return np.angle(turned) * SAMPLE_RATE / (2 * np.pi * HOP)


def _fit(
    windows: NDArray[np.float64], frequencies: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What two tones at these frequencies leave, and the power of the upper one over that of the lower one."""
    angles = (np.arange(WINDOW) - (WINDOW - 1) / 2)[None, :, None] * (2 * np.pi / SAMPLE_RATE * frequencies)[:, None, :]
    tones = np.concatenate([np.cos(angles), np.sin(angles)], axis=2)
    transposed = tones.transpose(0, 2, 1)
    correlations = transposed @ windows[:, :, None]
    amplitudes = solve(transposed @ tones, correlations)[:, :, 0]
    powers = np.square(amplitudes[:, :2]) + np.square(amplitudes[:, 2:])
    left = windows - (tones @ amplitudes[:, :, None])[:, :, 0]
    return left, powers[:, 1] / np.maximum(powers[:, 0], 1e-9)


@dataclass(slots=True)
class ToneReceiver:
    """Tells each press once from what a leg's windows have, one each 5 ms."""

    _key: int = -1
    """That of the last windows in a row, and how many these are."""
    _hits: int = 0
    _pressed: int = -1
    """That which is held down."""
    _misses: int = 0

    @property
    def idle(self) -> bool:
        """Nothing is held down, and the last window had no key: another one without changes nothing."""
        return self._key < 0 and self._pressed < 0

    def take(self, key: int) -> str | None:
        """The key that is pressed as of this window, of which `key` says what it has; None if none begins."""
        self._hits = self._hits + 1 if key == self._key else 1
        self._key = key
        if key == self._pressed:
            self._misses = 0
            return None
        self._misses += 1
        if self._misses >= MISSES:
            self._pressed = -1
        if key < 0 or self._hits < HITS:
            return None
        self._pressed, self._misses = key, 0
        return KEYPAD[key]


@dataclass(slots=True)
class ToneListener:
    """One leg: makes frames of its packets, whatever these hold and whatever is lost."""

    _receiver: ToneReceiver = field(default_factory=ToneReceiver)
    _waiting: bytearray = field(default_factory=bytearray)
    """A-law: `TAIL` octets that have been in a window, then those that have not."""
    _ssrc: int | None = None
    _sequence: int = 0
    _timestamp: int = 0
    """Of the sample after those that came."""
    _blind: int = 0
    """Windows to come that have lost audio in them."""

    def hear(self, packet: Packet, codec: Codec) -> None:
        """Take a packet of audio; one that is late counts as lost."""
        steps = signed_difference(packet.sequence, self._sequence, 16)
        passed = signed_difference(packet.timestamp, self._timestamp, 32)
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._leave_out(silence=True)
        elif -MAX_REORDER < steps <= 0:
            return
        elif passed:
            self._leave_out(silence=passed > MAX_GAP or (steps == 1 and passed > 0))
        self._sequence = packet.sequence
        self._timestamp = (packet.timestamp + len(packet.payload)) & 0xFFFFFFFF
        self._waiting += convert(packet.payload, codec, Codec.PCMA)

    def _leave_out(self, *, silence: bool) -> None:
        """Go over what did not come: what was not sent was silence, of what was lost nothing is known."""
        self._waiting = bytearray(_SILENCE)
        if silence:
            self._receiver = ToneReceiver()
        self._blind = 0 if silence else TAIL // HOP

    def next_frame(self) -> bytes | None:
        """The A-law of the windows of one frame, if a whole frame has come."""
        if len(self._waiting) < TAIL + FRAME:
            return None
        octets = bytes(self._waiting[: TAIL + FRAME])
        del self._waiting[:FRAME]
        return octets

    def take(self, keys: Sequence[int]) -> str:
        """What the windows of that frame had; gives the keys that were pressed in it."""
        pressed = ""
        for key in keys:
            seen, self._blind = not self._blind, max(0, self._blind - 1)
            if seen or key >= 0:
                pressed += self._receiver.take(key) or ""
        return pressed

    @property
    def idle(self) -> bool:
        """Windows without a key change nothing."""
        return self._receiver.idle and not self._blind


def listen(legs: Sequence[tuple[int, ToneListener]]) -> list[tuple[int, str]]:
    """Look at all whole frames that numbered legs have; gives the legs on which keys were pressed, and these."""
    pressed = []
    while legs:
        framed = [(leg, frame) for leg in legs if (frame := leg[1].next_frame()) is not None]
        if not framed:
            break
        legs = [leg for leg, _ in framed]
        found = _look([frame for _, frame in framed])
        for (number, listener), keys, highest in zip(legs, found.tolist(), found.max(axis=1).tolist(), strict=True):
            if (highest >= 0 or not listener.idle) and (new := listener.take(keys)):
                pressed.append((number, new))
    return pressed


def _look(frames: Sequence[bytes]) -> NDArray[np.int8]:
    """What the windows of each of these frames have."""
    samples = _LINEAR[np.frombuffer(b"".join(frames), dtype=np.uint8).reshape(len(frames), -1)]
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW, axis=1)[:, ::HOP]
    return keys_of(windows.reshape(-1, WINDOW)).reshape(len(frames), HOPS)
