"""Audio files as the world's programs write them, and as somebody writes them who means harm."""

import io
import os
import struct
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from tests.unit.media.sounds import Wave, correlation, frequency_of, level_of, tone, write_with_ffmpeg

from playvoice.media import decoding
from playvoice.media.decoded import DecodeError, DecodeReason, voice_files
from playvoice.media.decoding import decode_file
from playvoice.media.g711 import Codec, Samples, decode

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000]
MINUS_20_DBFS = 0.1
UNKNOWN = 0xFFFFFFFF


def decoded(source: Path) -> Samples:
    """The voice of a file as linear samples."""
    stem = source.with_name("voice")
    decode_file(source, stem)
    return decode(Codec.PCMU, voice_files(stem)[Codec.PCMU].read_bytes())


def decibels(level: float) -> float:
    return float(20 * np.log10(level))


def sweep(seconds: float, rate: int) -> Wave:
    """A sound of the telephone's band that is the same at every rate, and fits itself in one place only."""
    time = np.arange(round(seconds * rate)) / rate
    rising = 2 * np.pi * (300 * time + (700 / seconds) * time**2 / 2)
    return np.asarray(0.3 * np.sin(rising) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)))


# --- level, length, likeness ---


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_tone_of_minus_20_dbfs_comes_out_as_one(tmp_path: Path, rate: int, channels: int, subtype: str) -> None:
    wave = tone(1004, 1, rate, MINUS_20_DBFS)
    soundfile.write(tmp_path / "a.wav", np.stack([wave] * channels, axis=1), rate, subtype=subtype)
    samples = decoded(tmp_path / "a.wav")
    assert abs(decibels(level_of(samples)) + 20) < 0.1
    assert abs(samples.size - 8000) <= 1


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate > 12_000])
def test_a_tone_that_the_telephone_does_not_carry_vanishes(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(6000, 1, rate, 0.5), rate)
    assert level_of(decoded(tmp_path / "a.wav")) < 0.5 / 1000, "less than -60 dB of it"


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels"),
    [
        ("a.mp3", "libmp3lame", 44100, 2),
        ("b.mp3", "libmp3lame", 22050, 1),
        ("c.mp3", "libmp3lame", 11025, 1),
        ("a.m4a", "aac", 48000, 2),
        ("b.m4a", "aac", 16000, 1),
        ("a.aac", "aac", 44100, 1),
        ("a.ogg", "libopus", 48000, 2),
        ("b.flac", "flac", 44100, 2),
        ("ms.wav", "adpcm_ms", 8000, 1),
        ("ima.wav", "adpcm_ima_wav", 22050, 1),
        ("mp3.wav", "libmp3lame", 44100, 1),
    ],
)
def test_what_is_heard_is_what_was_encoded(tmp_path: Path, name: str, codec: str, rate: int, channels: int) -> None:
    write_with_ffmpeg(tmp_path / name, codec, sweep(5, rate), rate, channels)
    heard = decoded(tmp_path / name)
    lag, likeness = correlation(heard, sweep(5, 8000))
    assert likeness > 0.95
    assert -80 <= lag <= 1_600, "an encoder's own delay, which not every container can tell"
    assert 40_000 - 80 <= heard.size <= 40_000 + 2_000
    loudness = np.sqrt(np.sum((heard / 32768) ** 2) / np.sum(sweep(5, 8000) ** 2))
    assert abs(decibels(loudness)) < 0.5, "LAME makes all that it encodes quieter by 0.44 dB"


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE", "VARIABLE"])
def test_an_mp3_of_any_mode_keeps_its_length_to_the_sample(tmp_path: Path, mode: str) -> None:
    """LAME's header tells how much of the first and the last frame is none of the sound."""
    with soundfile.SoundFile(str(tmp_path / "a.mp3"), "w", 44100, 2, format="MP3", bitrate_mode=mode) as file:
        file.write(np.stack([sweep(5, 44100)] * 2, axis=1))
    heard = decoded(tmp_path / "a.mp3")
    lag, likeness = correlation(heard, sweep(5, 8000))
    assert abs(heard.size - 40_000) <= 1
    assert abs(lag) <= 1
    assert likeness > 0.999


def test_one_sample_is_a_voice(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.25]), 8000)
    assert decoded(tmp_path / "a.wav").size == 1


