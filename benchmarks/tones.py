"""Keys as tones in the audio: how many presses are found, what a voice is taken for, and what a leg costs.

Presses go through `playvoice.media.tones` as packets of G.711, each on a leg of its own, at random places of a frame.
`hit_pct` is presses that were found once and as the right key; `false` are keys found where nobody pressed: in an hour
of voices (`benchmarks.voices`), in hold music, and in what espeak-ng and flite read where they are installed.
`cpu_ms_per_leg_s` is processor time of the search for a leg each second; what it costs in a worker, with the packets
that it has to read, shows `playback --tones`.
"""

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from benchmarks.processes import machine
from benchmarks.voices import babble
from numpy.typing import NDArray

from playvoice.media.g711 import SAMPLE_RATE, Codec, alaw_to_linear, encode
from playvoice.media.rtp import FRAME, Packet
from playvoice.media.tones import KEYPAD, ToneListener, listen
from playvoice.simulator.sound import key_tones, load, rms_of
from playvoice.voices.hold_music import hold_music

Sound = NDArray[np.float64]

PRESS = 0.1
"""Seconds of a press where nothing else is said."""
BEFORE, AFTER = 0.06, 0.1
"""Seconds around it."""
AT_ONCE = 250
"""Legs of one tick in the figures of processor time."""
PIECE = 10 * SAMPLE_RATE
TEXTS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that reads a file aloud: `-f` says which."""

    program: str
    output: str
    """Its option for the file of sound."""
    voice: str
    """Its option for one of the voices."""
    voices: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        return shutil.which(self.program) is not None


READERS = (
    Reader("espeak-ng", "-w", "-v", ("en-us+f2", "en-gb+m3", "de+f4", "cmn+f3", "fr+m1")),
    Reader("flite", "-o", "-voice", ("slt", "rms", "awb", "kal16", "awb_time", "kal")),
)
"""One makes speech from formants, the other from pieces of what people said."""


def main(arguments: list[str]) -> int:
    """Measure and print; 0 if what is wanted was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tones", description=__doc__)
    parser.add_argument("--presses", type=int, default=2_000, help="for each line")
    parser.add_argument("--minutes", type=int, default=60, help="of voices")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    generator = np.random.default_rng(options.seed)
    hits = {}
    for name, settings in conditions().items():
        hits[name] = hit_pct(generator, options.presses, **settings)
        print(f"{name:44} {hits[name]:7.2f} %", flush=True)
    false, lengths = {}, {}
    for name, sounds in voices(options.minutes, options.seed).items():
        false[name], lengths[name] = false_keys(sounds)
        print(f"keys in {name:36} {false[name]:5} in {lengths[name]:.1f} minutes", flush=True)
    for reader in READERS:
        if not reader.is_there:
            print(f"{reader.program} is not installed: nothing is read by it")
    cpu = {"talks": cpu_ms(babble(10.0, options.seed)), "silent": cpu_ms(np.zeros(10 * SAMPLE_RATE))}
    for name, value in cpu.items():
        print(f"processor time, leg and second, {name:12} {value:5.3f} ms")
    reached = not any(false.values()) and all(hits[name] >= 99.9 for name in hits if "noise 20 dB" in name)
    figures = {
        "part": "tones",
        "hit_pct": hits,
        "false": false,
        "minutes_of": lengths,
        "cpu_ms_per_leg_s": cpu,
        "machine": machine(),
    }
    print(json.dumps(figures | {"presses": options.presses, "minutes": options.minutes, "reached": reached}))
    return 0 if reached else 1


def conditions() -> dict[str, dict[str, Any]]:
    """What presses are sent like, by name; those with noise 20 dB below are to be found."""
    found: dict[str, dict[str, Any]] = {}
    for codec in Codec:
        for noise in (30, 20, 15, 10):
            found[f"{codec.name}, noise {noise} dB below"] = {"codec": codec, "noise": noise}
        for level in (-6, -20, -36):
            found[f"{codec.name}, {level} dBm0, noise 20 dB below"] = {"codec": codec, "level": level, "noise": 20}
    for twist in (-8, 4):
        found[f"upper tone {twist:+} dB, noise 20 dB below"] = {"twist": twist, "noise": 20}
    for off in (-1.5, 1.5):
        found[f"{off:+} % off, noise 20 dB below"] = {"off": off / 100, "noise": 20}
    found["40 ms long, noise 20 dB below"] = {"seconds": 0.04, "noise": 20}
    for lost in (1, 5):
        found[f"{lost} % of packets lost, noise 30 dB below"] = {"lost": lost / 100, "noise": 30}
    for echo in (20, 15):
        found[f"a voice's echo {echo} dB below"] = {"echo": echo}
    return found


