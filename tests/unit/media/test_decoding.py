"""Audio files of every kind become voices with the right frequency, level and length, and others are told apart."""

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.media.sounds import frequency_of, level_of, tone, write_wav, write_with_ffmpeg

from playvoice.media.decoded import DecodeError, DecodeReason, voice_files
from playvoice.media.decoding import decode_file
from playvoice.media.g711 import Codec, Samples, decode, encode


def decoded(source: Path, folder: Path) -> dict[Codec, bytes]:
    sound = decode_file(source, folder / "voice")
    voice = {codec: path.read_bytes() for codec, path in voice_files(folder / "voice").items()}
    assert {len(octets) for octets in voice.values()} == {sound.samples}
    return voice


def speech_like(seconds: float = 1.0) -> Samples:
    """Noise that swells, from -32768 to 32767: it holds every kind of sample."""
    generator = np.random.default_rng(711)
    size = round(seconds * 8000)
    noise = generator.normal(size=size) * np.geomspace(1, 40_000, size)
    return np.clip(noise, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("subtype", ["PCM_16"])
def test_a_wav_of_any_rate_keeps_frequency_level_and_length(tmp_path: Path, rate: int, subtype: str) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 2, rate), rate, subtype)
    for codec, octets in decoded(tmp_path / "a.wav", tmp_path).items():
        samples = decode(codec, octets)
        assert abs(frequency_of(samples) - 440) < 1
        assert abs(level_of(samples) - 0.25) < 0.005
        assert abs(samples.size - 16000) <= 2


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW", "IMA_ADPCM", "GSM610"]
)
def test_a_wav_of_any_width_keeps_frequency_level_and_length(tmp_path: Path, subtype: str) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 2, 16000), 16000, subtype)
    samples = decode(Codec.PCMA, decoded(tmp_path / "a.wav", tmp_path)[Codec.PCMA])
    assert abs(frequency_of(samples) - 440) < 1
    assert abs(level_of(samples) - 0.25) < 0.01
    assert abs(samples.size - 16000) <= 320


@pytest.mark.parametrize(("form", "subtype"), [("MP3", None), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", None)])
def test_mp3_ogg_and_flac_keep_frequency_level_and_length(tmp_path: Path, form: str, subtype: str | None) -> None:
    path = tmp_path / "voice.bin"  # what it is called must not matter
    soundfile.write(path, tone(440, 2, 48000), 48000, format=form, subtype=subtype)
    samples = decode(Codec.PCMU, decoded(path, tmp_path)[Codec.PCMU])
    assert abs(frequency_of(samples) - 440) < 1
    assert abs(level_of(samples) - 0.25) < 0.01
    assert abs(samples.size - 16000) <= 800


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels", "tolerance"),
    [
        ("a.m4a", "aac", 44100, 2, 0.02),
        ("a.mp4", "alac", 44100, 1, 0.005),
        ("a.webm", "libopus", 48000, 2, 0.02),
        ("a.amr", "libopencore_amrnb", 8000, 1, 0.08),  # made for speech, not for tones
    ],
)
def test_m4a_webm_and_amr_keep_frequency_level_and_length(
    tmp_path: Path, name: str, codec: str, rate: int, channels: int, tolerance: float
) -> None:
    write_with_ffmpeg(tmp_path / name, codec, tone(440, 2, rate), rate, channels)
    samples = decode(Codec.PCMA, decoded(tmp_path / name, tmp_path)[Codec.PCMA])
    assert abs(frequency_of(samples) - 440) < 1
    assert abs(level_of(samples) - 0.25) < tolerance
    assert abs(samples.size - 16000) <= 1200


@pytest.mark.parametrize(("form", "subtype"), [("MP3", None), ("OGG", "OPUS"), ("OGG", "VORBIS"), ("FLAC", None)])
def test_a_file_that_is_longer_than_a_block_has_no_click_where_blocks_meet(
    tmp_path: Path, form: str, subtype: str | None
) -> None:
    soundfile.write(tmp_path / "a", tone(300, 6, 48000, 0.5), 48000, format=form, subtype=subtype)
    steps = np.abs(
        np.diff(decode(Codec.PCMU, decoded(tmp_path / "a", tmp_path)[Codec.PCMU])[800:-800].astype(np.int32))
    )
    assert steps.max() < 0.5 * 32768 * 2 * np.pi * 300 / 8000 * 1.3


def test_stereo_becomes_the_mean_of_its_channels(tmp_path: Path) -> None:
    both = np.stack([tone(440, 2, 16000, 0.5), tone(1000, 2, 16000, 0.3)], axis=1)
    write_wav(tmp_path / "a.wav", both, 16000)
    samples = decode(Codec.PCMA, decoded(tmp_path / "a.wav", tmp_path)[Codec.PCMA]).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(samples)) * 2 / samples.size / 32768
    assert abs(spectrum[880] - 0.25) < 0.005
    assert abs(spectrum[2000] - 0.15) < 0.005