@pytest.mark.parametrize(("seconds", "refused"), [(600.0, False), (600.000125, True)])
def test_a_voice_may_be_as_long_as_the_bound_and_not_a_sample_longer(
    tmp_path: Path, seconds: float, refused: bool
) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(round(seconds * 8000), np.int16), 8000)
    if refused:
        with pytest.raises(DecodeError) as error:
            decode_file(tmp_path / "a.wav", tmp_path / "voice", 600)
        assert error.value.reason is DecodeReason.TOO_LONG
    else:
        assert decode_file(tmp_path / "a.wav", tmp_path / "voice", 600).samples == 4_800_000


def test_a_constant_stays_constant_and_what_is_infinite_is_full_scale(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(8000, 0.3), 8000, subtype="FLOAT")
    assert abs(decoded(tmp_path / "a.wav")[4000] / 32768 - 0.3) < 0.01
    soundfile.write(tmp_path / "b.wav", np.full(8000, np.inf), 8000, subtype="FLOAT")
    assert decoded(tmp_path / "b.wav")[4000] == 32124
    soundfile.write(tmp_path / "c.wav", np.stack([tone(440, 1, 8000, 1.0)] * 2, axis=1), 8000)
    assert decibels(level_of(decoded(tmp_path / "c.wav"))) > -0.2, "two full channels are one, not twice as much"


# --- containers as their writers leave them ---


def riff(
    said: int, data_said: int, body: bytes, before: bytes = b"", after: bytes = b"", extensible: bool = False
) -> bytes:
    """A wav of 16 bits, 16 kHz, one channel, whose sizes are what they are said to be."""
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else 1, 1, 16_000, 32_000, 2, 16)
    if extensible:
        form += struct.pack("<HHI", 22, 16, 4) + bytes.fromhex("0100000000001000800000aa00389b71")
    header = b"RIFF" + struct.pack("<I", said) + b"WAVE" + before
    return (
        header + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", data_said) + body + after
    )


def pcm(seconds: float = 1.0) -> bytes:
    return (tone(440, seconds, 16_000) * 32767).astype("<i2").tobytes()


@pytest.mark.parametrize(("said", "data_said"), list(product([0, 36, 0x7FFFFFFF, UNKNOWN], [0, 0x7FFFF000, UNKNOWN])))
def test_a_wav_that_went_through_a_pipe_is_heard_to_its_end(tmp_path: Path, said: int, data_said: int) -> None:
    (tmp_path / "a.wav").write_bytes(riff(said, data_said, pcm()))
    samples = decoded(tmp_path / "a.wav")
    assert abs(samples.size - 8000) <= 1
    assert abs(frequency_of(samples) - 440) < 1


def test_a_flac_that_went_through_a_pipe_is_heard_to_its_end(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, tone(440, 1, 16_000), 16_000, format="FLAC")
    octets = bytearray(file.getvalue())
    total = octets.index(b"fLaC") + 8 + 13  # STREAMINFO: 36 bits of the number of samples, 0 for unknown
    octets[total] &= 0xF0
    octets[total + 1 : total + 5] = bytes(4)
    (tmp_path / "a.flac").write_bytes(octets)
    assert abs(decoded(tmp_path / "a.flac").size - 8000) <= 1


@pytest.mark.parametrize("extensible", [False, True])
def test_chunks_that_nobody_needs_are_passed_over(tmp_path: Path, extensible: bool) -> None:
    before = b"JUNK" + struct.pack("<I", 3) + b"abc\0" + b"LIST" + struct.pack("<I", 10) + b"INFOabcdef"
    after = b"id3 " + struct.pack("<I", 5) + b"abcde\0"
    octets = riff(0, len(pcm()), pcm(), before, after, extensible)
    (tmp_path / "a.wav").write_bytes(octets[:4] + struct.pack("<I", len(octets) - 8) + octets[8:])
    assert abs(decoded(tmp_path / "a.wav").size - 8000) <= 1


def mp3() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, tone(440, 4, 44_100), 44_100, format="MP3")
    return file.getvalue()


def id3(octets: int) -> bytes:
    """An ID3v2.3 tag with a picture."""
    picture = b"APIC" + struct.pack(">IH", octets, 0) + b"\0image/jpeg\0\3\0"
    picture += np.random.default_rng(1).bytes(octets + 10 - len(picture))
    size = len(picture)
    return b"ID3\3\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + picture