def hit_pct(
    generator: np.random.Generator,
    presses: int,
    *,
    codec: Codec = Codec.PCMA,
    seconds: float = PRESS,
    level: float = -10.0,
    twist: float = 0.0,
    off: float = 0.0,
    noise: float | None = None,
    echo: float | None = None,
    lost: float = 0.0,
) -> float:
    """The part of presses that are found, once and as what they are; `noise` and `echo` are dB below the tones."""
    wanted = [KEYPAD[number % len(KEYPAD)] for number in range(presses)]
    voice = babble(60.0, int(generator.integers(1 << 31))) if echo is not None else np.zeros(60 * SAMPLE_RATE)

    def sound(key: str) -> Sound:
        phases = generator.uniform(0, 2 * np.pi), generator.uniform(0, 2 * np.pi)
        tones = key_tones(key, seconds, level=level, twist=twist, off=off, phases=phases)
        before = round(BEFORE * SAMPLE_RATE) + int(generator.integers(FRAME))
        made = np.concatenate([np.zeros(before), tones, np.zeros(round(AFTER * SAMPLE_RATE) + FRAME)])
        if noise is not None:
            made += generator.normal(scale=rms_of(level - noise), size=made.size)
        if echo is not None:
            start = int(generator.integers(voice.size - made.size))
            made += voice[start : start + made.size] * (rms_of(level - echo) / rms_of(-19.0))
        return made

    heard = find([sound(key) for key in wanted], codec, lambda: generator.random() < lost)
    return 100 * sum(one == other for one, other in zip(wanted, heard, strict=True)) / presses


def find(sounds: list[Sound], codec: Codec, is_lost: Callable[[], bool] = lambda: False) -> list[str]:
    """The keys that are found in each of these sounds, as packets that may be lost."""
    legs = [(number, ToneListener()) for number in range(len(sounds))]
    found = ["" for _ in sounds]
    for arrived in zip_longest(*(packets(sound, codec) for sound in sounds)):
        for (_, listener), packet in zip(legs, arrived, strict=True):
            if packet is not None and not is_lost():
                listener.hear(packet, codec)
        for number, keys in listen(legs):
            found[number] += keys
    return found


def packets(sound: Sound, codec: Codec) -> Iterator[Packet]:
    """A sound as RTP."""
    octets = encode(codec, np.rint(np.clip(sound, -32_768, 32_767)).astype(np.int16))
    for number in range(len(octets) // FRAME):
        start = number * FRAME
        yield Packet(int(codec), number == 0, number & 0xFFFF, start & 0xFFFFFFFF, 1, octets[start : start + FRAME])


def voices(minutes: int, seed: int) -> dict[str, Iterable[Sound]]:
    """Sounds in which nobody presses a key, by name."""
    found: dict[str, Iterable[Sound]] = {
        f"{minutes} minutes of voices": (babble(60.0, seed * 1_000 + minute) for minute in range(minutes)),
        "hold music": [np.concatenate([hold_music()] * 2).astype(np.float64)],
    }
    return found | {f"what {reader.program} reads": read_aloud(reader) for reader in READERS if reader.is_there}


def read_aloud(reader: Reader) -> Iterator[Sound]:
    """The English pages of this project, each read by two of several voices."""
    pages = [path for path in sorted(TEXTS.glob("*.md")) if not path.name.endswith(".zh-CN.md")]
    for voice, page in zip(cycle(reader.voices), pages * 2, strict=False):
        with TemporaryDirectory(prefix="playvoice-benchmark-") as folder:
            path = Path(folder, "read.wav")
            command = [reader.program, reader.voice, voice, reader.output, str(path), "-f", str(page)]
            subprocess.run(command, stderr=subprocess.DEVNULL, timeout=300, check=True)
            octets = load(path)[Codec.PCMA]
        sound = alaw_to_linear(octets).astype(np.float64)
        yield np.clip(sound * (rms_of(-19.0) / np.sqrt(np.mean(sound[np.abs(sound) > 100] ** 2))), -32_000, 32_000)


def false_keys(sounds: Iterable[Sound]) -> tuple[int, float]:
    """How many keys are found in these sounds, in either law, and the minutes that these take.

    They are cut, so that many are looked at together.
    """
    pieces = (sound[start : start + PIECE] for sound in sounds for start in range(0, sound.size, PIECE))
    number, samples = 0, 0
    while some := list(islice(pieces, AT_ONCE)):
        number += sum(len(keys) for codec in Codec for keys in find(some, codec))
        samples += sum(piece.size for piece in some)
    return number, round(samples / SAMPLE_RATE / 60, 1)


def cpu_ms(sound: Sound) -> float:
    """Milliseconds of processor time for a leg each second, of many legs in which this sounds, each elsewhere in it."""
    sounds = [np.roll(sound, number * sound.size // AT_ONCE) for number in range(AT_ONCE)]
    streams = [list(packets(each, Codec.PCMA)) for each in sounds]
    legs = [(number, ToneListener()) for number in range(AT_ONCE)]
    begun = time.process_time()
    for arrived in zip(*streams, strict=True):
        for (_, listener), packet in zip(legs, arrived, strict=True):
            listener.hear(packet, Codec.PCMA)
        listen(legs)
    return round(1000 * (time.process_time() - begun) / AT_ONCE / (sound.size / SAMPLE_RATE), 3)