def test_frequencies_above_those_of_the_telephone_do_not_come_back_as_others(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(6000, 2, 44100), 44100)
    assert level_of(decode(Codec.PCMA, decoded(tmp_path / "a.wav", tmp_path)[Codec.PCMA])) < 0.001


@pytest.mark.parametrize("codec", Codec)
def test_a_wav_of_8_khz_and_16_bits_comes_out_as_g711_has_it_sample_by_sample(tmp_path: Path, codec: Codec) -> None:
    samples = speech_like(3)
    write_wav(tmp_path / "a.wav", samples)
    assert decoded(tmp_path / "a.wav", tmp_path)[codec] == encode(codec, samples)


@pytest.mark.parametrize("codec", Codec)
def test_a_wav_that_is_g711_already_comes_out_octet_by_octet(tmp_path: Path, codec: Codec) -> None:
    samples = decode(codec, bytes(range(256)) * 40)
    write_wav(tmp_path / "a.wav", samples, subtype={Codec.PCMA: "ALAW", Codec.PCMU: "ULAW"}[codec])
    assert decoded(tmp_path / "a.wav", tmp_path)[codec] == encode(codec, samples)


def test_two_equal_channels_at_8_khz_come_out_as_one_sample_by_sample(tmp_path: Path) -> None:
    samples = speech_like()
    write_wav(tmp_path / "a.wav", np.stack([samples, samples], axis=1))
    assert decoded(tmp_path / "a.wav", tmp_path)[Codec.PCMA] == encode(Codec.PCMA, samples)


def test_what_is_louder_than_full_scale_is_clipped_and_not_wrapped_around(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 1, 8000, 3.0), 8000, "FLOAT")
    samples = decode(Codec.PCMU, decoded(tmp_path / "a.wav", tmp_path)[Codec.PCMU])
    loud = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    assert np.all(samples[loud > 0.34] == 32124)
    assert np.all(samples[loud < -0.34] == -32124)


def test_not_a_number_is_silence(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full(800, np.nan), 8000, "FLOAT")
    assert decoded(tmp_path / "a.wav", tmp_path)[Codec.PCMA] == bytes([0xD5]) * 800


def test_the_beginning_of_a_cut_file_is_played(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "whole.mp3", tone(440, 4, 44100), 44100)
    whole = (tmp_path / "whole.mp3").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    samples = decode(Codec.PCMA, decoded(tmp_path / "cut.mp3", tmp_path)[Codec.PCMA])
    assert 12_000 < samples.size < 20_000
    assert abs(frequency_of(samples) - 440) < 1


def refused(source: Path, folder: Path, max_seconds: float = 10) -> DecodeReason:
    with pytest.raises(DecodeError) as error:
        decode_file(source, folder / "voice", max_seconds)
    assert source.name in str(error.value)
    assert not [path.name for path in folder.iterdir() if path.name.startswith("voice")]
    return error.value.reason


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.wav", tmp_path) is DecodeReason.MISSING


def test_a_file_of_no_octets(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert refused(tmp_path / "a.wav", tmp_path) is DecodeReason.EMPTY


def test_a_wav_of_no_samples(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(0, np.int16))
    assert refused(tmp_path / "a.wav", tmp_path) is DecodeReason.EMPTY


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        b"hello",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"ID3\x04\x00\x00\x00\x00\x00\x00",
        b"\x00" * 5000,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 1000,
        b"%PDF-1.7\n" + bytes(range(256)) * 10,
    ],
)
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw"])
def test_what_is_not_audio_whatever_it_is_called(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name, tmp_path) in (DecodeReason.NOT_AUDIO, DecodeReason.EMPTY)


