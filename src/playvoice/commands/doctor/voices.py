"""The companies' voice files: whether each can be decoded, how long it is, and how loud."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.config import CompanyConfig
from playvoice.media import g711
from playvoice.media.decoded import DecodeError
from playvoice.media.transcoder import Decoded
from playvoice.voices import VoicesError
from playvoice.voices.library import files_of

MAX_FILES = 50
"""Files of one company that are decoded."""
FAINT, LOUD = -35.0, -6.0
"""dBm0 of what is spoken; speech on a telephone lies about -20."""
PAUSE = 2.0
"""Seconds of silence at the beginning, in which a callee hangs up."""
SHORT = 1.0
"""Seconds below which nothing was said."""
_SILENCE = -50.0
_FRAME = g711.SAMPLE_RATE // 50
_PEAK = 32_256
"""The largest sample of A-law; a sine that reaches it has +3.14 dBm0 (ITU-T G.711)."""


class Decoder(Protocol):
    """`playvoice.media.transcoder.Transcoder`."""

    async def decode(self, source: Path, to: Path, *, max_seconds: float) -> Decoded: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What a voice sounds like."""

    level: float
    """dBm0 of those 20 ms that are not silent."""
    clipped: float
    """The share of samples at the end of the scale."""
    pause: float
    """Seconds before the first sound."""


async def voices(company: CompanyConfig, decoder: Decoder) -> list[Finding]:
    """Decode the files of a company's folder into a directory that is removed again."""
    check, folder = f"voices of company {company.code}", company.voice_dir
    if folder is None:
        return []
    try:
        paths = list(files_of(folder))
    except VoicesError as error:
        return [failure(check, str(error), "let the user that the server runs as read it")]
    if not paths:
        return [ok(check, f"{folder} is empty", "put recordings there, or let requests name URLs (voicetype 2)")]
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory() as directory:
        for path in paths[:MAX_FILES]:
            findings += await _voice(path, Path(directory) / "voice", decoder)
    counted = f"{len(paths)} {'file' if len(paths) == 1 else 'files'} of {folder}"
    if len(paths) > MAX_FILES:
        counted = f"the first {MAX_FILES} of {counted}"
    bad = len(findings)
    return [ok(check, f"{counted}: {'all can be played' if not bad else f'{bad} are to be looked at'}"), *findings]


async def _voice(path: Path, stem: Path, decoder: Decoder) -> list[Finding]:
    check = f"voice {path.name}"
    try:
        decoded = await decoder.decode(path, stem, max_seconds=3600)
    except DecodeError as error:
        return [failure(check, str(error), "save it again as wav or mp3; docs/voices.md names the formats")]
    octets = decoded.files[g711.Codec.PCMA].read_bytes()
    return list(judge(check, decoded.seconds, listen(g711.decode(g711.Codec.PCMA, octets))))


def judge(check: str, seconds: float, heard: Heard | None) -> Iterator[Finding]:
    """What is odd about a voice; nothing where it is well."""
    if heard is None:
        yield warning(check, f"{seconds:.1f} s of silence", "record it again")
        return
    if seconds < SHORT:
        yield warning(check, f"only {seconds:.1f} s long", "check that it is whole")
    if heard.level < FAINT:
        yield warning(check, f"very low: {heard.level:.0f} dBm0, speech has about -20", _louder(heard.level))
    elif heard.level > LOUD or heard.clipped > 0.01:
        do = "make it softer, so that nothing is cut off: " + _louder(heard.level)
        yield warning(check, f"too loud: {heard.level:.0f} dBm0, {heard.clipped:.1%} of it at the limit", do)
    if heard.pause > PAUSE:
        yield warning(check, f"begins with {heard.pause:.1f} s of silence", "cut them off: callees hang up")


def listen(samples: g711.Samples) -> Heard | None:
    """Measure samples of 8 kHz; None where there is nothing but silence."""
    whole = samples[: samples.size // _FRAME * _FRAME].astype(np.float64).reshape(-1, _FRAME)
    power = (whole**2).mean(axis=1)
    loud = power > _power(_SILENCE)
    if not loud.any():
        return None
    level = 10 * np.log10(power[loud].mean() / (_PEAK**2 / 2)) + 3.14
    clipped = float((np.abs(samples.astype(np.int32)) >= _PEAK).mean())
    return Heard(float(level), clipped, float(np.argmax(loud)) * _FRAME / g711.SAMPLE_RATE)


def _power(level: float) -> float:
    return float(10 ** ((level - 3.14) / 10) * _PEAK**2 / 2)


def _louder(level: float) -> str:
    return f"sox in.wav out.wav gain {-20 - level:+.0f}"