@pytest.mark.parametrize(
    ("before", "after"), [(id3(200_000), b""), (b"", b"TAG" + b"x" * 125), (id3(300), b"TAG" + b"x" * 125)]
)
def test_an_mp3_with_tags_and_a_picture_is_heard_as_without(tmp_path: Path, before: bytes, after: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes(mp3())
    without = decoded(tmp_path / "a.mp3")
    (tmp_path / "a.mp3").write_bytes(before + mp3() + after)
    assert np.array_equal(decoded(tmp_path / "a.mp3"), without)


def test_an_mp3_that_begins_in_the_midst_of_a_frame_is_heard(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(mp3()[5_001:])
    samples = decoded(tmp_path / "a.mp3")
    assert samples.size > 16_000
    assert abs(frequency_of(samples) - 440) < 1


def test_what_a_file_is_called_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(mp3())
    assert abs(decoded(tmp_path / "a.wav").size - 32_000) <= 1


# --- harm ---


def refusal(path: Path, seconds: float = 3600) -> DecodeReason:
    with pytest.raises(DecodeError) as error:
        decode_file(path, path.with_name("voice"), seconds)
    assert not list(path.parent.glob("voice*"))
    return error.value.reason


@pytest.mark.parametrize("seed", range(10))
def test_random_octets_are_no_audio(tmp_path: Path, seed: int) -> None:
    (tmp_path / "a.mp3").write_bytes(np.random.default_rng(seed).bytes(100_000))
    assert refusal(tmp_path / "a.mp3") is DecodeReason.NOT_AUDIO


def test_a_page_that_says_sorry_is_no_audio(tmp_path: Path) -> None:
    page = "<!DOCTYPE html><html><head><title>Sorry</title></head><body>" + "<p>对不起</p>" * 5_000 + "</body></html>"
    (tmp_path / "a.mp3").write_text(page)
    assert refusal(tmp_path / "a.mp3") is DecodeReason.NOT_AUDIO


def test_folders_and_pipes_are_refused_without_a_wait(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    assert refusal(tmp_path / "folder.wav") is DecodeReason.NOT_AUDIO
    assert refusal(tmp_path / "pipe.wav") is DecodeReason.EMPTY


def silent_flac(path: Path, seconds: int, rate: int = 8000, channels: int = 1) -> None:
    block: NDArray[np.int16] = np.zeros((rate, channels), np.int16)
    with soundfile.SoundFile(str(path), "w", rate, channels, format="FLAC", subtype="PCM_16") as file:
        for _ in range(seconds):
            file.write(block)


def test_a_small_file_that_stands_for_hours_is_refused(tmp_path: Path) -> None:
    silent_flac(tmp_path / "a.flac", 3_602)
    assert (tmp_path / "a.flac").stat().st_size < 300_000
    assert refusal(tmp_path / "a.flac") is DecodeReason.TOO_LONG


def test_a_file_whose_decoding_takes_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PROCESSOR", 0.02)
    silent_flac(tmp_path / "a.flac", 60, 48_000, 2)
    assert refusal(tmp_path / "a.flac") is DecodeReason.TOO_LONG


def test_a_rate_that_no_voice_has_is_refused(tmp_path: Path) -> None:
    silent_flac(tmp_path / "a.flac", 1, 655_350, 8)
    assert refusal(tmp_path / "a.flac") is DecodeReason.NOT_AUDIO


@pytest.mark.parametrize("channels", [9, 32])
def test_more_channels_than_a_voice_has_are_refused(tmp_path: Path, channels: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((800, channels)), 8000)
    assert refusal(tmp_path / "a.wav") is DecodeReason.NOT_AUDIO


def test_files_that_are_refused_leave_no_descriptor_behind(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "many.wav", np.zeros((800, 9)), 8000)
    (tmp_path / "none.wav").write_bytes(b"no audio")
    (tmp_path / "empty.wav").write_bytes(riff(36, 0, b""))

    def refuse_all() -> int:
        for name in ("many.wav", "none.wav", "empty.wav"):
            refusal(tmp_path / name)
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    refuse_all()
    before = refuse_all()
    assert max(refuse_all() for _ in range(5)) <= before, "what other tests left may have gone meanwhile"
