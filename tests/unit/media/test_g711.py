"""G.711 against the standard's own values and against libsndfile, which we did not write."""

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media import g711
from playvoice.media.g711 import Codec

EVERY_OCTET = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
SUBTYPE = {Codec.PCMA: "ALAW", Codec.PCMU: "ULAW"}


def sndfile_decode(codec: Codec, octets: bytes) -> Any:
    samples, _rate = soundfile.read(
        io.BytesIO(octets),
        format="RAW",
        subtype=SUBTYPE[codec],
        samplerate=8000,
        channels=1,
        dtype="int16",
    )
    return samples


def sndfile_encode(codec: Codec, samples: g711.Samples) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="RAW", subtype=SUBTYPE[codec])
    return file.getvalue()


@pytest.mark.parametrize("codec", Codec)
def test_every_octet_decodes_as_libsndfile_decodes_it(codec: Codec) -> None:
    assert np.array_equal(g711.decode(codec, EVERY_OCTET), sndfile_decode(codec, EVERY_OCTET))


@pytest.mark.parametrize("codec", Codec)
def test_every_sample_above_zero_encodes_as_libsndfile_encodes_it(codec: Codec) -> None:
    positive = EVERY_SAMPLE[EVERY_SAMPLE >= 0]
    assert g711.encode(codec, positive) == sndfile_encode(codec, positive)


@pytest.mark.parametrize("codec", Codec)
def test_below_zero_the_law_is_the_mirror_image_with_the_sign_bit_turned(codec: Codec) -> None:
    positive = EVERY_SAMPLE[EVERY_SAMPLE >= 0]
    below = np.frombuffer(g711.encode(codec, np.invert(positive)), np.uint8)
    above = np.frombuffer(g711.encode(codec, positive), np.uint8)
    assert np.array_equal(below ^ above, np.full(positive.size, 0x80))


@pytest.mark.parametrize(
    ("codec", "octet", "sample"),
    [
        (Codec.PCMA, 0xD5, 8),
        (Codec.PCMA, 0x55, -8),
        (Codec.PCMA, 0xAA, 32256),
        (Codec.PCMA, 0x2A, -32256),
        (Codec.PCMU, 0xFF, 0),
        (Codec.PCMU, 0x80, 32124),
        (Codec.PCMU, 0x00, -32124),
    ],
)
def test_the_ends_of_the_scale_are_those_of_the_standard(codec: Codec, octet: int, sample: int) -> None:
    assert g711.decode(codec, bytes([octet])).tolist() == [sample]
    assert g711.encode(codec, np.array([sample], np.int16)) == bytes([octet])


@pytest.mark.parametrize("codec", Codec)
def test_zero_encodes_to_the_octet_of_silence(codec: Codec) -> None:
    assert g711.encode(codec, np.zeros(3, np.int16)) == bytes([codec.silence]) * 3


@given(st.binary(max_size=400))
def test_a_law_survives_being_decoded_and_encoded_again(octets: bytes) -> None:
    assert g711.linear_to_alaw(g711.alaw_to_linear(octets)) == octets


@given(st.binary(max_size=400))
def test_mu_law_survives_too_but_for_its_second_zero(octets: bytes) -> None:
    assert g711.linear_to_ulaw(g711.ulaw_to_linear(octets)) == octets.replace(b"\x7f", b"\xff")


@given(st.binary(max_size=400))
def test_from_law_to_law_by_translation_is_decoding_and_encoding(octets: bytes) -> None:
    assert g711.convert(octets, Codec.PCMA, Codec.PCMU) == g711.linear_to_ulaw(g711.alaw_to_linear(octets))
    assert g711.convert(octets, Codec.PCMU, Codec.PCMA) == g711.linear_to_alaw(g711.ulaw_to_linear(octets))
    assert g711.convert(octets, Codec.PCMU, Codec.PCMU) is octets


def test_every_second_sample_of_an_array_can_be_encoded_without_a_copy_by_the_caller() -> None:
    interleaved = np.array([1000, -1000, 2000, -2000], np.int16)
    assert g711.linear_to_alaw(interleaved[::2]) == g711.linear_to_alaw(np.array([1000, 2000], np.int16))
