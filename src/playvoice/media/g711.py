"""G.711: A-law and μ-law by table.

The tables are built once from the reference algorithm of ITU-T G.191 (software tool library, ``g711.c``),
which gives exactly the decision values and output values of G.711 tables 1a to 2b. Samples are 16-bit
linear, the scale of wav files: A-law uses the upper 13 bits, μ-law the upper 14.

Between the two laws one goes with ``bytes.translate`` (G.711 section 3): :data:`ALAW_TO_ULAW`,
:data:`ULAW_TO_ALAW`.
"""

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.int16]
"""Linear 16-bit samples."""

SAMPLE_RATE = 8000
"""Samples a second, and octets a second, of G.711."""


class Codec(IntEnum):
    """The two laws, numbered by their static RTP payload types (RFC 3551 table 4)."""

    PCMU = 0
    PCMA = 8

    @property
    def silence(self) -> int:
        """The octet of a sample that is zero."""
        return 0xFF if self is Codec.PCMU else 0xD5


def _alaw_decoding() -> Samples:
    octets = np.arange(256) ^ 0x55
    exponent = (octets & 0x70) >> 4
    mantissa = ((octets & 0x0F) << 4) + 8
    # Above the first segment the mantissa has a leading one, and each segment is twice as wide as the one
    # below.
    magnitude = np.where(exponent > 0, (mantissa + 0x100) << np.maximum(exponent - 1, 0), mantissa)
    return np.where(octets & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_decoding() -> Samples:
    octets = ~np.arange(256) & 0xFF
    exponent = (octets & 0x70) >> 4
    magnitude = ((((octets & 0x0F) << 3) + 0x84) << exponent) - 0x84
    return np.where(octets & 0x80, -magnitude, magnitude).astype(np.int16)


def _linear() -> NDArray[np.int64]:
    """All 16-bit samples in the order of their bits taken as unsigned: the order of the encoding tables."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)


def _segment(magnitude: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of bits that a magnitude takes."""
    return np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)


def _alaw_encoding() -> NDArray[np.uint8]:
    linear = _linear()
    magnitude = np.where(linear < 0, ~linear, linear) >> 4
    exponent = np.maximum(_segment(magnitude) - 4, 0)
    mantissa = magnitude >> np.maximum(exponent - 1, 0)
    octets = np.where(exponent > 0, (exponent << 4) | (mantissa & 0x0F), magnitude)
    signed: NDArray[np.int64] = (octets | np.where(linear < 0, 0, 0x80)) ^ 0x55
    return signed.astype(np.uint8)


def _ulaw_encoding() -> NDArray[np.uint8]:
    linear = _linear()
    magnitude = np.minimum((np.where(linear < 0, ~linear, linear) >> 2) + 33, 0x1FFF)
    exponent = _segment(magnitude) - 6
    octets = (exponent << 4) | ((magnitude >> (exponent + 1)) & 0x0F)
    signed: NDArray[np.int64] = ~(octets | np.where(linear < 0, 0x80, 0)) & 0xFF
    return signed.astype(np.uint8)


ALAW_DECODING: Samples = _alaw_decoding()
"""A-law octet to sample, 256 entries."""
ULAW_DECODING: Samples = _ulaw_decoding()
"""μ-law octet to sample, 256 entries."""
ALAW_ENCODING: NDArray[np.uint8] = _alaw_encoding()
"""Sample, its bits taken as unsigned, to A-law octet, 65,536 entries."""
ULAW_ENCODING: NDArray[np.uint8] = _ulaw_encoding()
"""Sample, its bits taken as unsigned, to μ-law octet, 65,536 entries."""

ALAW_TO_ULAW: bytes = ULAW_ENCODING[ALAW_DECODING.view(np.uint16)].tobytes()
"""For ``bytes.translate``: A-law octets to μ-law octets."""
ULAW_TO_ALAW: bytes = ALAW_ENCODING[ULAW_DECODING.view(np.uint16)].tobytes()
"""For ``bytes.translate``: μ-law octets to A-law octets."""


def alaw_to_linear(octets: bytes | bytearray | memoryview) -> Samples:
    """The samples of A-law octets."""
    return ALAW_DECODING[np.frombuffer(octets, dtype=np.uint8)]


def ulaw_to_linear(octets: bytes | bytearray | memoryview) -> Samples:
    """The samples of μ-law octets."""
    return ULAW_DECODING[np.frombuffer(octets, dtype=np.uint8)]


def linear_to_alaw(samples: Samples) -> bytes:
    """The A-law octets of samples."""
    return ALAW_ENCODING[np.ascontiguousarray(samples).view(np.uint16)].tobytes()


def linear_to_ulaw(samples: Samples) -> bytes:
    """The μ-law octets of samples."""
    return ULAW_ENCODING[np.ascontiguousarray(samples).view(np.uint16)].tobytes()


def decode(codec: Codec, octets: bytes | bytearray | memoryview) -> Samples:
    """The samples of octets of either law."""
    return alaw_to_linear(octets) if codec is Codec.PCMA else ulaw_to_linear(octets)


def encode(codec: Codec, samples: Samples) -> bytes:
    """The octets of either law of samples."""
    return linear_to_alaw(samples) if codec is Codec.PCMA else linear_to_ulaw(samples)


def convert(octets: bytes, have: Codec, want: Codec) -> bytes:
    """Octets of one law as octets of another; the same object where both are the same."""
    if have is want:
        return octets
    return octets.translate(ALAW_TO_ULAW if have is Codec.PCMA else ULAW_TO_ALAW)