def test_a_video_without_sound_is_not_audio(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert refused(tmp_path / "a.mp4", tmp_path) is DecodeReason.NOT_AUDIO


def test_a_playlist_makes_the_decoder_open_no_other_file(tmp_path: Path) -> None:
    write_with_ffmpeg(tmp_path / "secret.m4a", "aac", tone(440, 2, 44100), 44100)
    secret = tmp_path / "secret.m4a"
    (tmp_path / "a.mp3").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    )
    (tmp_path / "b.mp3").write_text(f"ffconcat version 1.0\nfile {secret.name}\n")
    assert refused(tmp_path / "a.mp3", tmp_path) is DecodeReason.NOT_AUDIO
    assert refused(tmp_path / "b.mp3", tmp_path) is DecodeReason.NOT_AUDIO


@pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
def test_a_voice_that_is_too_long_is_refused_and_not_cut(tmp_path: Path, name: str) -> None:
    if name == "a.wav":
        write_wav(tmp_path / name, tone(440, 11, 8000))
    else:
        write_with_ffmpeg(tmp_path / name, "aac", tone(440, 11, 44100), 44100)
    assert refused(tmp_path / name, tmp_path, max_seconds=10) is DecodeReason.TOO_LONG


def test_a_file_that_is_too_big_is_not_even_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    assert refused(tmp_path / "a.wav", tmp_path) is DecodeReason.TOO_BIG


def test_a_folder_that_is_not_there_is_our_fault(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 1, 8000))
    with pytest.raises(DecodeError) as error:
        decode_file(tmp_path / "a.wav", tmp_path / "no" / "voice")
    assert error.value.reason is DecodeReason.FAILED


def test_a_full_disk_keeps_no_part_of_a_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _mode: str) -> BinaryIO:
        path.touch()
        return open("/dev/full", "wb")  # noqa: PTH123

    source = tmp_path / "a.wav"
    write_wav(source, tone(440, 0.1, 8000))
    with monkeypatch.context() as machine:
        machine.setattr(Path, "open", full)
        with pytest.raises(DecodeError, match="No space left"):
            decode_file(source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [source]


def test_a_voice_that_fails_leaves_the_one_that_was_there(tmp_path: Path) -> None:
    write_wav(tmp_path / "good.wav", tone(440, 1, 8000))
    before = decoded(tmp_path / "good.wav", tmp_path)
    write_wav(tmp_path / "long.wav", tone(440, 3, 8000))
    with pytest.raises(DecodeError):
        decode_file(tmp_path / "long.wav", tmp_path / "voice", max_seconds=2)
    assert {codec: path.read_bytes() for codec, path in voice_files(tmp_path / "voice").items()} == before
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())).count("part") == 0


@given(st.binary(min_size=1, max_size=300), st.sampled_from([b"", b"RIFF", b"ID3", b"OggS", b"fLaC", b"#!AMR\n"]))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_garbage_gives_the_one_declared_error(tmp_path: Path, content: bytes, magic: bytes) -> None:
    (tmp_path / "a").write_bytes(magic + content)
    try:
        decode_file(tmp_path / "a", tmp_path / "voice")
    except DecodeError:
        pass


@pytest.mark.parametrize(
    ("file_format", "subtype", "told"),
    [("WAV", "PCM_16", "wav"), ("WAVEX", "PCM_24", "wav"), ("FLAC", "PCM_16", "flac"), ("OGG", "VORBIS", "ogg")],
)
def test_a_files_format_length_and_level_are_told_by_its_octets(
    tmp_path: Path, file_format: str, subtype: str, told: str
) -> None:
    soundfile.write(tmp_path / "a.txt", tone(440, 2, 8000, 0.5), 8000, format=file_format, subtype=subtype)
    sound = decode_file(tmp_path / "a.txt", tmp_path / "voice")
    assert (sound.format, sound.samples, sound.seconds) == (told, 16000, 2.0)
    assert sound.rms == pytest.approx(-9.0, abs=0.1)
    assert sound.peak == pytest.approx(-6.0, abs=0.4)


@pytest.mark.parametrize(
    ("suffix", "codec", "told"), [("mp3", "mp3", "mp3"), ("m4a", "aac", "m4a"), ("mkv", "aac", "webm")]
)
def test_formats_of_ffmpeg_have_the_names_that_people_use(tmp_path: Path, suffix: str, codec: str, told: str) -> None:
    write_with_ffmpeg(tmp_path / f"a.{suffix}", codec, tone(440, 1, 44100), 44100)
    (tmp_path / f"a.{suffix}").rename(tmp_path / "a")
    assert decode_file(tmp_path / "a", tmp_path / "voice").format == told
